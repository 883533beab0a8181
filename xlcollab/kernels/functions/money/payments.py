"""Payments, interest and depreciation, in Excel's signs: what is paid out is negative. Every
function takes tensors that broadcast and gives one of their common shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.maths.elementwise import (
    division_by_zero,
    numeric,
    strict,
    with_codes,
)
from xlcollab.kernels.functions.statistics.reduce import error_where, members
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.detached import whole
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside, safe_log
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function

Amount = Tensor | float


def _growth(rate: Tensor, periods: Tensor) -> Tensor:
    """(1 + rate) ^ periods − 1, exact for small rates, with Excel's digits for others; NaN at −1,
    and below it for a fraction of a period."""
    usual, small = rate > -1, rate.abs() < _SMALL_RATE
    tiny = torch.expm1(periods * torch.log1p(inside(rate, small, 0.0)))
    growth = torch.pow(1 + inside(rate, usual & ~small, 0.0), periods) - 1
    growth = torch.where(small, tiny, growth)
    return torch.where(usual, growth, _signed_power(rate, periods) - 1)


_SMALL_RATE = 1e-3
"""Below it a power of 1 + rate loses digits that its distance from 1 needs."""


def compound(rate: Tensor, periods: Tensor) -> Tensor:
    """(1 + rate) ^ periods, which stays above 0 where 1 + `_growth` rounds to it."""
    usual, small = rate > -1, rate.abs() < _SMALL_RATE
    tiny = torch.exp(periods * torch.log1p(inside(rate, small, 0.0)))
    power = torch.pow(1 + inside(rate, usual & ~small, 0.0), periods)
    return torch.where(usual, torch.where(small, tiny, power), _signed_power(rate, periods))


def _signed_power(rate: Tensor, periods: Tensor) -> Tensor:
    """(1 + rate) ^ periods for rates below −1: the size of the power, with a sign by turns."""
    whole = periods == torch.floor(periods)
    valid = (rate < -1) & whole
    size = torch.exp(periods * torch.log(inside(-1 - rate, rate < -1, 1.0)))
    odd = torch.floor(periods.detach()) % 2 == 1
    return outside(torch.where(odd, -size, size), valid)


def _loan(function: Callable[..., Tensor]) -> Function:
    """A function of a rate and further numbers; everything lost in a period is #DIV/0!."""

    def run(rate: Tensor, *others: Tensor) -> tuple[Tensor, Tensor | None]:
        return function(rate, *others), division_by_zero(rate == -1)

    return with_codes(run)


def annuity(rate: Tensor, periods: Tensor) -> Tensor:
    """What payments of 1 at the end of each period grow to; with its slope at rate 0."""
    none = rate == 0
    usual = _growth(rate, periods) / inside(rate, ~none, 1.0)
    return torch.where(none, periods + rate * periods * (periods - 1) / 2, usual)


def _due(rate: Tensor, kind: Amount) -> Tensor:
    """The factor for payments at the beginning of each period."""
    early = torch.as_tensor(kind, device=rate.device) != 0
    return torch.where(early, 1 + rate, torch.ones_like(rate))


def future_value(
    rate: Tensor, periods: Tensor, payment: Tensor, present: Amount = 0.0, kind: Amount = 0.0
) -> Tensor:
    """FV."""
    paid = payment * _due(rate, kind) * annuity(rate, periods)
    return -(present * compound(rate, periods) + paid)


def present_value(
    rate: Tensor, periods: Tensor, payment: Tensor, future: Amount = 0.0, kind: Amount = 0.0
) -> Tensor:
    """PV."""
    paid = payment * _due(rate, kind) * annuity(rate, periods)
    return -(paid + future) / compound(rate, periods)


def payment(
    rate: Tensor, periods: Tensor, present: Tensor, future: Amount = 0.0, kind: Amount = 0.0
) -> Tensor:
    """PMT; no periods are #NUM!, and so is everything lost in a period, or more than that."""
    endless = (rate > 0) & (periods.detach() * torch.log1p(rate.detach().clamp(min=0.0)) > _ENDLESS)
    some = inside(periods, (periods != 0) & ~endless, 1.0)
    worth = present * compound(rate, some) + future
    usual = -worth / (_due(rate, kind) * annuity(rate, some))
    for_ever = -present * rate / _due(rate, kind)
    return outside(torch.where(endless, for_ever, usual), (periods != 0) & (rate > -1))


_ENDLESS = 700.0
"""The logarithm of a growth beyond which what is left at the end is worth nothing now."""


def periods_needed(
    rate: Tensor, paid: Tensor, present: Tensor, future: Amount = 0.0, kind: Amount = 0.0
) -> Tensor:
    """NPER."""
    none = rate == 0
    some = inside(rate, ~none, 1.0)
    due = paid * _due(some, kind)
    under = due + present * some
    ratio = (due - future * some) / inside(under, under != 0, 1.0)
    valid = (under != 0) & (ratio > 0) & (some > -1)
    usual = safe_log(inside(ratio, valid, 1.0)) / safe_log(1 + inside(some, valid, 1.0))
    usual = outside(usual, valid)
    straight = -(present + future) / inside(paid, none & (paid != 0), 1.0)
    return torch.where(none, outside(straight, paid != 0), usual)


def net_present_value(context: Context, rate: Block, *flows: Block) -> Block:
    """NPV: the flows at the ends of the periods; blanks and texts in cells are skipped."""
    found = members(context, *flows)
    number, codes = context.numbers(rate)
    here = torch.ones_like(found.number) if found.mask is None else found.mask.to(number.dtype)
    period = here.cumsum(-1)[..., None, None, :]
    worthless = number == -1
    factor = torch.pow(inside(1 + number, ~worthless, 1.0)[..., None], -period)
    total = (found.filled(0.0)[..., None, None, :] * factor).sum(-1)
    own = None if found.codes is None else found.codes[..., None, None]
    return context.result(total, first_code(codes, own, error_where(worthless, ErrorCode.DIV0)))


def interest(
    rate: Tensor,
    period: Tensor,
    periods: Tensor,
    present: Tensor,
    future: Amount = 0.0,
    kind: Amount = 0.0,
) -> Tensor:
    """IPMT: the interest in one period's payment."""
    paid = payment(rate, periods, present, future, kind)
    early = torch.as_tensor(kind, device=rate.device) != 0
    before = future_value(rate, period - 1, paid, present, kind)
    owed = before * rate / torch.where(early, 1 + rate, torch.ones_like(rate))
    owed = torch.where(early & (period == 1), 0.0, owed)
    return outside(owed, (period >= 1) & (period < periods + 1))


def principal(
    rate: Tensor,
    period: Tensor,
    periods: Tensor,
    present: Tensor,
    future: Amount = 0.0,
    kind: Amount = 0.0,
) -> Tensor:
    """PPMT: the part of one period's payment that pays back, in a form in which nothing cancels."""
    paid = payment(rate, periods, present, future, kind)
    due = _due(rate, kind)
    back = (present + future) * compound(rate, period - 1 - periods) / annuity(rate, -periods) / due
    back = torch.where((due != 1) & (period == 1), paid, back)
    return outside(back, (period >= 1) & (period < periods + 1) & (rate > -1))


def _paid_back(rate: Tensor, periods: Tensor, before: Tensor, last: Tensor, kind: Tensor) -> Tensor:
    """The part of a loan that the payments after `before` up to `last` pay back, in a form in which
    nothing cancels. A first payment at the beginning pays no interest."""
    due = _due(rate, kind)
    grown = _growth(rate, last - before) * compound(rate, before - periods)
    usual = -grown / _growth(rate, -periods) / due
    return torch.where(before == 0, usual + 1 - 1 / due, usual)


def principal_between(
    rate: Tensor, periods: Tensor, present: Tensor, first: Tensor, last: Tensor, kind: Tensor
) -> Tensor:
    """CUMPRINC: what the payments from the first to the last period pay back."""
    return _between(rate, periods, present, first, last, kind)[0]


def interest_between(
    rate: Tensor, periods: Tensor, present: Tensor, first: Tensor, last: Tensor, kind: Tensor
) -> Tensor:
    """CUMIPMT: the interest in the payments from the first to the last period."""
    return _between(rate, periods, present, first, last, kind)[1]


def _between(
    rate: Tensor, periods: Tensor, present: Tensor, first: Tensor, last: Tensor, kind: Tensor
) -> tuple[Tensor, Tensor]:
    """(principal, interest); from the first whole period to the last one."""
    valid = (rate > 0) & (periods >= 1) & (present > 0) & ((kind == 0) | (kind == 1))
    valid = valid & (first >= 1) & (first <= last) & (last <= periods)
    first, last = torch.ceil(first.detach()), whole(last)
    rate, periods = inside(rate, valid, 1.0), inside(periods, valid, 1.0)
    first, last = inside(first, valid, 1.0), inside(last, valid, 1.0)
    paid = payment(rate, periods, present, 0.0, kind)
    principal = -present * _paid_back(rate, periods, first - 1, last, kind)
    interest = paid * (last - first + 1) - principal
    return outside(principal, valid), outside(interest, valid)


def straight_line(cost: Tensor, salvage: Tensor, life: Tensor) -> tuple[Tensor, Tensor | None]:
    """SLN."""
    none = life == 0
    return (cost - salvage) / inside(life, ~none, 1.0), division_by_zero(none)


def years_digits(cost: Tensor, salvage: Tensor, life: Tensor, period: Tensor) -> Tensor:
    """SYD."""
    valid = (life > 0) & (period > 0) & (period <= life) & (salvage >= 0)
    life = inside(life, valid, 1.0)
    return outside((cost - salvage) * (life - period + 1) * 2 / (life * (life + 1)), valid)


def effective_rate(nominal: Tensor, parts: Tensor) -> Tensor:
    """EFFECT."""
    count = torch.trunc(parts)
    valid = (nominal > 0) & (count >= 1)
    count = inside(count, valid, 1.0)
    return outside(_growth(inside(nominal, valid, 0.0) / count, count), valid)


def nominal_rate(effective: Tensor, parts: Tensor) -> Tensor:
    """NOMINAL."""
    count = torch.trunc(parts)
    valid = (effective > 0) & (count >= 1)
    count = inside(count, valid, 1.0)
    return outside(count * _growth(inside(effective, valid, 0.0), 1 / count), valid)


def growth_rate(periods: Tensor, present: Tensor, future: Tensor) -> Tensor:
    """RRI: the rate at which `present` becomes `future`."""
    valid = (periods > 0) & (present != 0)
    ratio = inside(future, valid, 1.0) / inside(present, valid, 1.0)
    lost = ratio == 0
    valid, ratio = valid & (ratio >= 0), inside(ratio, ratio > 0, 1.0)
    usual = torch.pow(ratio, 1 / inside(periods, valid, 1.0)) - 1
    return outside(torch.where(lost, -1.0, usual), valid)


def growth_periods(rate: Tensor, present: Tensor, future: Tensor) -> Tensor:
    """PDURATION."""
    valid = (rate > 0) & (present > 0) & (future > 0)
    ratio = inside(future, valid, 1.0) / inside(present, valid, 1.0)
    return outside(torch.log(ratio) / torch.log1p(inside(rate, valid, 1.0)), valid)


def even_interest(
    rate: Tensor, period: Tensor, periods: Tensor, present: Tensor
) -> tuple[Tensor, Tensor | None]:
    """ISPMT: interest where the principal is paid back in even parts."""
    none = periods == 0
    left = period / inside(periods, ~none, 1.0) - 1
    return present * rate * left, division_by_zero(none)


_row = partial(function, category="money", shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("FV", "VVV|VV", _loan(future_value)),
    _row("PV", "VVV|VV", _loan(present_value)),
    _row("PMT", "VVV|VV", numeric(payment)),
    _row("NPER", "VVV|VV", numeric(periods_needed), shape=Shape.KINKS),
    _row("NPV", "VR|R*1", net_present_value, elementwise=False),
    _row("IPMT", "VVVV|VV", numeric(interest)),
    _row("PPMT", "VVVV|VV", numeric(principal)),
    _row("SLN", "VVV", with_codes(straight_line)),
    _row("SYD", "VVVV", numeric(years_digits)),
    _row("EFFECT", "VV", strict(numeric(effective_rate)), jumps="1"),
    _row("NOMINAL", "VV", strict(numeric(nominal_rate)), jumps="1"),
    _row("RRI", "VVV", numeric(growth_rate)),
    _row("PDURATION", "VVV", numeric(growth_periods)),
    _row("CUMIPMT", "VVVVVV", strict(numeric(interest_between)), jumps="1345"),
    _row("CUMPRINC", "VVVVVV", strict(numeric(principal_between)), jumps="1345"),
    _row("ISPMT", "VVVV", with_codes(even_interest)),
)
