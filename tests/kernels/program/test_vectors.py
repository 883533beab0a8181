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
from xlcollab.kernels.program.machine.powers import powers
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


def test_powers() -> None:
    random = np.random.default_rng(2)
    bases = [2.0 ** random.uniform(-300, 300, 20000), np.abs(random.normal(1, 0.3, 20000)) + 1e-9]
    exponents = [random.uniform(-3, 3, 20000), random.normal(0, 20, 20000)]
    for base, exponent in zip(bases, exponents, strict=True):
        check_powers(base, exponent)
    whole = random.integers(1, 12, 2000).astype(float), random.integers(0, 12, 2000).astype(float)
    check_powers(*whole, rtol=0.0)


def test_powers_at_the_ends_of_the_range() -> None:
    some = [0.0, -0.0, 1.0, -1.0, 2.0, -2.5, 5e-324, 1e-310, 1e308, np.inf, -np.inf, np.nan]
    base, exponent = (side.ravel() for side in np.meshgrid(some, [*some, 3.0, 0.5, 1100.0, -1075]))
    check_powers(base, exponent)
    for pair in zip(base, exponent, strict=True):
        check_powers(*(np.array([one]) for one in pair))


@njit  # type: ignore[untyped-decorator]
def all_powers(
    out: NDArray[np.float64], base: NDArray[np.float64], exponent: NDArray[np.float64]
) -> None:
    powers(out, base, exponent)


def check_powers(
    base: NDArray[np.float64], exponent: NDArray[np.float64], rtol: float = 1e-15
) -> None:
    found = np.empty_like(base)
    all_powers(found, base, exponent)
    with np.errstate(all="ignore"):
        right = base**exponent
    np.testing.assert_allclose(found, right, rtol=rtol, atol=0.0)


def test_digamma() -> None:
    x = np.concatenate([np.linspace(-5.3, 40, 500), [1e-8, 1e8, 1.4616321449683623 + 1e-3]])
    found = [digamma(value) for value in x]
    np.testing.assert_allclose(found, special.digamma(x), rtol=1e-12, atol=1e-13)
