"""Counters that come to the same wherever what is asked is no error.

`SQRT(SUMSQ(D1:D9)/COUNT(D1:D9))` over cells that may fail: COUNT would step where one of them does,
but there the sum is an error too. Wherever there is a value, the count is the one of the start.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlcollab.grid import Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.facts import Role
from xlcollab.kernels.values.tape import VARIABLES, Instruction, Tape, Value

HANDS_ON = frozenset(
    {
        *(Role.ADD, Role.SUBTRACT, Role.MULTIPLY, Role.DIVIDE, Role.POWER, Role.ROOT),
        *(
            Role.SUM,
            Role.SUM_OF_PRODUCTS,
            Role.SUM_OF_SQUARES,
            Role.SPREAD,
            Role.SQUARED_DIFFERENCES,
        ),
    }
)
"""Operations that are an error where any cell of any argument is one."""


def counted(tape: Tape, asked: Sequence[Value]) -> Tape:
    """The tape with the counts of the start in place of such counters, for the values asked."""
    if not any(one.facts.counts for one in tape.instructions):
        return tape
    sound, outputs = _sound(tape, asked), {value.slot for value in asked}
    return tape.with_constants(
        one.out
        for one in tape.instructions
        if one.facts.counts and one.out not in outputs
        if all(_stays(tape.values[slot], sound) for slot in _slots(one))
    )


def _sound(tape: Tape, asked: Sequence[Value]) -> set[int]:
    """Slots that are without error wherever the values asked are."""
    sound = {value.slot for value in asked if value.slot is not None}
    for one in reversed(tape.instructions):
        if one.out in sound:
            sound.update(slot for slot in _slots(one) if _hands_on(tape, one, slot))
    for one in tape.instructions:
        if _is_safe(one) and sound.issuperset(_slots(one)):
            sound.add(one.out)
    return sound


def _is_safe(one: Instruction) -> bool:
    """Whether a result has no error where the arguments have none."""
    constants = [None if isinstance(a, int) else a for a in one.arguments]
    return not one.facts.picks and not one.facts.may_fail(constants)


def _slots(one: Instruction) -> list[int]:
    return [a for a in one.arguments if isinstance(a, int) and a != VARIABLES]


def _stays(value: Value, sound: set[int]) -> bool:
    """Whether the kinds of a value are always those of the start, errors of the whole aside."""
    if value.fixed_kinds:
        return True
    number, is_error = value.block.number, value.block.mask(Kind.ERROR)
    is_well = bool(torch.isfinite(number).all()) and not bool(is_error.any())
    return value.only_fails and value.slot in sound and is_well


def _hands_on(tape: Tape, one: Instruction, slot: int) -> bool:
    """Whether an error in any cell of an argument is one in the result."""
    if one.facts.role is Role.MOVE:
        return _moves_all(tape, one, slot)
    return one.facts.role in HANDS_ON


def _moves_all(tape: Tape, one: Instruction, slot: int) -> bool:
    """Whether every cell of an argument comes to stand in the result: numbered cells are moved."""
    blocks = [tape.values[a].block if isinstance(a, int) else a for a in one.arguments]
    numbers = torch.arange(1.0, tape.values[slot].block.shape.numel() + 1, dtype=torch.float64)
    nothing = torch.zeros((), dtype=torch.float64)
    given = [
        _filled(block, numbers if a == slot else nothing)
        for a, block in zip(one.arguments, blocks, strict=True)
    ]
    moved = one.operation.function(tape.exact, *given, *one.indices)
    return bool(torch.isin(numbers, moved.number).all())


def _filled(block: Block, numbers: Tensor) -> Block:
    shape = block.shape
    full = numbers.reshape(shape) if numbers.ndim else numbers.expand(shape)
    return Block(full, Kind.NUMBER, cells=block.cells, array=block.array)
