"""Distributions against scipy.stats, quantiles against their distribution functions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.kernels.engine import call, value
from xlcollab.grid import ErrorCode

X = np.array([0.003, 0.2, 0.5, 0.9, 1.0, 1.7, 3.3, 8.0, 21.0])
PARTS = np.array([0.003, 0.2, 0.5, 0.77, 0.999])
P = np.array([1e-9, 0.001, 0.05, 0.31, 0.5, 0.8, 0.975, 0.9999])
K = np.arange(13.0)

CONTINUOUS = {
    "NORM.DIST": ((1.2, 0.7), X, stats.norm(1.2, 0.7)),
    "LOGNORM.DIST": ((0.4, 0.8), X, stats.lognorm(0.8, scale=np.exp(0.4))),
    "EXPON.DIST": ((0.6,), X, stats.expon(scale=1 / 0.6)),
    "WEIBULL.DIST": ((1.7, 2.2), X, stats.weibull_min(1.7, scale=2.2)),
    "GAMMA.DIST": ((2.3, 0.8), X, stats.gamma(2.3, scale=0.8)),
    "CHISQ.DIST": ((7,), X, stats.chi2(7)),
    "F.DIST": ((4, 9), X, stats.f(4, 9)),
    "T.DIST": ((6,), np.concatenate([-X, X]), stats.t(6)),
    "BETA.DIST": ((2.5, 0.8), PARTS, stats.beta(2.5, 0.8)),
}
DISCRETE = {
    "BINOM.DIST": ((12, 0.37), stats.binom(12, 0.37)),
    "NEGBINOM.DIST": ((5, 0.37), stats.nbinom(5, 0.37)),
    "POISSON.DIST": ((4.4,), stats.poisson(4.4)),
}
QUANTILES = {
    "NORM.INV": ((1.2, 0.7), stats.norm(1.2, 0.7)),
    "LOGNORM.INV": ((0.4, 0.8), stats.lognorm(0.8, scale=np.exp(0.4))),
    "GAMMA.INV": ((2.3, 0.8), stats.gamma(2.3, scale=0.8)),
    "BETA.INV": ((2.5, 0.8), stats.beta(2.5, 0.8)),
    "CHISQ.INV": ((7,), stats.chi2(7)),
    "T.INV": ((6,), stats.t(6)),
    "F.INV": ((4, 9), stats.f(4, 9)),
}
UPPER_TAILS = {
    "CHISQ.DIST.RT": ((7,), stats.chi2(7)),
    "F.DIST.RT": ((4, 9), stats.f(4, 9)),
    "T.DIST.RT": ((6,), stats.t(6)),
}
UPPER_QUANTILES = {
    "CHISQ.INV.RT": ((7,), stats.chi2(7)),
    "F.INV.RT": ((4, 9), stats.f(4, 9)),
}


def close(found: NDArray[np.float64], expected: object, rel: float = 1e-12) -> None:
    np.testing.assert_allclose(found.ravel(), expected, rtol=rel, atol=1e-300)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_distributions(name: str) -> None:
    settings, x, judge = CONTINUOUS[name]
    close(call(name, x, *settings, False), judge.pdf(x))
    close(call(name, x, *settings, True), judge.cdf(x))


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete_distributions(name: str) -> None:
    settings, judge = DISCRETE[name]
    close(call(name, K, *settings, False), judge.pmf(K))
    close(call(name, K, *settings, True), judge.cdf(K))


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles(name: str) -> None:
    settings, judge = QUANTILES[name]
    close(call(name, P, *settings), judge.ppf(P), rel=1e-11)


@pytest.mark.parametrize("name", UPPER_TAILS)
def test_upper_tails_keep_their_digits(name: str) -> None:
    settings, judge = UPPER_TAILS[name]
    x = np.array([0.1, 1.0, 9.0, 200.0])
    close(call(name, x, *settings), judge.sf(x))


@pytest.mark.parametrize("name", UPPER_QUANTILES)
def test_upper_quantiles_keep_their_digits(name: str) -> None:
    settings, judge = UPPER_QUANTILES[name]
    p = np.array([1e-6, 0.05, 0.5, 0.99])
    close(call(name, p, *settings), judge.isf(p), rel=1e-11)
    assert judge.sf(call(name, 1e-30, *settings)) == pytest.approx(1e-30, rel=1e-9, abs=0)


def test_hypergeometric() -> None:
    judge = stats.hypergeom(50, 11, 8)
    k = np.arange(9.0)
    close(call("HYPGEOM.DIST", k, 8, 11, 50, False), judge.pmf(k))
    close(call("HYPGEOM.DIST", k, 8, 11, 50, True), judge.cdf(k))


@pytest.mark.parametrize(("n", "k"), [(5000, 2500), (5000, 20), (200_000, 99_000)])
def test_counts_beyond_the_range_of_numbers(n: int, k: int) -> None:
    """2^-5000 and 5000! are no ordinary numbers; their ratio is."""
    close(call("BINOM.DIST", k, n, 0.5, False), stats.binom.pmf(k, n, 0.5), rel=1e-9)
    close(call("POISSON.DIST", n, n + 10.0, False), stats.poisson.pmf(n, n + 10), rel=1e-9)


def test_binomial_quantile_is_the_smallest_count_that_reaches_alpha() -> None:
    alpha = np.linspace(0.01, 0.99, 99)
    for n, p in ((1, 0.5), (12, 0.37), (300, 0.02)):
        found = call("BINOM.INV", n, p, alpha).ravel()
        expected = np.maximum(stats.binom.ppf(alpha, n, p), 0)
        np.testing.assert_array_equal(found, expected)


def test_two_tails_are_both_tails() -> None:
    close(call("T.DIST.2T", X, 6), 2 * stats.t.sf(X, 6))
    close(call("T.INV.2T", P, 6), stats.t.isf(P / 2, 6), rel=1e-11)
    close(call("TDIST", X, 6, 1), stats.t.sf(X, 6))


def test_binomial_range() -> None:
    judge = stats.binom(60, 0.75)
    close(call("BINOM.DIST.RANGE", 60, 0.75, 45, 50), judge.cdf(50) - judge.cdf(44), rel=1e-11)
    close(call("BINOM.DIST.RANGE", 60, 0.75, 48), judge.pmf(48))


def test_beta_between_other_bounds() -> None:
    x = np.array([1.2, 2.0, 2.9])
    judge = stats.beta(2.5, 0.8, loc=1, scale=2)
    close(call("BETA.DIST", x, 2.5, 0.8, True, 1, 3), judge.cdf(x))
    close(call("BETA.DIST", x, 2.5, 0.8, False, 1, 3), judge.pdf(x))


@pytest.mark.parametrize(
    "formula",
    [
        "NORM.DIST(1,0,0,TRUE)",
        "NORM.S.INV(1)",
        "LOGNORM.DIST(0,0,1,FALSE)",
        "EXPON.DIST(-1,1,TRUE)",
        "WEIBULL.DIST(1,-1,1,TRUE)",
        "GAMMA.DIST(1,0,1,FALSE)",
        "BETA.DIST(2,1,1,TRUE)",
        "T.DIST(1,0.9,TRUE)",
        "F.DIST(1,5,0.5,FALSE)",
        "CHISQ.INV(0.5,0)",
        "BINOM.DIST(3,2,0.5,TRUE)",
        "BINOM.DIST(1,2,1.1,FALSE)",
        "POISSON.DIST(1,-1,TRUE)",
        "NEGBINOM.DIST(1,0,0.5,TRUE)",
        "HYPGEOM.DIST(1,9,4,8,TRUE)",
        "CONFIDENCE.NORM(0,1,9)",
        "CONFIDENCE.T(0.05,1,0)",
    ],
)
def test_outside_the_domain_is_num(formula: str) -> None:
    assert value(f"={formula}") is ErrorCode.NUM


def test_a_single_value_has_no_t_interval() -> None:
    assert value("=CONFIDENCE.T(0.05,1,1)") is ErrorCode.DIV0


def test_an_error_argument_is_the_result() -> None:
    assert value("=NORM.DIST(1,0,1,#N/A)") is ErrorCode.NA
    assert value("=GAMMA.DIST(#REF!,1,1,#N/A)") is ErrorCode.REF
    assert value('=CHISQ.INV("x",1)') is ErrorCode.VALUE


def test_one_formula_may_ask_for_both_forms() -> None:
    found = call("NORM.DIST", 0.5, 0, 1, np.array([1.0, 0.0]))
    close(found, [stats.norm.cdf(0.5), stats.norm.pdf(0.5)])
