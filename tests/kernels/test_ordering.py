"""Order statistics against numpy, counting by hand and Excel's documented examples."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.kernels.engine import call, spilled, value
from xlcollab.grid import ErrorCode, Scalar

NUMBERS = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=12)
SHARE = st.floats(0, 1)


@given(NUMBERS, SHARE)
@settings(max_examples=60, deadline=None)
def test_percentiles(numbers: list[float], k: float) -> None:
    found = call("PERCENTILE.INC", numbers, k).item()
    assert found == pytest.approx(np.percentile(numbers, 100 * k), rel=1e-10, abs=1e-10)
    exclusive = call("PERCENTILE.EXC", numbers, k).item()
    parts = len(numbers) + 1
    if 1 / parts < k < 1 - 1 / parts:
        expected = np.percentile(numbers, 100 * k, method="weibull")
        assert exclusive == pytest.approx(expected, rel=1e-9, abs=1e-9)
    elif not (np.isclose(k * parts, 1) or np.isclose(k * parts, parts - 1)):
        assert np.isnan(exclusive)


@given(NUMBERS)
@settings(max_examples=60, deadline=None)
def test_ranks_and_places(numbers: list[float]) -> None:
    average = stats.rankdata(numbers)
    lowest = stats.rankdata(numbers, method="min")
    highest = stats.rankdata([-x for x in numbers], method="min")
    np.testing.assert_array_equal(call("RANK.AVG", numbers, numbers, 1).ravel(), average)
    np.testing.assert_array_equal(call("RANK.EQ", numbers, numbers, 1).ravel(), lowest)
    np.testing.assert_array_equal(call("RANK", numbers, numbers).ravel(), highest)
    k = np.arange(1.0, len(numbers) + 1)
    np.testing.assert_array_equal(call("SMALL", numbers, k).ravel(), sorted(numbers))
    np.testing.assert_array_equal(call("LARGE", numbers, k).ravel(), sorted(numbers)[::-1])


@given(NUMBERS)
@settings(max_examples=60, deadline=None)
def test_modes(numbers: list[float]) -> None:
    often = Counter(numbers)
    most = max(often.values())
    modes = [x for x in often if often[x] == most]
    found = call("MODE.MULT", numbers).ravel()
    if most == 1:
        assert np.isnan(found).all()
        assert np.isnan(call("MODE.SNGL", numbers)).all()
    else:
        np.testing.assert_array_equal(found, modes)
        assert call("MODE.SNGL", numbers).item() == modes[0]


@given(NUMBERS, st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_frequencies(numbers: list[float], limits: list[float]) -> None:
    found = call("FREQUENCY", numbers, limits).ravel()
    edges = [-np.inf, *sorted(set(limits)), np.inf]
    for low, high in pairwise(edges):
        expected = sum(low < x <= high for x in numbers)
        place = limits.index(high) if high in limits else len(limits)
        assert found[place] == expected
    assert found.sum() == len(numbers)


@given(NUMBERS, st.floats(0, 0.99))
@settings(max_examples=60, deadline=None)
def test_trimmed_mean(numbers: list[float], share: float) -> None:
    cut = int(len(numbers) * share / 2)
    kept = sorted(numbers)[cut : len(numbers) - cut]
    assert call("TRIMMEAN", numbers, share).item() == pytest.approx(np.mean(kept), abs=1e-12)


@given(NUMBERS)
@settings(max_examples=40, deadline=None)
def test_percent_rank_undoes_the_percentile(numbers: list[float]) -> None:
    distinct = sorted(set(numbers))
    if len(distinct) > 1:
        ranks = call("PERCENTRANK.INC", distinct, distinct, 9).ravel()
        np.testing.assert_allclose(
            call("PERCENTILE.INC", distinct, ranks).ravel(), distinct, atol=1e-6
        )
        between = call("PERCENTRANK.EXC", distinct, distinct, 9).ravel()
        expected = np.arange(1, len(distinct) + 1) / (len(distinct) + 1)
        np.testing.assert_allclose(between, expected, atol=1e-9)


TIED = "{1,2,3,6,6,6,7,8,9}"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("PERCENTRANK.INC({13,12,11,8,4,3,2,1,1,1},2)", 0.333),
        ("PERCENTRANK.INC({13,12,11,8,4,3,2,1,1,1},4)", 0.555),
        ("PERCENTRANK.INC({13,12,11,8,4,3,2,1,1,1},5)", 0.583),
        (f"PERCENTRANK.EXC({TIED},7)", 0.7),
        (f"PERCENTRANK.EXC({TIED},5.43)", 0.381),
        (f"PERCENTRANK.EXC({TIED},5.43,1)", 0.3),
        (f"PERCENTRANK.INC({TIED},0)", ErrorCode.NA),
        (f"PERCENTRANK.INC({TIED},1,0)", ErrorCode.NUM),
        ("QUARTILE.EXC({6,7,15,36,39,40,41,42,43,47,49},1)", 15.0),
        ("QUARTILE.EXC({6,7,15,36,39,40,41,42,43,47,49},3)", 43.0),
        ("QUARTILE.EXC({1,2,3},0)", ErrorCode.NUM),
        ("QUARTILE.INC({1,2,4,7,8,9,10,12},1.9)", 3.5),
        ("QUARTILE.INC({1,2},5)", ErrorCode.NUM),
        ("PERCENTILE.EXC({1,2,3},0.1)", ErrorCode.NUM),
        ("PERCENTILE.EXC({1,2,3},0.25)", 1.0),
        ("PERCENTILE.INC({1,2,3},1.1)", ErrorCode.NUM),
        ("PERCENTILE.INC(B1:B4,0.5)", ErrorCode.NUM),
        ("LARGE({1,2},3)", ErrorCode.NUM),
        ("SMALL({1,#N/A},1)", ErrorCode.NA),
        ("TRIMMEAN({4,5,6,7,2,3,4,5,1,2,3},0.2)", 34 / 9),
        ("TRIMMEAN({1,2},1)", ErrorCode.NUM),
        ("RANK(3.5,A1:A5,1)", 3.0),
        ("RANK(7,A1:A5,1)", 5.0),
        ("RANK(4,A1:A5)", ErrorCode.NA),
        ("MODE.SNGL(5.6,4,4,3,2,4)", 4.0),
    ],
)
def test_documented_results(formula: str, expected: Scalar) -> None:
    cells = {"A1": 7.0, "A2": 3.5, "A3": 3.5, "A4": 1.0, "A5": 2.0}
    found = value(f"={formula}", cells)
    assert found == (
        expected if isinstance(expected, ErrorCode) else pytest.approx(expected, rel=1e-12)
    )


def test_each_copy_of_a_formula_has_its_own_members() -> None:
    cells = {f"{c}{r}": float(r * 3 % 7 + i) for i, c in enumerate("ABC") for r in range(1, 6)}
    columns = ["A", "B", "C"]
    formulas = {f"{c}7": f"=PERCENTILE({c}1:{c}5,0.3)+RANK({c}3,{c}1:{c}5)" for c in columns}
    (found,) = spilled("=A7:C7", {**cells, **formulas}, "E1:G1")
    for column, result in zip(columns, found, strict=True):
        numbers = [cells[f"{column}{r}"] for r in range(1, 6)]
        rank = sum(x > numbers[2] for x in numbers) + 1
        assert result == pytest.approx(np.percentile(numbers, 30) + rank)


def test_what_is_no_number_is_no_limit_of_frequency() -> None:
    found = spilled("=FREQUENCY({1,2},A1:A2)", {"A1": 1.0, "A2": "text"}, "C1:C2")
    assert found == [[1.0], [1.0]]
