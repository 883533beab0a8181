"""Pairs, regressions and tests against scipy, numpy and published results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.kernels.engine import call, spilled, value
from xlcollab.grid import ErrorCode, Scalar

SAMPLE = st.lists(
    st.tuples(st.integers(-50, 50).map(float), st.integers(-50, 50).map(float)),
    min_size=5,
    max_size=12,
).filter(lambda pairs: all(np.ptp(side) > 0 for side in zip(*pairs, strict=True)))


@given(SAMPLE)
@settings(max_examples=60, deadline=None)
def test_pairs(pairs: list[tuple[float, float]]) -> None:
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    line = stats.linregress(x, y)
    close = {"rel": 1e-9, "abs": 1e-9}
    assert call("CORREL", x, y).item() == pytest.approx(line.rvalue, **close)
    assert call("RSQ", x, y).item() == pytest.approx(line.rvalue**2, **close)
    assert call("SLOPE", y, x).item() == pytest.approx(line.slope, **close)
    assert call("INTERCEPT", y, x).item() == pytest.approx(line.intercept, **close)
    rest = y - line.intercept - line.slope * x
    expected = np.sqrt(rest @ rest / (len(x) - 2))
    assert call("STEYX", y, x).item() == pytest.approx(expected, rel=1e-8, abs=1e-8)
    assert call("FORECAST", 7, y, x).item() == pytest.approx(
        line.intercept + 7 * line.slope, **close
    )
    assert call("COVARIANCE.S", x, y).item() == pytest.approx(np.cov(x, y)[0, 1], **close)
    assert call("COVARIANCE.P", x, y).item() == pytest.approx(np.cov(x, y, ddof=0)[0, 1], **close)


@given(SAMPLE)
@settings(max_examples=60, deadline=None)
def test_significance(pairs: list[tuple[float, float]]) -> None:
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    close = {"rel": 1e-9, "abs": 1e-12}
    equal, unequal = stats.ttest_ind(x, y), stats.ttest_ind(x, y, equal_var=False)
    assert call("T.TEST", x, y, 2, 2).item() == pytest.approx(equal.pvalue, **close)
    assert call("T.TEST", x, y, 2, 3).item() == pytest.approx(unequal.pvalue, **close)
    assert call("T.TEST", x, y, 1, 2).item() == pytest.approx(equal.pvalue / 2, **close)
    if np.ptp(x - y) > 0:
        paired = stats.ttest_rel(x, y).pvalue
        assert call("T.TEST", x, y, 2, 1).item() == pytest.approx(paired, **close)
    ratio, freedom = np.var(x) / np.var(y), len(x) - 1
    tail = min(stats.f.cdf(ratio, freedom, freedom), stats.f.sf(ratio, freedom, freedom))
    assert call("F.TEST", x, y).item() == pytest.approx(2 * tail, **close)
    z = (x.mean() - 3) / (x.std(ddof=1) / np.sqrt(len(x)))
    assert call("Z.TEST", x, 3).item() == pytest.approx(stats.norm.sf(z), **close)
    table, expected = np.abs(np.stack([x, y])) + 1, np.abs(np.stack([y, x])) + 2
    statistic = ((table - expected) ** 2 / expected).sum()
    found = call("CHISQ.TEST", table, expected).item()
    assert found == pytest.approx(stats.chi2.sf(statistic, len(x) - 1), **close)


HOUSES = np.array(
    [
        [2310, 2, 2, 20, 142000],
        [2333, 2, 2, 12, 144000],
        [2356, 3, 1.5, 33, 151000],
        [2379, 3, 2, 43, 150000],
        [2402, 2, 3, 53, 139000],
        [2425, 4, 2, 23, 169000],
        [2448, 2, 1.5, 99, 126000],
        [2471, 2, 2, 34, 142900],
        [2494, 3, 3, 23, 163000],
        [2517, 4, 4, 55, 169000],
        [2540, 2, 3, 22, 149000],
    ]
)
"""The example in Excel's documentation of LINEST."""


def test_linest_of_the_documented_example() -> None:
    x, y = HOUSES[:, :4], HOUSES[:, 4:]
    found = call("LINEST", y, x, True, True)
    slopes = [-234.2371645, 2553.21066, 12529.76817, 27.64138737, 52317.83051]
    errors = [13.26801148, 530.6691519, 400.0668382, 5.429374042, 12237.3616]
    np.testing.assert_allclose(found[0], slopes, rtol=1e-9)
    np.testing.assert_allclose(found[1], errors, rtol=1e-8)
    np.testing.assert_allclose(found[2, :2], [0.996747993, 970.5784629], rtol=1e-8)
    np.testing.assert_allclose(found[3, :2], [459.7536742, 6.0], rtol=1e-8)
    np.testing.assert_allclose(found[4, :2], [1732393319, 5652135.316], rtol=1e-8)
    assert np.isnan(found[2:, 2:]).all()
    across = call("LINEST", y.T, x.T, True, True)
    np.testing.assert_allclose(across, found, rtol=1e-9)


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=25, deadline=None)
def test_regressions_against_least_squares(seed: int, has_level: bool) -> None:
    random = np.random.default_rng(seed)
    x, new = random.normal(3, 2, (9, 2)), random.normal(3, 2, (4, 2))
    y = random.uniform(1, 9, (9, 1))

    def judge(heights: np.ndarray) -> np.ndarray:
        design = np.column_stack([x, np.ones(9)]) if has_level else x
        return np.linalg.lstsq(design, heights, rcond=None)[0].ravel()

    def expected(coefficients: np.ndarray) -> np.ndarray:
        return new @ coefficients[:2] + (coefficients[2] if has_level else 0.0)

    line, curve = judge(y), judge(np.log(y))
    found = call("LINEST", y, x, has_level).ravel()
    np.testing.assert_allclose(found, [*line[1::-1], line[2] if has_level else 0.0], rtol=1e-8)
    found = call("LOGEST", y, x, has_level).ravel()
    level = np.exp(curve[2]) if has_level else 1.0
    np.testing.assert_allclose(found, [*np.exp(curve[1::-1]), level], rtol=1e-8)
    np.testing.assert_allclose(
        call("TREND", y, x, new, has_level).ravel(), expected(line), rtol=1e-8
    )
    found = call("GROWTH", y, x, new, has_level).ravel()
    np.testing.assert_allclose(found, np.exp(expected(curve)), rtol=1e-8)


def test_an_exact_fit_with_no_freedom_left() -> None:
    table = spilled("=LINEST({1;3},{1;2},TRUE,TRUE)", {}, "A1:B5")
    assert table[0] == [pytest.approx(2.0), pytest.approx(-1.0)]
    assert table[3] == [ErrorCode.NUM, 0.0]


def test_a_predictor_that_depends_on_others_has_coefficient_zero() -> None:
    table = spilled("=LINEST({1;3;4;9},{1,2,1;2,4,0;3,6,1;5,10,3},TRUE,TRUE)", {}, "A1:D5")
    x, y = np.array([[1, 1], [2, 0], [3, 1], [5, 3]]), np.array([1, 3, 4, 9])
    (first, last, level), (left,), *_ = np.linalg.lstsq(np.c_[x, np.ones(4)], y, rcond=None)
    np.testing.assert_allclose(table[0], [last, 0.0, first, level], rtol=1e-12)
    assert table[1][1] == 0.0
    assert table[3][1] == 1.0
    assert table[4][1] == pytest.approx(left)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("SUM(TREND({1;2;3}))", 6.0),
        ("SUM(TREND({1;2;3},,{4;5}))", 9.0),
        ("SUM(TREND({1,2,4},{1,2,3},{4,5},FALSE))", 9 * 17 / 14),
        ("SUM(GROWTH({1;2;4}))", 7.0),
        ("GROWTH({1;-2;4})", ErrorCode.NUM),
        ("LINEST({1;2},{1;2;3})", ErrorCode.REF),
        ('LINEST({1;"x";3})', ErrorCode.VALUE),
        ("TREND({1;2;3},{1;2;3},#N/A)", ErrorCode.NA),
        ("CORREL({1,2},{1,2,3})", ErrorCode.NA),
        ("CORREL({1,1},{1,2})", ErrorCode.DIV0),
        ("T.TEST({1,2},{3,4},2,9)", ErrorCode.NUM),
        ("T.TEST({1,2},{3,4,5},2,1)", ErrorCode.NA),
        ("CHISQ.TEST({1,2},{0,3})", ErrorCode.DIV0),
        ("PROB({0,1,2,3},{0.2,0.3,0.1,0.4},2)", 0.1),
        ("PROB({0,1,2,3},{0.2,0.3,0.1,0.4},1,3)", 0.8),
        ("PROB({0,1},{0.2,0.3},1)", ErrorCode.NUM),
    ],
)
def test_edges(formula: str, expected: Scalar) -> None:
    found = value(f"={formula}")
    assert found == (
        expected if isinstance(expected, ErrorCode) else pytest.approx(expected, rel=1e-12)
    )
