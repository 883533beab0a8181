"""Complex numbers: texts such as `3+4i`, read, computed and written value by value.

Roots, powers and logarithms go by length and angle, as Excel's do: `IMPOWER("1+i",2)` is not
exactly `2i` there either.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.functions.maths.elementwise import strict
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context, select
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.operators import text_of
from xlcollab.kernels.values.record import CUT, Record, function
from xlcollab.kernels.values.shapes import single_cells
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import number, refuse, text, valuewise

_SIZE = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_WRITTEN = re.compile(
    rf"(?P<real>[+-]?{_SIZE})"
    rf"|(?:(?P<start>[+-]?{_SIZE})(?=[+-]))?(?P<imag>[+-]?(?:{_SIZE})?)(?P<unit>[ij])"
)


@dataclass(frozen=True, slots=True)
class Imaginary:
    """A complex number and the letter it is written with; "" for a real number."""

    value: complex
    unit: str = ""


def _read(context: Context, value: Scalar) -> Imaginary:
    """What a value stands for. A blank is 0, a text that is no complex number #NUM!."""
    del context
    if isinstance(value, ErrorCode):
        raise refuse(value)
    if isinstance(value, bool):
        raise refuse()
    if not isinstance(value, str):
        return Imaginary(complex(value or 0.0))
    match = _WRITTEN.fullmatch(value)
    if match is None:
        raise refuse(ErrorCode.NUM)
    if match["real"]:
        return Imaginary(complex(float(match["real"])))
    part = match["imag"]
    size = float(part + "1" if part in ("", "+", "-") else part)
    return Imaginary(complex(float(match["start"] or 0.0), size), match["unit"])


def _write(found: complex, unit: str = "i") -> Scalar:
    """A complex number as text; what is beyond all numbers is #NUM!."""
    if not cmath.isfinite(found):
        raise refuse(ErrorCode.NUM)
    real, size = str(text_of(found.real)), str(text_of(found.imag))
    if size in ("0", "-0"):
        return "0" if real == "-0" else real
    size = {"1": "", "-1": "-"}.get(size, size) + (unit or "i")
    if real in ("0", "-0"):
        return size
    return real + ("" if size.startswith("-") else "+") + size


def _unit(*numbers: Imaginary, mixed: ErrorCode = ErrorCode.VALUE) -> str:
    """The letter that all are written with. Two of them are the error `mixed`."""
    units = {n.unit for n in numbers} - {""}
    if len(units) > 1:
        raise refuse(mixed)
    return units.pop() if units else "i"


def _composed(real: float, size: float, unit: str = "") -> Scalar:
    """COMPLEX(real, imaginary, [letter]); an empty letter is i."""
    if unit not in ("", "i", "j"):
        raise refuse()
    return _write(complex(real, size), unit)


def _guarded(compute: Callable[[], complex]) -> complex:
    """What is computed; #NUM! where there is no such number."""
    try:
        return compute()
    except (ZeroDivisionError, OverflowError, ValueError):
        raise refuse(ErrorCode.NUM) from None


def _of_one(formula: Callable[[complex], complex]) -> Function:
    def run(z: Imaginary) -> Scalar:
        return _write(_guarded(lambda: formula(z.value)), z.unit)

    return strict(valuewise(run, _read))


def _of_two(
    formula: Callable[[complex, complex], complex], mixed: ErrorCode = ErrorCode.VALUE
) -> Function:
    """`mixed` is what it is of i and j."""

    def run(a: Imaginary, b: Imaginary) -> Scalar:
        return _write(_guarded(lambda: formula(a.value, b.value)), _unit(a, b, mixed=mixed))

    return strict(valuewise(run, _read))


def _of_many(formula: Callable[[complex, complex], complex]) -> Function:
    """IMSUM and IMPRODUCT: blanks of areas are left out, a blank cell alone is 0."""

    def run(*members: Imaginary | None) -> Scalar:
        numbers = [member for member in members if member is not None]
        unit = _unit(*numbers)
        values = (n.value for n in numbers)
        return _write(reduce(formula, values) if numbers else 0.0, unit)

    def reader(context: Context, value: Scalar) -> Imaginary | None:
        return None if value is None else _read(context, value)

    def whole(context: Context, *blocks: Block) -> Block:
        cells = [cell for block in blocks for cell in single_cells(_alone(context, block))]
        return valuewise(run, reader)(context, *cells)

    return strict(whole, single=False)


def _alone(context: Context, block: Block) -> Block:
    """A single cell that is blank as 0, an area as it is."""
    if block.shape[2:].numel() > 1:
        return block
    return select(block.mask(Kind.BLANK), context.scalar(0.0), block)


def _asks(question: Callable[[complex], float]) -> Function:
    """A number that is told of a complex one."""
    return strict(valuewise(lambda z: question(z.value), _read))


def _angle(z: complex) -> float:
    if z == 0:
        raise ArgumentIsError(ErrorCode.DIV0)
    return math.atan2(z.imag, z.real)


def _power(z: complex, exponent: float) -> complex:
    """By length and angle; a power of 0 that is not positive is #NUM!."""
    if z == 0:
        if exponent <= 0:
            raise ValueError
        return 0.0
    length, angle = abs(z) ** exponent, exponent * math.atan2(z.imag, z.real)
    return complex(length * math.cos(angle), length * math.sin(angle))


def _raised(z: Imaginary, exponent: float) -> Scalar:
    """IMPOWER(number, exponent)."""
    return _write(_guarded(lambda: _power(z.value, exponent)), z.unit)


def _root(z: complex) -> complex:
    """By length and half the angle."""
    length, angle = math.sqrt(abs(z)), math.atan2(z.imag, z.real) / 2
    return complex(length * math.cos(angle), length * math.sin(angle))


def _logarithm(base: float = math.e) -> Callable[[complex], complex]:
    scale = 1.0 if base == math.e else math.log(base)
    return lambda z: complex(math.log(abs(z)), math.atan2(z.imag, z.real)) / scale


_row = partial(
    function, category="engineering", shape=Shape.KINKS, elementwise=True, derivative=CUT
)

FUNCTIONS: tuple[Record, ...] = (
    _row("COMPLEX", "VV|V", strict(valuewise(_composed, number, number, text), 2)),
    _row("IMREAL", "V", _asks(lambda z: z.real)),
    _row("IMAGINARY", "V", _asks(lambda z: z.imag)),
    _row("IMABS", "V", _asks(abs)),
    _row("IMARGUMENT", "V", _asks(_angle)),
    _row("IMCONJUGATE", "V", _of_one(lambda z: z.conjugate())),
    _row("IMSUM", "R|R*1", _of_many(lambda a, b: a + b), elementwise=False, unions=False),
    _row("IMPRODUCT", "R|R*1", _of_many(lambda a, b: a * b), elementwise=False, unions=False),
    _row("IMSUB", "VV", _of_two(lambda a, b: a - b)),
    _row("IMDIV", "VV", _of_two(lambda a, b: a / b, ErrorCode.NUM)),
    _row("IMPOWER", "VV", strict(valuewise(_raised, _read, number))),
    _row("IMSQRT", "V", _of_one(_root)),
    _row("IMEXP", "V", _of_one(cmath.exp)),
    _row("IMLN", "V", _of_one(_logarithm())),
    _row("IMLOG2", "V", _of_one(_logarithm(2.0))),
    _row("IMLOG10", "V", _of_one(_logarithm(10.0))),
    _row("IMSIN", "V", _of_one(cmath.sin)),
    _row("IMCOS", "V", _of_one(cmath.cos)),
    _row("IMTAN", "V", _of_one(cmath.tan)),
    _row("IMSINH", "V", _of_one(cmath.sinh)),
    _row("IMCOSH", "V", _of_one(cmath.cosh)),
    _row("IMSEC", "V", _of_one(lambda z: 1 / cmath.cos(z))),
    _row("IMCSC", "V", _of_one(lambda z: 1 / cmath.sin(z))),
    _row("IMCOT", "V", _of_one(lambda z: 1 / cmath.tan(z))),
    _row("IMSECH", "V", _of_one(lambda z: 1 / cmath.cosh(z))),
    _row("IMCSCH", "V", _of_one(lambda z: 1 / cmath.sinh(z))),
)
