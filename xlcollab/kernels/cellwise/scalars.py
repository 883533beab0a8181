"""What the operators mean for two single values: as `values.operators` says it for blocks.

An error is an operand like any other, and the first one is the result.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import TypeVar

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.numbers import libm
from xlcollab.kernels.text.texts import folded, number_from_text
from xlcollab.kernels.values.operators import text_of

_LARGEST, _SMALLEST = 1.7976931348623157e308, 2.2250738585072014e-308
"""Of float64 with all its digits: Excel has an error beyond, and 0 below."""
_NEAR = 1e-14
"""Numbers further apart than this part of themselves differ in 15 digits."""

Two = Callable[[Scalar, Scalar], Scalar]
_Compared = TypeVar("_Compared", float, str)


def number_of(value: Scalar, date1904: bool = False) -> float | ErrorCode:
    """A value in a calculation: blanks are 0, texts what they read as."""
    if isinstance(value, ErrorCode | float):
        return value
    if isinstance(value, str):
        found = number_from_text(value, date1904)
        return ErrorCode.VALUE if found is None else found
    return float(value or 0)


def truth_of(value: Scalar) -> bool | ErrorCode:
    """A value as a condition: of texts only TRUE and FALSE are one."""
    if isinstance(value, ErrorCode):
        return value
    if isinstance(value, str):
        word = value.upper()
        return word == "TRUE" if word in ("TRUE", "FALSE") else ErrorCode.VALUE
    return bool(value)


def finished(x: float) -> float | ErrorCode:
    """A computed number as a cell holds it: none is infinite, and none too small is left."""
    if _SMALLEST <= abs(x) <= _LARGEST or x == 0.0:
        return x
    return 0.0 if math.isfinite(x) else ErrorCode.NUM


def same_digits(a: float, b: float) -> bool:
    """Whether two numbers are different and yet the same in 15 significant digits."""
    size = max(abs(a), abs(b))
    if a == b or not abs(a - b) <= _NEAR * size or not math.isfinite(size):
        return False
    return f"{a:.14e}" == f"{b:.14e}"


def added(a: float, b: float) -> float:
    """a + b, and 0 where the two cancel in all their 15 digits: the last addition of a formula."""
    return 0.0 if same_digits(a, -b) else a + b


def arithmetic(function: Callable[[float, float], float | ErrorCode], date1904: bool) -> Two:
    """An operator on numbers."""

    def run(a: Scalar, b: Scalar) -> Scalar:
        x = a if type(a) is float else number_of(a, date1904)
        y = b if type(b) is float else number_of(b, date1904)
        if isinstance(x, ErrorCode):
            return x
        if isinstance(y, ErrorCode):
            return y
        found = function(x, y)
        return found if isinstance(found, ErrorCode) else finished(found)

    return run


def quotient(a: float, b: float) -> float | ErrorCode:
    return ErrorCode.DIV0 if b == 0.0 else a / b


ARITHMETIC: Mapping[str, Callable[[float, float], float | ErrorCode]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": quotient,
}
_TENS = [float(f"1e{power}") for power in range(309)]


def _ten(power: float) -> float:
    """10 ^ power for whole powers from 0 to 308."""
    return _TENS[int(min(max(power, 0.0), 308.0))]


def rounder(direction: Callable[[float], float]) -> Callable[[float, float], float]:
    """Rounding to decimal digits, as `maths.elementwise` has it for blocks."""

    def run(x: float, digits: float) -> float:
        places = float(math.trunc(digits))
        up, down, size = _ten(places), _ten(-places), abs(x)
        if size * up > 1e300:
            return x
        shifted = size * up / down
        nearest = float(round(shifted))
        if not abs(shifted - nearest) <= 1e-15 * shifted * 4:
            nearest = direction(shifted)
        return math.copysign(1.0, x) * nearest / up * down if x else 0.0

    return run


def _modulo(x: float, divisor: float) -> float | ErrorCode:
    """MOD: the exact remainder, with the sign of the divisor."""
    if divisor == 0.0:
        return ErrorCode.DIV0
    if not abs(x / divisor) < libm.LARGEST_QUOTIENT:
        return ErrorCode.NUM
    rest = math.fmod(x, divisor)
    return rest + divisor if rest != 0.0 and (divisor < 0.0) != (rest < 0.0) else rest


def raised(base: float, exponent: float) -> float | ErrorCode:
    """base ^ exponent. What divides by a power that is lost below all numbers is #DIV/0!."""
    if exponent < 0.0 and abs(base) < 1.0 and math.isinf(libm.power(abs(base) or 5e-324, exponent)):
        return ErrorCode.DIV0
    return libm.power(base, exponent)


def _logarithm(x: float, base: float) -> float | ErrorCode:
    return ErrorCode.DIV0 if x > 0.0 and base == 1.0 else libm.logarithm_to(x, base)


def _negation(value: Scalar) -> Scalar:
    truth = truth_of(value)
    return truth if isinstance(truth, ErrorCode) else not truth


def _alone(function: libm.One) -> Callable[[float, float], float | ErrorCode]:
    """A function of the first number."""
    return lambda x, _: function(x)


EXACT: Mapping[str, Callable[[float, float], float | ErrorCode]] = {
    "ABS": lambda x, _: abs(x),
    "INT": lambda x, _: float(math.floor(x)),
    "SIGN": lambda x, _: float((x > 0.0) - (x < 0.0)),
    "SQRT": lambda x, _: ErrorCode.NUM if x < 0.0 else math.sqrt(x),
    "ROUND": rounder(lambda x: float(math.floor(x + 0.5 + 2e-15 * x))),
    "ROUNDUP": rounder(lambda x: float(math.ceil(x))),
    "ROUNDDOWN": rounder(lambda x: float(math.floor(x))),
    "MOD": _modulo,
    "POWER": raised,
    "EXP": _alone(libm.exponential),
    "LN": _alone(libm.logarithm),
    "LOG": _logarithm,
    "LOG10": _alone(libm.log10),
    "SIN": _alone(libm.sine),
    "COS": _alone(libm.cosine),
    "TAN": _alone(libm.tangent),
    "ATAN": _alone(math.atan),
    "SINH": _alone(libm.steep(math.sinh)),
    "COSH": _alone(libm.steep(math.cosh)),
    "TANH": _alone(math.tanh),
    "RADIANS": lambda x, _: x * (math.pi / 180.0),
    "DEGREES": lambda x, _: x * (180.0 / math.pi),
}
"""Functions of one number or two that every processor rounds alike."""
LEFT_OUT: Mapping[str, float] = {"LOG": 10.0}
"""The second number of one that is left out, where that is not 0."""
CONSTANTS: Mapping[str, Scalar] = {
    "PI": math.pi,
    "TRUE": True,
    "FALSE": False,
    "NA": ErrorCode.NA,
}
"""Functions of nothing."""
QUESTIONS: Mapping[str, Callable[[Scalar], Scalar]] = {
    "ISBLANK": lambda value: value is None,
    "ISNUMBER": lambda value: type(value) is float,
    "ISTEXT": lambda value: isinstance(value, str),
    "ISNONTEXT": lambda value: not isinstance(value, str),
    "ISLOGICAL": lambda value: isinstance(value, bool),
    "ISERROR": lambda value: isinstance(value, ErrorCode),
    "ISERR": lambda value: isinstance(value, ErrorCode) and value != ErrorCode.NA,
    "ISNA": lambda value: isinstance(value, ErrorCode) and value == ErrorCode.NA,
    "NOT": _negation,
}
"""Functions of one value of any kind."""
CLOSING: Mapping[str, Callable[[float, float], float]] = {
    "+": added,
    "-": lambda a, b: added(a, -b),
}
"""The operator that is worked out last in a formula: what is left of 15 digits is 0."""
COMPARISONS: Mapping[str, Callable[[float | str, float | str], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(function: Callable[[float | str, float | str], bool]) -> Two:
    """Numbers come before texts, texts before booleans; case does not count."""

    def run(a: Scalar, b: Scalar) -> Scalar:
        if isinstance(a, ErrorCode):
            return a
        if isinstance(b, ErrorCode):
            return b
        (rank, x), (other, y) = _key(_filled(a, b)), _key(_filled(b, a))
        if rank != other:
            return function(rank, other)
        if isinstance(x, float) and isinstance(y, float) and same_digits(x, y):
            return function(x, x)
        return function(x, y)

    return run


def _filled(value: Scalar, other: Scalar) -> Scalar:
    """A blank as the empty value of the other side's type."""
    if value is not None:
        return value
    if isinstance(other, str):
        return ""
    return False if isinstance(other, bool) else 0.0


def _key(value: Scalar) -> tuple[float, float | str]:
    """(rank of the type, place within it) by which values are ordered."""
    if isinstance(value, str):
        return 1.0, folded(value)
    if isinstance(value, bool):
        return 2.0, float(value)
    assert isinstance(value, float)
    return 0.0, value


def joined(a: Scalar, b: Scalar) -> Scalar:
    """`a & b`."""
    left, right = text_of(a), text_of(b)
    if isinstance(left, ErrorCode):
        return left
    return right if isinstance(right, ErrorCode) else left + right
