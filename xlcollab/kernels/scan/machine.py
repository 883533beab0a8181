"""The loop that works out a pass exactly: values with their kinds, cell after cell.

Numbers and kinds lie in two arrays of one layout: what comes from outside, the chain's cells, what
is known of growing areas, and the results of operations within one cell. An operand is a span of
`pool`, which says where its values lie; it begins at `base + i · step + j · across` for the copy j
of step i. Values that are no number behave as on the tape: blanks are 0, texts what they read as,
errors the result, and aggregates leave out what is no number in cells.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scalar.digits import closed, same_digits
from xlcollab.kernels.scalar.machine import of_one_number, of_two_numbers
from xlcollab.kernels.scan import codes
from xlcollab.kernels.scan.compiled import entry, inner

Numbers = NDArray[np.float64]
Kinds = NDArray[np.uint8]
Whole = NDArray[np.int64]

CODE, OUT, OUT_STEP, OUT_ACROSS, FIRST, LAST, STATE = range(7)
"""Columns of `steps`, one row per operation: OUT to OUT_ACROSS say where its result lies."""
BASE, STEP, ACROSS, COUNT, CELLS, INITIAL = range(6)
"""Columns of `operands`. CELLS: read straight from cells; INITIAL: of a growing area at first."""
BEGIN, LENGTH, WIDTH, FROM, TO, TURNED = range(6)
"""Columns of `members`: first step, number of steps, copies a step, operations, their order."""
BEFORE, LATEST, COUNTED, EXTREME, FAILED, TIES = range(6)
"""Columns of the states: what is known of an area that grows."""
READ, TRUTH, TRIMMED, RANK = range(4)
"""Rows of `texts`, by index of the text: the number it reads as, its truth, that without the
spaces around it, its rank; not-a-number for none. The last column is the empty text's."""
EXACT, SETTLED, UPWARDS, CURVED = 1, 2, 4, 8
"""Flags: 15 digits decide as in Excel; the last addition settles them; areas grow upwards; values
have tangents."""

_BLANK, _NUMBER, _TEXT = int(Kind.BLANK), int(Kind.NUMBER), int(Kind.TEXT)
_BOOLEAN, _ERROR = int(Kind.BOOLEAN), int(Kind.ERROR)
_DIV0, _VALUE, _NUM = float(ErrorCode.DIV0), float(ErrorCode.VALUE), float(ErrorCode.NUM)
_SMALLEST = np.finfo(np.float64).tiny
_POWERS = np.array([float(f"1e{power}") for power in range(309)])


class Tables(NamedTuple):
    """What is to be done; see the columns above."""

    members: Whole
    steps: Whole
    operands: Whole
    pool: Whole


class Values(NamedTuple):
    """Numbers and kinds, (size,) each, and what texts mean, (4, texts + 1)."""

    numbers: Numbers
    kinds: Kinds
    texts: Numbers


@inner
def number_at(values: Values, at: int) -> tuple[float, float]:
    """(error or 0, the number a calculation takes from a value)."""
    kind, x = values.kinds[at], values.numbers[at]
    if kind in (_NUMBER, _BOOLEAN):
        return 0.0, x
    if kind == _BLANK:
        return 0.0, 0.0
    if kind == _ERROR:
        return x, 0.0
    read = values.texts[READ, int(x)]
    return (_VALUE, 0.0) if math.isnan(read) else (0.0, read)


@inner
def truth_at(values: Values, at: int, row: int) -> tuple[float, bool]:
    """(error or 0, the value as a condition); `row` of the texts says how those are read."""
    kind, x = values.kinds[at], values.numbers[at]
    if kind == _ERROR:
        return x, False
    if kind == _TEXT:
        read = values.texts[row, int(x)]
        return (_VALUE, False) if math.isnan(read) else (0.0, read != 0.0)
    return 0.0, kind != _BLANK and x != 0.0


@inner
def _copy(values: Values, source: int, out: int) -> None:
    values.numbers[out] = values.numbers[source]
    values.kinds[out] = values.kinds[source]


@inner
def _put(values: Values, out: int, error: float, x: float, flags: int) -> None:
    """A number or an error as a result: what is not finite is #NUM!."""
    if error == 0.0 and not math.isfinite(x):
        error = _NUM
    if error > 0.0:
        values.numbers[out] = error
        values.kinds[out] = _ERROR
        return
    if flags & EXACT and abs(x) < _SMALLEST:
        x = 0.0
    values.numbers[out] = x
    values.kinds[out] = _NUMBER


@inner
def _put_truth(values: Values, out: int, error: float, truth: bool) -> None:
    if error > 0.0:
        values.numbers[out] = error
        values.kinds[out] = _ERROR
    else:
        values.numbers[out] = 1.0 if truth else 0.0
        values.kinds[out] = _BOOLEAN


@inner
def _of_one(code: int, values: Values, a: int, out: int, flags: int) -> None:
    kind = values.kinds[a]
    if code == ops.COPY:
        _copy(values, a, out)
    elif code == ops.IS_ERROR:
        _put_truth(values, out, 0.0, kind == _ERROR)
    elif code == codes.IS_NUMBER:
        _put_truth(values, out, 0.0, kind == _NUMBER)
    elif code == ops.NOT:
        error, truth = truth_at(values, a, TRUTH)
        _put_truth(values, out, error, not truth)
    elif code == codes.TO_NUMBER and kind == _TEXT:
        _put(values, out, 0.0, 0.0, flags)
    else:
        error, x = number_at(values, a)
        if error == 0.0 and code != codes.TO_NUMBER:
            x = of_one_number(code, x)
        _put(values, out, error, x, flags)


@inner
def _rounded(code: int, x: float, digits: float) -> float:
    """To decimal digits, freed of binary noise."""
    power = min(abs(int(digits)), 308)
    up, down = (1.0, _POWERS[power]) if digits < 0 else (_POWERS[power], 1.0)
    size = abs(x)
    if size * up > 1e300:
        return x
    shifted = size * up / down
    nearest = float(np.rint(shifted))
    if abs(shifted - nearest) <= 4e-15 * shifted:
        whole = nearest
    elif code == codes.ROUND_UP:
        whole = float(np.ceil(shifted))
    elif code == codes.ROUND_DOWN:
        whole = float(np.floor(shifted))
    else:
        whole = float(np.floor(shifted + 0.5 + 2e-15 * shifted))
    return whole / up * down if x >= 0.0 else -(whole / up * down)


@inner
def _calculated(code: int, x: float, y: float, flags: int) -> tuple[float, float]:
    """(error or 0, x combined with y)."""
    if (code == ops.DIVIDE or code == ops.MOD) and y == 0.0:
        return _DIV0, 0.0
    if code == ops.POWER and x == 0.0 and y <= 0.0:
        return (_DIV0, 0.0) if y < 0.0 else (_NUM, 0.0)
    if code == ops.CLOSING_ADD and not flags & SETTLED:
        return 0.0, x + y
    if code == ops.CLOSING_SUBTRACT and not flags & SETTLED:
        return 0.0, x - y
    if codes.ROUND <= code <= codes.ROUND_DOWN:
        return 0.0, _rounded(code, x, y)
    return 0.0, of_two_numbers(code, x, y)


@inner
def _of_two(code: int, values: Values, a: int, b: int, out: int, flags: int) -> None:
    if code == codes.RESCUE:
        _copy(values, b if values.kinds[a] == _ERROR else a, out)
    elif ops.EQUAL <= code <= ops.AT_LEAST:
        _compare(code, values, a, b, out, flags)
    else:
        error, x = number_at(values, a)
        other, y = number_at(values, b)
        if error == 0.0:
            error = other
        if error == 0.0:
            error, x = _calculated(code, x, y, flags)
        _put(values, out, error, x, flags)


@inner
def _key(values: Values, at: int, other: int) -> tuple[int, float]:
    """(rank of the type, place within it); a blank is the empty value of the other side's type."""
    kind, x = values.kinds[at], values.numbers[at]
    if kind == _BLANK:
        if other == _TEXT:
            return 1, values.texts[RANK, values.texts.shape[1] - 1]
        return (2, 0.0) if other == _BOOLEAN else (0, 0.0)
    if kind == _TEXT:
        return 1, values.texts[RANK, int(x)]
    return (2, x) if kind == _BOOLEAN else (0, x)


@inner
def _compare(code: int, values: Values, a: int, b: int, out: int, flags: int) -> None:
    left, right = values.kinds[a], values.kinds[b]
    if left == _ERROR or right == _ERROR:
        _copy(values, a if left == _ERROR else b, out)
        return
    first, x = _key(values, a, right)
    second, y = _key(values, b, left)
    if first != second:
        x, y = float(first), float(second)
    elif flags & EXACT and same_digits(x, y):
        y = x
    truth = x == y
    if code == ops.UNEQUAL:
        truth = x != y
    elif code == ops.LESS:
        truth = x < y
    elif code == ops.AT_MOST:
        truth = x <= y
    elif code == ops.GREATER:
        truth = x > y
    elif code == ops.AT_LEAST:
        truth = x >= y
    _put_truth(values, out, 0.0, truth)


@inner
def place(tables: Tables, operand: int, i: int, j: int) -> int:
    """Where in the pool the span of an operand begins."""
    row = tables.operands
    at: int = row[operand, BASE] + i * row[operand, STEP] + j * row[operand, ACROSS]
    return at


@inner
def member_at(values: Values, at: int, cells: int) -> tuple[float, bool, float]:
    """(error or 0, whether it counts as a number, the number)."""
    if not cells:
        error, x = number_at(values, at)
        return error, error == 0.0, x
    kind, x = values.kinds[at], values.numbers[at]
    if kind == _ERROR:
        return x, False, 0.0
    return 0.0, kind == _NUMBER, x


@inner
def _folded(code: int, total: float, x: float, first: bool) -> float:
    if code == ops.PRODUCT:
        return total * x
    if code == ops.HIGHEST:
        return x if first or x > total else total
    if code == ops.LOWEST:
        return x if first or x < total else total
    return total + x * x


@inner
def _aggregate(
    s: int, tables: Tables, values: Values, i: int, j: int, out: int, flags: int
) -> None:
    """One value of many: sums, products, counts, extremes."""
    code = tables.steps[s, CODE]
    failed, before, latest, counted = 0.0, 0.0, 0.0, 0
    folded = 1.0 if code == ops.PRODUCT else 0.0
    for operand in range(tables.steps[s, FIRST], tables.steps[s, LAST]):
        start = place(tables, operand, i, j)
        for k in range(tables.operands[operand, COUNT]):
            at = tables.pool[start + k]
            error, is_number, x = member_at(values, at, tables.operands[operand, CELLS])
            if error > 0.0 and failed == 0.0:
                failed = error
            if not is_number:
                continue
            counted += 1
            folded = _folded(code, folded, x, counted == 1)
            if x != 0.0:
                before += latest
                latest = x
    if code == ops.COUNT:
        failed, folded = 0.0, float(counted)
    elif code == ops.CLOSING_SUM and flags & SETTLED:
        folded = closed(before, latest)
    elif code == ops.SUM or code == ops.CLOSING_SUM:
        folded = before + latest
    _put(values, out, failed, folded if counted else 0.0, flags)


@inner
def _conditions(s: int, tables: Tables, values: Values, i: int, j: int, out: int) -> None:
    """AND and OR: texts and blanks in cells are left out; no condition at all is #VALUE!."""
    failed, counted, held = 0.0, 0, 0
    for operand in range(tables.steps[s, FIRST], tables.steps[s, LAST]):
        start = place(tables, operand, i, j)
        for k in range(tables.operands[operand, COUNT]):
            at = tables.pool[start + k]
            kind = values.kinds[at]
            if tables.operands[operand, CELLS] and (kind in (_TEXT, _BLANK)):
                continue
            error, truth = truth_at(values, at, TRIMMED)
            if error == 0.0:
                counted += 1
                held += truth
            elif failed == 0.0:
                failed = error
    if counted == 0 and failed == 0.0:
        failed = _VALUE
    truth = held == counted if tables.steps[s, CODE] == ops.ALL else held > 0
    _put_truth(values, out, failed, truth)


@inner
def _products(s: int, tables: Tables, values: Values, i: int, j: int, out: int, flags: int) -> None:
    """SUMPRODUCT of areas: what is no number counts as 0."""
    first, last = tables.steps[s, FIRST], tables.steps[s, LAST]
    count = tables.operands[first, COUNT]
    failed, total = 0.0, 0.0
    for k in range(count):
        product = 1.0
        for operand in range(first, last):
            at = tables.pool[place(tables, operand, i, j) + k]
            product *= values.numbers[at] if values.kinds[at] == _NUMBER else 0.0
        total += product
    for operand in range(first, last):
        for k in range(count):
            at = tables.pool[place(tables, operand, i, j) + k]
            if failed == 0.0 and values.kinds[at] == _ERROR:
                failed = values.numbers[at]
    _put(values, out, failed, total, flags)


@inner
def grown(tables: Tables, operand: int, i: int, j: int) -> tuple[int, int]:
    """(where in the pool, how many): the places that step i adds to an area."""
    row = tables.operands
    base = row[operand, BASE] + j * row[operand, ACROSS]
    if i == 0:
        return base, row[operand, INITIAL]
    return base + row[operand, INITIAL] + (i - 1) * row[operand, COUNT], row[operand, COUNT]


@inner
def _grow(
    s: int, tables: Tables, values: Values, state: Numbers, i: int, j: int, out: int, flags: int
) -> None:
    """An aggregate of an area that grows: what a step adds is added to what was."""
    code = tables.steps[s, CODE]
    start, count = grown(tables, tables.steps[s, FIRST], i, j)
    in_front = flags & UPWARDS and i > 0
    failed = 0.0
    for k in range(count):
        at = tables.pool[start + k]
        x, kind = values.numbers[at], values.kinds[at]
        if kind == _ERROR and failed == 0.0:
            failed = x
        if kind != _NUMBER:
            continue
        higher = x > state[EXTREME] if code == codes.GROWING_MAX else x < state[EXTREME]
        if state[COUNTED] == 0.0 or higher:
            state[EXTREME], state[TIES] = x, 0.0
        state[COUNTED] += 1.0
        state[TIES] += 1.0 if x == state[EXTREME] else 0.0
        if x != 0.0 and in_front and state[LATEST] != 0.0:
            state[BEFORE] += x
        elif x != 0.0:
            state[BEFORE] += state[LATEST]
            state[LATEST] = x
    if failed > 0.0 and (in_front or state[FAILED] == 0.0):
        state[FAILED] = failed
    _tell(code, state, values, out, flags)


@inner
def _tell(code: int, state: Numbers, values: Values, out: int, flags: int) -> None:
    """What is known of an area, as a value; behind an extreme, how many numbers share it."""
    if code == codes.GROWING_COUNT:
        _put(values, out, 0.0, state[COUNTED], flags)
        return
    x = state[EXTREME]
    if code == codes.GROWING_CLOSING_SUM and flags & SETTLED:
        x = closed(state[BEFORE], state[LATEST])
    elif code == codes.GROWING_SUM or code == codes.GROWING_CLOSING_SUM:
        x = state[BEFORE] + state[LATEST]
    _put(values, out, state[FAILED], x, flags)
    values.numbers[out + 1] = state[TIES]
    if code >= codes.GROWING_MAX and state[COUNTED] == 0.0 and state[FAILED] == 0.0:
        values.kinds[out] = _BLANK


@inner
def result_place(s: int, tables: Tables, i: int, j: int) -> int:
    """Where the result of an operation lies."""
    row = tables.steps
    at: int = row[s, OUT] + i * row[s, OUT_STEP] + j * row[s, OUT_ACROSS]
    return at


@inner
def operate(s: int, tables: Tables, values: Values, i: int, j: int, flags: int) -> None:
    """One operation on copy j of step i; areas that grow have their own."""
    code, first = tables.steps[s, CODE], tables.steps[s, FIRST]
    out = result_place(s, tables, i, j)
    if code == codes.SUM_OF_PRODUCTS:
        _products(s, tables, values, i, j, out, flags)
    elif code == ops.ALL or code == ops.ANY:
        _conditions(s, tables, values, i, j, out)
    elif code >= codes.MANY and code != ops.SELECT:
        _aggregate(s, tables, values, i, j, out, flags)
    else:
        a = tables.pool[place(tables, first, i, j)]
        if code < codes.BINARY:
            _of_one(code, values, a, out, flags)
            return
        b = tables.pool[place(tables, first + 1, i, j)]
        if code != ops.SELECT:
            _of_two(code, values, a, b, out, flags)
            return
        error, truth = truth_at(values, a, TRUTH)
        if error > 0.0:
            _put(values, out, error, 0.0, flags)
        else:
            _copy(values, b if truth else tables.pool[place(tables, first + 2, i, j)], out)


@inner
def _work_out(
    m: int, tables: Tables, values: Values, states: Numbers, i: int, j: int, flags: int
) -> None:
    """One cell: its operations in order. A formula whose result is a blank cell shows 0."""
    out = 0
    for s in range(tables.members[m, FROM], tables.members[m, TO]):
        out = result_place(s, tables, i, j)
        if tables.steps[s, CODE] >= codes.GROWING:
            state = states[tables.steps[s, STATE] + j]
            _grow(s, tables, values, state, i, j, out, flags)
        else:
            operate(s, tables, values, i, j, flags)
    if values.kinds[out] == _BLANK:
        _put(values, out, 0.0, 0.0, flags)


@entry
def forward(
    tables: Tables, values: Values, states: Numbers, first: int, last: int, flags: int
) -> None:
    """Work out a pass, in place: the steps from `first` up to `last`. `states` (n, 6) must be 0."""
    members = tables.members
    for time in range(first, last):
        for m in range(members.shape[0]):
            i, width = time - members[m, BEGIN], members[m, WIDTH]
            if 0 <= i < members[m, LENGTH]:
                for place_ in range(width):
                    j = width - 1 - place_ if members[m, TURNED] else place_
                    _work_out(m, tables, values, states, i, j, flags)
