"""Depreciation as French accounts have it: AMORLINC and AMORDEGRC, the first period by days."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.dates import dated, day_at
from xlcollab.kernels.functions.money.daycount import (
    ACTUAL,
    ACTUAL_360,
    ACTUAL_365,
    check_terms,
    days_between,
)
from xlcollab.kernels.functions.money.securities import toolpak
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.text.calendar import month_length
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import at_least, inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import integer, number, refuse

_FEBRUARY = 2
"""The month."""
_LAST_OF_FEBRUARY = 28
"""In a usual year."""


def _first_part(date1904: bool, purchased: float, first: float, basis: int = 0) -> float:
    """The part of a year from the purchase to the end of the first period. Raises
    ArgumentIsError."""
    check_terms(1, basis)
    start, end = int(purchased // 1), int(first // 1)
    if basis == ACTUAL_360 or start > end:
        raise refuse(ErrorCode.NUM)
    year, _, _ = day_at(start, date1904)
    length = {ACTUAL: 337.0 + month_length(year, _FEBRUARY), ACTUAL_365: 365.0}.get(basis, 360.0)
    if basis in (ACTUAL, ACTUAL_365):
        start, end = (_without_leap_day(date1904, day) for day in (start, end))
    return days_between(date1904, start, end, basis) / length


def _without_leap_day(date1904: bool, day: int) -> int:
    _, month, date = day_at(day, date1904)
    return day - 1 if (month, date) == (_FEBRUARY, _LAST_OF_FEBRUARY + 1) else day


_part = dated(_first_part, number, number, integer)


def _linear(part: Tensor, cost: Tensor, salvage: Tensor, period: Tensor, rate: Tensor) -> Tensor:
    """AMORLINC: even parts, until the salvage value is reached."""
    valid = (cost >= 0) & (salvage >= 0) & (salvage <= cost) & (period >= 0) & (rate > 0)
    life = torch.ceil(1 / inside(rate, valid, 1.0)).detach()
    yearly = cost * rate
    all_of_it = cost - salvage
    first = torch.minimum(torch.where(part == 0, yearly, yearly * part), all_of_it)
    count = torch.floor(period.detach()).clamp(min=1.0)
    left = at_least(all_of_it - first - (count - 1) * yearly, 0.0)
    paid = torch.where(period == 0, first, torch.minimum(yearly, left))
    return outside(torch.where((period > life) | (cost == salvage), 0.0, paid), valid)


def _faster(life: Tensor) -> Tensor:
    """By how much depreciation is faster than linear, for assets of so many years."""
    years = torch.where(life > 6, 2.5, torch.where(life >= 5, 2.0, 1.0))
    return torch.where((life >= 3) & (life <= 4), 1.5, years)


def _degressive(
    part: Tensor, cost: Tensor, salvage: Tensor, period: Tensor, rate: Tensor
) -> Tensor:
    """AMORDEGRC: a part of what is left, rounded to whole units; the rest in the last two years."""
    part, cost, salvage, period, rate = (x.detach() for x in (part, cost, salvage, period, rate))
    valid = (cost >= 0) & (salvage >= 0) & (salvage <= cost) & (period >= 0) & (rate > 0)
    years = 1 / inside(rate, valid, 1.0)
    valid = valid & (years > 3) & ~((years > 4) & (years < 5))
    life = torch.ceil(years)
    quick = torch.where(valid, rate, 0.1) * _faster(life)
    first = torch.where(part == 0, cost * quick, cost * quick * part)
    paid = _rounded(torch.minimum(first, cost - salvage))
    last_year = life + (part != 0).to(life.dtype)
    count = torch.floor(period)
    left, share, result = cost - paid, quick, torch.where(period == 0, paid, 0.0)
    for year in range(1, _years(count, valid) + 1):
        half = last_year - (year + 1) == 2
        usual = torch.where(half, left * 0.5, share * left)
        share = torch.where(half, 1.0, share)
        paid = torch.where(left < salvage, at_least(left - salvage, 0.0), usual)
        left = left - paid
        result = torch.where(count == year, _rounded(paid), result)
    return outside(torch.where((period > life) | (cost == salvage), 0.0, result), valid)


_MOST_YEARS = 1000
"""No asset is written off for longer; the rest of the loop would be zeros."""
_DIGITS = 1e-14
"""Halves that rounding made a little less are rounded up all the same."""


def _years(count: Tensor, valid: Tensor) -> int:
    """The years that have to be gone through; later ones than any asset has are 0 anyway."""
    asked = torch.where(valid & torch.isfinite(count), count, 0.0)
    return int(min(float(asked.max()), _MOST_YEARS))


def _rounded(x: Tensor) -> Tensor:
    """To whole units, halves up; what 15 digits do not tell from a half is one."""
    return torch.floor(x.abs() * (1 + _DIGITS) + 0.5) * torch.sign(x)


def _by_days(formula: Callable[..., Tensor]) -> Function:
    """A function of (cost, purchased, first period's end, salvage, period, rate, [basis])."""

    def run(context: Context, *blocks: Block) -> Block:
        cost, purchased, first, *amounts = blocks[:6]
        part = _part(context, purchased, first, *blocks[6:])
        pairs = [context.numbers(block) for block in (part, cost, *amounts)]
        value = formula(*(number for number, _ in pairs))
        return context.result(value, first_code(*(code for _, code in pairs)))

    return toolpak(run)


_row = partial(function, category="money", needed=True, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("AMORLINC", "VVVVVV|V", _by_days(_linear), shape=Shape.KINKS, jumps="12456"),
    _row("AMORDEGRC", "VVVVVV|V", _by_days(_degressive), shape=Shape.STEPS),
)
