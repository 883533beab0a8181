"""Numbers written in other ways: other bases, Roman numerals. Worked out value by value."""

from __future__ import annotations

import sys
from functools import partial

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.values.block import Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.valuewise import integer, refuse, text, valuewise

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LARGEST = 2**53
"""BASE takes whole numbers below it, which float64 all has."""
_LONGEST = 255
"""Characters that DECIMAL and ARABIC take, as Excel documents."""
_LETTERS = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_PAIRS = (
    ("CM", "CD", "XC", "XL", "IX", "IV"),
    ("LM", "LD", "VC", "VL"),
    ("XM", "XD", "IC", "IL"),
    ("VM", "VD"),
    ("IM", "ID"),
)
"""What each form of ROMAN may subtract beyond the forms before it."""


def _between(number: int, low: int, high: int, code: ErrorCode = ErrorCode.NUM) -> int:
    """The number, or an error as the result."""
    if not low <= number <= high:
        raise refuse(code)
    return number


def in_base(number: int, base: int, length: int = 1) -> Scalar:
    """BASE: the digits of a whole number, filled up with zeros to `length`; 0 has none."""
    number, base = _between(number, 0, _LARGEST - 1), _between(base, 2, 36)
    width = _between(length, 0, 255)
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = _DIGITS[digit] + digits
    return digits.rjust(width, "0")


def from_base(written: str, base: int) -> Scalar:
    """DECIMAL: the number that digits of some base write; 0 for an empty text."""
    digits = written.strip().upper()
    known = set(_DIGITS[: _between(base, 2, 36)])
    if len(written) > _LONGEST:
        return ErrorCode.VALUE
    if not known.issuperset(digits):
        return ErrorCode.NUM
    number = int(digits, base) if digits else 0
    return float(number) if number <= sys.float_info.max else ErrorCode.NUM


def _amount(numeral: str) -> int:
    """The value of one letter, or of a pair that subtracts."""
    *less, last = (_LETTERS[letter] for letter in numeral)
    return last - sum(less)


def _roman_form(context: Context, value: Scalar) -> int:
    """TRUE and FALSE are the classic form and the shortest."""
    return (0 if value else 4) if isinstance(value, bool) else integer(context, value)


def to_roman(number: int, form: int = 0) -> Scalar:
    """ROMAN: form 0 is the classic one, 4 the shortest."""
    number = _between(number, 0, 3999, ErrorCode.VALUE)
    pairs = _PAIRS[: _between(form, 0, 4, ErrorCode.VALUE) + 1]
    numerals = [*_LETTERS, *(pair for group in pairs for pair in group)]
    roman = ""
    for numeral in sorted(numerals, key=_amount, reverse=True):
        count, number = divmod(number, _amount(numeral))
        roman += numeral * count
    return roman


def from_roman(written: str) -> Scalar:
    """ARABIC: a letter before a larger one is subtracted; a minus may stand in front."""
    roman = written.strip().upper()
    sign, letters = (-1.0, roman[1:]) if roman.startswith("-") else (1.0, roman)
    if len(roman) > _LONGEST or not set(_LETTERS).issuperset(letters):
        return ErrorCode.VALUE
    amounts = [_LETTERS[letter] for letter in letters]
    following = [*amounts, 0][1:]
    total = sum(-n if n < m else n for n, m in zip(amounts, following, strict=True))
    return sign * total


_row = partial(function, category="maths", shape=Shape.STEPS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("BASE", "VV|V", valuewise(in_base, integer)),
    _row("DECIMAL", "VV", valuewise(from_base, text, integer)),
    _row("ROMAN", "V|V", valuewise(to_roman, integer, _roman_form)),
    _row("ARABIC", "V", valuewise(from_roman, text)),
)
