"""Securities: coupon days, prices and yields of bonds, discounted paper, treasury bills.

Days are counted date by date and are constants; money and rates have slopes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.dates import dated, day_at, months_later, year_fraction
from xlcollab.kernels.functions.maths.elementwise import without_booleans
from xlcollab.kernels.functions.money.daycount import (
    EUROPEAN,
    US,
    check_terms,
    coupons,
    days_between,
    period_length,
    us_period,
)
from xlcollab.kernels.functions.money.payments import annuity
from xlcollab.kernels.functions.money.rates import annuity_slope
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import at_least, inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.roots import root
from xlcollab.kernels.values.shapes import aligned
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import integer, number, refuse

_FACE = 100.0
"""Prices are for so much of face value."""
_GUESS = 0.05
"""A usual yield: Newton's method goes on from there."""
_HALF_YEAR = 182
"""Days; longer bills are compared with bonds that pay in between."""


def _coupon(place: str) -> Callable[..., float]:
    """COUP…, by what it asks for."""

    def run(
        date1904: bool, settlement: float, maturity: float, frequency: int, basis: int = 0
    ) -> float:
        check_terms(frequency, basis)
        settled, due = int(settlement // 1), int(maturity // 1)
        before, after, count = coupons(date1904, settled, due, frequency)
        length = period_length(frequency, basis, before, after)
        passed = days_between(date1904, before, settled, basis)
        ahead = float(after - settled)
        if basis == US:
            ahead = float(us_period(day_at(before, date1904), day_at(after, date1904)) - passed)
        elif basis == EUROPEAN:
            ahead = float(days_between(date1904, settled, after, basis))
        return float(
            {
                "before": before,
                "after": after,
                "count": count,
                "length": length,
                "passed": passed,
                "ahead": ahead,
            }[place]
        )

    return run


def _fraction(date1904: bool, start: float, end: float, basis: int = 0) -> float:
    """Of a year; not from a day to itself or back."""
    if start // 1 >= end // 1:
        raise refuse(ErrorCode.NUM)
    return year_fraction(date1904, start, end, basis)


def toolpak(run: Function, truths: Sequence[int] = ()) -> Function:
    """A function of the former Analysis ToolPak: booleans but those at `truths` are #VALUE!."""

    def checked(context: Context, *blocks: Block) -> Block:
        parts = (
            block if place in truths else without_booleans(context, block)
            for place, block in enumerate(blocks)
        )
        return run(context, *aligned(context, *parts))

    return checked


_years = dated(_fraction, number, number, integer)


def _of_years(formula: Callable[..., Tensor]) -> Function:
    """A function of (start, end, two amounts, [basis]) by the years between."""

    def run(context: Context, start: Block, end: Block, *rest: Block) -> Block:
        years, wrong = context.numbers(_years(context, start, end, *rest[2:]))
        (a, wrong_a), (b, wrong_b) = context.numbers(rest[0]), context.numbers(rest[1])
        return context.result(formula(years, a, b), first_code(wrong, wrong_a, wrong_b))

    return toolpak(run)


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
    for place in ("before", "after", "count", "length", "passed", "ahead")
}


def _bond(formula: Callable[..., Tensor], amounts: int) -> Function:
    """A function of (settlement, maturity, amounts …, frequency, [basis])."""

    def run(context: Context, settlement: Block, maturity: Block, *rest: Block) -> Block:
        days = (settlement, maturity, *rest[amounts:])
        asked = [_PLACES[place](context, *days) for place in ("count", "length", "passed")]
        found = [context.numbers(block) for block in (*asked, rest[amounts], *rest[:amounts])]
        (count, length, passed, frequency, *money) = (value for value, _ in found)
        length = inside(length, length > 0, 1.0)
        yearly = torch.trunc(frequency.detach()).clamp(min=1.0)
        paper = (count, 1 - passed / length, passed / length, yearly)
        return context.result(formula(paper, *money), first_code(*(code for _, code in found)))

    return toolpak(run)


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
    return _duration(paper, rate, interest) / (1 + at_least(interest, 0.0) / paper[3])


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

    return toolpak(run)


def _discounted(days: Tensor, rate: Tensor) -> Tensor:
    """TBILLPRICE; a bill that is worth less than nothing is #NUM!."""
    price = _FACE * (1 - rate * days / 360)
    return outside(price, price.detach() >= 0)


def _bond_equivalent(days: Tensor, rate: Tensor) -> Tensor:
    """TBILLEQ: beyond half a year as if the bill paid a coupon then."""
    short = 365 * rate / inside(360 - rate * days, rate * days != 360, 1.0)
    price = 1 - rate * days / 360
    part = days / torch.where(days == 366, 366.0, 365.0)
    twice = 2 * part - 1
    square = part**2 - twice * (1 - 1 / inside(price, price > 0, 1.0))
    root_of = torch.sqrt(inside(square, square > 0, 1.0))
    long = 2 * (root_of - part) / inside(twice, days > _HALF_YEAR, 1.0)
    valid = (price > 0) & ((square > 0) | (days <= _HALF_YEAR))
    return outside(torch.where(days > _HALF_YEAR, long, short), valid)


_row = partial(function, category="money", needed=True, shape=Shape.SMOOTH, elementwise=True)
_steps = partial(function, category="money", needed=True, shape=Shape.STEPS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _steps("COUPPCD", "VVV|V", toolpak(_PLACES["before"])),
    _steps("COUPNCD", "VVV|V", toolpak(_PLACES["after"])),
    _steps("COUPNUM", "VVV|V", toolpak(_PLACES["count"])),
    _steps("COUPDAYS", "VVV|V", toolpak(_PLACES["length"])),
    _steps("COUPDAYBS", "VVV|V", toolpak(_PLACES["passed"])),
    _steps("COUPDAYSNC", "VVV|V", toolpak(_PLACES["ahead"])),
    _row("PRICE", "VVVVVV|V", _bond(_price, 3), jumps="0156"),
    _row("YIELD", "VVVVVV|V", _bond(_yield, 3), jumps="0156"),
    _row("DURATION", "VVVVV|V", _bond(_duration, 2), jumps="0145"),
    _row("MDURATION", "VVVVV|V", _bond(_modified, 2), jumps="0145"),
    _row(
        "DISC",
        "VVVV|V",
        _of_years(_positive(lambda t, price, face: (1 - price / face) / t)),
        jumps="014",
    ),
    _row(
        "INTRATE",
        "VVVV|V",
        _of_years(_positive(lambda t, paid, face: (face / paid - 1) / t)),
        jumps="014",
    ),
    _row("RECEIVED", "VVVV|V", _of_years(_positive(_received)), jumps="014"),
    _row(
        "PRICEDISC",
        "VVVV|V",
        _of_years(_positive(lambda t, rate, face: face * (1 - rate * t))),
        jumps="014",
    ),
    _row(
        "YIELDDISC",
        "VVVV|V",
        _of_years(_positive(lambda t, paid, face: (face / paid - 1) / t)),
        jumps="014",
    ),
    _row(
        "ACCRINTM", "VVVV|V", _of_years(_positive(lambda t, rate, par: par * rate * t)), jumps="014"
    ),
    _row("TBILLEQ", "VVV", _bill(_bond_equivalent), jumps="01"),
    _row("TBILLPRICE", "VVV", _bill(_discounted), jumps="01"),
    _row(
        "TBILLYIELD", "VVV", _bill(lambda days, price: (_FACE / price - 1) * 360 / days), jumps="01"
    ),
)
