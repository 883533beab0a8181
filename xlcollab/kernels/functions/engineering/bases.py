"""Binary, octal, decimal and hexadecimal: ten digits, the highest of them for the sign.

Worked out value by value. A number below 0 is written as its complement to the tenth power of the
base (of 2¹⁰ for binary numbers), as Excel does it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.functions.maths.elementwise import strict
from xlcollab.kernels.functions.maths.notation import in_base
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import integer, number, refuse, text, valuewise

_DIGITS = 10
"""How many digits a number has at most."""
_BASES = {"BIN": 2, "OCT": 8, "HEX": 16}
_KNOWN = {2: set("01"), 8: set("01234567"), 16: set("0123456789ABCDEF")}


def read(written: str, base: int) -> int:
    """The number that up to ten digits write; the upper half of all such numbers is negative."""
    digits = written.upper()
    if len(digits) > _DIGITS or not _KNOWN[base].issuperset(digits):
        raise refuse(ErrorCode.NUM)
    found = int(digits, base) if digits else 0
    return found - base**_DIGITS if found >= base**_DIGITS // 2 else found


def _check(places: int | None) -> None:
    if places is not None and not 0 < places <= _DIGITS:
        raise refuse(ErrorCode.NUM)


def write(value: float, base: int, places: int | None = None) -> Scalar:
    """The digits of a number, filled up with zeros to `places`, which negative numbers ignore."""
    most = base**_DIGITS // 2
    _check(places)
    whole = math.trunc(value)
    if not -most <= whole < most:
        raise refuse(ErrorCode.NUM)
    if whole < 0:
        return in_base(whole + 2 * most, base)
    digits = str(in_base(whole, base))
    if places is not None and len(digits) > places:
        raise refuse(ErrorCode.NUM)
    return digits.rjust(places or 0, "0")


def _to_decimal(base: int) -> Function:
    return strict(valuewise(lambda written: float(read(written, base)), text))


def _from_decimal(base: int) -> Function:
    def run(value: float | None, places: int | None = None) -> Scalar:
        _check(places)
        if value is None:
            raise refuse()
        return write(value, base, places)

    return strict(valuewise(run, _number_if_any, integer), 1)


def _number_if_any(context: Context, value: Scalar) -> float | None:
    """A value as a number, None for a text that is none: Excel looks at the places first."""
    try:
        return number(context, value)
    except ArgumentIsError:
        if isinstance(value, str):
            return None
        raise


def _between(base: int, other: int) -> Function:
    def run(written: str, places: int | None = None) -> Scalar:
        return write(read(written, base), other, places)

    return strict(valuewise(run, text, integer), 1)


_row: Callable[..., Record] = partial(
    function, category="engineering", shape=Shape.STEPS, elementwise=True
)

FUNCTIONS: tuple[Record, ...] = (
    *(_row(f"{name}2DEC", "V", _to_decimal(base)) for name, base in _BASES.items()),
    *(_row(f"DEC2{name}", "V|V", _from_decimal(base)) for name, base in _BASES.items()),
    *(
        _row(f"{name}2{target}", "V|V", _between(base, other))
        for name, base in _BASES.items()
        for target, other in _BASES.items()
        if name != target
    ),
)
