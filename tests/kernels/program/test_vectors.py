"""exp, ln and tanh as vector instructions, and digamma, against numpy and scipy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from scipy import special

from xlcollab.kernels.program.machine.digamma import digamma
from xlcollab.kernels.program.machine.vectors import exp, log, tanh

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -745.0, -740.0, 709.78, 710.0, 1e-300, 5e-324]
EDGES += [-745.1, -745.2, -746.0, -800.0, 1e300, -1e300]


def everywhere() -> NDArray[np.float64]:
    random = np.random.default_rng(0)
    parts = [random.uniform(-700, 700, 20000), random.normal(size=20000), EDGES]
    return np.concatenate([*parts, random.normal(0, 1e-4, 2000)])


@pytest.mark.parametrize(("ours", "theirs"), [(exp, np.exp), (tanh, np.tanh)])
def test_of_any_number(ours: Any, theirs: Callable[..., Any]) -> None:
    compare(ours, theirs, everywhere())


def test_logarithm() -> None:
    random = np.random.default_rng(1)
    powers = 10.0 ** random.uniform(-308, 308, 20000)
    near_one = 1 + random.normal(0, 1e-3, 2000)
    compare(log, np.log, np.concatenate([everywhere(), powers, near_one]))


def compare(ours: Any, theirs: Callable[..., Any], x: NDArray[np.float64]) -> None:
    @njit(fastmath={"contract"})  # type: ignore[untyped-decorator]
    def all_of(x: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        for i in range(len(x)):
            out[i] = ours(x[i])

    found = np.empty_like(x)
    all_of(x, found)
    with np.errstate(all="ignore"):
        right = theirs(x)
    np.testing.assert_allclose(found, right, rtol=1e-15, atol=0.0)


def test_digamma() -> None:
    x = np.concatenate([np.linspace(-5.3, 40, 500), [1e-8, 1e8, 1.4616321449683623 + 1e-3]])
    found = [digamma(value) for value in x]
    np.testing.assert_allclose(found, special.digamma(x), rtol=1e-12, atol=1e-13)
