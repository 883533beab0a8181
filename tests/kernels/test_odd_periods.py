"""Securities with an odd first or last period, by the formulas of Excel's documentation, 30/360."""

from __future__ import annotations

from datetime import date

import pytest

from tests.kernels.engine import value
from xlcollab.grid import ErrorCode

FREQUENCIES = (1, 2, 4)
RATE, YIELD, REDEMPTION = 0.065, 0.0475, 101.5
EPOCH = date(1899, 12, 30)


def serial(day: date) -> int:
    return (day - EPOCH).days


def days(start: date, end: date) -> int:
    """30/360; no date here is an end of a month."""
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + end.day - start.day


def called(name: str, *arguments: float) -> float:
    found = value(f"={name}({','.join(repr(one) for one in arguments)})")
    assert isinstance(found, float)
    return found


LAST, SETTLED, MATURITY = date(2021, 2, 15), date(2021, 3, 3), date(2021, 4, 20)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_an_odd_last_period(frequency: int) -> None:
    period, coupon = 360 / frequency, 100 * RATE / frequency
    whole, accrued, ahead = (
        days(*ends) / period for ends in ((LAST, MATURITY), (LAST, SETTLED), (SETTLED, MATURITY))
    )
    growth = 1 + ahead * YIELD / frequency
    price = (REDEMPTION + whole * coupon) / growth - accrued * coupon
    dates = serial(SETTLED), serial(MATURITY), serial(LAST)
    found = called("ODDLPRICE", *dates, RATE, YIELD, REDEMPTION, frequency, 0)
    assert found == pytest.approx(price, rel=1e-12)
    back = called("ODDLYIELD", *dates, RATE, price, REDEMPTION, frequency, 0)
    assert back == pytest.approx(YIELD, rel=1e-9)


ISSUED, BOUGHT = date(2021, 1, 25), date(2021, 2, 3)
FIRST, END = date(2021, 3, 15), date(2026, 3, 15)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_a_short_first_period(frequency: int) -> None:
    period, coupon = 360 / frequency, 100 * RATE / frequency
    count, growth = 5 * frequency + 1, 1 + YIELD / frequency
    ahead, first, accrued = (
        days(*ends) / period for ends in ((BOUGHT, FIRST), (ISSUED, FIRST), (ISSUED, BOUGHT))
    )
    price = REDEMPTION / growth ** (count - 1 + ahead) + coupon * first / growth**ahead
    price += sum(coupon / growth ** (k - 1 + ahead) for k in range(2, count + 1))
    price -= coupon * accrued
    dates = serial(BOUGHT), serial(END), serial(ISSUED), serial(FIRST)
    found = called("ODDFPRICE", *dates, RATE, YIELD, REDEMPTION, frequency, 0)
    assert found == pytest.approx(price, rel=1e-10)
    back = called("ODDFYIELD", *dates, RATE, price, REDEMPTION, frequency, 0)
    assert back == pytest.approx(YIELD, rel=1e-9)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_an_ordinary_first_period_is_an_ordinary_security(frequency: int) -> None:
    """Issued a whole period before its first coupon: PRICE and YIELD say the same."""
    months = 12 // frequency
    at = FIRST.month - 1 - months
    issued = date(FIRST.year + at // 12, at % 12 + 1, 15)
    bought = date(2021, 3, 3)
    dates = serial(bought), serial(END)
    odd = serial(issued), serial(FIRST)
    for basis in (0, 4):
        terms = REDEMPTION, frequency, basis
        plain = called("PRICE", *dates, RATE, YIELD, *terms)
        assert called("ODDFPRICE", *dates, *odd, RATE, YIELD, *terms) == pytest.approx(plain)
        plain = called("YIELD", *dates, RATE, 99.0, *terms)
        assert called("ODDFYIELD", *dates, *odd, RATE, 99.0, *terms) == pytest.approx(plain)


REFUSED = [
    ("ODDLPRICE", (-0.01, YIELD, REDEMPTION, 2, 0)),
    ("ODDLPRICE", (RATE, -0.01, REDEMPTION, 2, 0)),
    ("ODDLPRICE", (RATE, YIELD, 0, 2, 0)),
    ("ODDLPRICE", (RATE, YIELD, REDEMPTION, 3, 0)),
    ("ODDLPRICE", (RATE, YIELD, REDEMPTION, 2, 5)),
    ("ODDLYIELD", (RATE, 0, REDEMPTION, 2, 0)),
    ("ODDLYIELD", (-0.01, 99, REDEMPTION, 2, 0)),
    ("ODDLYIELD", (RATE, 99, 0, 2, 0)),
]


@pytest.mark.parametrize(("name", "terms"), REFUSED)
def test_what_is_no_security_is_an_error(name: str, terms: tuple[float, ...]) -> None:
    dates = serial(SETTLED), serial(MATURITY), serial(LAST)
    found = value(f"={name}({','.join(repr(one) for one in (*dates, *terms))})")
    assert found is ErrorCode.NUM


def test_nothing_per_cent_is_a_rate_and_a_yield() -> None:
    dates = serial(SETTLED), serial(MATURITY), serial(LAST)
    assert called("ODDLPRICE", *dates, 0, 0, 100, 2, 0) == 100.0
    assert called("ODDLYIELD", *dates, 0, 100, 100, 2, 0) == 0.0
