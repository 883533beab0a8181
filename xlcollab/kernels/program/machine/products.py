"""Contractions: sums of products over two operands with any strides.

Two loops are quick: along the result's columns, where the second operand is dense along them, and
along the sum, where both are. Anything else is written out plainly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.machine.compiled import reordered

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]


_BLOCK = 16384
"""Numbers of the second operand that stay in the cache while rows of results go over them."""


@reordered
def _along_columns(
    arena: Numbers, out: int, a: int, step: int, c: int, row: int, n: int, inner: int
) -> None:
    """out[j] += Σₖ a[k · step] · c[k · row + j]; four rows at a time."""
    o = arena[out : out + n]
    k = 0
    while k + 4 <= inner:
        at, first = a + k * step, c + k * row
        x0, x1, x2, x3 = arena[at], arena[at + step], arena[at + 2 * step], arena[at + 3 * step]
        y0, y1 = arena[first : first + n], arena[first + row : first + row + n]
        y2 = arena[first + 2 * row : first + 2 * row + n]
        y3 = arena[first + 3 * row : first + 3 * row + n]
        for j in range(n):
            o[j] += (x0 * y0[j] + x1 * y1[j]) + (x2 * y2[j] + x3 * y3[j])
        k += 4
    while k < inner:
        x, y = arena[a + k * step], arena[c + k * row : c + k * row + n]
        for j in range(n):
            o[j] += x * y[j]
        k += 1


@reordered
def _by_columns(
    arena: Numbers, out: int, a: int, am: int, ak: int, c: int, ck: int, m: int, n: int, inner: int
) -> None:
    """A product whose second operand is dense along the columns, in blocks of its rows."""
    for i in range(m * n):
        arena[out + i] = 0.0
    together = max(4, _BLOCK // n // 4 * 4)
    for k in range(0, inner, together):
        some = min(together, inner - k)
        for i in range(m):
            _along_columns(arena, out + i * n, a + i * am + k * ak, ak, c + k * ck, ck, n, some)


@reordered
def _along_sum(arena: Numbers, out: int, a: int, c: int, row: int, n: int, inner: int) -> None:
    """out[j] = Σₖ a[k] · c[j · row + k]; four sums at a time."""
    x = arena[a : a + inner]
    j = 0
    while j + 4 <= n:
        first = c + j * row
        y0, y1 = arena[first : first + inner], arena[first + row : first + row + inner]
        y2 = arena[first + 2 * row : first + 2 * row + inner]
        y3 = arena[first + 3 * row : first + 3 * row + inner]
        s0 = s1 = s2 = s3 = 0.0
        for k in range(inner):
            v = x[k]
            s0 += v * y0[k]
            s1 += v * y1[k]
            s2 += v * y2[k]
            s3 += v * y3[k]
        o = arena[out + j : out + j + 4]
        o[0], o[1], o[2], o[3] = s0, s1, s2, s3
        j += 4
    while j < n:
        y = arena[c + j * row : c + j * row + inner]
        total = 0.0
        for k in range(inner):
            total += x[k] * y[k]
        arena[out + j] = total
        j += 1


@reordered
def _plain(
    arena: Numbers, out: int, a: int, ak: int, c: int, cn: int, ck: int, n: int, inner: int
) -> None:
    for j in range(n):
        total = 0.0
        for k in range(inner):
            total += arena[a + k * ak] * arena[c + j * cn + k * ck]
        arena[out + j] = total


@reordered
def contract(row: Whole, arena: Numbers) -> None:
    """out[b, m, n] = Σₖ a[b, m, k] · c[b, n, k]; the row is that of `encode`."""
    batches, m, n, inner, out, a = row[1], row[2], row[3], row[4], row[5], row[6]
    ab, am, ak, c, cb, cn, ck = row[7], row[8], row[9], row[10], row[11], row[12], row[13]
    if m == 1 and n == 1 and batches > 1:
        for b in range(batches):
            total, x, y = 0.0, a + b * ab, c + b * cb
            for k in range(inner):
                total += arena[x + k * ak] * arena[y + k * ck]
            arena[out + b] = total
        return
    dense = ak == 1 and ck == 1 and inner >= 8
    for b in range(batches):
        o, x, y = out + b * m * n, a + b * ab, c + b * cb
        if cn == 1 and n > 1 and (n >= inner or not dense):
            _by_columns(arena, o, x, am, ak, y, ck, m, n, inner)
        else:
            for i in range(m):
                if dense:
                    _along_sum(arena, o + i * n, x + i * am, y, cn, n, inner)
                else:
                    _plain(arena, o + i * n, x + i * am, ak, y, cn, ck, n, inner)
