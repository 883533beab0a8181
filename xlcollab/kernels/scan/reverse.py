"""The derivatives of a pass: one pass backwards, and one forwards for their own derivatives.

With a tangent (how all values move along some direction) the pass forwards gives the tangents of
the results, and the pass backwards the derivative of the gradient along it. Nothing is kept but
the values of cells: within a cell, operations are worked out again.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from xlcollab.grid import Kind
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scan import codes
from xlcollab.kernels.scan.compiled import entry, inner
from xlcollab.kernels.scan.machine import (
    BEGIN,
    CELLS,
    CODE,
    COUNT,
    CURVED,
    FIRST,
    FROM,
    LAST,
    LENGTH,
    OUT_STEP,
    STATE,
    TO,
    TRUTH,
    TURNED,
    WIDTH,
    Numbers,
    Tables,
    Values,
    grown,
    member_at,
    number_at,
    operate,
    place,
    result_place,
    truth_at,
)
from xlcollab.kernels.scan.slopes import of_one, of_two

_NUMBER, _ERROR = int(Kind.NUMBER), int(Kind.ERROR)


class Slopes(NamedTuple):
    """Beside each value, (size,) each: how it moves, the derivative of something by it, and how
    that moves."""

    tangents: Numbers
    bars: Numbers
    moved: Numbers


@inner
def _first_place(s: int, operand: int, tables: Tables, i: int, j: int) -> int:
    at: int = tables.pool[place(tables, tables.steps[s, FIRST] + operand, i, j)]
    return at


@inner
def _slope_of(
    code: int, values: Values, a: int, b: int, out: int
) -> tuple[float, float, float, float, float]:
    """First and second derivatives of an operation on one value (b < 0) or two."""
    if values.kinds[out] == _ERROR:
        return math.nan, math.nan, 0.0, 0.0, 0.0
    if values.kinds[out] != _NUMBER:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    _, x = number_at(values, a)
    if b < 0:
        first, second = of_one(code, x, values.numbers[out])
        return first, 0.0, second, 0.0, 0.0
    _, y = number_at(values, b)
    return of_two(code, x, y, values.numbers[out])


@inner
def _is_choice(code: int) -> bool:
    return code == ops.SELECT or code == codes.RESCUE


@inner
def _chosen(s: int, tables: Tables, values: Values, i: int, j: int) -> int:
    """Which value IF or IFERROR takes; -1 for none."""
    a = _first_place(s, 0, tables, i, j)
    if tables.steps[s, CODE] == codes.RESCUE:
        return _first_place(s, 1, tables, i, j) if values.kinds[a] == _ERROR else a
    error, truth = truth_at(values, a, TRUTH)
    if error > 0.0:
        return -1
    return _first_place(s, 1 if truth else 2, tables, i, j)


@inner
def _ties(s: int, tables: Tables, values: Values, i: int, j: int, out: int) -> float:
    """How many values share an extreme."""
    code = tables.steps[s, CODE]
    if code != ops.HIGHEST and code != ops.LOWEST:
        return 1.0
    ties = 0.0
    for operand in range(tables.steps[s, FIRST], tables.steps[s, LAST]):
        start = place(tables, operand, i, j)
        for k in range(tables.operands[operand, COUNT]):
            at = tables.pool[start + k]
            _, is_number, x = member_at(values, at, tables.operands[operand, CELLS])
            ties += 1.0 if is_number and x == values.numbers[out] else 0.0
    return max(ties, 1.0)


@inner
def _slope_in(
    code: int, values: Values, at: int, cells: int, out: int, ties: float
) -> tuple[float, float]:
    """First and second derivative of an aggregate by one of its values."""
    _, is_number, x = member_at(values, at, cells)
    if values.kinds[out] == _ERROR:
        return math.nan, 0.0
    if not is_number or values.kinds[out] != _NUMBER:
        return 0.0, 0.0
    if code == ops.SUM or code == ops.CLOSING_SUM:
        return 1.0, 0.0
    if code == ops.SUM_OF_SQUARES:
        return 2.0 * x, 2.0
    if code == ops.HIGHEST or code == ops.LOWEST:
        return (1.0 / ties if x == values.numbers[out] else 0.0), 0.0
    return 0.0, 0.0


@inner
def _product_without(
    s: int, one: int, k: int, tables: Tables, values: Values, tangents: Numbers, i: int, j: int
) -> tuple[float, float]:
    """(the product of all factors but one, how it moves)."""
    product, moved = 1.0, 0.0
    for operand in range(tables.steps[s, FIRST], tables.steps[s, LAST]):
        at = tables.pool[place(tables, operand, i, j) + k]
        if operand != one:
            x = values.numbers[at] if values.kinds[at] == _NUMBER else 0.0
            moved = moved * x + (product * tangents[at] if values.kinds[at] == _NUMBER else 0.0)
            product *= x
    return product, moved


@inner
def _give(bars: Numbers, values: Values, at: int, slope: float, bar: float) -> None:
    """Add slope · bar; what is no number has no derivative, and 0 times anything is 0."""
    kind = values.kinds[at]
    if bar != 0.0 and slope != 0.0 and (kind in (_NUMBER, _ERROR)):
        bars[at] += slope * bar


@inner
def _give_all(
    slopes: Slopes, values: Values, at: int, slope: float, bend: float, bar: float, moved: float
) -> None:
    """Pass on: `bend` is how the slope moves."""
    _give(slopes.bars, values, at, slope, bar)
    _give(slopes.moved, values, at, slope, moved)
    _give(slopes.moved, values, at, bend, bar)


@inner
def _back(s: int, tables: Tables, values: Values, slopes: Slopes, i: int, j: int, out: int) -> None:
    """Pass the derivatives by the result of an operation on to its operands."""
    code, bar, moved = tables.steps[s, CODE], slopes.bars[out], slopes.moved[out]
    if bar == 0.0 and moved == 0.0:
        return
    if _is_choice(code):
        at = _chosen(s, tables, values, i, j)
        if at >= 0:
            _give_all(slopes, values, at, 1.0, 0.0, bar, moved)
    elif code == codes.SUM_OF_PRODUCTS:
        _back_products(s, tables, values, slopes, i, j, bar, moved)
    elif code >= codes.MANY:
        _back_aggregate(s, tables, values, slopes, i, j, out)
    else:
        a = _first_place(s, 0, tables, i, j)
        b = _first_place(s, 1, tables, i, j) if code >= codes.BINARY else -1
        by_a, by_b, aa, ab, bb = _slope_of(code, values, a, b, out)
        along_a = slopes.tangents[a]
        if b < 0:
            _give_all(slopes, values, a, by_a, aa * along_a, bar, moved)
            return
        along_b = slopes.tangents[b]
        mixed_a = ab * along_b if along_b != 0.0 else 0.0
        mixed_b = bb * along_b if along_b != 0.0 else 0.0
        _give_all(slopes, values, a, by_a, aa * along_a + mixed_a, bar, moved)
        mixed_b += ab * along_a if along_a != 0.0 else 0.0
        _give_all(slopes, values, b, by_b, mixed_b, bar, moved)


@inner
def _back_products(
    s: int, tables: Tables, values: Values, slopes: Slopes, i: int, j: int, bar: float, moved: float
) -> None:
    first = tables.steps[s, FIRST]
    for k in range(tables.operands[first, COUNT]):
        for one in range(first, tables.steps[s, LAST]):
            at = tables.pool[place(tables, one, i, j) + k]
            slope, bend = _product_without(s, one, k, tables, values, slopes.tangents, i, j)
            _give_all(slopes, values, at, slope, bend, bar, moved)


@inner
def _back_aggregate(
    s: int, tables: Tables, values: Values, slopes: Slopes, i: int, j: int, out: int
) -> None:
    code, ties = tables.steps[s, CODE], _ties(s, tables, values, i, j, out)
    bar, moved = slopes.bars[out], slopes.moved[out]
    for operand in range(tables.steps[s, FIRST], tables.steps[s, LAST]):
        start, cells = place(tables, operand, i, j), tables.operands[operand, CELLS]
        for k in range(tables.operands[operand, COUNT]):
            at = tables.pool[start + k]
            slope, bend = _slope_in(code, values, at, cells, out, ties)
            _give_all(slopes, values, at, slope, bend * slopes.tangents[at], bar, moved)


@inner
def _is_extreme(code: int) -> bool:
    return code == codes.GROWING_MAX or code == codes.GROWING_MIN


@inner
def _back_grown(
    s: int, tables: Tables, values: Values, held: Numbers, bars: Numbers, i: int, j: int,
    later: float,
) -> None:  # fmt: skip
    """Of an area that grows: a value takes what all later results pass on to it. `later` is the
    extreme of the step after this one; where it is another, nothing of that reaches back."""
    code, state = tables.steps[s, CODE], tables.steps[s, STATE] + j
    out, extreme = result_place(s, tables, i, j), _is_extreme(code)
    if extreme and later != values.numbers[out]:
        held[state] = 0.0
    if bars[out] != 0.0 and code != codes.GROWING_COUNT:
        slope = math.nan if values.kinds[out] == _ERROR else 1.0
        held[state] += slope * bars[out] / (max(values.numbers[out + 1], 1.0) if extreme else 1.0)
    start, count = grown(tables, tables.steps[s, FIRST], i, j)
    for k in range(count):
        at = tables.pool[start + k]
        if not (extreme and values.numbers[at] != values.numbers[out]):
            _give(bars, values, at, 1.0, held[state])


@inner
def _tangent_of(
    s: int, tables: Tables, values: Values, tangents: Numbers, i: int, j: int, out: int
) -> float:
    """How the result of an operation moves."""
    code = tables.steps[s, CODE]
    if _is_choice(code):
        at = _chosen(s, tables, values, i, j)
        return tangents[at] if at >= 0 else 0.0
    if code >= codes.MANY:
        return _tangent_of_many(s, tables, values, tangents, i, j, out)
    a = _first_place(s, 0, tables, i, j)
    b = _first_place(s, 1, tables, i, j) if code >= codes.BINARY else -1
    by_a, by_b, _, _, _ = _slope_of(code, values, a, b, out)
    moved = by_a * tangents[a] if tangents[a] != 0.0 else 0.0
    return moved + by_b * tangents[b] if b >= 0 and tangents[b] != 0.0 else moved


@inner
def _tangent_of_many(
    s: int, tables: Tables, values: Values, tangents: Numbers, i: int, j: int, out: int
) -> float:
    code, ties = tables.steps[s, CODE], _ties(s, tables, values, i, j, out)
    total = 0.0
    for operand in range(tables.steps[s, FIRST], tables.steps[s, LAST]):
        start, cells = place(tables, operand, i, j), tables.operands[operand, CELLS]
        for k in range(tables.operands[operand, COUNT]):
            at = tables.pool[start + k]
            if tangents[at] == 0.0:
                continue
            if code == codes.SUM_OF_PRODUCTS:
                slope, _ = _product_without(s, operand, k, tables, values, tangents, i, j)
            else:
                slope, _ = _slope_in(code, values, at, cells, out, ties)
            total += slope * tangents[at]
    return total


@inner
def _tangent_grown(
    s: int, tables: Tables, values: Values, tangents: Numbers, held: Numbers, i: int, j: int
) -> float:
    code, state = tables.steps[s, CODE], tables.steps[s, STATE] + j
    out, extreme = result_place(s, tables, i, j), _is_extreme(code)
    before = out - tables.steps[s, OUT_STEP]
    if i == 0 or (extreme and values.numbers[before] != values.numbers[out]):
        held[state] = 0.0
    if code == codes.GROWING_COUNT:
        return 0.0
    start, count = grown(tables, tables.steps[s, FIRST], i, j)
    for k in range(count):
        at = tables.pool[start + k]
        other = extreme and values.numbers[at] != values.numbers[out]
        if values.kinds[at] == _NUMBER and not other:
            held[state] += tangents[at]
    moved: float = held[state] / (max(values.numbers[out + 1], 1.0) if extreme else 1.0)
    return moved


@inner
def _tangents_of_cell(
    m: int, tables: Tables, values: Values, tangents: Numbers, held: Numbers, i: int, j: int,
    flags: int,
) -> None:  # fmt: skip
    last = tables.members[m, TO] - 1
    for s in range(tables.members[m, FROM], last + 1):
        out = result_place(s, tables, i, j)
        if tables.steps[s, CODE] >= codes.GROWING:
            tangents[out] = _tangent_grown(s, tables, values, tangents, held, i, j)
            continue
        if s < last:
            operate(s, tables, values, i, j, flags)
        tangents[out] = _tangent_of(s, tables, values, tangents, i, j, out)


@entry
def tangents_forward(
    tables: Tables, values: Values, tangents: Numbers, held: Numbers, first: int, last: int,
    flags: int,
) -> None:  # fmt: skip
    """Fill in how the cells move, where it is known how what stands outside does. `held` has a
    place for each state."""
    members = tables.members
    for time in range(first, last):
        for m in range(members.shape[0]):
            i, width = time - members[m, BEGIN], members[m, WIDTH]
            if 0 <= i < members[m, LENGTH]:
                for place_ in range(width):
                    j = width - 1 - place_ if members[m, TURNED] else place_
                    _tangents_of_cell(m, tables, values, tangents, held, i, j, flags)


@inner
def _cell_backward(
    m: int, tables: Tables, values: Values, slopes: Slopes, held: Numbers, i: int, j: int,
    flags: int,
) -> None:  # fmt: skip
    """Within a cell: forwards once more for what its operations gave, then backwards."""
    first, last = tables.members[m, FROM], tables.members[m, TO]
    for s in range(first, last - 1):
        if tables.steps[s, CODE] < codes.GROWING:
            operate(s, tables, values, i, j, flags)
            out = result_place(s, tables, i, j)
            slopes.bars[out] = slopes.moved[out] = 0.0
            if flags & CURVED:
                slopes.tangents[out] = _tangent_of(s, tables, values, slopes.tangents, i, j, out)
    for s in range(last - 1, first - 1, -1):
        out = result_place(s, tables, i, j)
        if tables.steps[s, CODE] < codes.GROWING:
            _back(s, tables, values, slopes, i, j, out)
            continue
        final = i == tables.members[m, LENGTH] - 1
        later = math.nan if final else values.numbers[out + tables.steps[s, OUT_STEP]]
        _back_grown(s, tables, values, held[0], slopes.bars, i, j, later)
        _back_grown(s, tables, values, held[1], slopes.moved, i, j, later)


@entry
def backward(
    tables: Tables, values: Values, slopes: Slopes, held: Numbers, first: int, last: int, flags: int
) -> None:
    """`slopes.bars` hold the derivatives by the cells' values and get those by what stands outside;
    `moved` their derivatives along the tangents. `held` (2, states) must be 0."""
    members = tables.members
    for time in range(last - 1, first - 1, -1):
        for m in range(members.shape[0] - 1, -1, -1):
            i, width = time - members[m, BEGIN], members[m, WIDTH]
            if 0 <= i < members[m, LENGTH]:
                for place_ in range(width - 1, -1, -1):
                    j = width - 1 - place_ if members[m, TURNED] else place_
                    _cell_backward(m, tables, values, slopes, held, i, j, flags)
