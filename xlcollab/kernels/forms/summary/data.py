"""The arguments of a summary: fields, values, headers, filter and order, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import Call, Missing, Node
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.forms.summary.axis import Order
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block
from xlcollab.kernels.values.frame import Evaluator, Frame
from xlcollab.kernels.values.tape import LinesBeyondError, Value

_HIDDEN, _GENERATED, _SHOWN = 1, 2, 3
"""What `field_headers` may be besides 0: there but not shown, not there but made up, shown."""


class Arguments:
    """The arguments of a call by their position; those left out are None."""

    def __init__(self, tracer: Evaluator, node: Call, frame: Frame) -> None:
        self.tracer, self.frame, self.nodes = tracer, frame, node.arguments

    def node(self, position: int) -> Node | None:
        """The node, None for one that is left out or empty."""
        if position >= len(self.nodes) or isinstance(self.nodes[position], Missing):
            return None
        return self.nodes[position]

    def value(self, position: int) -> Value | None:
        """An argument as an array. Raises RaggedError where it differs from copy to copy,
        LinesBeyondError where lines follow it."""
        node = self.node(position)
        if node is None:
            return None
        found = self.tracer.argument(node, Param.ARRAY, self.frame)
        if found.tail is not None:
            raise LinesBeyondError(found.tail.axes)
        if found.block.shape[:2].numel() > 1:
            raise RaggedError
        return found

    def table(self, position: int) -> Value:
        """An argument that must be there, and is no error. Raises ArgumentIsError."""
        found = self.value(position)
        if found is None:
            raise ArgumentIsError(ErrorCode.VALUE)
        if found.block.shape[2:].numel() == 1 and found.block.kind is Kind.ERROR:
            raise ArgumentIsError(ErrorCode(int(found.block.number.reshape(-1)[0])))
        return found

    def constant(self, position: int) -> Block | None:
        """An argument that shapes the summary. Raises UnsupportedError where it varies."""
        found = self.value(position)
        if found is not None and not found.constant:
            raise UnsupportedError("the shape of the summary depends on the variable cells")
        return None if found is None else found.block

    def fields(self, position: int) -> Block:
        """The keys of an axis, shape (1, 1, rows, levels). Raises ArgumentIsError,
        UnsupportedError."""
        found = self.table(position)
        if not found.constant:
            raise UnsupportedError("the groups of the summary depend on the variable cells")
        return found.block

    def wholes(self, position: int) -> list[int] | None:
        """The whole numbers of a row. Raises ArgumentIsError for others."""
        block = self.constant(position)
        if block is None:
            return None
        number, codes = self.tracer.tape.exact.numbers(block)
        if codes is not None and bool((codes > 0).any()):
            raise ArgumentIsError(ErrorCode(int(codes[codes > 0].reshape(-1)[0])))
        numbers = number.expand(block.shape).reshape(-1).tolist()
        if block.shape[2] > 1 or any(x != int(x) for x in numbers):
            raise ArgumentIsError(ErrorCode.VALUE)
        return [int(x) for x in numbers]

    def whole(self, position: int, default: int, within: Sequence[int] | None = None) -> int:
        """One whole number. Raises ArgumentIsError for others and for one that is not `within`."""
        found = self.wholes(position)
        if found is None:
            return default
        if len(found) > 1 or (within is not None and found[0] not in within):
            raise ArgumentIsError(ErrorCode.VALUE)
        return found[0]

    def order(self, position: int, levels: int, results: int, flat: bool = False) -> Order:
        """The order of an axis: a key's or a result's number from 1, negative where it descends, or
        several keys' numbers; `flat` where keys are no hierarchy. Raises ArgumentIsError."""
        found = self.wholes(position)
        signed = found if found is not None else [1]
        numbers = [abs(one) for one in signed]
        most = levels + (results if len(numbers) == 1 else 0)
        if len({*numbers}) < len(numbers) or not all(1 <= one <= most for one in numbers):
            raise ArgumentIsError(ErrorCode.VALUE)
        falling = {abs(one) - 1: one < 0 for one in signed}
        if numbers[0] > levels:
            plain = tuple((column, False) for column in range(levels))
            return Order(plain, numbers[0] - levels - 1, signed[0] < 0)
        first = [one - 1 for one in numbers] if flat else []
        rest = [column for column in range(levels) if column not in first]
        return Order(tuple((c, falling.get(c, False)) for c in (*first, *rest)))


@dataclass(frozen=True, slots=True)
class Headers:
    """Whether the first row of the data are names, and what names are shown, if any."""

    there: bool
    shown: bool

    def names(self, first: Sequence[Scalar], made: str) -> list[Scalar]:
        """The names of fields; `made` is what is counted where the data have none."""
        if self.there:
            return list(first)
        return [f"{made} {number}" for number in range(1, len(first) + 1)]


def headers(mode: int | None, values: Block) -> Headers:
    """What `field_headers` means for these values. Left out, a text above numbers is a name; then a
    further text is #VALUE!, by ArgumentIsError."""
    if mode is not None:
        return Headers(mode in (_HIDDEN, _SHOWN), mode in (_GENERATED, _SHOWN))
    kinds = values.kinds().expand(values.shape)[0, 0, :, 0].tolist()
    there = kinds[0] == Kind.TEXT and Kind.NUMBER in kinds[1:]
    if there and Kind.TEXT in kinds[1:]:
        raise ArgumentIsError(ErrorCode.VALUE)
    return Headers(there, False)


def kept_rows(given: Arguments, position: int, first: int, count: int) -> list[int]:
    """The rows of the data that the filter leaves, from `first` on of `count`. Raises
    ArgumentIsError for a filter of another size, one that is no condition, and no row left."""
    block = given.constant(position)
    rows = list(range(first, count))
    if block is not None:
        size, width = block.shape[2:]
        if width > 1 or size not in (1, count, count - first) or bool(block.mask(Kind.TEXT).any()):
            raise ArgumentIsError(ErrorCode.VALUE)
        number, codes = given.tracer.tape.exact.numbers(block)
        if codes is not None and bool((codes > 0).any()):
            raise ArgumentIsError(ErrorCode.VALUE)
        chosen = (number.expand(block.shape).reshape(-1) != 0).tolist()
        before = count - size
        rows = [row for row in rows if chosen[row - before if size > 1 else 0]]
    if not rows:
        raise ArgumentIsError(ErrorCode.VALUE)
    return rows
