"""Functions that are computed value by value in Python: texts and dates.

Each distinct combination of arguments is computed once. Errors among the arguments are the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.text.texts import number_from_text
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context, spread_shape
from xlcollab.kernels.values.operators import text_of
from xlcollab.kernels.values.shapes import aligned, full
from xlcollab.kernels.values.tape import Function

Reader = Callable[[Context, Scalar], object]
"""Turns an argument into what a function wants. Raises ArgumentIsError."""
OfValues = Callable[[Context, Sequence[Scalar]], Scalar]


class NotAloneError(Exception):
    """Single values that only blocks tell apart. Never seen by a user."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A function of blocks (`run`), and the same of single values (`of`): without tensors.

    `of` raises NotAloneError where it does not know, and as `run` does.
    """

    run: Function
    of: OfValues

    def __call__(self, context: Context, *blocks: Block) -> Block:
        return self.run(context, *blocks)


def refuse(code: ErrorCode = ErrorCode.VALUE) -> ArgumentIsError:
    """To be raised by a function whose result is an error."""
    return ArgumentIsError(code)


def text(context: Context, value: Scalar) -> str:
    """A value as text."""
    del context
    found = text_of(value)
    if isinstance(found, ErrorCode):
        raise refuse(found)
    return found


def number(context: Context, value: Scalar) -> float:
    """A value as a number: blanks are 0, booleans 0 or 1, texts what they read as."""
    if isinstance(value, ErrorCode):
        raise refuse(value)
    if isinstance(value, str):
        found = number_from_text(value, context.date1904)
        if found is None:
            raise refuse()
        return found
    return float(value or 0.0)


def integer(context: Context, value: Scalar) -> int:
    """A value as a number without its fraction."""
    return int(number(context, value))


def floored(context: Context, value: Scalar) -> int:
    """A value as the whole number not above it."""
    return math.floor(number(context, value))


def truth(context: Context, value: Scalar) -> bool:
    """A value as a condition."""
    if isinstance(value, str):
        if value.upper() not in ("TRUE", "FALSE"):
            raise refuse()
        return value.upper() == "TRUE"
    return number(context, value) != 0


def anything(context: Context, value: Scalar) -> Scalar:
    """The value itself; errors are the result."""
    del context
    if isinstance(value, ErrorCode):
        raise refuse(value)
    return value


def as_it_is(context: Context, value: Scalar) -> Scalar:
    """The value itself, be it an error: for what the function may not look at."""
    del context
    return value


def valuewise(function: Callable[..., Scalar], *readers: Reader) -> Alone:
    """`function` of what `readers` make of the arguments; the last one serves all that follow."""

    def run(context: Context, *blocks: Block) -> Block:
        blocks = aligned(context, *blocks)
        shape = spread_shape(*(block.shape for block in blocks))
        columns = [context.values(full(block, shape)) for block in blocks]
        using = _reading(readers, len(blocks))
        known: dict[tuple[tuple[type, Scalar], ...], Scalar] = {}
        results: list[Scalar] = []
        for values in zip(*columns, strict=True):
            key = tuple((type(value), value) for value in values)
            if key not in known:
                known[key] = _computed(context, function, using, values)
            results.append(known[key])
        return context.block(results, shape)

    def of(context: Context, values: Sequence[Scalar]) -> Scalar:
        return _computed(context, function, _reading(readers, len(values)), values)

    return Alone(run, of)


def told(function: Callable[[Context], Alone]) -> Alone:
    """A function that is made for a workbook: it asks what holds there."""
    return Alone(
        lambda context, *blocks: function(context)(context, *blocks),
        lambda context, values: function(context).of(context, values),
    )


def _reading(readers: Sequence[Reader], count: int) -> list[Reader]:
    last = len(readers) - 1
    return [readers[min(i, last)] for i in range(count)]


def _computed(
    context: Context,
    function: Callable[..., Scalar],
    readers: list[Reader],
    values: Sequence[Scalar],
) -> Scalar:
    try:
        return function(*(read(context, v) for read, v in zip(readers, values, strict=True)))
    except ArgumentIsError as error:
        return error.code
