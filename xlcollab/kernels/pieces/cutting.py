"""A program to its cut form: the door of the folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xlcollab.grid import Kind
from xlcollab.kernels.pieces.cut import Cut, Cutter, Inputs
from xlcollab.kernels.pieces.forms import KINKED, MULTIPLIED, Builder
from xlcollab.kernels.pieces.kinks import ERROR, CannotCutError
from xlcollab.kernels.pieces.smoothness import is_straight
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import MOVEMENT, Role
from xlcollab.kernels.values.tape import Instruction, Operation, Program, Value


def cut(
    program: Program,
    values: Mapping[int, Value],
    n: int,
    context: Context,
    *,
    products: bool = False,
) -> Cut | None:
    """`program` of n variables with its kinks cut out; None where it has one that cannot be.

    `values` are the values of its slots; with `products`, products of variables are cut out too.
    `context` evaluates exactly.
    """
    cutter = Cutter(program, values, n, context)
    kept = []
    try:
        for instruction in program.instructions:
            builder = _builder(instruction, products)
            kept.append(
                instruction if builder is None else _emptied(cutter, builder, instruction, values)
            )
    except CannotCutError:
        return None
    rescued = any(_sees_errors(instruction) for instruction in program.instructions)
    if rescued and any(ERROR in kink.terms for kink in cutter.kinks):
        return None
    return Cut(
        program=Program(tuple(kept), (*program.outputs, *cutter.asked()), program.count),
        kinks=tuple(cutter.kinks),
        columns=cutter.columns,
    )


def _sees_errors(instruction: Instruction) -> bool:
    """Whether an error is a value like others to an operation."""
    return instruction.facts.role is Role.RESCUE or instruction.facts.counts


def _builder(instruction: Instruction, products: bool) -> Builder | None:
    """Who cuts an instruction; None for one that stays. Raises CannotCutError."""
    name = instruction.name
    if products and name in MULTIPLIED and _moving(instruction) > 1:
        return MULTIPLIED[name]
    if is_straight(instruction):
        return None
    if name not in KINKED:
        raise CannotCutError
    return KINKED[name]


def _moving(instruction: Instruction) -> int:
    return sum(isinstance(argument, int) for argument in instruction.arguments)


def _emptied(
    cutter: Cutter, builder: Builder, instruction: Instruction, values: Mapping[int, Value]
) -> Instruction:
    """An instruction that reads its result from the columns cut out for it."""
    operands = [cutter.operand(argument) for argument in instruction.arguments]
    columns = builder(cutter, instruction.name.removesuffix(" by variables"), operands)
    block = values[instruction.out].block
    if columns.shape != tuple(block.shape):
        raise CannotCutError
    first = int(columns.flat[0])
    inputs = Inputs(first, columns.shape, _kind(block), block.cells)
    return replace(
        instruction, operation=Operation("kink", inputs, MOVEMENT), arguments=(0,), indices=()
    )


def _kind(block: Block) -> Kind:
    kinds = set(block.kinds().unique().tolist()) - {Kind.ERROR, Kind.BLANK}
    if len(kinds) > 1 or not kinds <= {Kind.NUMBER, Kind.BOOLEAN}:
        raise CannotCutError
    return Kind(kinds.pop()) if kinds else Kind.NUMBER
