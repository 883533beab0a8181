"""Numbers as Excel takes them from a text: the first 15 digits count, the others are zeros."""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal

_MOST_DIGITS = 15
"""As Excel's specification has it."""
_CUT = Context(prec=_MOST_DIGITS, rounding=ROUND_DOWN)


def first_digits(text: str) -> float:
    """The number that a text of digits, a point and a power means; infinite beyond 1.8E308."""
    if len(text) <= _MOST_DIGITS:
        return float(text)
    return float(_CUT.create_decimal(Decimal(text)))
