"""A pass over numbers alone: no kinds, no errors, for the operations that most recurrences are of.

Cells come out to the same bits as by the machine that knows kinds, several times sooner. Where a
result is no finite number it gives up, and that machine says what it means.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Kind
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scalar.machine import of_one_number, power
from xlcollab.kernels.scan import codes
from xlcollab.kernels.scan.compiled import inlined, inner
from xlcollab.kernels.scan.layout import Layout
from xlcollab.kernels.scan.machine import (
    ACROSS,
    BASE,
    BEGIN,
    CODE,
    COUNT,
    EXACT,
    FIRST,
    FROM,
    LAST,
    LENGTH,
    OUT,
    OUT_ACROSS,
    OUT_STEP,
    STEP,
    TO,
    TURNED,
    WIDTH,
)
from xlcollab.kernels.scan.slopes import of_one, of_two

Numbers = NDArray[np.float64]
Kinds = NDArray[np.uint8]
Whole = NDArray[np.int64]

KNOWN = frozenset(
    {
        *(ops.COPY, ops.NEGATE, ops.ABS, ops.SQRT, ops.EXP, ops.LN, ops.LOG10),
        *(ops.SIN, ops.COS, ops.TAN, ops.ATAN, ops.SINH, ops.COSH, ops.TANH),
        *(ops.ADD, ops.SUBTRACT, ops.MULTIPLY, ops.DIVIDE, ops.POWER),
        *(ops.CLOSING_ADD, ops.CLOSING_SUBTRACT),
        *(ops.SUM, ops.CLOSING_SUM, codes.SUM_OF_PRODUCTS),
    }
)
"""Operations of numbers whose results are numbers."""


def is_plain(layout: Layout, flags: int, given: Kinds, expected: Kinds) -> bool:
    """Whether nothing but numbers goes through a pass, as far as its kinds and operations tell."""
    numbers = np.isin(given, (int(Kind.NUMBER), int(Kind.BLANK))).all()
    fine = numbers and (expected == int(Kind.NUMBER)).all() and not flags & EXACT
    return bool(fine and np.isin(layout.tables.steps[:, CODE], list(KNOWN)).all())


@inlined
def _at(operand: int, i: int, j: int, operands: Whole) -> int:
    """Where in the pool an operand begins."""
    at: int = operands[operand, BASE] + i * operands[operand, STEP] + j * operands[operand, ACROSS]
    return at


@inlined
def _out(s: int, i: int, j: int, steps: Whole) -> int:
    at: int = steps[s, OUT] + i * steps[s, OUT_STEP] + j * steps[s, OUT_ACROSS]
    return at


@inlined
def _of_pair(code: int, x: float, y: float) -> float:
    if code == ops.MULTIPLY:
        return x * y
    if code == ops.ADD or code == ops.CLOSING_ADD:
        return x + y
    if code == ops.SUBTRACT or code == ops.CLOSING_SUBTRACT:
        return x - y
    if code == ops.DIVIDE:
        return x / y if y != 0.0 else math.nan
    return power(x, y)


@inner
def _of_many(
    s: int, i: int, j: int, steps: Whole, operands: Whole, pool: Whole, numbers: Numbers
) -> float:
    """A sum, or a sum of products."""
    first, last, total = steps[s, FIRST], steps[s, LAST], 0.0
    if steps[s, CODE] != codes.SUM_OF_PRODUCTS:
        for operand in range(first, last):
            at = _at(operand, i, j, operands)
            for k in range(operands[operand, COUNT]):
                total += numbers[pool[at + k]]
        return total
    for k in range(operands[first, COUNT]):
        product = 1.0
        for operand in range(first, last):
            product *= numbers[pool[_at(operand, i, j, operands) + k]]
        total += product
    return total


@inlined
def _value(
    s: int, i: int, j: int, steps: Whole, operands: Whole, pool: Whole, numbers: Numbers
) -> float:
    code, first = steps[s, CODE], steps[s, FIRST]
    if code >= codes.MANY:
        return _of_many(s, i, j, steps, operands, pool, numbers)
    x = numbers[pool[_at(first, i, j, operands)]]
    if code >= codes.BINARY:
        return _of_pair(code, x, numbers[pool[_at(first + 1, i, j, operands)]])
    return of_one_number(code, x)


@inner
def forward_plainly(
    members: Whole, steps: Whole, operands: Whole, pool: Whole, numbers: Numbers,
    first: int, last: int,
) -> bool:  # fmt: skip
    """Work out the cells; whether all of it was finite numbers."""
    for time in range(first, last):
        for m in range(members.shape[0]):
            i, width = time - members[m, BEGIN], members[m, WIDTH]
            if i < 0 or i >= members[m, LENGTH]:
                continue
            for place in range(width):
                j = width - 1 - place if members[m, TURNED] else place
                for s in range(members[m, FROM], members[m, TO]):
                    x = _value(s, i, j, steps, operands, pool, numbers)
                    if not math.isfinite(x):
                        return False
                    numbers[_out(s, i, j, steps)] = x
    return True


@inlined
def _give(bars: Numbers, at: int, slope: float, bar: float) -> None:
    if slope != 0.0:  # what has none takes nothing, however large the rest
        bars[at] += slope * bar


@inner
def _back_many(
    s: int, i: int, j: int, steps: Whole, operands: Whole, pool: Whole, numbers: Numbers,
    bars: Numbers, bar: float,
) -> None:  # fmt: skip
    first, last = steps[s, FIRST], steps[s, LAST]
    products = steps[s, CODE] == codes.SUM_OF_PRODUCTS
    for one in range(first, last):
        at = _at(one, i, j, operands)
        for k in range(operands[one, COUNT]):
            slope = 1.0
            if products:
                for other in range(first, last):
                    if other != one:
                        slope *= numbers[pool[_at(other, i, j, operands) + k]]
            _give(bars, pool[at + k], slope, bar)


@inlined
def _back(
    s: int, i: int, j: int, steps: Whole, operands: Whole, pool: Whole, numbers: Numbers,
    bars: Numbers,
) -> None:  # fmt: skip
    code, first, out = steps[s, CODE], steps[s, FIRST], _out(s, i, j, steps)
    bar = bars[out]
    if bar == 0.0:
        return
    if code >= codes.MANY:
        _back_many(s, i, j, steps, operands, pool, numbers, bars, bar)
        return
    a = pool[_at(first, i, j, operands)]
    if code < codes.BINARY:
        _give(bars, a, of_one(code, numbers[a], numbers[out])[0], bar)
        return
    b = pool[_at(first + 1, i, j, operands)]
    if code == ops.MULTIPLY:
        by_a, by_b = numbers[b], numbers[a]
    else:
        by_a, by_b, _, _, _ = of_two(code, numbers[a], numbers[b], numbers[out])
    _give(bars, a, by_a, bar)
    _give(bars, b, by_b, bar)


@inner
def backward_plainly(
    members: Whole, steps: Whole, operands: Whole, pool: Whole, numbers: Numbers, bars: Numbers,
    first: int, last: int,
) -> None:  # fmt: skip
    """`bars` hold the derivatives by the cells and get those by all that they are made of. Within a
    cell, operations are worked out again."""
    for time in range(last - 1, first - 1, -1):
        for m in range(members.shape[0] - 1, -1, -1):
            i, width = time - members[m, BEGIN], members[m, WIDTH]
            if i < 0 or i >= members[m, LENGTH]:
                continue
            for place in range(width - 1, -1, -1):
                j = width - 1 - place if members[m, TURNED] else place
                begin, end = members[m, FROM], members[m, TO]
                for s in range(begin, end - 1):
                    out = _out(s, i, j, steps)
                    numbers[out] = _value(s, i, j, steps, operands, pool, numbers)
                    bars[out] = 0.0
                for s in range(end - 1, begin - 1, -1):
                    _back(s, i, j, steps, operands, pool, numbers, bars)
