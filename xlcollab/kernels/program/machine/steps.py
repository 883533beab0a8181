"""One elementwise operation on one tile, by its code in `ops.OPS`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.ops import LARGEST_EXPONENT, OPS, SMALLEST_NORMAL
from xlcollab.kernels.program.machine.compiled import fused
from xlcollab.kernels.program.machine.digamma import digamma
from xlcollab.kernels.program.machine.powers import powers
from xlcollab.kernels.program.machine.vectors import exp, log, tanh, unlimited

Numbers = NDArray[np.float64]


_CODES = {name: op.code for name, op in OPS.items()}
_COPY, _NEG, _ABS, _SIGN, _SQ, _INV, _SQRT = (
    _CODES[name] for name in ["copy", "neg", "abs", "sign", "sq", "inv", "sqrt"]
)
_EXP, _LOG, _LOG10, _LOG1P, _EXPM1, _SIN, _COS = (
    _CODES[name] for name in ["exp", "log", "log10", "log1p", "expm1", "sin", "cos"]
)
_TAN, _ASIN, _ACOS, _ATAN, _SINH, _COSH, _TANH = (
    _CODES[name] for name in ["tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"]
)
_ASINH, _ACOSH, _ATANH, _FLOOR, _CEIL, _TRUNC, _RINT = (
    _CODES[name] for name in ["asinh", "acosh", "atanh", "floor", "ceil", "trunc", "rint"]
)
_SIGMOID, _ERF, _ERFC, _LGAMMA, _DIGAMMA, _NOT, _FINITE = (
    _CODES[name] for name in ["sigmoid", "erf", "erfc", "lgamma", "digamma", "not", "finite"]
)
_SQRTN, _LOGN, _EXPN, _NORMAL, _LOST = (
    _CODES[name] for name in ["sqrtn", "logn", "expn", "normal", "lost"]
)
_ADD, _SUB, _MUL, _DIV = (_CODES[name] for name in ["add", "sub", "mul", "div"])
_DIVN, _POW, _ATAN2, _MAX, _MIN, _FMOD, _EQ = (
    _CODES[name] for name in ["divn", "pow", "atan2", "max", "min", "fmod", "eq"]
)
_NE, _LT, _LE, _OVER, _WHERE = (_CODES[name] for name in ["ne", "lt", "le", "over", "where"])


@fused
def operate(code: int, arena: Numbers, to: int, a: int, b: int, c: int, n: int) -> None:
    """arena[to : to + n] = the operation of the n numbers from a on, b and c."""
    out, x = arena[to : to + n], arena[a : a + n]
    if code >= _ADD:
        y = arena[b : b + n]
        if code == _WHERE:
            z = arena[c : c + n]
            for j in range(n):
                yes, no = y[j], z[j]
                out[j] = yes if x[j] != 0.0 else no
        elif code >= _EQ:
            _compare(code, out, x, y)
        else:
            _binary(code, out, x, y)
    elif code <= _LOG:
        _simple(code, out, x)
    elif code == _TANH:
        for j in range(n):
            out[j] = tanh(x[j])
    elif code >= _FLOOR:
        _stepped(code, out, x)
    else:
        _circular(code, out, x)


@fused
def _binary(code: int, out: Numbers, x: Numbers, y: Numbers) -> None:
    n = len(out)
    if code == _ADD:
        for j in range(n):
            out[j] = x[j] + y[j]
    elif code == _SUB:
        for j in range(n):
            out[j] = x[j] - y[j]
    elif code == _MUL:
        for j in range(n):
            out[j] = x[j] * y[j]
    elif code == _DIV:
        for j in range(n):
            out[j] = x[j] / y[j]
    elif code == _DIVN:
        for j in range(n):
            quotient = x[j] / y[j]
            out[j] = quotient if y[j] != 0.0 else math.nan
    else:
        _rare(code, out, x, y)


@fused
def _rare(code: int, out: Numbers, x: Numbers, y: Numbers) -> None:
    n = len(out)
    if code == _POW:
        powers(out, x, y)
    elif code == _ATAN2:
        for j in range(n):
            out[j] = math.atan2(x[j], y[j])
    elif code == _MAX:
        for j in range(n):
            v, w = x[j], y[j]
            out[j] = v if (v > w) | (v != v) else w
    elif code == _MIN:
        for j in range(n):
            v, w = x[j], y[j]
            out[j] = v if (v < w) | (v != v) else w
    elif code == _FMOD:
        for j in range(n):
            out[j] = np.fmod(x[j], y[j])


@fused
def _compare(code: int, out: Numbers, x: Numbers, y: Numbers) -> None:
    n = len(out)
    if code == _EQ:
        for j in range(n):
            out[j] = 1.0 if x[j] == y[j] else 0.0
    elif code == _NE:
        for j in range(n):
            out[j] = 1.0 if x[j] != y[j] else 0.0
    elif code == _LT:
        for j in range(n):
            out[j] = 1.0 if x[j] < y[j] else 0.0
    elif code == _LE:
        for j in range(n):
            out[j] = 1.0 if x[j] <= y[j] else 0.0
    elif code == _OVER:
        for j in range(n):
            equal = 0.5 if x[j] == y[j] else 0.0
            out[j] = 1.0 if x[j] > y[j] else equal


@fused
def _simple(code: int, out: Numbers, x: Numbers) -> None:
    n = len(out)
    if code == _COPY:
        for j in range(n):
            out[j] = x[j]
    elif code == _NEG:
        for j in range(n):
            out[j] = -x[j]
    elif code == _ABS:
        for j in range(n):
            out[j] = abs(x[j])
    elif code == _SIGN:
        for j in range(n):
            out[j] = 1.0 if x[j] > 0.0 else (-1.0 if x[j] < 0.0 else 0.0)
    elif code == _SQ:
        for j in range(n):
            out[j] = x[j] * x[j]
    elif code == _INV:
        for j in range(n):
            out[j] = 1.0 / x[j]
    elif code == _SQRT:
        for j in range(n):
            out[j] = math.sqrt(x[j])
    elif code == _EXP:
        for j in range(n):
            out[j] = exp(x[j])
    elif code == _LOG:
        for j in range(n):
            out[j] = log(x[j])


@fused
def _circular(code: int, out: Numbers, x: Numbers) -> None:
    for j in range(len(out)):
        out[j] = _circle(code, x[j])


@fused
def _circle(code: int, x: float) -> float:
    """Logarithms, circular and hyperbolic functions of the C library, one by one."""
    if code == _SIN:
        return math.sin(x)
    if code == _COS:
        return math.cos(x)
    if code == _TAN:
        return math.tan(x)
    if code == _ASIN:
        return math.asin(x)
    if code == _ACOS:
        return math.acos(x)
    if code == _ATAN:
        return math.atan(x)
    if code == _LOG10:
        return math.log10(x)
    if code == _LOG1P:
        return math.log1p(x)
    if code == _EXPM1:
        return math.expm1(x)
    return _hyperbolic(code, x)


@fused
def _hyperbolic(code: int, x: float) -> float:
    if code == _SINH:
        return math.sinh(x)
    if code == _COSH:
        return math.cosh(x)
    if code == _ASINH:
        return math.asinh(x)
    if code == _ACOSH:
        return math.acosh(x)
    return math.atanh(x)


@fused
def _stepped(code: int, out: Numbers, x: Numbers) -> None:
    n = len(out)
    if code == _NOT:
        for j in range(n):
            out[j] = 1.0 if x[j] == 0.0 else 0.0
    elif code == _FINITE:
        for j in range(n):
            out[j] = 1.0 if abs(x[j]) < math.inf else 0.0
    elif code == _EXPN:
        for j in range(n):
            value = unlimited(x[j])
            out[j] = value if x[j] <= LARGEST_EXPONENT else math.nan
    elif code == _LOGN:
        for j in range(n):
            value = log(x[j])
            out[j] = value if x[j] > 0.0 else math.nan
    elif code == _SQRTN:
        for j in range(n):
            value = math.sqrt(x[j])
            out[j] = value if x[j] >= 0.0 else math.nan
    elif code == _NORMAL:
        for j in range(n):
            v = x[j]
            out[j] = 0.0 if (abs(v) < SMALLEST_NORMAL) & (v != 0.0) else v
    elif code == _LOST:
        for j in range(n):
            out[j] = 0.0 if abs(x[j]) < math.inf else 1.0
    elif code == _SIGMOID:
        for j in range(n):
            out[j] = 1.0 / (1.0 + exp(-x[j]))
    else:
        for j in range(n):
            out[j] = _special(code, x[j])


@fused
def _special(code: int, x: float) -> float:
    if code == _FLOOR:
        return float(np.floor(x))
    if code == _CEIL:
        return float(np.ceil(x))
    if code == _TRUNC:
        return float(np.trunc(x))
    if code == _RINT:
        return float(np.rint(x))
    if code == _ERF:
        return math.erf(x)
    if code == _ERFC:
        return math.erfc(x)
    if code == _LGAMMA:
        return math.lgamma(x)
    return digamma(x)
