"""Depreciation that gets less from year to year: DB, DDB, VDB. Every function takes tensors that
broadcast and gives one of their common shape."""

from __future__ import annotations

from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.functions.maths.elementwise import numeric
from xlcollab.kernels.functions.money.payments import Amount
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.detached import whole
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import at_least, at_most, inside, outside
from xlcollab.kernels.values.record import Record, function

_YEAR = 12.0
"""Months of the first year where none are given."""
_MOST_PERIODS = 100_000
"""They are gone through one by one, each a step of the tape."""


def _positive(cost: Tensor, salvage: Tensor, life: Tensor) -> Tensor:
    return (cost >= 0) & (salvage >= 0) & (life > 0)


def fixed_declining(
    cost: Tensor, salvage: Tensor, life: Tensor, period: Tensor, months: Amount = _YEAR
) -> Tensor:
    """DB: a part of what is left, the part rounded to 3 digits; the first year may have fewer
    months, the rest of them is at the end."""
    first = torch.trunc(torch.as_tensor(months, dtype=cost.dtype, device=cost.device).detach())
    years, number = whole(life), whole(period)
    valid = _positive(cost, salvage, life) & (first >= 1) & (first <= _YEAR) & (number >= 1)
    valid = valid & (years >= 1) & (number <= years + (first < _YEAR).to(cost.dtype))
    some = valid & (cost > 0)
    ratio = inside(salvage, some, 0.0).detach() / inside(cost, some, 1.0).detach()
    rate = torch.round(1 - torch.pow(ratio, 1 / inside(life, valid, 1.0)), decimals=3)
    part = first / _YEAR
    later = (1 - rate * part) * torch.pow(1 - rate, at_least(number - 2, 0.0)) * rate
    share = torch.where(
        number == 1, rate * part, torch.where(number > years, 1 - part, 1.0) * later
    )
    return outside(inside(cost, valid, 0.0) * share, valid)


def double_declining(
    cost: Tensor, salvage: Tensor, life: Tensor, period: Tensor, factor: Amount = 2.0
) -> Tensor:
    """DDB: a part of what is left, down to the salvage value."""
    factor = torch.as_tensor(factor, dtype=cost.dtype, device=cost.device)
    valid = _positive(cost, salvage, life) & (period >= 1) & (period <= life) & (factor > 0)
    rate = at_most(factor / inside(life, valid, 1.0), 1.0)
    kept, number = inside(1 - rate, rate < 1, 1.0), inside(period, valid, 1.0)
    before = torch.where(rate < 1, torch.pow(kept, number - 1), (number == 1).to(cost.dtype))
    left = cost * before
    paid = left - torch.maximum(left * (1 - rate), salvage)
    return outside(at_least(paid, 0.0), valid)


def variable_declining(
    cost: Tensor,
    salvage: Tensor,
    life: Tensor,
    start: Tensor,
    end: Tensor,
    factor: Amount = 2.0,
    keeping: Amount = 0.0,
) -> Tensor:
    """VDB: as DDB, and in even parts from where these are more, unless told to keep on.

    Where it may change to even parts, periods begin at the start's fraction of one: 0.5 to 1.5 is a
    whole period, after half of one. Where it keeps on they begin at whole numbers, and parts count
    in proportion. Raises UnsupportedError for very many periods.
    """
    factor = torch.as_tensor(factor, dtype=cost.dtype, device=cost.device)
    keeping = torch.as_tensor(keeping, device=cost.device) != 0
    valid = _positive(cost, salvage, life) & (factor >= 0)
    valid = valid & (start >= 0) & (start <= end) & (end <= life)
    life, start, end = (inside(x, valid, 1.0) for x in (life, start, end))
    last = float(end.detach().max())
    if last > _MOST_PERIODS:
        raise UnsupportedError(f"VDB over more than {_MOST_PERIODS} periods is not supported")
    share = at_most(factor / life, 1.0)
    first = torch.where(keeping, 0.0, start - start.detach().floor())
    began, width = torch.zeros_like(first), first
    left, total = cost, torch.zeros_like(cost)
    for period in range(int(last) + 2):
        part = _a_period(left, salvage, share, life - began, keeping)
        counted = _between(end - began, width) - _between(start - began, width)
        total, left = total + part * counted, left - part * width
        began, width = first + period, torch.ones_like(first)
    return outside(total, valid)


def _a_period(
    left: Tensor, salvage: Tensor, share: Tensor, rest: Tensor, keeping: Tensor
) -> Tensor:
    """What a whole period takes of what is left, with so many to come."""
    even = torch.where(rest > 0, (left - salvage) / torch.where(rest > 0, rest, 1.0), 0.0)
    declining = torch.minimum(left * share, left - salvage)
    return torch.where((even > left * share) & ~keeping, even, declining)


def _between(x: Tensor, width: Tensor) -> Tensor:
    """How much of a period of this width lies before its end."""
    return torch.minimum(at_least(x, 0.0), width)


_row = partial(function, category="money", shape=Shape.KINKS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("DB", "VVVV|V", numeric(fixed_declining), jumps="01234"),
    _row("DDB", "VVVV|V", numeric(double_declining)),
    _row("VDB", "VVVVV|VV", numeric(variable_declining)),
)
