"""Distributions of counts: binomial, negative binomial, Poisson, hypergeometric.

Counts lose their fractions; what is made of them alone must not read a probability or a mean, so
that the core program knows it beforehand. All are differentiable in the probability or mean. Every
function takes tensors that broadcast and gives one of their common shape.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.functions.maths.elementwise import numeric
from xlcollab.kernels.functions.statistics.distributions import either
from xlcollab.kernels.functions.statistics.tails import beta_density
from xlcollab.kernels.numbers.later import Tensor, special, special_calls, torch
from xlcollab.kernels.values.detached import detached, whole
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside, safe_log
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.sloped import cumulative

Numbers = NDArray[np.float64]

_combinations = detached("BINOM.DIST", special_calls.binom)


def _scaled(factor: Tensor, log_factor: Tensor, power: Tensor, log_power: Tensor) -> Tensor:
    """factor · power: directly where both are ordinary numbers, by their logarithms else."""
    exact = (power > 1e-290) | (log_power == -torch.inf)
    ordinary = torch.isfinite(factor) & torch.isfinite(power) & exact
    direct = inside(factor, ordinary, 0.0) * inside(power, ordinary, 0.0)
    return torch.where(ordinary, direct, torch.exp(log_factor + log_power))


def _trials(successes: Tensor, failures: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
    """(p^successes · (1 − p)^failures, its logarithm)."""
    power = torch.pow(p, successes) * torch.pow(1 - p, failures)
    logarithm = _times_log(successes, p) + _times_log(failures, 1 - p)
    return power, logarithm


def _times_log(count: Tensor, x: Tensor) -> Tensor:
    """count · ln x, with 0 · ln 0 = 0."""
    logarithm = torch.where(x > 0, safe_log(x), -torch.inf)
    return torch.where(count == 0, 0.0, count * inside(logarithm, count != 0, 0.0))


def _log_combinations(n: Tensor, k: Tensor) -> Tensor:
    return torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)


def binomial(k: Tensor, n: Tensor, p: Tensor) -> Tensor:
    """The probability of k successes in n trials."""
    chance = (p >= 0) & (p <= 1)
    counts, k, n = k >= 0, whole(k), whole(n)
    counts = counts & (k <= n)
    k, n, p = inside(k, counts, 0.0), inside(n, counts, 1.0), inside(p, chance, 0.5)
    valid = counts & chance
    value = _scaled(_combinations(n, k), _log_combinations(n, k), *_trials(k, n - k, p))
    return outside(value, valid)


def _at_most(k: Numbers, n: Numbers, p: Numbers) -> Numbers:
    """The probability of at most k successes, 0 ≤ k ≤ n, as an incomplete beta function."""
    found = special.betainc(np.maximum(n - k, 1), k + 1, 1 - p)
    return np.asarray(np.where(k >= n, 1.0, found))


def _less_likely(k: Tensor, n: Tensor, p: Tensor) -> Tensor:
    """How the probability of at most k successes falls with p."""
    below = k < n
    high, rest = inside(n - k, below, 1.0), inside(k + 1, below, 1.0)
    return torch.where(below, -beta_density(1 - p, high, rest), 0.0)


def binomial_below(k: Tensor, n: Tensor, p: Tensor) -> Tensor:
    valid = (k >= 0) & (p >= 0) & (p <= 1)
    k, n = whole(k), whole(n)
    valid = valid & (k <= n)
    return outside(cumulative("BINOM.DIST", _at_most, _less_likely)(k, n, p), valid)


def binomial_between(n: Tensor, p: Tensor, low: Tensor, high: Tensor | None = None) -> Tensor:
    """BINOM.DIST.RANGE: from `low` to `high` successes, or exactly `low`."""
    if high is None:
        return binomial(low, n, p)
    valid = low >= 0
    n, low, high = whole(n), whole(low), whole(high)
    valid = valid & (low <= high) & (high <= n) & (p >= 0) & (p <= 1)
    below = cumulative("BINOM.DIST.RANGE", _at_most, _less_likely)
    under = torch.where(low > 0, below((low - 1).clamp(min=0), n, p), 0.0)
    return outside(below(high, n, p) - under, valid)


def _smallest(alpha: Numbers, n: Numbers, p: Numbers) -> Numbers:
    """The smallest count whose distribution function reaches alpha."""
    guess = np.ceil(np.nan_to_num(special.bdtrik(alpha, n, p)))
    before = np.maximum(guess - 1, 0)
    found: Numbers = np.where(_at_most(before, n, p) >= alpha, before, np.minimum(guess, n))
    return found


def binomial_quantile(n: Tensor, p: Tensor, alpha: Tensor) -> Tensor:
    valid = (n >= 0) & (p >= 0) & (p < 1) & (alpha > 0) & (alpha < 1)
    n, p, alpha = torch.broadcast_tensors(whole(n), p.detach(), alpha.detach())
    safe = inside(alpha, valid, 0.5), inside(n, valid, 1.0), inside(p, valid, 0.5)
    return outside(detached("BINOM.INV", _smallest)(*safe), valid)


def negative_binomial(failures: Tensor, successes: Tensor, p: Tensor) -> Tensor:
    """The probability of so many failures before the last of `successes` successes."""
    k, r = whole(failures), whole(successes)
    counts, chance = (failures >= 0) & (r >= 1), (p > 0) & (p < 1)
    k, r, p = inside(k, counts, 0.0), inside(r, counts, 1.0), inside(p, chance, 0.5)
    valid = counts & chance
    n = k + r - 1
    value = _scaled(_combinations(n, k), _log_combinations(n, k), *_trials(r, k, p))
    return outside(value, valid)


def negative_binomial_below(failures: Tensor, successes: Tensor, p: Tensor) -> Tensor:
    k, r = whole(failures), whole(successes)
    valid = (failures >= 0) & (r >= 1) & (p > 0) & (p < 1)
    below = cumulative("NEGBINOM.DIST", special.betainc, lambda a, b, x: beta_density(x, a, b))
    return outside(below(r, k + 1, p), valid)


def poisson(k: Tensor, mean: Tensor) -> Tensor:
    counts, known = k >= 0, mean >= 0
    k, mean = inside(whole(k), counts, 0.0), inside(mean, known, 1.0)
    valid = counts & known
    logarithm = torch.lgamma(k + 1)
    power = torch.pow(mean, k) * torch.exp(-mean)
    factor = detached("POISSON.DIST", special.rgamma)(k + 1)
    factor = torch.where(factor > 1e-290, factor, torch.inf)
    return outside(_scaled(factor, -logarithm, power, _times_log(k, mean) - mean), valid)


def poisson_below(k: Tensor, mean: Tensor) -> Tensor:
    valid = (k >= 0) & (mean >= 0)
    return outside(cumulative("POISSON.DIST", special.pdtr, poisson, -1.0)(whole(k), mean), valid)


def _drawn(k: Tensor, sample: Tensor, successes: Tensor, population: Tensor) -> Tensor:
    """The hypergeometric probability of k, 0 where k cannot be."""
    possible = (k >= 0) & (k <= sample) & (k <= successes)
    possible = possible & (sample - k <= population - successes)
    k = inside(k, possible, 0.0)
    rest = inside(sample - k, possible, 0.0)
    logarithm = (
        _log_combinations(successes, k)
        + _log_combinations(population - successes, rest)
        - _log_combinations(population, sample)
    )
    factor = _combinations(successes, k) / _combinations(population, sample)
    other = _combinations(population - successes, rest)
    ordinary = torch.isfinite(factor * other) & (factor > 1e-290)
    return torch.where(possible, torch.where(ordinary, factor * other, torch.exp(logarithm)), 0.0)


def _draws(*numbers: Tensor) -> tuple[list[Tensor], Tensor]:
    """(k, sample, successes, population) without fractions, harmless where invalid; the mask."""
    valid = numbers[0] >= 0
    k, sample, successes, population = torch.broadcast_tensors(*(whole(n) for n in numbers))
    valid = valid & (sample > 0) & (sample <= population)
    valid = valid & (successes > 0) & (successes <= population)
    return [inside(n, valid, 1.0) for n in (k, sample, successes, population)], valid


def hypergeometric(k: Tensor, sample: Tensor, successes: Tensor, population: Tensor) -> Tensor:
    """The probability of k successes in a sample drawn without putting back."""
    safe, valid = _draws(k, sample, successes, population)
    return outside(_drawn(*safe), valid)


def hypergeometric_below(
    k: Tensor, sample: Tensor, successes: Tensor, population: Tensor
) -> Tensor:
    safe, valid = _draws(k, sample, successes, population)
    k, *rest = safe
    most = torch.minimum(k, rest[0])
    if int(most.max()) > _MOST_TERMS:
        return outside(detached("HYPGEOM.DIST", _many_below)(k, *rest), valid)
    total = torch.zeros_like(k)
    for count in range(int(most.max()) + 1):
        here = _drawn(torch.full_like(k, float(count)), *rest)
        total = total + torch.where(most >= count, here, 0.0)
    return outside(total, valid)


_MOST_TERMS = 1000
"""Terms that are added one by one."""
_MOST_CHANCE_TERMS = 50_000_000
"""Terms of a sum, 400 MB: beyond, no value is better than a machine without memory."""


def _many_below(k: Numbers, sample: Numbers, successes: Numbers, population: Numbers) -> Numbers:
    """P(X <= k) by adding the terms around the mode, where all that counts is.

    Far from it a term is below a double's last digit of the largest: 40 deviations and 100 terms
    are more than enough.
    """
    flat = (np.ravel(x) for x in np.broadcast_arrays(k, sample, successes, population))
    values = [_one_below(*map(float, one)) for one in zip(*flat, strict=True)]
    return np.array(values).reshape(np.shape(k))


def _one_below(k: float, sample: float, successes: float, population: float) -> float:
    share = successes / population
    spread = math.sqrt(max(sample * share * (1 - share) * (1 - sample / population), 0.0))
    middle = math.floor((sample + 1) * (successes + 1) / (population + 2))
    low = max(0.0, sample - (population - successes), middle - 40 * spread - 100)
    high = min(sample, successes, middle + 40 * spread + 100)
    if high - low > _MOST_CHANCE_TERMS:
        return math.nan
    counts = np.arange(math.floor(low), math.floor(high) + 1.0)
    chances = np.exp(_log_ratio(counts, sample, successes, population))
    return float(chances[counts <= k].sum() / chances.sum())


def _log_ratio(k: Numbers, sample: float, successes: float, population: float) -> Numbers:
    """The logarithm of each term over that of the first, from the ratios of neighbours."""
    before = k[:-1].astype(float)
    up = np.log(successes - before) + np.log(sample - before)
    down = np.log(before + 1) + np.log(population - successes - sample + before + 1)
    steps = np.concatenate(([0.0], np.cumsum(up - down)))
    return np.asarray(steps - steps.max())


_row = partial(function, category="statistics", shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("BINOM.DIST", "VVVV", either(binomial, binomial_below, 3), also="BINOMDIST", jumps="01"),
    _row("BINOM.DIST.RANGE", "VVV|V", numeric(binomial_between)),
    _row("BINOM.INV", "VVV", numeric(binomial_quantile), also="CRITBINOM", shape=Shape.STEPS),
    _row(
        "NEGBINOM.DIST", "VVVV", either(negative_binomial, negative_binomial_below, 3), jumps="01"
    ),
    _row("NEGBINOMDIST", "VVV", numeric(negative_binomial), jumps="01"),
    _row("POISSON.DIST", "VVV", either(poisson, poisson_below, 2), also="POISSON", jumps="0"),
    _row(
        "HYPGEOM.DIST", "VVVVV", either(hypergeometric, hypergeometric_below, 4), shape=Shape.STEPS
    ),
    _row("HYPGEOMDIST", "VVVV", numeric(hypergeometric), shape=Shape.STEPS),
)
