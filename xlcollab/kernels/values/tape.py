"""A straight-line program over blocks: the compiled form of a sheet.

Formulas are evaluated once while they are compiled. What depends on no variable is a constant from
then on; what does is recorded as an instruction, to be run again for other values.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from xlcollab.errors import MovingReferenceError, UnsupportedError, XlcollabError
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context, HiddenError
from xlcollab.kernels.values.budget import told_as_refusal
from xlcollab.kernels.values.detached import NoDerivativeError
from xlcollab.kernels.values.facts import UNKNOWN, Facts, Role, Shape
from xlcollab.ref import AreaRef

_LOG = logging.getLogger(__name__)

Function = Callable[..., Block]
"""(context, *blocks, *index tensors) → block"""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something to be computed, under the name that messages give it, and what is known of it."""

    name: str
    function: Function
    facts: Facts = UNKNOWN

    def by_variables(self) -> Operation:
        """The same where the variables say which cells it picks."""
        facts = replace(self.facts, fails=True, picks=True, shape=Shape.KINKS, role=Role.NONE)
        return Operation(f"{self.name} by variables", self.function, facts)


class LinesBeyondError(Exception):
    """A formula must be worked out with every line of the sheet along some axes.

    Never seen by a user; the tracer catches it.
    """

    def __init__(self, axes: frozenset[int]) -> None:
        super().__init__(f"lines along {sorted(axes)}")
        self.axes = axes


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """What stands in each line of the sheet behind the end of a block, along some of its axes (2:
    rows, 3: columns): a value of one line, None where the lines are not alike."""

    axes: frozenset[int]
    value: Value | None


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A block as it is now, and the slot of its instruction; None for a constant.

    `fixed_kinds` says that the variables move its numbers only: what is a number, a blank, an error
    or a certain text stays that. `only_fails`: or becomes an error, and nothing else. `tail`: what
    lies beyond the block in whole columns and rows.
    """

    block: Block
    slot: int | None = None
    fixed_kinds: bool = True
    only_fails: bool = True
    tail: Tail | None = None

    @property
    def constant(self) -> bool:
        return self.slot is None


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """`slots[out] = operation(context, *arguments, *indices)`; an int argument is a slot.

    `origin` are the cells whose formula it comes from; None for one that stands in no cell.
    """

    operation: Operation
    arguments: tuple[int | Block, ...]
    indices: tuple[Tensor, ...]
    out: int
    origin: AreaRef | None

    @property
    def name(self) -> str:
        return self.operation.name

    @property
    def facts(self) -> Facts:
        return self.operation.facts

    def given(self, known: Mapping[int, Block]) -> Instruction:
        """The same with blocks in place of some slots."""
        wired = (known.get(a, a) if isinstance(a, int) else a for a in self.arguments)
        return replace(self, arguments=tuple(wired))

    def refusal(self) -> UnsupportedError:
        """That a derivative was asked of it which it has not."""
        return UnsupportedError(
            f"{self.origin or 'a formula'} uses {self.name}, which has no derivative here; put "
            "functions that have one in its place, or the cell's value where it need not follow "
            "the variable cells"
        )


VARIABLES = 0
"""The slot of the vector of variables."""


class Granted(NamedTuple):
    """A value that says where a formula looks."""

    value: Value
    exactly: bool
    """Whether all of it counts, as of a text; else it is cut to a whole number."""


class Tape:
    """Records instructions."""

    def __init__(self, exact: Context, fast: Context) -> None:
        self.exact, self.fast = exact, fast
        self.instructions: list[Instruction] = []
        self.count = 1
        self.values: dict[int, Value] = {}
        self.origin: AreaRef | None = None
        """The cells whose formula is being recorded."""
        self.granted: list[Granted] | None = None
        """What decides where formulas look and is taken for granted; None: it may not depend on
        the variables."""

    @staticmethod
    def _computed(
        operation: Operation, context: Context, arguments: tuple[Block | Tensor, ...]
    ) -> Block:
        try:
            with told_as_refusal(operation.name):
                return operation.function(context, *arguments)
        except ArgumentIsError as error:
            return context.error(error.code)
        except _OURS:
            raise
        except Exception as error:
            raise internal_error(operation.name, error) from error

    def emit(
        self,
        operation: Operation,
        arguments: Sequence[Value],
        indices: tuple[Tensor, ...] = (),
    ) -> Value:
        """Evaluate now; record when an argument depends on the variables."""
        settled = all(argument.fixed_kinds for argument in arguments)
        constant = all(argument.constant for argument in arguments)
        context = self.exact if constant else self.fast
        blocks = (argument.block for argument in arguments)
        block = self._computed(operation, context, (*blocks, *indices))
        if constant or (operation.facts.counts and settled):
            return Value(block)
        out, self.count = self.count, self.count + 1
        wired = tuple(a.block if a.slot is None else a.slot for a in arguments)
        self.instructions.append(Instruction(operation, wired, indices, out, self.origin))
        fixed = settled and _keeps_kinds(operation.facts, arguments)
        fails = all(argument.only_fails for argument in arguments)
        fails = fails and _only_fails(operation.facts, arguments)
        value = self.values[out] = Value(block, out, fixed, fixed or fails)
        return value

    def settled(self, value: Value, refusal: str, *, exactly: bool = False) -> Value:
        """A value that says where a formula looks, as a constant. Raises MovingReferenceError where
        the variables decide and nothing is taken for granted, or what is there is no value."""
        if value.slot is None:
            return value
        if self.granted is None or not bool(torch.isfinite(value.block.number).all()):
            raise MovingReferenceError(refusal)
        self.granted.append(Granted(value, exactly))
        return Value(value.block)

    def with_constants(self, slots: Iterable[int]) -> Tape:
        """A tape on which the present values of some slots stand for their instructions."""
        known = {slot: self.values[slot].block for slot in slots}
        if not known:
            return self
        other = copy.copy(self)
        other.values = dict(self.values)
        other.instructions = [
            replace(
                one,
                arguments=tuple(
                    known.get(a, a) if isinstance(a, int) else a for a in one.arguments
                ),
            )
            for one in self.instructions
            if one.out not in known
        ]
        return other


_OURS = (XlcollabError, RaggedError, HiddenError, LinesBeyondError)


def internal_error(name: str, error: Exception) -> UnsupportedError:
    """A mistake of ours inside a function, as the refusal of its cell; it is logged."""
    _LOG.error("internal error in %s", name, exc_info=error)
    return UnsupportedError(
        f"unsupported, internal error in {name} ({type(error).__name__}); please report it"
    )


def _keeps_kinds(facts: Facts, arguments: Sequence[Value]) -> bool:
    """Whether a result keeps its kinds while its arguments keep theirs."""
    if facts.role is Role.CHOICE:
        return _only_fails(facts, arguments)
    constants = [argument.block if argument.constant else None for argument in arguments]
    return not facts.picks and not facts.may_fail(constants)


def _only_fails(facts: Facts, arguments: Sequence[Value]) -> bool:
    """Whether a result keeps its kinds, or is an error, while its arguments do that."""
    if facts.role is Role.CHOICE:
        branches = [argument.block.kind for argument in arguments[1:]]
        alike = isinstance(branches[0], Kind) and all(kind is branches[0] for kind in branches)
        return arguments[0].constant or (alike and branches[0] is not Kind.TEXT)
    return not facts.picks and facts.role is not Role.RESCUE


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A finished tape: only the instructions that the outputs need, in order."""

    instructions: tuple[Instruction, ...]
    outputs: tuple[int | Block, ...]
    count: int

    def run(self, context: Context, variables: Tensor) -> list[Block]:
        """The output blocks for `variables` (shape (n,)). Differentiable when run fast.

        Raises UnsupportedError naming the cell where a derivative is wanted and there is none.
        """
        slots = self.slots(context, variables)
        blocks = [slots[out] if isinstance(out, int) else out for out in self.outputs]
        return [block for block in blocks if block is not None]

    def slots(self, context: Context, variables: Tensor) -> list[Block | None]:
        """The block of every slot, on the way to the outputs. Raises as `run` does."""
        slots: list[Block | None] = [None] * self.count
        slots[0] = Block(variables.reshape(1, 1, 1, -1), 1)
        for instruction in self.instructions:
            arguments = [slots[a] if isinstance(a, int) else a for a in instruction.arguments]
            function, indices = instruction.operation.function, instruction.indices
            try:
                slots[instruction.out] = function(context, *arguments, *indices)
            except NoDerivativeError:
                raise instruction.refusal() from None
            except ArgumentIsError as error:
                slots[instruction.out] = context.error(error.code)
            except RaggedError:  # some copies want a whole line in their one cell
                slots[instruction.out] = context.error(ErrorCode.VALUE)
            except _OURS:
                raise
            except Exception as error:
                raise internal_error(instruction.name, error) from error
        return slots

    def to(self, context: Context) -> Program:
        """The same program with its constants on the device and in the type of `context`."""
        moved: dict[int, Block] = {}

        def move(argument: int | Block) -> int | Block:
            if isinstance(argument, int):
                return argument
            return moved.setdefault(id(argument), _moved(argument, context))

        instructions = tuple(
            replace(
                instruction,
                arguments=tuple(move(a) for a in instruction.arguments),
                indices=tuple(index.to(context.device) for index in instruction.indices),
            )
            for instruction in self.instructions
        )
        return Program(instructions, tuple(move(out) for out in self.outputs), self.count)


def _moved(block: Block, context: Context) -> Block:
    kind = block.kind.to(context.device) if isinstance(block.kind, torch.Tensor) else block.kind
    number = block.number.to(device=context.device, dtype=context.dtype)
    return Block(number, kind, cells=block.cells, array=block.array)


def program(tape: Tape, outputs: Sequence[Value]) -> Program:
    """The part of the tape that `outputs` need."""
    needed = {value.slot for value in outputs if value.slot is not None}
    kept = []
    for instruction in reversed(tape.instructions):
        if instruction.out in needed:
            kept.append(instruction)
            needed.update(a for a in instruction.arguments if isinstance(a, int))
    wired = tuple(v.block if v.slot is None else v.slot for v in outputs)
    return Program(tuple(reversed(kept)), wired, tape.count)
