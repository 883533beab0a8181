"""Means and moments beyond the variance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.maths.elementwise import without_booleans
from xlcollab.kernels.functions.statistics.reduce import (
    Members,
    aggregate,
    deviations,
    error_where,
    members,
)
from xlcollab.kernels.numbers.later import Tensor, calls, torch
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.guard import inside, safe_log, safe_power
from xlcollab.kernels.values.record import Record, function

Moment = Callable[[Context, Members], tuple[Tensor, Tensor | None]]


def _positive_mean(
    transform: Callable[[Tensor], Tensor], back: Callable[[Tensor], Tensor]
) -> Moment:
    """The mean of transformed members, transformed back; #NUM! for none, or one not positive."""

    def run(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
        del context
        number, count = found.filled(1.0), found.count()
        bad = (number <= 0).any(-1) | (count == 0)
        terms = transform(inside(number, ~(number <= 0), 1.0))
        if found.mask is not None:
            terms = torch.where(found.mask, terms, 0.0)
        mean = inside(terms.sum(-1), ~bad, 1.0) / count.clamp(min=1.0)
        return torch.where(bad, 0.0, back(mean)), error_where(bad, ErrorCode.NUM)

    return run


def _mean_deviation(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    """AVEDEV: the mean distance from the mean."""
    del context
    difference, count = deviations(found)
    distance = difference.abs().sum(-1) / count.clamp(min=1.0)
    return distance, error_where(count == 0, ErrorCode.NUM)


def _standard_sum(found: Members, power: int, freedom: float) -> tuple[Tensor, Tensor, Tensor]:
    """(Σ (deviation / s)^power, the count, where s is 0); s² divides by count − freedom."""
    difference, count = deviations(found)
    variance = difference.square().sum(-1) / (count - freedom).clamp(min=1.0)
    # Equal numbers may differ from their mean by its rounding, but not from one another.
    flat = found.filled(-torch.inf).amax(-1) <= found.filled(torch.inf).amin(-1)
    spread = torch.sqrt(inside(variance, ~flat, 1.0))
    return (difference / spread[..., None]).pow(power).sum(-1), count, flat


def _skewness(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    del context
    total, n, flat = _standard_sum(found, 3, 1.0)
    bad = flat | (n < 3)
    scale = n / inside((n - 1) * (n - 2), ~bad, 1.0)
    return torch.where(bad, 0.0, total * scale), error_where(bad, ErrorCode.DIV0)


def _population_skewness(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    del context
    total, n, flat = _standard_sum(found, 3, 0.0)
    bad = flat | (n < 3)
    return torch.where(bad, 0.0, total / n.clamp(min=1.0)), error_where(bad, ErrorCode.DIV0)


def _kurtosis(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    del context
    total, n, flat = _standard_sum(found, 4, 1.0)
    bad = flat | (n < 4)
    n = inside(n, ~bad, 4.0)
    scale = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3))
    shift = 3 * (n - 1).square() / ((n - 2) * (n - 3))
    return torch.where(bad, 0.0, total * scale - shift), error_where(bad, ErrorCode.DIV0)


def _all_numbers(context: Context, block: Block) -> Block:
    """The block with #VALUE! in the place of texts and truth values."""
    texts = torch.where(block.mask(Kind.TEXT), float(ErrorCode.VALUE), 0.0)
    return context.with_errors(without_booleans(context, block), texts)


def power_series(context: Context, x: Block, first: Block, step: Block, terms: Block) -> Block:
    """SERIESSUM: Σ aᵢ · x^(first + i · step) over the coefficients aᵢ. Truth values are #VALUE!,
    and so are texts among several coefficients."""
    if any(block.shape[2:].numel() > 1 for block in (x, first, step)):
        return context.error(ErrorCode.VALUE)
    several = terms.shape[2:].numel() > 1
    found = members(context, _all_numbers(context, terms) if several else terms)
    pairs = [context.numbers(without_booleans(context, block)) for block in (x, first, step)]
    pairs.append((pairs[0][0], context.codes(without_booleans(context, terms))))
    base, start, stride, _ = (number for number, _ in pairs)
    position = torch.arange(found.number.shape[-1], dtype=base.dtype, device=base.device)
    exponent = start[..., None] + position * stride[..., None]
    powers = safe_power(base[..., None].expand(exponent.shape), exponent)
    total = (found.filled(0.0)[..., None, None, :] * powers).sum(-1)
    codes = None if found.codes is None else found.codes[..., None, None]
    return context.result(total, first_code(*(code for _, code in pairs), codes))


_row = partial(function, category="statistics", shape=Shape.SMOOTH)

FUNCTIONS: tuple[Record, ...] = (
    _row("GEOMEAN", "R|R*1", aggregate(_positive_mean(safe_log, calls.exp)), beyond=Beyond.NUMBERS),
    _row(
        "HARMEAN",
        "R|R*1",
        aggregate(_positive_mean(lambda x: 1 / x, lambda mean: 1 / mean)),
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "AVEDEV",
        "R|R*1",
        aggregate(_mean_deviation),
        fails=False,
        shape=Shape.KINKS,
        beyond=Beyond.NUMBERS,
    ),
    _row("SKEW", "R|R*1", aggregate(_skewness), beyond=Beyond.NUMBERS),
    _row("SKEW.P", "R|R*1", aggregate(_population_skewness), beyond=Beyond.NUMBERS),
    _row("KURT", "R|R*1", aggregate(_kurtosis), beyond=Beyond.NUMBERS),
    _row("SERIESSUM", "VVVR", power_series, needed=True),
)
