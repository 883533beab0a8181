"""Products in blocks: every size beside the blocks' own, every layout, beside numpy."""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from xlcollab.kernels.program.core.encode import CODE_WIDTH, CONTRACT
from xlcollab.kernels.program.machine.products import contract

ROOM = 64
"""Numbers behind the operands, as the machine's scratch space is: read at most, never written."""


@numba.njit
def run(row: NDArray[np.int64], arena: NDArray[np.float64]) -> None:
    contract(row, arena)


def product(
    layout: str, b: int, m: int, n: int, k: int, *, add: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the machine makes of a product, and numpy; between the operands there is no number."""
    draw = np.random.default_rng(b + m + n + k)
    a, c, out = (
        draw.normal(size=(b, m, k)),
        draw.normal(size=(b, n, k)),
        draw.normal(size=b * m * n),
    )
    left = a if layout[0] == "r" else a.transpose(0, 2, 1)
    right = c if layout[1] == "r" else c.transpose(0, 2, 1)
    of_a = (m * k, k, 1) if layout[0] == "r" else (m * k, 1, m)
    of_c = (n * k, k, 1) if layout[1] == "r" else (n * k, 1, n)
    apart = np.full(ROOM, np.nan)
    arena = np.concatenate([left.ravel(), apart, right.ravel(), apart, out, apart])
    at_c, at_out = a.size + ROOM, a.size + c.size + 2 * ROOM
    row = np.zeros(CODE_WIDTH, np.int64)
    row[:15] = [CONTRACT, b, m, n, k, at_out, 0, *of_a, at_c, *of_c, add]
    run(row, arena)
    assert np.isnan(arena[at_out + out.size :]).all()
    assert np.isnan(arena[at_out - ROOM : at_out]).all()
    wanted = np.einsum("bmk,bnk->bmn", a, c).ravel() + (out if add else 0.0)
    return arena[at_out : at_out + out.size], wanted


@pytest.mark.parametrize("layout", ["rr", "rc", "cr", "cc"])
@pytest.mark.parametrize("add", [False, True])
def test_every_size_and_layout(layout: str, add: bool) -> None:
    sizes = [(1, 3, 4, 5, 9), (1, 2, 7, 8, 9, 15, 16, 24, 25, 31, 49), (1, 2, 5, 8, 17, 128, 129)]
    for number, (m, n, k) in enumerate(itertools.product(*sizes)):
        found, wanted = product(layout, 1 + number % 2, m, n, k, add=add)
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11)


def test_many_products_of_rows() -> None:
    found, wanted = product("rr", 300, 1, 1, 5, add=False)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
