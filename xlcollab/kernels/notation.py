"""Numbers written in other ways: other bases, Roman numerals. Worked out value by value."""

from __future__ import annotations

from collections.abc import Callable

import torch

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.block import Block, Context
from xlcollab.kernels.operators import text_of
from xlcollab.kernels.shapes import aligned, full
from xlcollab.kernels.tape import Function
from xlcollab.kernels.texts import number_from_text

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LARGEST = 2**53
_LETTERS = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_PAIRS = (
    ("CM", "CD", "XC", "XL", "IX", "IV"),
    ("LM", "LD", "VC", "VL"),
    ("XM", "XD", "IC", "IL"),
    ("VM", "VD"),
    ("IM", "ID"),
)
"""What each form of ROMAN may subtract beyond the forms before it."""


class _ErrorResult(Exception):
    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


def by_value(function: Callable[..., Scalar]) -> Function:
    """A function of single Python values, applied to blocks; an error argument is the result."""

    def run(context: Context, *blocks: Block) -> Block:
        blocks = aligned(context, *blocks)
        shape = torch.broadcast_shapes(*(block.shape for block in blocks))
        columns = [context.values(full(block, shape)) for block in blocks]
        return context.block([one(row) for row in zip(*columns, strict=True)], shape)

    def one(arguments: tuple[Scalar, ...]) -> Scalar:
        for argument in arguments:
            if isinstance(argument, ErrorCode):
                return argument
        try:
            return function(*arguments)
        except _ErrorResult as result:
            return result.code

    return run


def _integer(value: Scalar, low: int, high: int, code: ErrorCode = ErrorCode.NUM) -> int:
    """A value as a whole number between `low` and `high`."""
    number = number_from_text(value) if isinstance(value, str) else float(value or 0)
    if number is None:
        raise _ErrorResult(ErrorCode.VALUE)
    if not low <= int(number) <= high:
        raise _ErrorResult(code)
    return int(number)


def in_base(value: Scalar, radix: Scalar, length: Scalar = 0.0) -> Scalar:
    """BASE: the digits of a whole number, filled up with zeros to `length`."""
    number = _integer(value, 0, _LARGEST - 1)
    base, width = _integer(radix, 2, 36), _integer(length, 0, 255)
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = _DIGITS[digit] + digits
    return (digits or "0").rjust(width, "0")


def from_base(value: Scalar, radix: Scalar) -> Scalar:
    """DECIMAL: the number that digits of some base write; 0 for an empty text."""
    base, text = _integer(radix, 2, 36), str(text_of(value)).strip().upper()
    known = set(_DIGITS[:base])
    if len(text) > 255 or not known.issuperset(text):
        return ErrorCode.NUM
    number = int(text, base) if text else 0
    return float(number) if number < _LARGEST else ErrorCode.NUM


def _amount(numeral: str) -> int:
    """The value of one letter, or of a pair that subtracts."""
    *less, last = (_LETTERS[letter] for letter in numeral)
    return last - sum(less)


def to_roman(value: Scalar, form: Scalar = 0.0) -> Scalar:
    """ROMAN: form 0 is the classic one, 4 the shortest; TRUE and FALSE are 0 and 4."""
    number = _integer(value, 0, 3999, ErrorCode.VALUE)
    if isinstance(form, bool):
        form = 0.0 if form else 4.0
    pairs = _PAIRS[: _integer(form, 0, 4, ErrorCode.VALUE) + 1]
    numerals = [*_LETTERS, *(pair for group in pairs for pair in group)]
    text = ""
    for numeral in sorted(numerals, key=_amount, reverse=True):
        count, number = divmod(number, _amount(numeral))
        text += numeral * count
    return text


def from_roman(value: Scalar) -> Scalar:
    """ARABIC: a letter before a larger one is subtracted; a minus may stand in front."""
    text = str(text_of(value)).strip().upper()
    sign, letters = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    if len(text) > 255 or not set(_LETTERS).issuperset(letters):
        return ErrorCode.VALUE
    amounts = [_LETTERS[letter] for letter in letters]
    total = sum(
        -amount if amount < following else amount
        for amount, following in zip(amounts, [*amounts[1:], 0], strict=True)
    )
    return sign * total


FUNCTIONS: dict[str, Function] = {
    "BASE": by_value(in_base),
    "DECIMAL": by_value(from_base),
    "ROMAN": by_value(to_roman),
    "ARABIC": by_value(from_roman),
}
