"""The blank lines behind the used part of a sheet, in formulas that read whole columns or rows.

Whole columns are read as far as their sheet is used; behind it a million blank lines follow, all of
them alike. What a formula makes of one such line is worked out beside its block, once, and counted
as often as it stands there: `SUM((A:A="")*1)` is the sum of the used part and of the rest. Where
that cannot be told from one line, `LinesBeyondError` asks for the formula with every line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from xlcollab.grid import Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import MOVEMENT, Beyond, Role
from xlcollab.kernels.values.operators import BINARY
from xlcollab.kernels.values.shapes import concatenated, full
from xlcollab.kernels.values.tape import LinesBeyondError, Operation, Tail, Tape, Value
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS

SIZES = {2: MAX_ROWS, 3: MAX_COLUMNS}
"""Axis of a block → the lines of a sheet along it."""
_SHOWN_TWICE = 2
"""Lines that stand for all the others, where one more of them changes nothing: what is there once
is not what is there often."""

_ADDING = (Beyond.ADDED, Beyond.SUMMED, Beyond.COUNTED)
_BESIDE = (Beyond.PAIRED, Beyond.MULTIPLIED, Beyond.SELECTED)
"""What takes its arguments line beside line."""


class LineTape(Tape):
    """A tape whose operations are followed by what they make of the lines beyond."""

    def emit(
        self,
        operation: Operation,
        arguments: Sequence[Value],
        indices: tuple[Tensor, ...] = (),
    ) -> Value:
        """As `Tape.emit`. Raises LinesBeyondError."""
        if all(argument.tail is None for argument in arguments):
            return super().emit(operation, arguments, indices)
        tailed = [place for place, one in enumerate(arguments) if one.tail is not None]
        how, by_line = _how(operation, arguments), operation.facts.by_line
        lined = [place for place in tailed if how is Beyond.ALIKE or place in by_line]
        rest = [place for place in tailed if place not in lined]
        more = None
        if rest and not _left_out(how, arguments, rest):
            arguments, more = self._told(operation, how, list(arguments), rest)
        found = super().emit(operation, arguments, indices)
        if more is not None:
            found = super().emit(BINARY["+"], [found, more])
        if how is Beyond.LAST and found.block.shape[2:] == arguments[0].block.shape[2:]:
            return replace(found, tail=arguments[0].tail)
        if not lined:
            return found
        return replace(found, tail=self._tail(operation, how, arguments, lined))

    def _told(
        self, operation: Operation, how: Beyond, arguments: list[Value], places: list[int]
    ) -> tuple[list[Value], Value | None]:
        """The arguments an operation is to be given, and what is to be added to its result."""
        tails = {place: _tail_of(arguments[place]) for place in places}
        if _changes_nothing(how, arguments, tails):
            return arguments, None
        values = [tail.value for tail in tails.values()]
        if any(value is None for value in values):
            raise _asked(tails.values())
        if how in _ADDING or (how is Beyond.MULTIPLIED and len(tails) == len(arguments)):
            return arguments, self._added(operation, arguments, tails)
        if how in (Beyond.ONCE, Beyond.SHOWN) or (how is Beyond.SEARCHED and _exact(arguments)):
            for place in places:
                arguments[place] = self._with_lines(arguments[place])
            return arguments, None
        raise _asked(tails.values())

    def _added(
        self, operation: Operation, arguments: list[Value], tails: dict[int, Tail]
    ) -> Value | None:
        """What all the lines beyond come to."""
        counts = {_count(arguments[place], tail) for place, tail in tails.items()}
        if len(counts) != 1:
            raise _asked(tails.values())
        lines = [_part_of(self, arguments[place], tail.value) for place, tail in tails.items()]
        one = super().emit(operation, lines)
        times = Value(self.exact.scalar(float(counts.pop())))
        return super().emit(BINARY["*"], [one, times])

    def _with_lines(self, value: Value) -> Value:
        """A value, and two of the lines beyond."""
        tail = _tail_of(value)
        line = tail.value
        if line is None or len(tail.axes) > 1:
            raise _asked([tail])
        (axis,) = tail.axes

        def appended(context: Context, block: Block, beyond: Block) -> Block:
            del context
            shape = list(beyond.shape)
            shape[5 - axis] = block.shape[5 - axis]
            two = [full(beyond, tuple(shape))] * _SHOWN_TWICE
            joined = concatenated([block, *two], axis)
            return Block(joined.number, joined.kind, cells=block.cells, array=block.array)

        return super().emit(Operation("lines beyond", appended, MOVEMENT), [value, line])

    def _tail(
        self, operation: Operation, how: Beyond, arguments: Sequence[Value], lined: list[int]
    ) -> Tail:
        """What an operation that goes line by line makes of a line beyond."""
        axes = frozenset().union(*(_tail_of(arguments[place]).axes for place in lined))
        if len(axes) > 1:
            return Tail(axes, None)
        lines: list[Value | None] = []
        for place, argument in enumerate(arguments):
            if place in lined:
                lines.append(_tail_of(argument).value)
            elif place in operation.facts.by_line or how is Beyond.ALIKE:
                lines.append(_everywhere(argument, axes))
            else:
                lines.append(replace(argument, tail=None))
        return Tail(axes, self._line(operation, lines))

    def _line(self, operation: Operation, lines: list[Value | None]) -> Value | None:
        """The result for one line; None where the lines are not alike."""
        if operation.facts.role is Role.MULTIPLY and any(map(_is_zero, lines)):
            others = [line for line in lines if line is not None]
            if not any(bool(self.exact.errors(line.block).any()) for line in others):
                return Value(self.exact.scalar(0.0))
        if operation.facts.role is Role.CHOICE and lines[0] is not None and lines[0].constant:
            truth, codes = self.exact.truths(lines[0].block)
            if codes is None and bool((truth == truth.reshape(-1)[0]).all()):
                return lines[1] if bool(truth.reshape(-1)[0]) else lines[2]
        known = [line for line in lines if line is not None]
        return super().emit(operation, known) if len(known) == len(lines) else None


def _tail_of(value: Value) -> Tail:
    assert value.tail is not None
    return value.tail


def _asked(tails: Iterable[Tail]) -> LinesBeyondError:
    return LinesBeyondError(frozenset[int]().union(*(tail.axes for tail in tails)))


def _how(operation: Operation, arguments: Sequence[Value]) -> Beyond:
    return operation.facts.lines([one.block if one.constant else None for one in arguments])


def _left_out(how: Beyond, arguments: Sequence[Value], places: list[int]) -> bool:
    """Whether nothing but blank cells has lines beyond, and those are left out."""
    if how in (Beyond.SHOWN, Beyond.EACH, Beyond.LAST):
        return False
    if how in _BESIDE and not _as_long(how, arguments, places):
        return False
    return all(arguments[place].block.cells for place in places)


def _as_long(how: Beyond, arguments: Sequence[Value], places: Iterable[int]) -> bool:
    """Whether all arguments that stand line beside line have lines beyond along one axis."""
    beside = arguments[:2] if how is Beyond.SELECTED else arguments
    arrays = {place for place, one in enumerate(beside) if one.block.shape[2:].numel() > 1}
    axes = {_tail_of(arguments[place]).axes for place in places}
    return len(axes) == 1 and arrays <= set(places)


def _count(value: Value, tail: Tail) -> int:
    """How many lines stand beyond."""
    if len(tail.axes) > 1:
        raise _asked([tail])
    (axis,) = tail.axes
    return SIZES[axis] - value.block.shape[axis]


def _everywhere(value: Value, axes: frozenset[int]) -> Value:
    """A value that is the same for every line. Raises LinesBeyondError for one that is not."""
    if any(value.block.shape[axis] != 1 for axis in axes):
        raise LinesBeyondError(axes)
    return value


def _part_of(tape: LineTape, value: Value, line: Value | None) -> Value:
    """A line as a part of what it follows: cells or an array, even if it is one value."""
    assert line is not None
    cells = value.block.cells

    def made(context: Context, block: Block) -> Block:
        del context
        return Block(block.number, block.kind, cells=cells, array=True)

    return Tape.emit(tape, Operation("line beyond", made, MOVEMENT), [line])


def _exact(arguments: Sequence[Value]) -> bool:
    """Whether MATCH or XMATCH looks for the first that is equal."""
    return len(arguments) == 3 and _is_zero(arguments[2])


def _changes_nothing(how: Beyond, arguments: list[Value], tails: dict[int, Tail]) -> bool:
    """Whether the lines beyond leave a result as it is, whatever the variables are."""
    lines = [tail.value for tail in tails.values()]
    if how is Beyond.SUMMED:
        return all(map(_is_no_factor, lines))
    if how is Beyond.MULTIPLIED:
        whole = len(tails) == len(arguments)
        return whole and any(map(_is_no_factor, lines)) and not any(map(_fails, lines))
    if how is Beyond.NUMBERS:
        return all(_is_of(line, Kind.TEXT, Kind.BOOLEAN) for line in lines)
    if how is Beyond.COUNTED:
        return all(_is_of(line, Kind.TEXT, Kind.BOOLEAN, Kind.ERROR) for line in lines)
    if how is Beyond.SELECTED:
        return {*tails} == {0, 1} and _is_zero(tails[1].value)
    if how is Beyond.LAST:
        blank = all(_is_of(line, Kind.BLANK) for line in lines)
        return 0 in tails and _as_long(how, arguments, tails) and blank
    if how is Beyond.SEARCHED:
        return all(place > 1 or _is_of(tail.value, Kind.ERROR) for place, tail in tails.items())
    return False


def _is_of(line: Value | None, *kinds: Kind) -> bool:
    """Whether a line is constant and of some kinds only."""
    if line is None or not line.constant:
        return False
    masks = torch.stack([line.block.mask(kind).expand(line.block.shape) for kind in kinds])
    return bool(masks.any(0).all())


def _is_zero(line: Value | None) -> bool:
    """Whether a line adds nothing: zeros, FALSE, blanks."""
    return _is_of(line, Kind.NUMBER, Kind.BOOLEAN, Kind.BLANK) and not bool(
        line is None or line.block.number.any()
    )


def _is_no_factor(line: Value | None) -> bool:
    """Whether SUMPRODUCT takes a line for 0: what is no number is."""
    return _is_zero(line) or _is_of(line, Kind.TEXT, Kind.BOOLEAN, Kind.BLANK)


def _fails(line: Value | None) -> bool:
    return line is not None and bool(line.block.mask(Kind.ERROR).any())
