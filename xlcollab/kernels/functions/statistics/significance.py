"""Tests of significance, and probabilities of ranges."""

from __future__ import annotations

from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.lookup.shaping import shaper
from xlcollab.kernels.functions.maths.products import paired
from xlcollab.kernels.functions.statistics.distributions import below
from xlcollab.kernels.functions.statistics.reduce import (
    Members,
    as_cells,
    cell_codes,
    deviations,
    error_where,
    flat,
    members,
    reduced,
)
from xlcollab.kernels.numbers.later import Tensor, special, torch
from xlcollab.kernels.values.arguments import whole
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.detached import detached
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.guard import inside
from xlcollab.kernels.values.record import UNSOLVED, Record, function

_SUM_NOISE = 1e-7
"""How far probabilities may be from 1 together."""


def _mean_and_variance(found: Members) -> tuple[Tensor, Tensor, Tensor]:
    """(mean, sample variance, count), each (R, C)."""
    difference, count = deviations(found)
    mean = found.filled(0.0).sum(-1) / count.clamp(min=1.0)
    return mean, difference.square().sum(-1) / (count - 1).clamp(min=1.0), count


def _paired_t(context: Context, a: Block, b: Block) -> tuple[Tensor, Tensor, Tensor] | None:
    found = paired(context, a, b)
    if found is None:
        return None
    x, y, mask, _ = found
    mean, variance, count = _mean_and_variance(Members(x - y, mask, None))
    return mean, variance / count.clamp(min=1.0), count - 1


def _pooled_t(context: Context, a: Block, b: Block) -> tuple[Tensor, Tensor, Tensor]:
    """Two samples of equal variance."""
    mean_a, variance_a, n = _mean_and_variance(members(context, as_cells(a)))
    mean_b, variance_b, m = _mean_and_variance(members(context, as_cells(b)))
    freedom = n + m - 2
    pooled = ((n - 1) * variance_a + (m - 1) * variance_b) / freedom.clamp(min=1.0)
    error = pooled * (1 / n.clamp(min=1.0) + 1 / m.clamp(min=1.0))
    return mean_a - mean_b, error, torch.where((n > 0) & (m > 0), freedom, 0.0)


def _unequal_t(context: Context, a: Block, b: Block) -> tuple[Tensor, Tensor, Tensor]:
    """Two samples of unequal variances (Welch); the degrees of freedom keep their fraction."""
    mean_a, variance_a, n = _mean_and_variance(members(context, as_cells(a)))
    mean_b, variance_b, m = _mean_and_variance(members(context, as_cells(b)))
    enough = (n > 1) & (m > 1)
    first, second = variance_a / n.clamp(min=1.0), variance_b / m.clamp(min=1.0)
    spread = first.square() / (n - 1).clamp(min=1.0) + second.square() / (m - 1).clamp(min=1.0)
    freedom = (first + second).square() / inside(spread, spread > 0, 1.0)
    return mean_a - mean_b, first + second, torch.where(enough, freedom, 0.0)


_T_TESTS = {1: _paired_t, 2: _pooled_t, 3: _unequal_t}


def t_test(context: Context, a: Block, b: Block, tails: Block, kind: Block) -> Block:
    """T.TEST: 1 or 2 tails; kind 1 paired, 2 equal variances, 3 unequal ones."""
    codes = first_code(cell_codes(context, a), cell_codes(context, b))
    sides, asked = whole(context, tails, 0), whole(context, kind, 0)
    if asked not in _T_TESTS or sides not in (1, 2):
        none = torch.full((1, 1), torch.nan, dtype=context.dtype, device=context.device)
        return reduced(context, none, codes)
    found = _T_TESTS[asked](context, a, b)
    if found is None:
        return context.error(ErrorCode.NA)
    difference, error, freedom = found
    bad = (error <= 0) | (freedom < 1)
    t = difference.abs() / torch.sqrt(inside(error, ~bad, 1.0))
    p = sides * detached("T.TEST", special.stdtr)(inside(freedom, ~bad, 1.0), -t)
    return reduced(context, p, first_code(codes, error_where(bad, ErrorCode.DIV0)))


def f_test(context: Context, a: Block, b: Block) -> Block:
    """F.TEST: the two-sided probability that the variances are equal."""
    first, second = members(context, as_cells(a)), members(context, as_cells(b))
    _, variance_a, n = _mean_and_variance(first)
    _, variance_b, m = _mean_and_variance(second)
    bad = (n < 2) | (m < 2) | (variance_a == 0) | (variance_b == 0)
    ratio = inside(variance_a, ~bad, 1.0) / inside(variance_b, ~bad, 1.0)
    freedoms = inside(n - 1, ~bad, 1.0), inside(m - 1, ~bad, 1.0)
    under = detached("F.TEST", special.fdtr)(*freedoms, ratio)
    over = detached("F.TEST", special.fdtrc)(*freedoms, ratio)
    codes = first_code(first.codes, second.codes, error_where(bad, ErrorCode.DIV0))
    return reduced(context, 2 * torch.minimum(under, over), codes)


def chi_test(context: Context, actual: Block, expected: Block) -> Block:
    """CHISQ.TEST; #N/A for tables of different shapes or of one cell."""
    height, width = actual.shape[2:]
    if actual.shape[2:] != expected.shape[2:] or height * width == 1:
        return context.error(ErrorCode.NA)
    found = paired(context, actual, expected)
    assert found is not None
    x, y, mask, codes = found
    here = torch.ones_like(y, dtype=torch.bool) if mask is None else mask
    zero, negative = (here & (y == 0)).any(-1), (here & (y < 0)).any(-1)
    terms = (x - y).square() / inside(y, here & (y > 0), 1.0)
    statistic = torch.where(here, terms, 0.0).sum(-1)
    freedom = (height - 1) * (width - 1) if min(height, width) > 1 else height * width - 1
    shape = torch.full_like(statistic, freedom / 2)
    p = detached("CHISQ.TEST", special.gammaincc)(shape, inside(statistic, ~negative, 0.0) / 2)
    own = first_code(error_where(zero, ErrorCode.DIV0), error_where(negative, ErrorCode.NUM))
    return reduced(context, p, first_code(codes, own))


def z_test(context: Context, array: Block, x: Block, *sigma: Block) -> Block:
    """Z.TEST: the probability of a mean above the observed one; differentiable."""
    found = members(context, as_cells(array))
    mean, variance, count = _mean_and_variance(found)
    pairs = [context.numbers(block) for block in (x, *sigma)]
    codes = None if found.codes is None else found.codes[..., None, None]
    mean, variance, count = (part[..., None, None] for part in (mean, variance, count))
    if sigma:
        spread = pairs[1][0]
        bad = error_where(spread <= 0, ErrorCode.NUM)
    else:
        usable = (variance > 0) & (count > 1)
        spread = torch.sqrt(inside(variance, usable, 1.0))
        bad = error_where(~usable, ErrorCode.DIV0)
    none = error_where(count == 0, ErrorCode.NA)
    error = inside(spread, spread > 0, 1.0) / torch.sqrt(count.clamp(min=1.0))
    p = below((pairs[0][0] - mean) / error)
    return context.result(p, first_code(codes, *(code for _, code in pairs), none, bad))


def probability(
    context: Context, values: Block, weights: Block, low: Block, high: Block | None = None
) -> Block:
    """PROB: the probability of values from `low` to `high`, or of exactly `low`."""
    if values.shape[2:].numel() != weights.shape[2:].numel():
        return context.error(ErrorCode.NA)
    x, p = flat(values.number, values.shape), flat(weights.number, weights.shape)
    codes = first_code(cell_codes(context, values), cell_codes(context, weights))
    for block in (values, weights):
        numbers = flat(block.mask(Kind.NUMBER), block.shape)
        codes = first_code(codes, error_where(~numbers.any(-1), ErrorCode.DIV0))
        codes = first_code(codes, error_where(~numbers.all(-1), ErrorCode.VALUE))
    wrong = (p < 0).any(-1) | (p > 1).any(-1) | ((p.sum(-1) - 1).abs() > _SUM_NOISE)
    codes = first_code(codes, error_where(wrong, ErrorCode.NUM))
    start, start_codes = context.numbers(low)
    end, end_codes = context.numbers(high) if high is not None else (start, None)
    within = (x[..., None, None, :] >= start[..., None]) & (x[..., None, None, :] <= end[..., None])
    total = torch.where(within, p[..., None, None, :], 0.0).sum(-1)
    own = None if codes is None else codes[..., None, None]
    return context.result(total, first_code(own, start_codes, end_codes))


_row = partial(function, category="statistics", shape=Shape.SMOOTH)

FUNCTIONS: tuple[Record, ...] = (
    _row("T.TEST", "AAVV", shaper(t_test), also="TTEST", derivative=UNSOLVED, beyond=Beyond.PAIRED),
    _row("F.TEST", "AA", f_test, also="FTEST", derivative=UNSOLVED),
    _row("CHISQ.TEST", "AA", chi_test, also="CHITEST", derivative=UNSOLVED, beyond=Beyond.EACH),
    _row("Z.TEST", "AV|V", z_test, also="ZTEST"),
    _row("PROB", "AAV|V", probability, shape=Shape.KINKS, beyond=Beyond.EACH),
)
