"""Powers in a form that the compiler turns into vector instructions.

The method, its polynomials and its constants are those of fdlibm (e_pow.c; Sun 2004): log2 x and
its product with the exponent in two parts each, which leaves an error below 0.7 units of the last
digit and whole powers exact. What is not plain (no positive number, a result at the ends of the
range) is left to the C library.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.machine.compiled import exact, fused, inlined
from xlcollab.kernels.program.machine.vectors import bits_of, from_bits

Numbers = NDArray[np.float64]

_SHIFT = 6755399441055744.0
"""1.5 · 2 ^ 52: adding it leaves a number's whole part in the low bits."""
_SHIFTED = 0x4338000000000000
"""Its own bits."""
_HIGH = -0x100000000
"""The bits of a number's first half: products of two such are exact."""


@inlined
def _first_half(x: float) -> float:
    return from_bits(bits_of(x) & _HIGH)


@inlined
def power(x: float, y: float) -> float:
    """x ^ y for plain ones; see `are_plain`."""
    high, low = _binary_logarithm(x)
    return _power_of_two(y, high, low)


@inlined
def _binary_logarithm(x: float) -> tuple[float, float]:
    """log2 x in two parts: of a power of two, of 1 or 3 / 2, and of what is left beside 1."""
    bits = bits_of(x)
    part = bits & 0x000FFFFFFFFFFFFF
    upper = part >= 0x000BB67A00000000
    middle = (part > 0x0003988EFFFFFFFF) & (not upper)
    k = (bits >> 52) - 1023 + (1 if upper else 0)
    own = (part | 0x3FF0000000000000) - (0x0010000000000000 if upper else 0)
    high, low = _of_quotient(own, middle)
    u = 9.61796700954437255859e-01 * high
    v = -7.02846165095275826516e-09 * high + low * 9.61796693925975554329e-01
    v += 1.35003920212974897128e-08 if middle else 0.0
    known = 5.84962487220764160156e-01 if middle else 0.0
    n = from_bits(k + _SHIFTED) - _SHIFT
    high = _first_half(((u + v) + known) + n)
    return high, v - (((high - n) - known) - u)


@inlined
def _of_quotient(own: int, middle: bool) -> tuple[float, float]:
    """3 / 2 · ln of a number over 1 or 3 / 2, in two parts, by s = (a - base) / (a + base)."""
    a = from_bits(own)
    base, step = (1.5, 0x0004000000000000) if middle else (1.0, 0)
    u, v = a - base, 1.0 / (a + base)
    s = u * v
    s_high = _first_half(s)
    t_high = from_bits((((own >> 1) | 0x2000000000000000) + 0x0008000000000000 + step) & _HIGH)
    s_low = v * ((u - s_high * t_high) - s_high * (a - (t_high - base)))
    z = s * s
    r = 2.30660745775561754067e-01 + z * 2.06975017800338417784e-01
    r = 3.33333329818377432918e-01 + z * (2.72728123808534006489e-01 + z * r)
    r = 5.99999999999994648725e-01 + z * (4.28571428578550184252e-01 + z * r)
    r = z * z * r + s_low * (s_high + s)
    z = s_high * s_high
    t_high = _first_half(3.0 + z + r)
    t_low = r - ((t_high - 3.0) - z)
    u, v = s_high * t_high, s_low * t_high + t_low * s
    high = _first_half(u + v)
    return high, v - (high - u)


@inlined
def _power_of_two(y: float, high: float, low: float) -> float:
    """2 ^ (y · (high + low))."""
    first = _first_half(y)
    low = (y - first) * high + y * low
    high = first * high
    shifted = (low + high) + _SHIFT
    n, k = shifted - _SHIFT, bits_of(shifted) - _SHIFTED
    high -= n
    t = _first_half(low + high)
    u = t * 6.93147182464599609375e-01
    v = (low - (t - high)) * 6.93147180559945286227e-01 + t * -1.90465429995776804525e-09
    z = u + v
    w = v - (z - u)
    t = z * z
    p = 6.61375632143793436117e-05 + t * (
        -1.65339022054652515390e-06 + t * 4.13813679705723846039e-08
    )
    t = z - t * (1.66666666666666019037e-01 + t * (-2.77777777770155933842e-03 + t * p))
    r = (z * t) / (t - 2.0) - (w + z * w)
    return (1.0 - (r - z)) * from_bits((k + 1023) << 52)


@exact
def are_plain(x: Numbers, y: Numbers) -> bool:
    """Whether all bases are positive, and all results well inside the range of numbers."""
    odd = 0
    for j in range(len(x)):
        k = (bits_of(x[j]) >> 52) - 1023
        size = abs(from_bits(k + _SHIFTED) - _SHIFT) + 1.0
        fine = (x[j] >= 2.2250738585072014e-308) & (k < 1024) & (abs(y[j]) * size < 1000.0)
        odd += 0 if fine else 1
    return odd == 0


@fused
def powers(out: Numbers, x: Numbers, y: Numbers) -> None:
    """out = x ^ y, one by one."""
    if are_plain(x, y):
        for j in range(len(out)):
            out[j] = power(x[j], y[j])
    else:
        for j in range(len(out)):
            out[j] = math.pow(x[j], y[j])
