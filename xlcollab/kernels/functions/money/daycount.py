"""How days are counted between two dates, by the basis in which a security is quoted.

0: US 30/360, 1: actual/actual, 2: actual/360, 3: actual/365, 4: European 30/360. Days are serial
numbers. What Excel does beyond its documentation is as the ExcelFinancialFunctions project found.
"""

from __future__ import annotations

from functools import lru_cache

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.dates import day_at, days_360, months_later, us_days_360
from xlcollab.kernels.text.calendar import Day, month_length, serial_of_parts
from xlcollab.kernels.values.valuewise import refuse

FREQUENCIES = (1, 2, 4)
"""Coupons a year that Excel allows."""
BASES = (0, 1, 2, 3, 4)
US, ACTUAL, ACTUAL_360, ACTUAL_365, EUROPEAN = BASES


def check_terms(frequency: int, basis: int) -> None:
    """Raises ArgumentIsError where there is no such frequency or basis."""
    if frequency not in FREQUENCIES or basis not in BASES:
        raise refuse(ErrorCode.NUM)


def is_month_end(date1904: bool, day: int) -> bool:
    year, month, last = day_at(day, date1904)
    return last == month_length(year, month)


def months_on(date1904: bool, day: int, months: int, at_end: bool) -> int:
    """The same day of another month, or with `at_end` that month's last. Raises ArgumentIsError."""
    if not at_end:
        return int(months_later(date1904, day, months))
    year, month, _ = day_at(day, date1904)
    found = serial_of_parts(year, month + months + 1, 0, date1904)
    if found is None:
        raise refuse(ErrorCode.NUM)
    return found


def days_between(date1904: bool, start: int, end: int, basis: int) -> int:
    """The days from one date to another, negative if it lies before."""
    if basis in (ACTUAL, ACTUAL_360, ACTUAL_365):
        return end - start
    first, last = day_at(start, date1904), day_at(end, date1904)
    return us_days_360(first, last) if basis == US else days_360(first, last, european=True)


def us_period(start: Day, end: Day) -> int:
    """The days of a whole coupon period by US 30/360: an end of month is a 30th at both ends."""
    (year_a, month_a, a), (year_b, month_b, b) = start, end
    a = 30 if month_a == 2 and a == month_length(year_a, 2) else min(a, 30)
    b = 30 if month_b == 2 and b == month_length(year_b, 2) else min(b, 30)
    return (year_b - year_a) * 360 + (month_b - month_a) * 30 + b - a


def coupon_day(date1904: bool, maturity: int, months: int) -> int:
    """The coupon day so many months before the last: at the month's end where maturity is."""
    return months_on(date1904, maturity, -months, is_month_end(date1904, maturity))


@lru_cache(maxsize=4096)
def coupons(date1904: bool, settlement: int, maturity: int, frequency: int) -> tuple[int, int, int]:
    """(coupon day up to settlement, the next one, how many are to come). Raises ArgumentIsError."""
    if settlement >= maturity or settlement < 0:
        raise refuse(ErrorCode.NUM)
    step = 12 // frequency
    (year, month, _), (first, begun, _) = day_at(maturity, date1904), day_at(settlement, date1904)
    count = max(((year - first) * 12 + month - begun) // step - 1, 1)
    while (before := coupon_day(date1904, maturity, count * step)) > settlement:
        count += 1
    return before, coupon_day(date1904, maturity, (count - 1) * step), count


def period_length(frequency: int, basis: int, before: int, after: int) -> float:
    """The days of a coupon period between two coupon days."""
    if basis == ACTUAL:
        return float(after - before)
    return (365 if basis == ACTUAL_365 else 360) / frequency
