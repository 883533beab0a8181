"""The loop that runs a program: compiled once per machine, cached on disk, for every sheet.

Groups of elementwise steps run tile by tile, so that what lives between two of their steps stays
in the first cache. A register is a place of the arena: for a dense operand the operand itself, else
scratch space behind all buffers, into which the tile is copied.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.codes import (
    ADD,
    BAND,
    CONTRACT,
    CUMULATE,
    DROP,
    FIRST_OP,
    GATHER,
    GROUP,
    JOIN_WIDTH,
    LOAD,
    MAX,
    ORDER,
    PICK,
    REF_WIDTH,
    ROUTINE,
    SCATTER,
    SEARCH,
    SIZE_WIDTH,
    SPREAD,
    STORE,
)
from xlcollab.kernels.program.machine.compiled import exact, inlined, reordered
from xlcollab.kernels.program.machine.layout import (
    AT,
    CLEARED,
    FILLS,
    JOINS,
    MAIN,
    OWN_SPACE,
    PLACES,
    REFS,
    SCRATCH,
    SIZES,
    SPACE,
    SUMS,
    TILE,
    code_of,
    micro_of,
)
from xlcollab.kernels.program.machine.lookups import added_back, looked_up
from xlcollab.kernels.program.machine.products import contract
from xlcollab.kernels.program.machine.routines import call
from xlcollab.kernels.program.machine.short import LANES, moved, spread
from xlcollab.kernels.program.machine.sorting import order, search
from xlcollab.kernels.program.machine.steps import operate

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


@exact
def _load(
    arena: Numbers, start: int, to: int, rows: int, row: int, columns: int, step: int
) -> None:
    """A tile of a strided operand, made dense."""
    if 0 <= step <= 1 and rows > 1 and columns <= 2 * LANES:
        _load_short(arena, start, to, rows, row, columns, step)
        return
    for i in range(rows):
        out = arena[to + i * columns : to + (i + 1) * columns]
        first = start + i * row
        if step == 1:
            source = arena[first : first + columns]
            for j in range(columns):
                out[j] = source[j]
        elif step == 0:
            value = arena[first]
            for j in range(columns):
                out[j] = value
        else:
            for j in range(columns):
                out[j] = arena[first + j * step]


@exact
def _load_short(
    arena: Numbers, start: int, to: int, rows: int, row: int, columns: int, step: int
) -> None:
    """Rows of at most two vectors, written by whole ones: what is too much of one is the
    beginning of the next, and of the last lies behind the tile."""
    second = columns - LANES
    for i in range(rows):
        out, first = to + i * columns, start + i * row
        if step == 0:
            value = arena[first]
            spread(arena, out, value)
            if second > 0:
                spread(arena, out + second, value)
        else:
            moved(arena, out, first)
            if second > 0:
                moved(arena, out + second, first + second)


@exact
def _store(
    arena: Numbers, start: int, at: int, rows: int, row: int, columns: int, step: int
) -> None:
    """A dense tile put into strided places."""
    if step == 1 and row == columns:
        rows, columns = 1, rows * columns
    for i in range(rows):
        source = arena[at + i * columns : at + (i + 1) * columns]
        first = start + i * row
        if step == 1:
            out = arena[first : first + columns]
            for j in range(columns):
                out[j] = source[j]
        else:
            for j in range(columns):
                arena[first + j * step] = source[j]


@reordered
def _add(arena: Numbers, start: int, at: int, rows: int, row: int, columns: int, step: int) -> None:
    """A dense tile added into strided places; a step of 0 makes sums."""
    if step == 0 and row == 0:
        source = arena[at : at + rows * columns]
        total = 0.0
        for j in range(rows * columns):
            total += source[j]
        arena[start] += total
        return
    if step == 1 and row == columns:
        rows, columns = 1, rows * columns
    for i in range(rows):
        source = arena[at + i * columns : at + (i + 1) * columns]
        first = start + i * row
        if step == 1:
            out = arena[first : first + columns]
            for j in range(columns):
                out[j] += source[j]
        elif step == 0:
            total = 0.0
            for j in range(columns):
                total += source[j]
            arena[first] += total
        else:
            for j in range(columns):
                arena[first + j * step] += source[j]


@exact
def _extreme(
    arena: Numbers, start: int, at: int, rows: int, row: int, columns: int, step: int, sign: float
) -> None:
    """The largest of what falls on a place (with sign -1 the smallest); not-a-number wins."""
    for i in range(rows):
        for j in range(columns):
            value = arena[at + i * columns + j]
            place = start + i * row + j * step
            if value != value or sign * value > sign * arena[place]:
                arena[place] = value


@inlined
def _tile(
    micro: Whole, first: int, last: int, arena: Numbers, scratch: int, at: Whole, place: Whole
) -> None:
    """All steps of a group on one tile. `place`: three indices of the tile, its first column,
    its rows and columns, and the length of a row."""
    i0, i1, i2, c0 = place[0], place[1], place[2], place[3]
    rows, columns, inner = place[4], place[5], place[6]
    n = rows * columns
    for t in range(first, last):
        step, own = micro[t, 0], micro[t, 1]
        if step >= FIRST_OP:
            to = scratch + own * SPACE
            if micro[t, 9] == 1:
                to = micro[t, 5] + i0 * micro[t, 6] + i1 * micro[t, 7] + i2 * micro[t, 8] + c0
            at[own] = to
            operate(
                step - FIRST_OP, arena, to, at[micro[t, 2]], at[micro[t, 3]], at[micro[t, 4]], n
            )
            continue
        if step == SPREAD:
            continue
        row, along = micro[t, 8], micro[t, 9]
        start = micro[t, 5] + i0 * micro[t, 6] + i1 * micro[t, 7] + i2 * row + c0 * along
        if step == LOAD:
            if along == 1 and (rows == 1 or row == inner):
                at[own] = start
            else:
                at[own] = scratch + own * SPACE
                _load(arena, start, at[own], rows, row, columns, along)
        elif step == STORE:
            _store(arena, start, at[own], rows, row, columns, along)
        elif step == ADD:
            _add(arena, start, at[own], rows, row, columns, along)
        else:
            sign = 1.0 if step == MAX else -1.0
            _extreme(arena, start, at[own], rows, row, columns, along, sign)


@exact
def _group(code: Whole, micro: Whole, arena: Numbers, scratch: int, at: Whole) -> None:
    d0, d1, d2, inner, first, last = code[1], code[2], code[3], code[4], code[5], code[6]
    width = min(TILE, d2 * inner)
    for t in range(first, last):
        if micro[t, 0] == SPREAD:
            own = micro[t, 1]
            at[own] = scratch + own * SPACE
            to, value = at[own], arena[micro[t, 5]]
            for j in range(width):
                arena[to + j] = value
    together = 1 if inner >= TILE else min(d2, TILE // inner)
    place = np.empty(7, np.int64)
    place[6] = inner
    for i0 in range(d0):
        place[0] = i0
        for i1 in range(d1):
            place[1] = i1
            for i2 in range(0, d2, together):
                place[2] = i2
                place[4] = min(together, d2 - i2)
                for c0 in range(0, inner, TILE):
                    place[3] = c0
                    place[5] = min(TILE, inner - c0)
                    _tile(micro, first, last, arena, scratch, at, place)


@exact
def _move(row: Whole, index: Whole, arena: Numbers) -> None:
    """Gathering and scattering by constant places, rows of `width` numbers side by side."""
    kind, count, out, source, places, width = row[0], row[1], row[2], row[3], row[4], row[6]
    if kind == GATHER:
        looked_up(arena, index[places : places + count], out, source, width)
    elif kind == SCATTER:
        for i in range(row[5]):
            arena[out + i] = 0.0
        added_back(arena, index[places : places + count], out, source, width)
    else:
        _move_computed(row, arena)


@exact
def _move_computed(row: Whole, arena: Numbers) -> None:
    """The same by places that the program computes; one that is none gives no number."""
    kind, count, out, source, places = row[0], row[1], row[2], row[3], row[4]
    if kind == PICK:
        for i in range(count):
            at = int(arena[places + i])
            arena[out + i] = arena[source + at] if 0 <= at < row[5] else np.nan
    elif kind == DROP:
        for i in range(row[5]):
            arena[out + i] = 0.0
        for i in range(count):
            at = int(arena[places + i])
            if 0 <= at < row[5]:
                arena[out + at] += arena[source + i]


@exact
def _cumulate(row: Whole, arena: Numbers) -> None:
    rows, length, out, source, back = row[1], row[2], row[3], row[4], row[5]
    for i in range(rows):
        total = 0.0
        for j in range(length):
            at = i * length + (length - 1 - j if back else j)
            total += arena[source + at]
            arena[out + at] = total


@exact
def prepare(whole: Whole, arena: Numbers) -> None:
    """Fill what is added into."""
    fills = whole[FILLS]
    for i in range((whole[AT] - whole[CLEARED]) // 2):
        first, value = whole[whole[CLEARED] + 2 * i], arena[fills + i]
        for j in range(whole[whole[CLEARED] + 2 * i + 1]):
            arena[first + j] = value


@exact
def run_rows(whole: Whole, arena: Numbers, first: int, last: int) -> None:
    """Run rows of the code, none of them a band."""
    code, micro = code_of(whole), micro_of(whole)
    index, at = whole[whole[PLACES] : whole[CLEARED]], whole[whole[AT] : whole[REFS]]
    scratch = whole[SCRATCH]
    for t in range(first, last):
        kind = code[t, 0]
        if kind == GROUP:
            _group(code[t], micro, arena, scratch, at)
        elif kind == CONTRACT:
            contract(code[t], arena)
        elif kind == CUMULATE:
            _cumulate(code[t], arena)
        elif kind == ORDER:
            order(code[t], arena)
        elif kind == SEARCH:
            search(code[t], arena)
        elif kind == ROUTINE:
            row = code[t]
            call(row[5], whole, whole[PLACES] + row[4], arena, row[1], row[2], row[3])
        else:
            _move(code[t], index, arena)


@exact
def _place_block(whole: Whole, band: Whole, first: int, rows: int, sums: int) -> None:
    """Move a band's places to the block of `rows` rows from `first` on."""
    refs = whole[whole[REFS] + band[6] * REF_WIDTH : whole[REFS] + band[7] * REF_WIDTH]
    sizes = whole[whole[SIZES] + band[8] * SIZE_WIDTH : whole[SIZES] + band[9] * SIZE_WIDTH]
    own = whole[OWN_SPACE]
    for i in range(0, len(refs), REF_WIDTH):
        space = refs[i + 3]
        shift = own if space == 1 else (sums if space == 2 else 0)
        whole[refs[i]] = refs[i + 1] + refs[i + 2] * first + shift
    for i in range(0, len(sizes), SIZE_WIDTH):
        whole[sizes[i]] = sizes[i + 1] * rows


@exact
def run_part(whole: Whole, arena: Numbers, row: int, part: int) -> None:
    """Run one part of a band's rows, block after block; its sums are left in its own space."""
    band = code_of(whole)[row]
    sums = whole[SUMS] + part * band[12]
    joins = whole[whole[JOINS] + band[10] * JOIN_WIDTH : whole[JOINS] + band[11] * JOIN_WIDTH]
    for i in range(0, len(joins), JOIN_WIDTH):
        mode, first = joins[i + 2], sums + joins[i + 3]
        empty = 0.0 if mode == ADD else (-np.inf if mode == MAX else np.inf)
        for j in range(joins[i + 1]):
            arena[first + j] = empty
    first, end = part * band[3], min(band[1], (part + 1) * band[3])
    while first < end:
        rows = min(band[2], end - first)
        _place_block(whole, band, first, rows, sums)
        run_rows(whole, arena, band[4], band[5])
        first += rows


@exact
def join_parts(whole: Whole, arena: Numbers, row: int) -> None:
    """Add the parts' sums, in the order of the parts, to what the band sums."""
    band = code_of(whole)[row]
    joins = whole[whole[JOINS] + band[10] * JOIN_WIDTH : whole[JOINS] + band[11] * JOIN_WIDTH]
    for part in range(parts_of(band)):
        for i in range(0, len(joins), JOIN_WIDTH):
            to, size, mode = joins[i], joins[i + 1], joins[i + 2]
            source = whole[SUMS] + part * band[12] + joins[i + 3]
            if mode == ADD:
                for j in range(size):
                    arena[to + j] += arena[source + j]
            else:
                _extreme(arena, to, source, 1, 0, size, 1, 1.0 if mode == MAX else -1.0)


@exact
def parts_of(band: Whole) -> int:
    """Into how many parts a band's rows are cut."""
    return int((band[1] + band[3] - 1) // band[3])


@exact
def run(whole: Whole, arena: Numbers) -> None:
    """Run a program once: the variables stand in the arena, and the results will."""
    prepare(whole, arena)
    code, first = code_of(whole), 0
    for row in range(whole[MAIN]):
        if code[row, 0] == BAND:
            run_rows(whole, arena, first, row)
            for part in range(parts_of(code[row])):
                run_part(whole, arena, row, part)
            join_parts(whole, arena, row)
            first = row + 1
    run_rows(whole, arena, first, whole[MAIN])
