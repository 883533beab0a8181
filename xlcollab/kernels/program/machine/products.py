"""Contractions: sums of products over two operands with any strides.

Two forms run in blocks that stay in registers (`tiles`): along the result's columns, where the
second operand is dense along them, and along the sum, where both are. Anything else is written out
plainly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.machine import tiles
from xlcollab.kernels.program.machine.compiled import fused, reordered

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

_WIDTH, _ROWS, _VECTORS = tiles.WIDTH, tiles.MOST_ROWS, tiles.MOST_VECTORS
_c41, _c42, _c43 = tiles.COLUMNS_41, tiles.COLUMNS_42, tiles.COLUMNS_43
_c11, _c12, _c13 = tiles.COLUMNS_11, tiles.COLUMNS_12, tiles.COLUMNS_13
_s41, _s42, _s43 = tiles.SUMS_41, tiles.SUMS_42, tiles.SUMS_43
_s11, _s12, _s13 = tiles.SUMS_11, tiles.SUMS_12, tiles.SUMS_13

_LENGTH = 128
"""So many rows of the second operand, three vectors wide, stay in the nearest cache."""


@fused
def _four_rows(
    arena: Numbers,
    vectors: int,
    out: int,
    row: int,
    a: int,
    am: int,
    ak: int,
    c: int,
    ck: int,
    length: int,
    width: int,
    add: int,
) -> None:
    if vectors == 1:
        _c41(arena, out, row, a, am, ak, c, ck, length, width, add)
    elif vectors == 2:
        _c42(arena, out, row, a, am, ak, c, ck, length, width, add)
    else:
        _c43(arena, out, row, a, am, ak, c, ck, length, width, add)


@fused
def _one_row(
    arena: Numbers,
    vectors: int,
    out: int,
    row: int,
    a: int,
    am: int,
    ak: int,
    c: int,
    ck: int,
    length: int,
    width: int,
    add: int,
) -> None:
    if vectors == 1:
        _c11(arena, out, row, a, am, ak, c, ck, length, width, add)
    elif vectors == 2:
        _c12(arena, out, row, a, am, ak, c, ck, length, width, add)
    else:
        _c13(arena, out, row, a, am, ak, c, ck, length, width, add)


@fused
def _by_columns(
    arena: Numbers,
    out: int,
    a: int,
    am: int,
    ak: int,
    c: int,
    ck: int,
    m: int,
    n: int,
    inner: int,
    add: int,
) -> None:
    """A product whose second operand is dense along the columns."""
    for k in range(0, inner, _LENGTH):
        length, more = min(_LENGTH, inner - k), add if k == 0 else 1
        left, right = a + k * ak, c + k * ck
        for j in range(0, n, _VECTORS * _WIDTH):
            columns = min(_VECTORS * _WIDTH, n - j)
            vectors = (columns + _WIDTH - 1) // _WIDTH
            width, at = columns - (vectors - 1) * _WIDTH, right + j
            i = 0
            while i + _ROWS <= m:
                to, x = out + i * n + j, left + i * am
                _four_rows(arena, vectors, to, n, x, am, ak, at, ck, length, width, more)
                i += _ROWS
            while i < m:
                to, x = out + i * n + j, left + i * am
                _one_row(arena, vectors, to, n, x, am, ak, at, ck, length, width, more)
                i += 1


@fused
def _along_sum(
    arena: Numbers, out: int, a: int, am: int, c: int, cn: int, m: int, n: int, inner: int, add: int
) -> None:
    """A product whose operands are dense along the sum."""
    for j in range(0, n, _VECTORS):
        columns, right = min(_VECTORS, n - j), c + j * cn
        i = 0
        while i + _ROWS <= m:
            to, x = out + i * n + j, a + i * am
            if columns == 1:
                _s41(arena, to, n, x, am, right, cn, inner, add)
            elif columns == 2:
                _s42(arena, to, n, x, am, right, cn, inner, add)
            else:
                _s43(arena, to, n, x, am, right, cn, inner, add)
            i += _ROWS
        while i < m:
            to, x = out + i * n + j, a + i * am
            if columns == 1:
                _s11(arena, to, n, x, am, right, cn, inner, add)
            elif columns == 2:
                _s12(arena, to, n, x, am, right, cn, inner, add)
            else:
                _s13(arena, to, n, x, am, right, cn, inner, add)
            i += 1


@reordered
def _plain(
    arena: Numbers,
    out: int,
    a: int,
    ak: int,
    c: int,
    cn: int,
    ck: int,
    n: int,
    inner: int,
    add: int,
) -> None:
    for j in range(n):
        total = arena[out + j] if add else 0.0
        for k in range(inner):
            total += arena[a + k * ak] * arena[c + j * cn + k * ck]
        arena[out + j] = total


@reordered
def contract(row: Whole, arena: Numbers) -> None:
    """out[b, m, n] = Σₖ a[b, m, k] · c[b, n, k]; the row is that of `encode`."""
    batches, m, n, inner, out, a = row[1], row[2], row[3], row[4], row[5], row[6]
    ab, am, ak, c, cb, cn, ck = row[7], row[8], row[9], row[10], row[11], row[12], row[13]
    add = row[14]
    if m == 1 and n == 1 and batches > 1:
        if ak == 1 and ck == 1:
            for b in range(batches):
                _s11(arena, out + b, 1, a + b * ab, 0, c + b * cb, 0, inner, add)
            return
        for b in range(batches):
            total, x, y = arena[out + b] if add else 0.0, a + b * ab, c + b * cb
            for k in range(inner):
                total += arena[x + k * ak] * arena[y + k * ck]
            arena[out + b] = total
        return
    dense = ak == 1 and ck == 1 and inner >= 4
    for b in range(batches):
        o, x, y = out + b * m * n, a + b * ab, c + b * cb
        if cn == 1 and n > 1 and (n >= inner or not dense):
            _by_columns(arena, o, x, am, ak, y, ck, m, n, inner, add)
        elif dense:
            _along_sum(arena, o, x, am, y, cn, m, n, inner, add)
        else:
            for i in range(m):
                _plain(arena, o + i * n, x + i * am, ak, y, cn, ck, n, inner, add)
