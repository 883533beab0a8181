"""A pass as a compiled routine of the core program, forwards and backwards; see `numbers.routine`.

The buffer forwards holds the cells (not-a-number where there is an error), whether their kinds are
those known, whether kinds were looked at, and behind that the values that the machine works on, the
states of areas that grow and the kinds. Backwards it holds the derivatives by all values, those by
what stands outside first, and as much again twice to work with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numba import types
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.scan.compiled import Code, code, inner
from xlcollab.kernels.scan.machine import Tables, Values, forward
from xlcollab.kernels.scan.plainly import backward_plainly, forward_plainly, is_plain
from xlcollab.kernels.scan.reverse import Slopes, backward

if TYPE_CHECKING:
    from collections.abc import Callable
    from ctypes import _Pointer, c_double, c_int64

    from xlcollab.kernels.scan.layout import Layout

Numbers = NDArray[np.float64]
Kinds = NDArray[np.uint8]
Whole = NDArray[np.int64]

(
    LENGTH,
    OUTSIDE,
    CELLS,
    SIZE,
    STATES,
    FIRST,
    LAST,
    FLAGS,
    PLAIN,
    MEMBERS,
    STEPS,
    OPERANDS,
    POOL,
    GIVEN,
    EXPECTED,
    TEXTS,
    HEAD,
) = range(17)
"""The table's head: how long it is, the numbers of a layout, whether only numbers go through it,
and where each part begins in it."""

_BLANK, _NUMBER, _ERROR = int(Kind.BLANK), int(Kind.NUMBER), int(Kind.ERROR)
_NUM = float(ErrorCode.NUM)
_MARKS = 2
"""Behind the results."""
_STATE = 6
"""Numbers of a state."""
_BYTES = 8
"""Kinds in the place of a number."""


def table_of(layout: Layout, flags: int, given: Kinds, expected: Kinds, texts: Numbers) -> Whole:
    """All that the machine goes by in one row of whole numbers, (k,): `given` are the kinds of what
    stands outside, `expected` those that the cells have."""
    tables = layout.tables
    parts = [tables.members, tables.steps, tables.operands, tables.pool, given, expected]
    rows = [np.asarray(part, np.int64).reshape(-1) for part in parts]
    rows.append(np.ascontiguousarray(texts).reshape(-1).view(np.int64))
    starts = HEAD + np.cumsum([0, *(len(row) for row in rows)])
    head = [layout.outside, layout.cells, layout.size, layout.states, layout.first, layout.last]
    head += [flags, int(is_plain(layout, flags, given, expected))]
    return np.concatenate([np.array([starts[-1], *head, *starts[:-1]], np.int64), *rows])


@inner
def _tables(whole: Whole) -> Tables:
    return Tables(
        whole[whole[MEMBERS] : whole[STEPS]].reshape((-1, 6)),
        whole[whole[STEPS] : whole[OPERANDS]].reshape((-1, 7)),
        whole[whole[OPERANDS] : whole[POOL]].reshape((-1, 6)),
        whole[whole[POOL] : whole[GIVEN]],
    )


@inner
def _values(whole: Whole, buffer: Numbers) -> Values:
    first = whole[CELLS] + _MARKS
    kinds = first + whole[SIZE] + _STATE * whole[STATES]
    return Values(
        buffer[first : first + whole[SIZE]],
        buffer[kinds:].view(np.uint8)[: whole[SIZE]],
        whole[whole[TEXTS] : whole[LENGTH]].view(np.float64).reshape((4, -1)),
    )


@inner
def _take(whole: Whole, values: Values, source: Numbers) -> None:
    """What stands outside, with its kinds: what is no number is an error."""
    for i in range(whole[OUTSIDE]):
        kind, x = whole[whole[GIVEN] + i], source[i]
        if kind == _NUMBER and not np.isfinite(x):
            kind, x = _ERROR, _NUM
        values.kinds[i], values.numbers[i] = kind, x


@inner
def _show(whole: Whole, values: Values, buffer: Numbers) -> None:
    """The cells, and whether they are of the kinds that are expected."""
    outside, cells, holds = whole[OUTSIDE], whole[CELLS], 1.0
    for i in range(cells):
        kind, x = int(values.kinds[outside + i]), values.numbers[outside + i]
        if kind == _ERROR:
            kind, x = _NUMBER, np.nan
        if kind != whole[whole[EXPECTED] + i]:
            holds = 0.0
        buffer[i] = x
    buffer[cells] = holds


@inner
def _total(whole: Whole) -> int:
    """Numbers of the buffer forwards."""
    kinds = (whole[SIZE] + _BYTES - 1) // _BYTES
    return int(whole[CELLS] + _MARKS + whole[SIZE] + _STATE * whole[STATES] + kinds)


@inner
def _worked_out_plainly(whole: Whole, buffer: Numbers, source: Numbers) -> bool:
    """The cells, if nothing but finite numbers goes through them."""
    cells, outside = whole[CELLS], whole[OUTSIDE]
    numbers = buffer[cells + _MARKS : cells + _MARKS + whole[SIZE]]
    for i in range(outside):
        x = 0.0 if whole[whole[GIVEN] + i] == _BLANK else source[i]
        if not np.isfinite(x):
            return False
        numbers[i] = x
    tables = _tables(whole)
    members, steps, operands, pool = tables.members, tables.steps, tables.operands, tables.pool
    first, last = whole[FIRST], whole[LAST]
    if not forward_plainly(members, steps, operands, pool, numbers, first, last):
        return False
    for i in range(cells):
        buffer[i] = numbers[outside + i]
    buffer[cells], buffer[cells + 1] = 1.0, 0.0
    return True


@inner
def _back_plainly(whole: Whole, values: Numbers, given: Numbers, bars: Numbers) -> None:
    cells, outside = whole[CELLS], whole[OUTSIDE]
    numbers = values[cells + _MARKS : cells + _MARKS + whole[SIZE]]
    bars[:] = 0.0
    for i in range(cells):
        bars[outside + i] = given[i]
    tables = _tables(whole)
    members, steps, operands, pool = tables.members, tables.steps, tables.operands, tables.pool
    first, last = whole[FIRST], whole[LAST]
    backward_plainly(members, steps, operands, pool, numbers, bars, first, last)
    for i in range(outside):
        if whole[whole[GIVEN] + i] == _BLANK:
            bars[i] = 0.0


def _work_out(
    table: _Pointer[c_int64],
    out: _Pointer[c_double],
    source: _Pointer[c_double],
    unused: _Pointer[c_double],
) -> None:
    whole = carray(table, carray(table, HEAD)[LENGTH])
    size, cells, states = whole[SIZE], whole[CELLS], whole[STATES]
    buffer, given = carray(out, _total(whole)), carray(source, whole[OUTSIDE])
    if whole[PLAIN] and _worked_out_plainly(whole, buffer, given):
        return
    buffer[:] = 0.0
    buffer[cells + 1] = 1.0
    values, first = _values(whole, buffer), cells + _MARKS + size
    held = buffer[first : first + _STATE * states].reshape((-1, _STATE))
    _take(whole, values, given)
    forward(_tables(whole), values, held, whole[FIRST], whole[LAST], whole[FLAGS])
    _show(whole, values, buffer)


def _go_back(
    table: _Pointer[c_int64],
    out: _Pointer[c_double],
    source: _Pointer[c_double],
    bars: _Pointer[c_double],
) -> None:
    whole = carray(table, carray(table, HEAD)[LENGTH])
    size, cells, states = whole[SIZE], whole[CELLS], whole[STATES]
    buffer, before = carray(out, 3 * size + 2 * states), carray(source, _total(whole))
    if before[cells + 1] == 0.0:
        _back_plainly(whole, before, carray(bars, cells), buffer[:size])
        return
    buffer[:] = 0.0
    values = _values(whole, before)
    slopes = Slopes(buffer[2 * size : 3 * size], buffer[:size], buffer[size : 2 * size])
    given = carray(bars, cells)
    for i in range(cells):
        if values.kinds[whole[OUTSIDE] + i] != _ERROR:
            slopes.bars[whole[OUTSIDE] + i] = given[i]
    held = buffer[3 * size :].reshape((2, -1))
    backward(_tables(whole), values, slopes, held, whole[FIRST], whole[LAST], whole[FLAGS])


@cache
def _code(function: Callable[..., None]) -> Code:
    number, whole = types.CPointer(types.float64), types.CPointer(types.int64)
    return code(function, types.void(whole, number, number, number))


def compile_entries() -> None:
    """Makes both ways ready."""
    _code(_work_out)
    _code(_go_back)


@dataclass(frozen=True, slots=True, eq=False)
class Backwards:
    """The derivatives of a pass; a `Routine`."""

    table: Whole
    back: None = None

    @property
    def size(self) -> int:
        return int(3 * self.table[SIZE] + 2 * self.table[STATES])

    @property
    def address(self) -> int:
        return _code(_go_back).address


@dataclass(frozen=True, slots=True, eq=False)
class Forwards:
    """A pass; a `Routine`."""

    table: Whole

    @property
    def size(self) -> int:
        cells, size, states = (int(self.table[at]) for at in (CELLS, SIZE, STATES))
        return cells + _MARKS + size + _STATE * states + -(-size // _BYTES)

    @property
    def address(self) -> int:
        return _code(_work_out).address

    @property
    def back(self) -> Backwards:
        return Backwards(self.table)
