"""Bonds whose first or last period is shorter or longer than the others.

Days are counted date by date and are constants; money and rates have slopes. Where Microsoft's page
leaves a choice, it is taken as the ExcelFinancialFunctions project found Excel to take it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.dates import dated, day_at, months_later
from xlcollab.kernels.functions.money.daycount import (
    ACTUAL,
    ACTUAL_360,
    ACTUAL_365,
    US,
    check_terms,
    coupon_day,
    coupons,
    days_between,
    is_month_end,
    months_on,
    period_length,
    us_period,
)
from xlcollab.kernels.functions.money.payments import annuity
from xlcollab.kernels.functions.money.rates import annuity_slope
from xlcollab.kernels.functions.money.securities import toolpak
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.text.calendar import month_length
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.roots import root
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import integer, number, refuse

_FACE = 100.0
"""Prices are for so much of face value."""
_FEBRUARY = 2
"""The month."""
_SHORTEST_MONTH = 28
"""Days: all months have those, later ones may be an end of a month."""

Schedule = tuple[float, float, float, float]
"""Of an odd first period: (coupons after it, periods until it ends, the size of its coupon, what of
it has accrued), in usual periods and coupons."""


def _no_less(date1904: bool, start: int, end: int, basis: int) -> int:
    return max(days_between(date1904, start, end, basis), 0)


@lru_cache(maxsize=4096)
def _odd_first(
    date1904: bool,
    settlement: int,
    maturity: int,
    issue: int,
    first: int,
    frequency: int,
    basis: int,
) -> Schedule:
    """Raises ArgumentIsError: dates out of order, a first coupon on a day that is none."""
    check_terms(frequency, basis)
    step = 12 // frequency
    if not 0 <= issue < settlement < first < maturity:
        raise refuse(ErrorCode.NUM)
    if not _is_coupon_day(date1904, first, maturity, step):
        raise refuse(ErrorCode.NUM)
    before, after, _ = coupons(date1904, settlement, first, frequency)
    length = period_length(frequency, basis, before, after)
    size = _no_less(date1904, issue, first, basis)
    if size >= length:
        return _long_first(date1904, settlement, maturity, issue, first, frequency, basis)
    count = coupons(date1904, settlement, maturity, frequency)[2]
    ahead = _no_less(date1904, settlement, first, basis) / length
    accrued = _no_less(date1904, issue, settlement, basis) / length
    return count - 1.0, ahead, size / length, accrued


def _is_coupon_day(date1904: bool, first: int, maturity: int, step: int) -> bool:
    months = step
    while (day := coupon_day(date1904, maturity, months)) > first:
        months += step
    return day == first


def _long_first(
    date1904: bool,
    settlement: int,
    maturity: int,
    issue: int,
    first: int,
    frequency: int,
    basis: int,
) -> Schedule:
    """A first period of one usual one or more: period by period back from the first coupon."""
    before, after, _ = coupons(date1904, settlement, first, frequency)
    usual = period_length(frequency, basis, before, after)
    late, size, accrued = first, 0.0, 0.0
    for place in range(coupons(date1904, issue, first, frequency)[2], 0, -1):
        early = int(months_later(date1904, late, -12 // frequency))
        length = _no_less(date1904, early, late, basis) if basis == ACTUAL else usual
        inside_it = length if place > 1 else _no_less(date1904, issue, late, basis)
        passed = _no_less(date1904, max(issue, early), min(settlement, late), basis)
        size, accrued, late = size + inside_it / length, accrued + passed / length, early
    if basis in (ACTUAL_360, ACTUAL_365):
        rest = float(_no_less(date1904, settlement, after, basis))
    else:
        rest = usual - days_between(date1904, before, settlement, basis)
    ahead = rest / usual + _whole_periods(date1904, settlement, first, 12 // frequency)
    return float(coupons(date1904, first, maturity, frequency)[2]), ahead, size, accrued


def _whole_periods(date1904: bool, settlement: int, first: int, step: int) -> int:
    """Full periods between settlement and the first coupon."""
    year, month, day = day_at(first, date1904)
    at_end = day == month_length(year, month)
    if not at_end and month != _FEBRUARY and day > _SHORTEST_MONTH:
        at_end = is_month_end(date1904, settlement)
    start = months_on(date1904, settlement, 0, at_end)
    count, date = int(settlement < start), months_on(date1904, start, step, at_end)
    while date < first:
        count, date = count + 1, months_on(date1904, date, step, at_end)
    return count


@lru_cache(maxsize=4096)
def _odd_last(
    date1904: bool, settlement: int, maturity: int, last: int, frequency: int, basis: int
) -> tuple[float, float, float]:
    """Raises ArgumentIsError where the dates are out of order."""
    check_terms(frequency, basis)
    if not 0 <= last < settlement < maturity:
        raise refuse(ErrorCode.NUM)
    size = accrued = ahead = 0.0
    early = last
    count = coupons(date1904, last, maturity, frequency)[2]
    for place in range(1, count + 1):
        late = int(months_later(date1904, early, 12 // frequency))
        length = _period(date1904, early, late, basis)
        paid = length if place < count else _period(date1904, early, maturity, basis)
        passed = paid if late < settlement else _no_less(date1904, early, settlement, basis)
        rest = _no_less(date1904, max(settlement, early), min(maturity, late), basis)
        size, accrued, ahead = (
            size + paid / length,
            accrued + passed / length,
            ahead + rest / length,
        )
        early = late
    return size, accrued, ahead


def _period(date1904: bool, start: int, end: int, basis: int) -> int:
    if basis == US:
        return max(us_period(day_at(start, date1904), day_at(end, date1904)), 0)
    return _no_less(date1904, start, end, basis)


def _place(schedule: Callable[..., tuple[float, ...]], dates: int, place: int) -> Function:
    """One number of a schedule, from its dates, frequency and basis."""

    def run(date1904: bool, *asked: float) -> float:
        days = (int(day // 1) for day in asked[:dates])
        terms = (*asked[dates:], 0)[:2]
        return schedule(date1904, *days, *(int(term) for term in terms))[place]

    return dated(run, *[number] * dates, integer)


def _security(
    schedule: Callable[..., tuple[float, ...]],
    dates: int,
    size: int,
    formula: Callable[..., Tensor],
) -> Function:
    """A function of (dates …, rate, yield or price, redemption, frequency, [basis])."""
    places = [_place(schedule, dates, place) for place in range(size)]

    def run(context: Context, *blocks: Block) -> Block:
        days, money, terms = blocks[:dates], blocks[dates : dates + 3], blocks[dates + 3 :]
        found = [place(context, *days, *terms) for place in places]
        pairs = [context.numbers(block) for block in (*found, terms[0], *money)]
        numbers = [value for value, _ in pairs]
        yearly = numbers[size].detach().trunc().clamp(min=1.0)
        value = formula(numbers[:size], yearly, *numbers[size + 1 :])
        return context.result(value, first_code(*(code for _, code in pairs)))

    return toolpak(run)


def _worth(
    schedule: list[Tensor], coupon: Tensor, redemption: Tensor, rate: Tensor
) -> tuple[Tensor, Tensor]:
    """(what is to come is worth at a rate of a period, its slope by the rate)."""
    count, ahead, first, _ = schedule
    factor, later = torch.pow(1 + rate, -ahead), torch.pow(1 + rate, -count)
    rest = later * (redemption + coupon * annuity(rate, count))
    bent = later * coupon * annuity_slope(rate, count) - count / (1 + rate) * rest
    value = factor * (first * coupon + rest)
    return value, factor * bent - ahead / (1 + rate) * value


def _first_price(
    schedule: list[Tensor], yearly: Tensor, rate: Tensor, interest: Tensor, redemption: Tensor
) -> Tensor:
    """ODDFPRICE."""
    valid = (rate >= 0) & (interest >= 0) & (redemption > 0)
    coupon = _FACE * rate / yearly
    value, _ = _worth(schedule, coupon, redemption, inside(interest, valid, 0.0) / yearly)
    return outside(value - coupon * schedule[3], valid)


def _first_yield(
    schedule: list[Tensor], yearly: Tensor, rate: Tensor, price: Tensor, redemption: Tensor
) -> Tensor:
    """ODDFYIELD: the rate at which ODDFPRICE is the price."""
    valid = (rate >= 0) & (price > 0) & (redemption > 0)
    coupon = _FACE * rate / yearly
    paid = inside(price, valid, _FACE) + coupon * schedule[3]

    def over(period: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = _worth(schedule, coupon, redemption, period)
        return value - paid, slope

    found = root(over, torch.full_like(paid, _GUESS) / yearly, -1.0)
    return outside(found * yearly, valid)


_GUESS = 0.05
"""A usual yield: Newton's method goes on from there."""


def _last_price(
    schedule: list[Tensor], yearly: Tensor, rate: Tensor, interest: Tensor, redemption: Tensor
) -> Tensor:
    """ODDLPRICE: in the last period interest is simple."""
    size, accrued, ahead = schedule
    valid = (rate >= 0) & (interest >= 0) & (redemption > 0)
    coupon = _FACE * rate / yearly
    growth = 1 + ahead * inside(interest, valid, 0.0) / yearly
    return outside((size * coupon + redemption) / growth - accrued * coupon, valid)


def _last_yield(
    schedule: list[Tensor], yearly: Tensor, rate: Tensor, price: Tensor, redemption: Tensor
) -> Tensor:
    """ODDLYIELD."""
    size, accrued, ahead = schedule
    valid = (rate >= 0) & (price > 0) & (redemption > 0) & (ahead > 0)
    coupon = _FACE * rate / yearly
    paid = inside(price, valid, _FACE) + accrued * coupon
    got = size * coupon + redemption
    return outside((got / paid - 1) * yearly / inside(ahead, valid, 1.0), valid)


_row = partial(function, category="money", needed=True, shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("ODDFPRICE", "VVVVVVVV|V", _security(_odd_first, 4, 4, _first_price), jumps="012378"),
    _row("ODDFYIELD", "VVVVVVVV|V", _security(_odd_first, 4, 4, _first_yield), jumps="012378"),
    _row("ODDLPRICE", "VVVVVVV|V", _security(_odd_last, 3, 3, _last_price), jumps="01267"),
    _row("ODDLYIELD", "VVVVVVV|V", _security(_odd_last, 3, 3, _last_yield), jumps="01267"),
)
