"""Excel's 15 digits for single numbers: `values.digits`, compiled."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar, cast

import numpy as np
from numba import njit

from xlcollab.jit import stamped

_F = TypeVar("_F", bound=Callable[..., object])
SOURCES = tuple(f"kernels/scalar/{name}.py" for name in ("digits", "machine", "ops"))
"""What is compiled in this folder, and the numbers of its operations."""


def compiled(function: _F) -> _F:
    """Compiled once per machine; division by zero gives infinities, not exceptions."""
    return cast(_F, stamped(njit(error_model="numpy")(function), function, SOURCES))


_DIGITS = 15
"""Significant ones, which Excel shows and rounds to."""
_NEAR = 1e-14
"""Numbers further apart than this part of themselves differ in 15 digits."""
_LEAST, _MOST = 1e-260, 1e260
"""Beyond, the products below leave the range of numbers: there equal means equal."""
_MIDDLE = 280
"""Powers of ten each way: those of numbers up to `_MOST`, and 14 more for their digits."""
_POWERS = [Fraction(10) ** power for power in range(-_MIDDLE, _MIDDLE + 1)]
_HIGH = np.array([float(power) for power in _POWERS])
_LOW = np.array([float(p - Fraction(float(p))) for p in _POWERS])
"""Powers of ten as sums of two numbers each, good to 32 digits."""
_SPLITTER = 134217729.0
"""2^27 + 1, which cuts a number into two halves whose products are exact (Dekker 1971)."""


@compiled
def _remainder(x: float, y: float, product: float) -> float:
    """x · y − product, exactly, where product is x · y rounded."""
    a = _SPLITTER * x
    x_high = a - (a - x)
    x_low = x - x_high
    b = _SPLITTER * y
    y_high = b - (b - y)
    y_low = y - y_high
    return ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


@compiled
def _exponent(x: float) -> int:
    """The largest power of ten that is not above x > 0."""
    exponent = int(np.floor(np.log10(x)))
    if x < _HIGH[exponent + _MIDDLE]:
        return exponent - 1
    return exponent + 1 if x >= _HIGH[exponent + 1 + _MIDDLE] else exponent


@compiled
def _written(x: float, exponent: int) -> float:
    """x / 10^exponent with 14 decimals and without its point: a whole number, ties to even."""
    place = _DIGITS - 1 - exponent + _MIDDLE
    high = x * _HIGH[place]
    low = _remainder(x, _HIGH[place], high) + x * _LOW[place]
    whole = float(np.floor(high))
    part = (high - whole) + low
    if part > 0.5 or (part == 0.5 and whole % 2.0 == 1.0):
        return whole + 1.0
    return whole if part >= -0.5 else whole - 1.0


@compiled
def same_digits(x: float, y: float) -> bool:
    """Whether two numbers are different and yet the same in their first 15 significant digits."""
    low, high = min(abs(x), abs(y)), max(abs(x), abs(y))
    if x == y or not abs(x - y) <= _NEAR * high or low < _LEAST or high > _MOST:
        return False
    below, above = _exponent(low), _exponent(high)
    first, second = _written(low, below), _written(high, above)
    return first == second * 10.0 ** (above - below)


@compiled
def closed(x: float, y: float) -> float:
    """x + y, and 0 where the two cancel in all their 15 digits: the last addition of a formula."""
    return 0.0 if same_digits(x, -y) else x + y
