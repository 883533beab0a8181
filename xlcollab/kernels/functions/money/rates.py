"""Rates that make flows of money worth nothing, and the worth of flows on given days.

A rate is a root: its derivatives are those of the implicit function theorem (`values.roots`).
Functions of numbers take tensors that broadcast and give one of their common shape.
"""

from __future__ import annotations

import math
from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.maths.elementwise import numeric, without_booleans
from xlcollab.kernels.functions.money.payments import Amount, annuity, compound
from xlcollab.kernels.functions.statistics.reduce import (
    cell_codes,
    error_where,
    flat,
    members,
    reduced,
)
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context, first_code, spread_shape
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import at_least, at_most, inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.roots import Sloped, root

_GUESS = 0.1
"""Excel's own, where none is given."""
_YEAR = 365.0
"""Days, leap years included, as Excel documents for XNPV and XIRR."""


def _worth(flows: Tensor, times: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """(what flows are worth at time 0, its derivative by the rate); times count periods."""
    growth = 1 + rate[..., None]
    worth = flows * torch.pow(growth, -times)
    return worth.sum(-1), (-times * worth / growth).sum(-1)


def _worth_now(flows: Tensor, times: Tensor, rate: Tensor) -> Tensor:
    """What flows are worth at time 0, at any rate: where everything is lost, and there are none
    later on, they are worth themselves."""
    some = (flows != 0) & (times > 0)
    growth = torch.where(some, 1 + rate[..., None], 1.0)
    return (flows * torch.pow(growth, -times)).sum(-1)


def _both_signs(flows: Tensor) -> Tensor:
    return (flows > 0).any(-1) & (flows < 0).any(-1)


def _guessed(context: Context, guess: Block | None) -> tuple[Tensor, Tensor | None]:
    """(the guess, error codes), of shape (R, C)."""
    if not given(guess):
        return context.tensor([[_GUESS]]), None
    number, codes = context.numbers(guess)
    return number[..., 0, 0], None if codes is None else codes[..., 0, 0]


def _internal(flows: Tensor, times: Tensor, guess: Tensor) -> Tensor:
    """The rate at which the flows are worth nothing; NaN for flows of one sign only."""
    last = times.amax(-1)

    def worth(rate: Tensor) -> tuple[Tensor, Tensor]:
        value, slope = _worth(flows, times, rate)
        return value, _steady(value, slope, slope + last * value / (1 + rate))

    possible = _both_signs(flows)
    found = root(worth, guess, -1.0)
    missed = possible & torch.isnan(found.detach())
    if bool(missed.any()):
        found = torch.where(missed, root(worth, _crossing(worth, guess, missed), -1.0), found)
    return outside(found, possible)


_LEAST_GROWTH, _MOST_GROWTH, _GROWTHS = 1e-3, 1e3, 300
"""What one becomes in a period, where Newton's method found no rate: the ends that are looked
between, and in how many places."""


def _crossing(worth: Sloped, guess: Tensor, missed: Tensor) -> Tensor:
    """A rate beside the change of sign that is nearest to the guess; the guess where none is."""
    span = math.log(_LEAST_GROWTH), math.log(_MOST_GROWTH)
    grown = torch.linspace(*span, _GROWTHS, dtype=guess.dtype, device=guess.device).exp()
    with torch.no_grad():
        signs = torch.stack([worth(torch.full_like(guess, rate))[0].sign() for rate in grown - 1])
        changes = (signs[1:] * signs[:-1] < 0) & missed
        middles = (grown[1:] * grown[:-1]).sqrt().reshape(-1, *[1] * guess.dim())
        away = torch.where(changes, (middles / (1 + guess)).log().abs(), torch.inf)
        nearest = middles.flatten()[away.argmin(0)] - 1
        return torch.where(changes.any(0), nearest, guess)


def _steady(value: Tensor, early: Tensor, late: Tensor) -> Tensor:
    """The slope for Newton's method, of what the flows are worth at first (`early`) or at last.

    Below the root the first leads to it without going past, above it the second. At the root both
    are the same but for a factor that the value shares.
    """
    return torch.where(value * early < 0, early, late)


def internal_rate(context: Context, flows: Block, guess: Block | None = None) -> Block:
    """IRR: blanks and texts in cells are skipped; a guess of -1 or less is #VALUE!."""
    found = members(context, flows)
    here = torch.ones_like(found.number) if found.mask is None else found.mask.to(context.dtype)
    start, codes = _guessed(context, guess)
    rate = _internal(found.filled(0.0), here.cumsum(-1) - 1, start)
    too_low = error_where(start.detach() <= -1, ErrorCode.VALUE)
    return reduced(context, rate, first_code(found.codes, codes, too_low))


def _schedule(
    context: Context, flows: Block, days: Block
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """(flows, years from the first of their days, whether all are days, error codes)."""
    (amounts, wrong), (dates, undated) = _listed(context, flows), _listed(context, days)
    dates = torch.floor(dates.detach())
    years = (dates - dates[..., :1]) / _YEAR
    return amounts, years, (dates >= 0).all(-1), first_code(wrong, undated)


def _listed(context: Context, block: Block) -> tuple[Tensor, Tensor | None]:
    """(all values of an area as numbers, the first error of each copy)."""
    number, codes = context.numbers(block)
    first = cell_codes(context, context.with_errors(block, codes))
    return flat(number, block.shape), first


def _same_size(flows: Block, days: Block) -> bool:
    return flows.shape[2:].numel() == days.shape[2:].numel()


def dated_worth(context: Context, rate: Block, flows: Block, days: Block) -> Block:
    """XNPV; a rate that is not positive is #NUM!, and so are a day before the first one and flows
    or days that are no numbers or are booleans."""
    if not _same_size(flows, days):
        return context.error(ErrorCode.NUM)
    number, own = context.numbers(without_booleans(context, rate))
    amounts, years, valid, codes = _schedule(context, flows, days)
    for block in (flows, days):
        foreign = block.mask(Kind.BLANK) | block.mask(Kind.TEXT) | block.mask(Kind.BOOLEAN)
        valid = valid & ~flat(foreign, block.shape).any(-1)
    number = number[..., 0, 0]
    valid = valid & (number > 0) & (years >= 0).all(-1)
    worth, _ = _worth(amounts, years, inside(number, valid, 1.0))
    wrong = None if own is None else own[..., 0, 0]
    codes = None if codes is None else torch.where(codes == ErrorCode.VALUE, 0.0, codes)
    return reduced(context, outside(worth, valid), first_code(wrong, codes))


def dated_rate(context: Context, flows: Block, days: Block, guess: Block | None = None) -> Block:
    """XIRR; a blank flow is 0, a boolean #VALUE!, days come in any order, and one flow alone is
    #N/A. Raises UnsupportedError for a guess below 0."""
    if not _same_size(flows, days):
        return context.error(ErrorCode.NUM)
    if flows.shape[2:].numel() == 1:
        return context.error(ErrorCode.NA)
    flows, days = without_booleans(context, flows), without_booleans(context, days)
    amounts, years, valid, codes = _schedule(context, flows, days)
    start, own = _guessed(context, guess)
    if given(guess) and bool((start.detach() < 0).any()):
        raise UnsupportedError(
            "XIRR from a guess below 0: Excel gives up from some of them, and which is not known; "
            "leave the guess out"
        )
    since_earliest = years - years.amin(-1, keepdim=True)
    rate = outside(_internal(amounts, since_earliest, start), valid)
    return reduced(context, rate, first_code(codes, own))


def loan_rate(
    periods: Tensor,
    paid: Tensor,
    present: Tensor,
    future: Amount = 0.0,
    kind: Amount = 0.0,
    guess: Amount = _GUESS,
) -> Tensor:
    """RATE: the interest of a loan that payments and a last sum pay back."""
    early = (torch.as_tensor(kind, device=periods.device) != 0).to(periods.dtype)

    def owed(rate: Tensor) -> tuple[Tensor, Tensor]:
        worth, faster = annuity(rate, periods), annuity_slope(rate, periods)
        growth = periods * compound(rate, periods - 1)
        due = 1 + rate * early
        value = present * compound(rate, periods) + paid * due * worth + future
        slope = present * growth + paid * (early * worth + due * faster)
        return value, _steady(value, slope - periods * value / (1 + rate), slope)

    start = torch.as_tensor(guess, dtype=periods.dtype, device=periods.device)
    numbers = (periods, paid, present, torch.as_tensor(future))
    start = start.expand(spread_shape(start.shape, *(n.shape for n in numbers)))
    return outside(root(owed, start, -1.0), periods > 0)


_NEARLY_NONE = 1e-6
"""Below, the quotient cancels and its series stands in."""


def annuity_slope(rate: Tensor, periods: Tensor) -> Tensor:
    """How what payments of 1 grow to moves with the rate; near rate 0 its series."""
    small = rate.abs() < _NEARLY_NONE
    growth = periods * compound(rate, periods - 1)
    usual = (growth - annuity(rate, periods)) / inside(rate, ~small, 1.0)
    series = periods * (periods - 1) / 2 * (1 + 2 * rate * (periods - 2) / 3)
    return torch.where(small, series, usual)


def modified_rate(context: Context, flows: Block, finance: Block, reinvest: Block) -> Block:
    """MIRR: losses are financed at one rate, gains invested again at another. Losses after the
    first period that are financed at -1 have no worth: #DIV/0!, as of NPV."""
    found = members(context, flows)
    here = torch.ones_like(found.number) if found.mask is None else found.mask.to(context.dtype)
    times, amounts, count = here.cumsum(-1) - 1, found.filled(0.0), found.count()
    rates = [context.numbers(block) for block in (finance, reinvest)]
    cost, gain = (number[..., 0, 0] for number, _ in rates)
    codes = [None if code is None else code[..., 0, 0] for _, code in rates]
    valid = gain > -1
    spent = _worth_now(at_most(amounts, 0.0), times, cost)
    earned = _worth_now(at_least(amounts, 0.0), times, inside(gain, valid, 0.0))
    nothing = (spent == 0) | (count <= 1) | torch.isinf(spent)
    last = (count - 1).clamp(min=1.0)
    ratio = earned / inside(-spent, ~nothing, 1.0)
    some = ratio > 0
    power = torch.pow(inside(ratio, some, 1.0), 1 / last) * (1 + inside(gain, valid, 0.0))
    rate = torch.where(some, power, 0.0) - 1
    own = error_where(nothing, ErrorCode.DIV0)
    return reduced(context, outside(rate, valid), first_code(found.codes, *codes, own))


def grown(context: Context, principal: Block, rates: Block) -> Block:
    """FVSCHEDULE: what a sum grows to by one rate after another; blanks are 0, texts and booleans
    #VALUE!."""
    number, own = context.numbers(without_booleans(context, principal))
    rates = without_booleans(context, rates)
    each, codes = _listed(context, rates)
    texts = rates.mask(Kind.TEXT).expand(rates.shape).flatten(2).any(-1)
    codes = first_code(codes, error_where(texts, ErrorCode.VALUE))
    wrong = None if own is None else own[..., 0, 0]
    return reduced(context, number[..., 0, 0] * (1 + each).prod(-1), first_code(wrong, codes))


_row = partial(function, category="money", shape=Shape.SMOOTH)

FUNCTIONS: tuple[Record, ...] = (
    _row("IRR", "R|V", internal_rate),
    _row("XIRR", "RR|V", dated_rate),
    _row("XNPV", "VRR", dated_worth, needed=True),
    _row("RATE", "VVV|VVV", numeric(loan_rate), elementwise=True),
    _row("MIRR", "RVV", modified_rate, shape=Shape.KINKS),
    _row("FVSCHEDULE", "VR", grown, needed=True),
)
