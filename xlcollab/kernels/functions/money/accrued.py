"""Interest that has accrued, and paper that pays its interest at maturity.

Days are counted date by date and are constants; money and rates have slopes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.dates import dated, day_at, year_length_between
from xlcollab.kernels.functions.money.daycount import (
    ACTUAL,
    ACTUAL_360,
    ACTUAL_365,
    US,
    check_terms,
    days_between,
    is_month_end,
    months_on,
    period_length,
    us_period,
)
from xlcollab.kernels.functions.money.securities import toolpak
from xlcollab.kernels.numbers.later import Tensor
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import integer, number, refuse, truth

_FACE = 100.0
"""Prices are for so much of face value."""


def _accrued_periods(
    date1904: bool,
    issue: float,
    first: float,
    settlement: float,
    frequency: int,
    basis: int = 0,
    whole: bool = True,
) -> float:
    """The coupon periods for which interest has accrued: from issue, or if not `whole` without
    those that are full. The period of settlement counts as long as the one that ends with the first
    interest. Raises ArgumentIsError."""
    check_terms(frequency, basis)
    issued, settled, paid = (int(day // 1) for day in (issue, settlement, first))
    if issued >= settled:
        raise refuse(ErrorCode.NUM)
    step, at_end = 12 // frequency, is_month_end(date1904, paid)
    before, after = months_on(date1904, paid, -step, at_end), paid
    length = period_length(frequency, basis, before, after)
    while whole and after < settled:
        before, after = after, months_on(date1904, after, step, at_end)
    total = days_between(date1904, max(issued, before), settled, basis) / length
    while before > issued:
        before, after = months_on(date1904, before, -step, at_end), before
        total += _accrued(date1904, issued, before, after, frequency, basis, whole)
    return total


def _accrued(
    date1904: bool, issued: int, before: int, after: int, frequency: int, basis: int, whole: bool
) -> float:
    """The part of an earlier period that lies after issue."""
    if issued <= before:
        return float(whole)
    first, last = day_at(before, date1904), day_at(after, date1904)
    if basis == ACTUAL_365:
        length = 365.0 / frequency
    elif basis == US:
        length = float(us_period(first, last))
    else:
        counted = US if basis == ACTUAL_360 else basis
        length = float(days_between(date1904, before, after, counted))
    return days_between(date1904, issued, after, basis) / length


_periods = dated(_accrued_periods, number, number, number, integer, integer, truth)


def _accrued_interest(
    context: Context,
    issue: Block,
    first: Block,
    settlement: Block,
    rate: Block,
    par: Block,
    frequency: Block,
    *rest: Block,
) -> Block:
    """ACCRINT."""
    counted = _periods(context, issue, first, settlement, frequency, *rest)
    pairs = [context.numbers(block) for block in (counted, rate, par, frequency)]
    (periods, interest, amount, yearly), codes = [n for n, _ in pairs], [c for _, c in pairs]
    valid = (interest > 0) & (amount > 0)
    yearly = yearly.detach().trunc().clamp(min=1.0)
    return context.result(outside(amount * interest / yearly * periods, valid), first_code(*codes))


def _at_maturity(
    date1904: bool, settlement: float, maturity: float, issue: float, basis: int
) -> tuple[float, float]:
    """(years from issue to maturity, from issue to settlement), by the year's length between issue
    and settlement. Raises ArgumentIsError."""
    check_terms(1, basis)
    settled, due, issued = (int(day // 1) for day in (settlement, maturity, issue))
    if not issued < settled < due:
        raise refuse(ErrorCode.NUM)
    if basis == ACTUAL:
        year = year_length_between(day_at(issued, date1904), day_at(settled, date1904))
    else:
        year = 365.0 if basis == ACTUAL_365 else 360.0
    whole, passed = (days_between(date1904, issued, day, basis) for day in (due, settled))
    return whole / year, passed / year


def _years(place: int) -> Function:
    def run(
        date1904: bool, settlement: float, maturity: float, issue: float, basis: int = 0
    ) -> float:
        return _at_maturity(date1904, settlement, maturity, issue, basis)[place]

    return dated(run, number, number, number, integer)


_WHOLE, _PASSED = _years(0), _years(1)


def _maturing(formula: Callable[..., Tensor]) -> Function:
    """A function of (settlement, maturity, issue, rate, amount, [basis])."""

    def run(context: Context, *blocks: Block) -> Block:
        days = (*blocks[:3], *blocks[5:])
        found = [_WHOLE(context, *days), _PASSED(context, *days), blocks[3], blocks[4]]
        pairs = [context.numbers(block) for block in found]
        value = formula(*(number for number, _ in pairs))
        return context.result(value, first_code(*(code for _, code in pairs)))

    return toolpak(run)


def _price_at_maturity(whole: Tensor, passed: Tensor, rate: Tensor, interest: Tensor) -> Tensor:
    """PRICEMAT."""
    valid = (rate >= 0) & (interest >= 0)
    growth = 1 + (whole - passed) * inside(interest, valid, 0.0)
    return outside(_FACE * ((1 + whole * rate) / growth - passed * rate), valid)


def _yield_at_maturity(whole: Tensor, passed: Tensor, rate: Tensor, price: Tensor) -> Tensor:
    """YIELDMAT."""
    valid = (rate >= 0) & (price > 0) & (whole > passed)
    paid = inside(price, valid, _FACE) / _FACE + passed * rate
    return outside(((1 + whole * rate) / paid - 1) / inside(whole - passed, valid, 1.0), valid)


_row = partial(function, category="money", needed=True, shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("ACCRINT", "VVVVVV|VV", toolpak(_accrued_interest, truths=(7,)), jumps="01256"),
    _row("PRICEMAT", "VVVVV|V", _maturing(_price_at_maturity), jumps="0125"),
    _row("YIELDMAT", "VVVVV|V", _maturing(_yield_at_maturity), jumps="0125"),
)
