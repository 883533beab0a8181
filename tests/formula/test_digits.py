"""The first 15 digits of a number count, beside decimal arithmetic; powers beyond numbers, too."""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcollab.formula.digits import first_digits

CUT = Context(prec=15, rounding=ROUND_DOWN)
DIGITS = st.text("0123456789", min_size=1, max_size=40)


@given(whole=DIGITS, part=DIGITS | st.none(), power=st.integers(-400, 400) | st.none())
def test_the_other_digits_are_zeros(whole: str, part: str | None, power: int | None) -> None:
    text = whole + ("" if part is None else f".{part}") + ("" if power is None else f"E{power}")
    assert first_digits(text) == float(CUT.create_decimal(Decimal(text)))


@pytest.mark.parametrize("power", [9_999_999, 10**20, 10**60])
def test_a_power_beyond_any_number(power: int) -> None:
    assert first_digits(f"1.00000000000000E{power}") == math.inf
    assert first_digits(f"1.00000000000000e+{power}") == math.inf
    assert first_digits(f"1.00000000000000E-{power}") == 0.0
