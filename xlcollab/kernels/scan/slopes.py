"""First and second derivatives of the operations on one number or two.

Where a formula is fine and its slope is not (the root of 0, 0 to a power), the slope is 0, as on
the tape. Steps have none.
"""

from __future__ import annotations

import math

import numpy as np

from xlcollab.kernels.scalar import ops
from xlcollab.kernels.scan import codes
from xlcollab.kernels.scan.compiled import inner

_LN10 = math.log(10.0)


@inner
def of_one(code: int, x: float, y: float) -> tuple[float, float]:
    """(y', y'') at x, where y is the value."""
    if code == ops.NEGATE:
        return -1.0, 0.0
    if code == ops.COPY or code == codes.TO_NUMBER:
        return 1.0, 0.0
    if code == ops.ABS:
        return (1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)), 0.0
    if code == ops.SQRT:
        return (0.5 / y, -0.25 / (x * y)) if x > 0.0 else (0.0, 0.0)
    if code == ops.EXP:
        return y, y
    if code == ops.LN:
        return 1.0 / x, -1.0 / (x * x)
    if code == ops.LOG10:
        return 1.0 / (x * _LN10), -1.0 / (x * x * _LN10)
    return _of_wave(code, x, y)


@inner
def _of_wave(code: int, x: float, y: float) -> tuple[float, float]:
    if code == ops.SIN:
        return math.cos(x), -y
    if code == ops.COS:
        return -math.sin(x), -y
    if code == ops.TAN:
        return 1.0 + y * y, 2.0 * y * (1.0 + y * y)
    if code == ops.ATAN:
        slope = 1.0 / (1.0 + x * x)
        return slope, -2.0 * x * slope * slope
    if code == ops.SINH:
        return math.cosh(x), y
    if code == ops.COSH:
        return math.sinh(x), y
    if code == ops.TANH:
        return 1.0 - y * y, -2.0 * y * (1.0 - y * y)
    return 0.0, 0.0


@inner
def of_two(code: int, x: float, y: float, z: float) -> tuple[float, float, float, float, float]:
    """(by x, by y, by x twice, by x and y, by y twice) at x and y, where z is the value."""
    if code == ops.ADD or code == ops.CLOSING_ADD:
        return 1.0, 1.0, 0.0, 0.0, 0.0
    if code == ops.SUBTRACT or code == ops.CLOSING_SUBTRACT:
        return 1.0, -1.0, 0.0, 0.0, 0.0
    if code == ops.MULTIPLY:
        return y, x, 0.0, 1.0, 0.0
    if code == ops.DIVIDE:
        return 1.0 / y, -z / y, 0.0, -1.0 / (y * y), 2.0 * z / (y * y)
    if code == ops.MOD:
        return 1.0, -float(np.floor(x / y)), 0.0, 0.0, 0.0
    if code == ops.POWER:
        return _of_power(x, y, z)
    return 0.0, 0.0, 0.0, 0.0, 0.0


@inner
def _of_power(x: float, y: float, z: float) -> tuple[float, float, float, float, float]:
    if x == 0.0:
        return (1.0 if y == 1.0 else 0.0), 0.0, (2.0 if y == 2.0 else 0.0), 0.0, 0.0
    if x < 0.0 and y != math.floor(y):  # an odd root, turned
        before, log = (-x) ** (y - 1.0), math.log(-x)
        twice = -y * (y - 1.0) * (-x) ** (y - 2.0)
        return y * before, z * log, twice, before * (1.0 + y * log), z * log * log
    before = x ** (y - 1.0)
    log = math.log(x) if x > 0.0 else math.nan
    twice = y * (y - 1.0) * x ** (y - 2.0)
    return y * before, z * log, twice, before * (1.0 + y * log), z * log * log
