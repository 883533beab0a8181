"""exp and ln in a form that the compiler turns into vector instructions, to the last digit or two.

The reductions and polynomials are those of fdlibm (e_exp.c, e_log.c; Sun 1993), the first with the
Taylor polynomial of degree 13 in place of its quotient, which leaves an error below half a unit.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import types

from xlcollab.kernels.program.machine.compiled import inlined
from xlcollab.llvm import (
    BaseContext,
    Intrinsic,
    IRBuilder,
    Operands,
    Signature,
    Value,
    compiled,
    llvm,
)


def _bits_of(typing: object, number: types.Type) -> Intrinsic:
    """The 64 bits of a float as an integer."""
    del typing, number

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        return builder.bitcast(operands[0], llvm.IntType(64))

    return types.int64(types.float64), build


def _from_bits(typing: object, bits: types.Type) -> Intrinsic:
    """The float that 64 bits stand for."""
    del typing, bits

    def build(
        context: BaseContext, builder: IRBuilder, signature: Signature, operands: Operands
    ) -> Value:
        return builder.bitcast(operands[0], llvm.DoubleType())

    return types.float64(types.int64), build


bits_of: Callable[[float], int] = compiled(_bits_of)
from_bits: Callable[[int], float] = compiled(_from_bits)

_SHIFT = 6755399441055744.0
"""1.5 · 2 ^ 52: adding it leaves a number's whole part in the low bits."""


@inlined
def expansion(r: float) -> float:
    """(e ^ r - 1 - r) / r² for |r| up to ln 2 / 2, in Estrin's order, which waits less."""
    s = r * r
    q = s * s
    low = (0.5 + r * 0.16666666666666666) + s * (0.041666666666666664 + r * 0.008333333333333333)
    middle = (0.001388888888888889 + r * 0.0001984126984126984) + s * (
        2.48015873015873e-05 + r * 2.7557319223985893e-06
    )
    high = (2.755731922398589e-07 + r * 2.505210838544172e-08) + s * (
        2.08767569878681e-09 + r * 1.6059043836821613e-10
    )
    return low + q * (middle + q * high)


@inlined
def unlimited(x: float) -> float:
    """e ^ x for x up to 709.78; anything for greater ones and for what is no number."""
    y = max(x, -746.0)
    shifted = y * 1.4426950408889634 + _SHIFT
    n = shifted - _SHIFT
    k = bits_of(shifted) - 0x4338000000000000
    r = (y - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10
    p = expansion(r)
    p = p * r * r + r + 1.0
    half = k >> 1
    return p * from_bits((half + 1023) << 52) * from_bits((k - half + 1023) << 52)


@inlined
def exp(x: float) -> float:
    """e ^ x."""
    p = unlimited(x)
    p = p if x <= 709.782712893384 else float("inf")
    return p if x == x else x


@inlined
def tanh(x: float) -> float:
    """tanh x = t / (t + 2) with t = e ^ 2x - 1, which keeps its digits near 0."""
    y = min(max(x + x, -80.0), 80.0)
    shifted = y * 1.4426950408889634 + _SHIFT
    n = shifted - _SHIFT
    k = bits_of(shifted) - 0x4338000000000000
    r = (y - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10
    p = expansion(r)
    power = from_bits((k + 1023) << 52)
    t = power * (p * r * r + r) + (power - 1.0)
    value = t / (t + 2.0)
    return value if x == x else x


@inlined
def log(x: float) -> float:
    """ln x."""
    tiny = x < 2.2250738585072014e-308
    y = x * 18014398509481984.0 if tiny else x
    bits = bits_of(y)
    shifted = bits + (0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    k = (shifted >> 52) - 1023
    m = from_bits((shifted & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    t1 = w * (0.3999999999940941908 + w * (0.2222219843214978396 + w * 0.1531383769920937332))
    t2 = z * (
        0.6666666666666735130
        + w * (0.2857142874366239149 + w * (0.1818357216161805012 + w * 0.1479819860511658591))
    )
    half = 0.5 * f * f
    n = float(k) - (54.0 if tiny else 0.0)
    value = n * 6.93147180369123816490e-01 - (
        (half - (s * (half + t1 + t2) + n * 1.90821492927058770002e-10)) - f
    )
    value = value if x < float("inf") else x
    value = value if x > 0.0 else (float("-inf") if x == 0.0 else float("nan"))
    return value if x == x else x
