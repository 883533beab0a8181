"""The gamma, beta, χ², t and F distributions.

Densities are differentiable in their continuous arguments. Distribution functions and quantiles are
those of scipy: by x their slope is the density, by the probability one over it. Degrees of freedom
lose their fractions, as in Excel. Every function takes tensors that broadcast and gives one of
their common shape.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.maths.elementwise import numeric, with_codes
from xlcollab.kernels.functions.statistics.distributions import either
from xlcollab.kernels.numbers.later import Tensor, special, special_calls, torch
from xlcollab.kernels.values.detached import Values, detached, whole
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside, safe_log
from xlcollab.kernels.values.record import NOT_BY_SHAPE, Record, function
from xlcollab.kernels.values.sloped import cumulative, inverse

Formula = Callable[..., Tensor]
Numbers = NDArray[np.float64]


def _probability(p: Tensor) -> Tensor:
    return (p >= 0) & (p <= 1)


def _powers(x: Tensor, exponent: Tensor) -> Tensor:
    """exponent · ln x, with 0 · ln 0 = 0 and −∞ or ∞ at other zeros of x."""
    positive = x > 0
    finite = exponent * safe_log(inside(x, positive, 1.0))
    at_zero = torch.where(exponent == 0, 0.0, -torch.inf * torch.sign(exponent))
    return torch.where(positive, finite, at_zero.detach())


def gamma_function(x: Tensor) -> Tensor:
    """GAMMA: Γ(x), NaN at 0 and the negative whole numbers; its logarithm gives the gradient."""
    valid = (x > 0) | (x != torch.floor(x))
    safe = inside(x, valid, 1.0)
    value = torch.as_tensor(special.gamma(safe.detach().cpu().double().numpy()))
    logarithm = torch.lgamma(safe)
    drift = torch.exp(logarithm - logarithm.detach())
    return outside(value.to(device=x.device, dtype=x.dtype) * drift, valid)


def gamma_density(x: Tensor, shape: Tensor, scale: Tensor) -> Tensor:
    valid = (x >= 0) & (shape > 0) & (scale > 0)
    a, b = inside(shape, valid, 1.0), inside(scale, valid, 1.0)
    ratio = inside(x, valid, 1.0) / b
    return outside(torch.exp(_powers(ratio, a - 1) - ratio - torch.lgamma(a)) / b, valid)


def _standard_gamma(shape: Tensor, x: Tensor) -> Tensor:
    return gamma_density(x, shape, torch.ones_like(x))


def gamma_below(name: str) -> Formula:
    function = cumulative(name, special_calls.gammainc, _standard_gamma)

    def run(x: Tensor, shape: Tensor, scale: Tensor) -> Tensor:
        valid = (x >= 0) & (shape > 0) & (scale > 0)
        return outside(function(shape, inside(x, valid, 1.0) / inside(scale, valid, 1.0)), valid)

    return run


def gamma_quantile(p: Tensor, shape: Tensor, scale: Tensor) -> Tensor:
    valid = _probability(p) & (shape > 0) & (scale > 0)
    function = inverse("GAMMA.INV", special.gammaincinv, _standard_gamma)
    return outside(function(inside(shape, valid, 1.0), inside(p, valid, 0.5)) * scale, valid)


def _unit(x: Tensor, low: Tensor | None, high: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """(x as a part of the interval, its width, where the interval is one and holds x)."""
    low = torch.zeros_like(x) if low is None else low
    high = torch.ones_like(x) if high is None else high
    valid = (low < high) & (x >= low) & (x <= high)
    width = inside(high - low, low < high, 1.0)
    return inside((x - low) / width, valid, 0.5), width, valid


def beta_density(
    x: Tensor, a: Tensor, b: Tensor, low: Tensor | None = None, high: Tensor | None = None
) -> Tensor:
    part, width, valid = _unit(x, low, high)
    valid = valid & (a > 0) & (b > 0)
    a, b = inside(a, valid, 1.0), inside(b, valid, 1.0)
    norm = torch.lgamma(a + b) - torch.lgamma(a) - torch.lgamma(b)
    logarithm = _powers(part, a - 1) + _powers(1 - part, b - 1) + norm
    return outside(torch.exp(logarithm) / width, valid)


def _standard_beta(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    return beta_density(x, a, b)


def beta_below(
    x: Tensor, a: Tensor, b: Tensor, low: Tensor | None = None, high: Tensor | None = None
) -> Tensor:
    part, _, valid = _unit(x, low, high)
    value = cumulative("BETA.DIST", special.betainc, _standard_beta)(a, b, part)
    return outside(value, valid & (a > 0) & (b > 0))


def beta_quantile(
    p: Tensor, a: Tensor, b: Tensor, low: Tensor | None = None, high: Tensor | None = None
) -> Tensor:
    """BETA.INV; probabilities 0 and 1 are outside Excel's domain."""
    low = torch.zeros_like(p) if low is None else low
    high = torch.ones_like(p) if high is None else high
    valid = (p > 0) & (p < 1) & (a > 0) & (b > 0) & (low < high)
    function = inverse("BETA.INV", special.betaincinv, _standard_beta)
    part = function(inside(a, valid, 1.0), inside(b, valid, 1.0), inside(p, valid, 0.5))
    return outside(low + part * (high - low), valid)


def chi_density(x: Tensor, freedom: Tensor) -> Tensor:
    count = whole(freedom)
    return outside(gamma_density(x, count / 2, torch.full_like(count, 2.0)), count >= 1)


def _chi(name: str, function: Values, sign: float = 1.0) -> Formula:
    value = cumulative(name, function, _standard_gamma, sign)

    def run(x: Tensor, freedom: Tensor) -> Tensor:
        count = whole(freedom)
        return outside(value(count / 2, x / 2), (x >= 0) & (count >= 1))

    return run


def _chi_quantile(name: str, function: Values, sign: float = 1.0) -> Formula:
    value = inverse(name, function, _standard_gamma, sign)

    def run(p: Tensor, freedom: Tensor) -> Tensor:
        count = whole(freedom)
        return outside(2 * value(count / 2, p), _probability(p) & (count >= 1))

    return run


def t_density(x: Tensor, freedom: Tensor) -> Tensor:
    count = whole(freedom)
    valid = count >= 1
    count = inside(count, valid, 1.0)
    norm = detached("T.DIST", special.betaln)(count / 2, torch.full_like(count, 0.5))
    logarithm = -(count + 1) / 2 * torch.log1p(x.square() / count) - norm
    return outside(torch.exp(logarithm) / torch.sqrt(count), valid)


def _standard_t(freedom: Tensor, x: Tensor) -> Tensor:
    return t_density(x, freedom)


def t_below(name: str) -> Formula:
    value = cumulative(name, special_calls.stdtr, _standard_t)

    def run(x: Tensor, freedom: Tensor) -> Tensor:
        count = whole(freedom)
        return outside(value(count, x), count >= 1)

    return run


def _t_above(x: Tensor, freedom: Tensor) -> Tensor:
    return t_below("T.DIST.RT")(-x, freedom)


def _t_both(x: Tensor, freedom: Tensor) -> Tensor:
    return outside(2 * t_below("T.DIST.2T")(-x, freedom), x >= 0)


def _t_old(x: Tensor, freedom: Tensor, tails: Tensor) -> Tensor:
    """TDIST(x, degrees of freedom, 1 or 2 tails)."""
    count = whole(tails)
    value = count * t_below("TDIST")(-x, freedom)
    return outside(value, (x >= 0) & ((count == 1) | (count == 2)))


def _t_inverse(freedom: Numbers, p: Numbers) -> Numbers:
    """scipy's quantile; exactly 0 at one half, where its older versions leave rounding."""
    found: Numbers = np.where(p == 0.5, 0.0, special.stdtrit(freedom, p))
    return found


def t_quantile(name: str) -> Formula:
    value = inverse(name, _t_inverse, _standard_t)

    def run(p: Tensor, freedom: Tensor) -> Tensor:
        count = whole(freedom)
        return outside(value(count, p), (p > 0) & (p < 1) & (count >= 1))

    return run


def _t_quantile_both(p: Tensor, freedom: Tensor) -> Tensor:
    """T.INV.2T; probabilities from 1 to 2 give negative values in Excel too."""
    return -t_quantile("T.INV.2T")(p / 2, freedom)


def f_density(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
    m, n = whole(first), whole(second)
    counts = (m >= 1) & (n >= 1)  # without x: what follows of them alone is known beforehand
    m, n, valid = inside(m, counts, 1.0), inside(n, counts, 1.0), counts & (x >= 0)
    ratio = m / n * inside(x, valid, 1.0)
    norm = detached("F.DIST", special.betaln)(m / 2, n / 2)
    logarithm = _powers(ratio, m / 2 - 1) - (m + n) / 2 * torch.log1p(ratio) - norm
    return outside(torch.exp(logarithm) * m / n, valid)


def _standard_f(first: Tensor, second: Tensor, x: Tensor) -> Tensor:
    return f_density(x, first, second)


def f_tail(name: str, function: Values, sign: float = 1.0) -> Formula:
    value = cumulative(name, function, _standard_f, sign)

    def run(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
        m, n = whole(first), whole(second)
        return outside(value(m, n, x), (x >= 0) & (m >= 1) & (n >= 1))

    return run


def _f_inverse(first: Numbers, second: Numbers, p: Numbers) -> Numbers:
    """By the quantiles of beta from both ends, so that neither tail loses its digits; that of F
    itself has no number for tails below 1e-16 in scipy before 1.17."""
    below = special.betaincinv(first / 2, second / 2, p)
    above = special.betaincinv(second / 2, first / 2, 1 - p)
    below, above = (
        np.where(below < above, below, 1 - above),
        np.where(below < above, 1 - below, above),
    )
    with np.errstate(divide="ignore"):
        found: Numbers = second * below / (first * above)
    return found


def _f_quantile(p: Tensor, first: Tensor, second: Tensor) -> Tensor:
    m, n = whole(first), whole(second)
    value = inverse("F.INV", _f_inverse, _standard_f)(m, n, p)
    return outside(value, _probability(p) & (m >= 1) & (n >= 1))


def _f_quantile_above(p: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """F.INV.RT: one over the lower quantile with the degrees of freedom changed about."""
    return 1 / _f_quantile(p, second, first)


def _confidence(alpha: Tensor, deviation: Tensor, size: Tensor) -> tuple[Tensor, Tensor | None]:
    """CONFIDENCE.T; a single value has no deviation: #DIV/0!."""
    count = whole(size)
    valid = (alpha > 0) & (alpha < 1) & (deviation > 0) & (count >= 1)
    value = inverse("CONFIDENCE.T", _t_inverse, _standard_t)(count - 1, alpha / 2)
    single = valid & (count == 1)
    width = -value * deviation / torch.sqrt(inside(count, count >= 1, 1.0))
    return outside(width, valid), torch.where(single, float(ErrorCode.DIV0), 0.0)


_row = partial(function, category="statistics", shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("GAMMA", "V", numeric(gamma_function)),
    _row(
        "GAMMA.DIST",
        "VVVV",
        either(gamma_density, gamma_below("GAMMA.DIST"), 3),
        also="GAMMADIST",
        derivative=NOT_BY_SHAPE,
        jumps="",
    ),
    _row("GAMMA.INV", "VVV", numeric(gamma_quantile), also="GAMMAINV", derivative=NOT_BY_SHAPE),
    _row("BETA.DIST", "VVVV|VV", either(beta_density, beta_below, 3), derivative=NOT_BY_SHAPE),
    _row("BETADIST", "VVV|VV", numeric(beta_below), derivative=NOT_BY_SHAPE),
    _row("BETA.INV", "VVV|VV", numeric(beta_quantile), also="BETAINV", derivative=NOT_BY_SHAPE),
    _row(
        "CHISQ.DIST",
        "VVV",
        either(chi_density, _chi("CHISQ.DIST", special_calls.gammainc), 2),
        jumps="1",
    ),
    _row(
        "CHISQ.DIST.RT",
        "VV",
        numeric(_chi("CHISQ.DIST.RT", special_calls.gammaincc, -1.0)),
        also="CHIDIST",
        jumps="1",
    ),
    _row(
        "CHISQ.INV", "VV", numeric(_chi_quantile("CHISQ.INV", special_calls.gammaincinv)), jumps="1"
    ),
    _row(
        "CHISQ.INV.RT",
        "VV",
        numeric(_chi_quantile("CHISQ.INV.RT", special_calls.gammainccinv, -1.0)),
        also="CHIINV",
        jumps="1",
    ),
    _row("T.DIST", "VVV", either(t_density, t_below("T.DIST"), 2), jumps="1"),
    _row("T.DIST.RT", "VV", numeric(_t_above), jumps="1"),
    _row("T.DIST.2T", "VV", numeric(_t_both), jumps="1"),
    _row("TDIST", "VVV", numeric(_t_old), jumps="12"),
    _row("T.INV", "VV", numeric(t_quantile("T.INV")), jumps="1"),
    _row("T.INV.2T", "VV", numeric(_t_quantile_both), also="TINV", jumps="1"),
    _row("F.DIST", "VVVV", either(f_density, f_tail("F.DIST", special_calls.fdtr), 3), jumps="12"),
    _row(
        "F.DIST.RT",
        "VVV",
        numeric(f_tail("F.DIST.RT", special_calls.fdtrc, -1.0)),
        also="FDIST",
        jumps="12",
    ),
    _row("F.INV", "VVV", numeric(_f_quantile), jumps="12"),
    _row("F.INV.RT", "VVV", numeric(_f_quantile_above), also="FINV", jumps="12"),
    _row("CONFIDENCE.T", "VVV", with_codes(_confidence), jumps="2"),
)
