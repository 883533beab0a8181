"""Numbers as Excel takes them from a text: the first 15 digits count, the others are zeros."""

from __future__ import annotations

_MOST_DIGITS = 15
"""As Excel's specification has it."""


def first_digits(text: str) -> float:
    """The number that a text of digits, a point and a power means; infinite beyond 1.8E308."""
    if len(text) <= _MOST_DIGITS:
        return float(text)
    mantissa, mark, power = text.upper().partition("E")
    return float(_cut(mantissa) + mark + power)


def _cut(mantissa: str) -> str:
    """Zeros for the digits that do not count; zeros before all others are none of the 15."""
    digits = mantissa.replace(".", "")
    places = iter(range(len(digits.lstrip("0")) - len(digits), len(digits)))
    return "".join(sign if sign == "." or next(places) < _MOST_DIGITS else "0" for sign in mantissa)
