"""Functions of numbers as the C library computes them: nearly always the nearest number there is,
on every processor, and the same for one cell as for a million.

torch's own are quicker, of tensors; they serve where values are not to be stored. What has no value
is NaN, what is too large infinite.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

from xlcollab.kernels.numbers.later import Tensor, torch

One = Callable[..., float]
"""A function of one number or two."""

LARGEST_ANGLE = 2.0**27
"""From here on the trigonometric functions are #NUM!."""
LARGEST_EXPONENT = math.log(sys.float_info.max)
LARGEST_QUOTIENT = 1.1259e12
"""From where on MOD is #NUM!: a bound commonly told, which no page of Microsoft's confirmed."""
PI_IN_EXCEL = 5.016557612668332e-20
"""By how much the pi with which Excel turns angles back is too large: that of a processor's 64 bits
(Intel's FSIN), as SIN(PI()) shows, which is 1.22514845490862E-16."""
UNTURNED = 0.75
"""Angles below pi / 4 are not turned back."""
_DIGITS = 15
"""Of 1 / exponent that Excel looks at, as it was seen to do."""


def one_by_one(function: One, *numbers: Tensor) -> Tensor:
    """A function of tensors without slopes that broadcast; of their common shape."""
    spread = torch.broadcast_tensors(*numbers)
    found = list(map(function, *(one.reshape(-1).tolist() for one in spread)))
    first = spread[0]
    return torch.tensor(found, dtype=first.dtype, device=first.device).reshape(first.shape)


def exponential(x: float) -> float:
    return math.exp(x) if x <= LARGEST_EXPONENT else math.nan


def logarithm(x: float) -> float:
    return math.log(x) if x > 0 else math.nan


def logarithm_to(x: float, base: float = 10.0) -> float:
    """LOG(x, [base]); 0 to the base 1, which has no meaning."""
    if not (x > 0 and base > 0):
        return math.nan
    return math.log(x) / math.log(base) if base != 1.0 else 0.0


def log10(x: float) -> float:
    return math.log10(x) if x > 0 else math.nan


def turning(function: Callable[[float], float]) -> One:
    """A trigonometric function, for angles that are not too large."""
    return lambda x: function(x) if abs(x) < LARGEST_ANGLE else math.nan


def _lost(x: float) -> float:
    """What an angle loses when it is turned back by quarters of a circle with Excel's pi."""
    return round(x * (2.0 / math.pi)) * (PI_IN_EXCEL / 2.0) if abs(x) > UNTURNED else 0.0


def _sine(x: float) -> float:
    lost = _lost(x)
    return math.sin(x) - math.cos(x) * lost if lost else math.sin(x)


def _cosine(x: float) -> float:
    lost = _lost(x)
    return math.cos(x) + math.sin(x) * lost if lost else math.cos(x)


def _tangent(x: float) -> float:
    lost, tangent = _lost(x), math.tan(x)
    return (tangent - lost) / (1.0 + tangent * lost) if lost else tangent


sine, cosine, tangent = turning(_sine), turning(_cosine), turning(_tangent)


def reciprocal(function: One) -> One:
    """1 / function(x); infinite at its zeros."""

    def run(x: float) -> float:
        value = function(x)
        return 1.0 / value if value else math.inf

    return run


def inverse_cosine(x: float) -> float:
    """ACOS as Excel has it, which loses digits near 1."""
    return math.pi / 2 - math.asin(x) if -1.0 <= x <= 1.0 else math.nan


def inverse_sinh(x: float) -> float:
    """ASINH by its logarithm, as Excel has it, which loses digits near 0."""
    size = abs(x)
    if size >= 1.0:
        return math.asinh(x)
    return math.copysign(math.log(size + math.sqrt(size * size + 1.0)), x)


def inverse_cosh(x: float) -> float:
    """ACOSH by its logarithm, as Excel has it, which loses digits near 1."""
    if not x >= 1.0:
        return math.nan
    return math.acosh(x) if x >= 2.0 else math.log(x + math.sqrt(x * x - 1.0))


def inverse_coth(x: float) -> float:
    """ACOTH; near 1 by the logarithm of a quotient, as Excel has it, which loses digits."""
    if not abs(x) > 1.0:
        return math.nan
    return 0.5 * math.log((x + 1.0) / (x - 1.0)) if abs(x) < 2.0 else math.atanh(1.0 / x)


def fisher(x: float) -> float:
    """FISHER as its formula reads, which loses digits near 0 and shows in Excel's values."""
    return 0.5 * math.log((1.0 + x) / (1.0 - x)) if -1.0 < x < 1.0 else math.nan


def fisher_inverse(y: float) -> float:
    """FISHERINV as its formula reads, which loses digits near 0 and shows in Excel's values."""
    if abs(y) >= 20.0:
        return math.copysign(1.0, y)
    power = math.exp(2.0 * y)
    return (power - 1.0) / (power + 1.0)


def gauss(z: float) -> float:
    """GAUSS: what lies below z, less one half, which loses digits near 0 as in Excel."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0)) - 0.5


def steep(function: Callable[[float], float]) -> One:
    """SINH and COSH, which grow beyond all numbers."""

    def run(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf

    return run


def power(base: float, exponent: float) -> float:
    """base ^ exponent; of a negative base there are whole powers and odd roots. 0 ^ 0 is none."""
    if base == 0.0:
        return 0.0 if exponent > 0 else math.nan
    if exponent == 2.0:
        return base * base
    sign = 1.0
    if base < 0 and is_odd_root(exponent):
        base, sign = -base, -1.0
    try:
        return sign * math.pow(base, exponent)
    except OverflowError:
        odd = base < 0 and math.fmod(exponent, 2.0) != 0
        return -math.inf if odd else math.inf
    except ValueError:
        return math.nan


def is_odd_root(exponent: float) -> bool:
    """Whether 1 / exponent is an odd whole number in its first 15 digits."""
    if not math.isfinite(exponent) or exponent == math.trunc(exponent):
        return False
    inverse = 1.0 / exponent
    if not math.isfinite(inverse):
        return False
    nearest = float(round(inverse))
    unit = 10.0 ** (math.floor(math.log10(max(abs(nearest), 1.0))) - (_DIGITS - 1))
    return abs(inverse - nearest) <= unit / 2 and math.fmod(nearest, 2.0) != 0
