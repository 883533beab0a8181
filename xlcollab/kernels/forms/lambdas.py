"""LAMBDA in MAP, REDUCE, SCAN, BYROW, BYCOL and MAKEARRAY: its body is recorded for each piece.

So a formula of lambdas is the same program of tensors as one written out, slopes included. Named
lambdas are put in by `plan.resolve`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import product

from xlcollab.errors import UnsupportedError
from xlcollab.formula.nodes import (
    ArrayLiteral,
    Boolean,
    Call,
    Missing,
    Name,
    Node,
    Number,
    Reference,
    Text,
)
from xlcollab.formula.signatures import Param
from xlcollab.grid import ErrorCode
from xlcollab.kernels.numbers.later import Tensor
from xlcollab.kernels.values.area import Area
from xlcollab.kernels.values.arguments import ArgumentIsError, whole
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.calls import call, closure_of
from xlcollab.kernels.values.facts import MOVEMENT, Shape
from xlcollab.kernels.values.frame import Evaluator, Form, Frame
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import as_array, as_values, concatenated, moved
from xlcollab.kernels.values.tape import LinesBeyondError, Operation, Tail, Value

_MOST = 2000
"""Pieces; each is recorded for itself."""
_PLAIN = (Number, Text, Boolean, Reference, ArrayLiteral, Missing)
"""What is a value and no lambda; where one is wanted it is #VALUE!."""


def omitted_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """ISOMITTED(parameter): whether the call gave nothing for it."""
    (name,) = node.arguments
    asked = name.name.lower() if isinstance(name, Name) else ""
    return Value(tracer.tape.exact.scalar(asked in frame.omitted))


def bare_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """A lambda that nothing calls is #CALC!."""
    del node, frame
    return Value(tracer.tape.exact.error(ErrorCode.CALC))


class _Body:
    """A lambda as something that can be called."""

    def __init__(self, tracer: Evaluator, name: str, node: Node, frame: Frame) -> None:
        found = closure_of(tracer, node, frame)
        if found is None and isinstance(node, _PLAIN):
            raise ArgumentIsError(ErrorCode.VALUE)
        if found is None:
            raise UnsupportedError(f"{name} needs a LAMBDA as its last argument")
        self.tracer, self.closure = tracer, found

    def __call__(self, *values: Value | Area) -> Value:
        """The result of one call."""
        return call(self.tracer, self.closure, values)

    def single(self, *values: Value | Area) -> Value:
        """The result of one call; an array is #CALC!, for arrays do not hold arrays."""
        found = self(*values)
        if found.block.shape[2:].numel() > 1:
            return Value(self.tracer.tape.exact.error(ErrorCode.CALC))
        return found


class _Array:
    """An argument that is taken apart: references of a reference, values of values."""

    def __init__(self, tracer: Evaluator, node: Node, frame: Frame) -> None:
        self.tracer = tracer
        self.area = tracer.reference(node, replace(frame, array=True))
        self.value = tracer.argument(node, Param.ARRAY, frame)
        self.height, self.width = self.value.block.shape[2:]
        _refuse_many(self.height * self.width)

    def cells(self) -> list[Value | Area]:
        """Cell by cell, in reading order."""
        places = product(range(self.height), range(self.width))
        return [self._part(slice(i, i + 1), slice(j, j + 1), as_values) for i, j in places]

    def lines(self, by_row: bool) -> list[Value | Area]:
        """Row by row, or column by column."""
        rows, columns = slice(0, self.height), slice(0, self.width)
        if by_row:
            return [self._part(slice(i, i + 1), columns, as_array) for i in range(self.height)]
        return [self._part(rows, slice(j, j + 1), as_array) for j in range(self.width)]

    @property
    def beyond(self) -> frozenset[int]:
        """The axes along which blank lines follow that were not read."""
        return self.value.tail.axes if self.value.tail is not None else frozenset()

    def following(self) -> _Array | None:
        """The line that follows; None where those that follow are not alike."""
        tail = self.value.tail
        if tail is None or tail.axes != {2} or tail.value is None:
            return None
        line = copy(self)
        line.value, line.height = tail.value, 1
        if self.area is not None:
            line.area = replace(self.area, top=self.area.top + self.height, height=1)
        return line

    def _part(self, rows: slice, columns: slice, made: Callable[[Block], Block]) -> Value | Area:
        if self.area is not None and self.area.broken is None:
            top, left = self.area.top + rows.start, self.area.left + columns.start
            height, width = rows.stop - rows.start, columns.stop - columns.start
            return replace(self.area, top=top, left=left, height=height, width=width)

        def take(values: Tensor) -> Tensor:
            return values[..., rows, columns]

        def run(context: Context, block: Block) -> Block:
            del context
            return made(moved(block, take))

        return self.tracer.tape.emit(Operation("part", run, MOVEMENT), [self.value])


def table_of(tracer: Evaluator, values: Sequence[Value], width: int) -> Value:
    """Single values in reading order as an array."""

    def join(context: Context, *blocks: Block) -> Block:
        del context
        rows = [concatenated(list(blocks[i : i + width]), 3) for i in range(0, len(blocks), width)]
        return as_array(concatenated(rows, 2))

    return tracer.tape.emit(Operation("table", join, MOVEMENT), list(values))


def _refuse_many(count: int) -> None:
    if count > _MOST:
        raise UnsupportedError(f"a LAMBDA would be called {count:,} times; at most {_MOST:,} are")


def map_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """MAP(array, …, lambda): arrays of one size, cell by cell. Raises UnsupportedError for arrays
    of several sizes."""
    body = _Body(tracer, "MAP", node.arguments[-1], frame)
    arrays = [_Array(tracer, argument, frame) for argument in node.arguments[:-1]]
    sizes = {(array.height, array.width) for array in arrays}
    if len(sizes) > 1:
        raise UnsupportedError("MAP is computed for arrays of one size only")

    def made(parts: Sequence[_Array]) -> Value:
        columns = zip(*(array.cells() for array in parts), strict=True)
        return table_of(tracer, [body.single(*values) for values in columns], parts[0].width)

    return _followed(arrays, made)


def _followed(arrays: Sequence[_Array], make: Callable[[Sequence[_Array]], Value]) -> Value:
    """What is made of arrays, and of a line that follows them in whole columns."""
    found = make(arrays)
    axes = frozenset[int]().union(*(array.beyond for array in arrays))
    if not axes:
        return found
    lines = [line for array in arrays if (line := array.following()) is not None]
    return replace(found, tail=Tail(axes, make(lines) if len(lines) == len(arrays) else None))


def _lines(by_row: bool) -> Form:
    """BYROW and BYCOL(array, lambda)."""

    def form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
        body = _Body(tracer, node.name, node.arguments[1], frame)
        array = _Array(tracer, node.arguments[0], frame)

        def made(parts: Sequence[_Array]) -> Value:
            results = [body.single(line) for line in parts[0].lines(by_row)]
            return table_of(tracer, results, 1 if by_row else len(results))

        if by_row or not array.beyond:
            return _followed([array], made)
        raise LinesBeyondError(array.beyond)

    return form


def _folded(every: bool) -> Form:
    """REDUCE and SCAN([start], array, lambda): one cell after the other, in reading order."""

    def form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
        start, array_node, last = node.arguments
        body = _Body(tracer, node.name, last, frame)
        array = _Array(tracer, array_node, frame)
        cells = array.cells()
        found: list[Value] = []
        if isinstance(start, Missing):
            first = cells.pop(0)
            here = tracer.fetch(first) if isinstance(first, Area) else first
            found.append(here)
        else:
            here = tracer.argument(start, Param.ARRAY, frame)
        for cell in cells:
            here = body.single(here, cell) if every else body(here, cell)
            found.append(here)
        result = table_of(tracer, found, array.width) if every else here
        if not array.beyond:
            return result
        line = array.following()
        after = body(here, *line.cells()[:1]) if line is not None else here
        if line is None or not _settled(tracer, here, after):
            raise LinesBeyondError(array.beyond)
        return replace(result, tail=Tail(array.beyond, here)) if every else result

    return form


def _settled(tracer: Evaluator, here: Value, after: Value) -> bool:
    """Whether a lambda leaves a value as it is, whatever the variables are."""
    values = tracer.tape.exact.values
    return here.constant and after.constant and values(here.block) == values(after.block)


def make_array_form(tracer: Evaluator, node: Call, frame: Frame) -> Value:
    """MAKEARRAY(rows, columns, lambda): the lambda is given row and column, from 1. Raises
    UnsupportedError where the size depends on the variable cells."""
    exact = tracer.tape.exact
    body = _Body(tracer, "MAKEARRAY", node.arguments[2], frame)
    sizes = [tracer.value(argument, frame) for argument in node.arguments[:2]]
    if any(size.slot is not None for size in sizes):
        raise UnsupportedError("the size of MAKEARRAY depends on the variable cells")
    try:
        height, width = (whole(exact, size.block, 1) for size in sizes)
    except ArgumentIsError as error:
        return Value(exact.error(error.code))
    if min(height, width) < 1:
        return Value(exact.error(ErrorCode.VALUE))
    _refuse_many(height * width)
    places = [(i + 1.0, j + 1.0) for i in range(height) for j in range(width)]
    results = [body.single(Value(exact.scalar(i)), Value(exact.scalar(j))) for i, j in places]
    return table_of(tracer, results, width)


_row = partial(function, category="lookup")
_applying = partial(_row, applies=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("LAMBDA", "V|V*1", form=bare_form, shape=Shape.STEPS),
    _row("ISOMITTED", "V", form=omitted_form, shape=Shape.STEPS),
    _applying("MAP", "AV|V*1", form=map_form),
    _applying("REDUCE", "VAV", form=_folded(every=False)),
    _applying("SCAN", "VAV", form=_folded(every=True)),
    _applying("BYROW", "AV", form=_lines(by_row=True)),
    _applying("BYCOL", "AV", form=_lines(by_row=False)),
    _applying("MAKEARRAY", "VVV", form=make_array_form),
)
