"""Securities: coupon days, prices and yields of bonds, discounted paper, treasury bills.

Days are counted date by date and are constants; money and rates have slopes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.dates import dated, day_at, days_360, months_later, year_fraction
from xlcollab.kernels.functions.maths.elementwise import without_booleans
from xlcollab.kernels.functions.money.payments import annuity
from xlcollab.kernels.functions.money.rates import annuity_slope
from xlcollab.kernels.text.calendar import month_length, serial_of_parts
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.roots import root
from xlcollab.kernels.values.shapes import aligned
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import integer, number, refuse

_FREQUENCIES = (1, 2, 4)
_FACE = 100.0
_GUESS = 0.05


def _coupon_day(date1904: bool, maturity: int, months: int) -> int:
    """The coupon day so many months before the last: at the month's end where maturity is."""
    year, month, last = day_at(maturity, date1904)
    if last != month_length(year, month):
        return int(months_later(date1904, maturity, -months))
    found = serial_of_parts(year, month - months + 1, 0, date1904)
    if found is None:
        raise refuse(ErrorCode.NUM)
    return found


def _coupons(
    date1904: bool, settlement: float, maturity: float, frequency: int, basis: int
) -> tuple[int, int, int]:
    """(coupon day up to settlement, the next one, how many are to come). Raises
    ArgumentIsError."""
    start, end = int(settlement // 1), int(maturity // 1)
    if frequency not in _FREQUENCIES or not 0 <= basis <= 4 or start >= end or start < 0:
        raise refuse(ErrorCode.NUM)
    step = 12 // frequency
    (year, month, _), (first, begun, _) = day_at(end, date1904), day_at(start, date1904)
    count = max(((year - first) * 12 + month - begun) // step - 1, 1)
    while (before := _coupon_day(date1904, end, count * step)) > start:
        count += 1
    return before, _coupon_day(date1904, end, (count - 1) * step), count


def _length(frequency: int, basis: int, before: int, after: int) -> float:
    if basis == 1:
        return float(after - before)
    return (365 if basis == 3 else 360) / frequency


def _passed(date1904: bool, before: int, settlement: int, basis: int) -> int:
    if basis in (0, 4):
        return days_360(day_at(before, date1904), day_at(settlement, date1904), basis == 4)
    return settlement - before


def _coupon(place: str) -> Callable[..., float]:
    """COUP…, by what it asks for."""

    def run(
        date1904: bool, settlement: float, maturity: float, frequency: int, basis: int = 0
    ) -> float:
        before, after, count = _coupons(date1904, settlement, maturity, frequency, basis)
        length = _length(frequency, basis, before, after)
        passed = _passed(date1904, before, int(settlement // 1), basis)
        rest = length - passed if basis in (0, 4) else after - int(settlement // 1)
        return float(
            {
                "before": before,
                "after": after,
                "count": count,
                "length": length,
                "passed": passed,
                "rest": rest,
            }[place]
        )

    return run


def _fraction(date1904: bool, start: float, end: float, basis: int = 0) -> float:
    """Of a year; not from a day to itself or back."""
    if start // 1 >= end // 1:
        raise refuse(ErrorCode.NUM)
    return year_fraction(date1904, start, end, basis)


def _toolpak(run: Function) -> Function:
    def checked(context: Context, *blocks: Block) -> Block:
        parts = aligned(context, *(without_booleans(context, block) for block in blocks))
        return run(context, *parts)

    return checked


_years = dated(_fraction, number, number, integer)


def _of_years(formula: Callable[..., Tensor]) -> Function:
    """A function of (start, end, two amounts, [basis]) by the years between."""

    def run(context: Context, start: Block, end: Block, *rest: Block) -> Block:
        years, wrong = context.numbers(_years(context, start, end, *rest[2:]))
        (a, wrong_a), (b, wrong_b) = context.numbers(rest[0]), context.numbers(rest[1])
        return context.result(formula(years, a, b), first_code(wrong, wrong_a, wrong_b))

    return _toolpak(run)


def _positive(formula: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def run(years: Tensor, a: Tensor, b: Tensor) -> Tensor:
        valid = (a > 0) & (b > 0) & (years > 0)
        return outside(formula(*(inside(x, valid, 0.5) for x in (years, a, b))), valid)

    return run


def _received(years: Tensor, invested: Tensor, discount: Tensor) -> Tensor:
    left = 1 - discount * years
    return outside(invested / inside(left, left > 0, 1.0), left > 0)


Paper = tuple[Tensor, Tensor, Tensor, Tensor]
"""(coupons to come, part of a period to the next, part of one since the last, coupons a year)"""
_PLACES = {
    place: dated(_coupon(place), number, number, integer)
    for place in ("before", "after", "count", "length", "passed", "rest")
}


def _bond(formula: Callable[..., Tensor], amounts: int) -> Function:
    """A function of (settlement, maturity, amounts …, frequency, [basis])."""

    def run(context: Context, settlement: Block, maturity: Block, *rest: Block) -> Block:
        days = (settlement, maturity, *rest[amounts:])
        asked = [_PLACES[place](context, *days) for place in ("count", "length", "passed", "rest")]
        found = [context.numbers(block) for block in (*asked, rest[amounts], *rest[:amounts])]
        (count, length, passed, ahead, frequency, *money) = (value for value, _ in found)
        length = inside(length, length > 0, 1.0)
        yearly = torch.trunc(frequency.detach()).clamp(min=1.0)
        paper = (count, ahead / length, passed / length, yearly)
        return context.result(formula(paper, *money), first_code(*(code for _, code in found)))

    return _toolpak(run)


def _dirty(paper: Paper, coupon: Tensor, redemption: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """(what coupons and redemption are worth at a rate of a period, its slope by the rate)."""
    count, ahead, _, _ = paper
    time = count - 1 + ahead
    factor = torch.pow(1 + rate, -time)
    value = factor * (redemption + coupon * annuity(rate, count))
    return value, factor * coupon * annuity_slope(rate, count) - time / (1 + rate) * value


def _price(paper: Paper, rate: Tensor, interest: Tensor, redemption: Tensor) -> Tensor:
    """PRICE: in the last period interest is simple."""
    count, ahead, passed, yearly = paper
    valid = (rate >= 0) & (interest >= 0) & (redemption > 0)
    coupon, period = _FACE * rate / yearly, inside(interest, valid, 0.0) / yearly
    several, _ = _dirty(paper, coupon, redemption, period)
    last = (coupon + redemption) / (1 + period * ahead)
    return outside(torch.where(count <= 1, last, several) - coupon * passed, valid)


def _yield(paper: Paper, rate: Tensor, price: Tensor, redemption: Tensor) -> Tensor:
    """YIELD: the rate at which PRICE is the price."""
    count, ahead, passed, yearly = paper
    valid = (rate >= 0) & (price > 0) & (redemption > 0)
    coupon = _FACE * rate / yearly
    paid = inside(price, valid, _FACE) + coupon * passed

    def over(period: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = _dirty(paper, coupon, redemption, period)
        return value - paid, slope

    last = ((coupon + redemption) / paid - 1) / inside(ahead, ahead > 0, 1.0)
    several = root(over, torch.full_like(paid, _GUESS) / yearly, -1.0)
    return outside(torch.where(count <= 1, last, several) * yearly, valid)


def _duration(paper: Paper, rate: Tensor, interest: Tensor) -> Tensor:
    """DURATION: the mean time to the payments, in years."""
    valid = (rate >= 0) & (interest >= 0)
    yearly = paper[3]
    period = inside(interest, valid, 0.0) / yearly
    face = torch.full_like(rate, _FACE)
    value, slope = _dirty(paper, _FACE * inside(rate, valid, 0.0) / yearly, face, period)
    return outside(-(1 + period) * slope / value / yearly, valid)


def _modified(paper: Paper, rate: Tensor, interest: Tensor) -> Tensor:
    """MDURATION."""
    return _duration(paper, rate, interest) / (1 + interest.clamp(min=0.0) / paper[3])


def _bill_days(date1904: bool, settlement: float, maturity: float) -> float:
    start, end = int(settlement // 1), int(maturity // 1)
    if start >= end or end > months_later(date1904, start, 12):
        raise refuse(ErrorCode.NUM)
    return float(end - start)


_bill_length = dated(_bill_days, number)


def _bill(formula: Callable[[Tensor, Tensor], Tensor]) -> Function:
    """A function of (settlement, maturity, amount above 0)."""

    def run(context: Context, settlement: Block, maturity: Block, amount: Block) -> Block:
        days, undated = context.numbers(_bill_length(context, settlement, maturity))
        money, wrong = context.numbers(amount)
        valid = (money > 0) & (days > 0)
        value = formula(inside(days, valid, 1.0), inside(money, valid, 0.5))
        return context.result(outside(value, valid), first_code(undated, wrong))

    return _toolpak(run)


_row = partial(function, category="money", shape=Shape.SMOOTH, elementwise=True)
_steps = partial(function, category="money", shape=Shape.STEPS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _steps("COUPPCD", "VVV|V", _toolpak(_PLACES["before"])),
    _steps("COUPNCD", "VVV|V", _toolpak(_PLACES["after"])),
    _steps("COUPNUM", "VVV|V", _toolpak(_PLACES["count"])),
    _steps("COUPDAYS", "VVV|V", _toolpak(_PLACES["length"])),
    _steps("COUPDAYBS", "VVV|V", _toolpak(_PLACES["passed"])),
    _steps("COUPDAYSNC", "VVV|V", _toolpak(_PLACES["rest"])),
    _row("PRICE", "VVVVVV|V", _bond(_price, 3)),
    _row("YIELD", "VVVVVV|V", _bond(_yield, 3)),
    _row("DURATION", "VVVVV|V", _bond(_duration, 2)),
    _row("MDURATION", "VVVVV|V", _bond(_modified, 2)),
    _row("DISC", "VVVV|V", _of_years(_positive(lambda t, price, face: (1 - price / face) / t))),
    _row("INTRATE", "VVVV|V", _of_years(_positive(lambda t, paid, face: (face / paid - 1) / t))),
    _row("RECEIVED", "VVVV|V", _of_years(_positive(_received))),
    _row("PRICEDISC", "VVVV|V", _of_years(_positive(lambda t, rate, face: face * (1 - rate * t)))),
    _row("YIELDDISC", "VVVV|V", _of_years(_positive(lambda t, paid, face: (face / paid - 1) / t))),
    _row("ACCRINTM", "VVVV|V", _of_years(_positive(lambda t, rate, par: par * rate * t))),
    _row("TBILLPRICE", "VVV", _bill(lambda days, rate: _FACE * (1 - rate * days / 360))),
    _row("TBILLYIELD", "VVV", _bill(lambda days, price: (_FACE / price - 1) * 360 / days)),
)
