"""Bessel functions of whole order, by the approximations whose digits Excel shows below x = 8.

They are those of Abramowitz and Stegun, 9.4 and 9.8, with the recurrences of Press et al.,
"Numerical Recipes", 6.5 and 6.6, good to about eight digits: BESSELJ(0, 0) is 1.00000000283141 in
Excel. Slopes are exact, by the recurrences of the derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Protocol

import numpy as np

from xlcollab.kernels.functions.maths.elementwise import numeric, strict
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.autograd import Context
from xlcollab.kernels.values.detached import whole
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside
from xlcollab.kernels.values.record import Record, function

Scheme = Callable[[int, float], float]
"""(order from 0 on, x) → value"""

_TWO_OVER_PI = 0.636619772
"""As many digits as Numerical Recipes' bessj0 has; Excel's values show them."""
_ACCURACY = 40.0
"""Numerical Recipes, bessj: larger gives more digits of the downward recurrence."""
_BIG = 1e10
"""Numerical Recipes, bessj: where the recurrence is made small again."""
_MOST = 1000
"""Orders beyond are #NUM!: values there are 0 or infinite for all but enormous x."""


def _series(coefficients: Sequence[float], y: float) -> float:
    total = 0.0
    for coefficient in reversed(coefficients):
        total = total * y + coefficient
    return total


_J0 = (
    (57568490574.0, -13362590354.0, 651619640.7, -11214424.18, 77392.33017, -184.9052456),
    (57568490411.0, 1029532985.0, 9494680.718, 59272.64853, 267.8532712, 1.0),
)
_J1 = (
    (72362614232.0, -7895059235.0, 242396853.1, -2972611.439, 15704.48260, -30.16036606),
    (144725228442.0, 2300535178.0, 18583304.74, 99447.43394, 376.9991397, 1.0),
)
_Y0 = (
    (-2957821389.0, 7062834065.0, -512359803.6, 10879881.29, -86327.92757, 228.4622733),
    (40076544269.0, 745249964.8, 7189466.438, 47447.26470, 226.1030244, 1.0),
)
_Y1 = (
    (
        -0.4900604943e13,
        0.1275274390e13,
        -0.5153438139e11,
        0.7349264551e9,
        -0.4237922726e7,
        0.8511937935e4,
    ),
    (
        0.2499580570e14,
        0.4244419664e12,
        0.3733650367e10,
        0.2245904002e8,
        0.1020426050e6,
        0.3549632885e3,
        1.0,
    ),
)
_FAR = (
    (
        (1.0, -0.1098628627e-2, 0.2734510407e-4, -0.2073370639e-5, 0.2093887211e-6),
        (-0.1562499995e-1, 0.1430488765e-3, -0.6911147651e-5, 0.7621095161e-6, -0.934945152e-7),
        0.785398164,
    ),
    (
        (1.0, 0.183105e-2, -0.3516396496e-4, 0.2457520174e-5, -0.240337019e-6),
        (0.04687499995, -0.2002690873e-3, 0.8449199096e-5, -0.88228987e-6, 0.105787412e-6),
        2.356194491,
    ),
)
"""By order: two series in (8/x)², and the phase."""
_FAR_FIRST = (
    ((1.0, -0.1098628267e-2, *_FAR[0][0][2:]), *_FAR[0][1:]),
    ((*_FAR[1][0][:3], *_FAR[1][0][2:]), *_FAR[1][1:]),
)
"""The same as Excel's BESSELJ shows them: two digits of one coefficient of J₀ changed places, and
one coefficient of J₁ stands twice. BESSELY shows those of the book."""
_I = (
    (
        (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2),
        (0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3),
    ),
    (
        (
            0.39894228,
            0.1328592e-1,
            0.225319e-2,
            -0.157565e-2,
            0.916281e-2,
            -0.2057706e-1,
            0.2635537e-1,
            -0.1647633e-1,
            0.392377e-2,
        ),
        (
            0.39894228,
            -0.3988024e-1,
            -0.362018e-2,
            0.163801e-2,
            -0.1031555e-1,
            0.2282967e-1,
            -0.2895312e-1,
            0.1787654e-1,
            -0.420059e-2,
        ),
    ),
)
"""Near 0 and far from it, by order."""
_K = (
    (
        (-0.57721566, 0.42278420, 0.23069756, 0.3488590e-1, 0.262698e-2, 0.10750e-3, 0.74e-5),
        (1.0, 0.15443144, -0.67278579, -0.18156897, -0.1919402e-1, -0.110404e-2, -0.4686e-4),
    ),
    (
        (
            1.25331414,
            -0.7832358e-1,
            0.2189568e-1,
            -0.1062446e-1,
            0.587872e-2,
            -0.251540e-2,
            0.53208e-3,
        ),
        (
            1.25331414,
            0.23498619,
            -0.3655620e-1,
            0.1504268e-1,
            -0.780353e-2,
            0.325614e-2,
            -0.68245e-3,
        ),
    ),
)


def _wave(order: int, x: float, *, second: bool) -> float:
    """J or Y of order 0 or 1 from 8 on."""
    even, odd, phase = (_FAR if second else _FAR_FIRST)[order]
    z, angle = 8.0 / x, x - phase
    p, q = _series(even, z * z), z * _series(odd, z * z)
    scale = math.sqrt(_TWO_OVER_PI / x)
    if second:
        return scale * (math.sin(angle) * p + math.cos(angle) * q)
    return scale * (math.cos(angle) * p - math.sin(angle) * q)


def _first(order: int, x: float) -> float:
    """J₀ and J₁."""
    size = abs(x)
    sign = -1.0 if order and x < 0 else 1.0
    if size >= 8.0:
        return sign * _wave(order, size, second=False)
    above, below = _J1 if order else _J0
    ratio = _series(above, x * x) / _series(below, x * x)
    return x * ratio if order else ratio


def _second(order: int, x: float) -> float:
    """Y₀ and Y₁ for x > 0."""
    if x >= 8.0:
        return _wave(order, x, second=True)
    above, below = _Y1 if order else _Y0
    ratio = _series(above, x * x) / _series(below, x * x)
    if order:
        return x * ratio + _TWO_OVER_PI * (_first(1, x) * math.log(x) - 1.0 / x)
    return ratio + _TWO_OVER_PI * _first(0, x) * math.log(x)


def _growing(order: int, x: float) -> float:
    """I₀ and I₁."""
    size = abs(x)
    if size < 3.75:
        found = _series(_I[0][order], (x / 3.75) ** 2) * (size if order else 1.0)
    else:
        found = math.exp(size) / math.sqrt(size) * _series(_I[1][order], 3.75 / size)
    return -found if order and x < 0 else found


def _falling(order: int, x: float) -> float:
    """K₀ and K₁ for x > 0."""
    if x > 2.0:
        return math.exp(-x) / math.sqrt(x) * _series(_K[1][order], 2.0 / x)
    rest = _series(_K[0][order], x * x / 4.0)
    logarithm = math.log(x / 2.0) * _growing(order, x)
    return logarithm + rest / x if order else rest - logarithm


def _upward(start: Scheme, sign: float) -> Scheme:
    """Higher orders from those below: fₙ₊₁ = 2n/x·fₙ + sign·fₙ₋₁."""

    def run(order: int, x: float) -> float:
        if order < 2:
            return start(order, x)
        low, high = start(0, x), start(1, x)
        for n in range(1, order):
            low, high = high, 2.0 * n / x * high + sign * low
        return high

    return run


def _downward(order: int, x: float, sign: float, start: int) -> tuple[float, float, float]:
    """Miller's way from far above: (fₙ, f₀, the sum of f₀/2, f₂, f₄ … ) up to one common factor."""
    above, here, found, total = 0.0, 1.0, 0.0, 0.0
    for n in range(start, 0, -1):
        above, here = here, 2.0 * n / x * here + sign * above
        if abs(here) > _BIG:
            above, here = above / _BIG, here / _BIG
            found, total = found / _BIG, total / _BIG
        if (n - 1) % 2 == 0:
            total += here if n > 1 else here / 2
        if n == order:
            found = above
    return found, here, total


def bessel_j(order: int, x: float) -> float:
    size = abs(x)
    if order < 2:
        return _first(order, x)
    if size == 0.0:
        return 0.0
    if size > order:
        found = _upward(_first, -1.0)(order, size)
    else:
        start = 2 * ((order + int(math.sqrt(_ACCURACY * order))) // 2)
        part, _, total = _downward(order, size, -1.0, start)
        found = part / (2.0 * total)
    return -found if x < 0 and order % 2 else found


def bessel_i(order: int, x: float) -> float:
    size = abs(x)
    if order < 2:
        return _growing(order, x)
    if size == 0.0:
        return 0.0
    part, lowest, _ = _downward(order, size, 1.0, 2 * (order + int(math.sqrt(_ACCURACY * order))))
    found = part / lowest * _growing(0, size)
    return -found if x < 0 and order % 2 else found


bessel_y = _upward(_second, -1.0)
bessel_k = _upward(_falling, 1.0)


def _values(scheme: Scheme, order: Tensor, x: Tensor) -> Tensor:
    """One by one; what overflows is infinite."""

    def one(n: float, at: float) -> float:
        try:
            return scheme(int(n), at)
        except OverflowError:
            return math.inf

    with np.errstate(all="ignore"):  # math overflows where numpy's loop is told of it, too
        each = np.vectorize(one, otypes=[np.float64])
        numbers = each(order.cpu().numpy(), x.detach().cpu().numpy())
    return torch.as_tensor(numbers, dtype=x.dtype, device=x.device)


class _Context(Context, Protocol):
    kind: str


@cache
def _sloped() -> type[torch.autograd.Function]:
    """Values of a scheme, with a slope made of the neighbouring orders, and again for curvature."""

    class Bessel(torch.autograd.Function):
        @staticmethod
        def forward(ctx: _Context, x: Tensor, order: Tensor, kind: str) -> Tensor:
            ctx.save_for_backward(x, order)
            ctx.kind = kind
            return _values(_SCHEMES[kind][0], order, x)

        @staticmethod
        def backward(ctx: _Context, *gradients: Tensor) -> tuple[Tensor, None, None]:
            x, order = ctx.saved_tensors
            return gradients[0] * _slope(ctx.kind, x, order), None, None

    return Bessel


def _slope(kind: str, x: Tensor, order: Tensor) -> Tensor:
    below, above = _SCHEMES[kind][1]
    lower = bessel(kind, x, (order - 1).abs())
    if kind in "JY":
        lower = torch.where(order == 0, -lower, lower)  # f₋₁ = -f₁
    return below * lower + above * bessel(kind, x, order + 1)


_SCHEMES: dict[str, tuple[Scheme, tuple[float, float]]] = {
    "J": (bessel_j, (0.5, -0.5)),
    "Y": (bessel_y, (0.5, -0.5)),
    "I": (bessel_i, (0.5, 0.5)),
    "K": (bessel_k, (-0.5, -0.5)),
}
"""Kind → what computes it, and its slope by the orders below and above."""


def bessel(kind: str, x: Tensor, order: Tensor) -> Tensor:
    """The function of a kind; its order is a whole number from 0 on. The result has the common
    shape."""
    found: Tensor = _sloped().apply(x, order, kind)
    return found


def _function(kind: str) -> Callable[[Tensor, Tensor], Tensor]:
    """(x, order); an order below 0, and for Y and K an x that is not positive, are #NUM!."""

    def run(x: Tensor, order: Tensor) -> Tensor:
        x, order = torch.broadcast_tensors(x, whole(order))
        valid = (order >= 0) & (order <= _MOST)
        if kind in "YK":
            valid = valid & (x > 0)
        return outside(bessel(kind, inside(x, valid, 1.0), inside(order, valid, 0.0)), valid)

    return run


_row = partial(function, category="engineering", shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = tuple(
    _row(f"BESSEL{kind}", "VV", strict(numeric(_function(kind))), jumps="1") for kind in _SCHEMES
)
