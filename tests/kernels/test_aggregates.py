"""Aggregates over cells of every kind, against numpy and scipy on the numbers among them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from tests.kernels.engine import value
from xlcollab.grid import ErrorCode, Scalar

CELL = st.one_of(
    st.floats(0.1, 1e3).map(lambda x: round(x, 3)),
    st.sampled_from([None, "text", "12", True, False]),
)
COLUMN = st.lists(CELL, min_size=1, max_size=9)
Judge = Callable[[NDArray[np.float64]], float]

JUDGES: dict[str, tuple[int, Judge]] = {
    "SUM": (0, np.sum),
    "SUMSQ": (0, lambda x: np.sum(x**2)),
    "PRODUCT": (1, np.prod),
    "AVERAGE": (1, np.mean),
    "MIN": (1, np.min),
    "MAX": (1, np.max),
    "MEDIAN": (1, np.median),
    "GEOMEAN": (1, stats.gmean),
    "HARMEAN": (1, stats.hmean),
    "VAR.S": (2, lambda x: np.var(x, ddof=1)),
    "VAR.P": (1, np.var),
    "STDEV.S": (2, lambda x: np.std(x, ddof=1)),
    "STDEV.P": (1, np.std),
    "DEVSQ": (1, lambda x: np.sum((x - x.mean()) ** 2)),
    "AVEDEV": (1, lambda x: np.mean(np.abs(x - x.mean()))),
    "SKEW": (3, lambda x: stats.skew(x, bias=False)),
    "SKEW.P": (3, stats.skew),
    "KURT": (4, lambda x: stats.kurtosis(x, bias=False)),
}
"""How many numbers a function needs, and what it then gives."""
EMPTY: dict[str, Scalar] = {
    "SUM": 0.0,
    "SUMSQ": 0.0,
    "PRODUCT": 0.0,
    "MIN": 0.0,
    "MAX": 0.0,
    "COUNT": 0.0,
    "COUNTA": 0.0,
    "AVERAGE": ErrorCode.DIV0,
    "MEDIAN": ErrorCode.NUM,
    "GEOMEAN": ErrorCode.NUM,
    "HARMEAN": ErrorCode.NUM,
    "DEVSQ": ErrorCode.NUM,
    "AVEDEV": ErrorCode.NUM,
    "VAR.S": ErrorCode.DIV0,
    "VAR.P": ErrorCode.DIV0,
    "STDEV.S": ErrorCode.DIV0,
    "STDEV.P": ErrorCode.DIV0,
    "SKEW": ErrorCode.DIV0,
    "SKEW.P": ErrorCode.DIV0,
    "KURT": ErrorCode.DIV0,
    "MODE": ErrorCode.NA,
    "GCD": 0.0,
    "LCM": 0.0,
}


def of_column(name: str, column: list[Scalar]) -> Scalar:
    cells = {f"A{row}": cell for row, cell in enumerate(column, 1)}
    return value(f"={name}(A1:A{len(column)})", cells)


@pytest.mark.parametrize("name", JUDGES)
@given(column=COLUMN)
@settings(max_examples=25, deadline=None)
def test_only_numbers_in_cells_count(name: str, column: list[Scalar]) -> None:
    numbers = np.array([cell for cell in column if isinstance(cell, float)])
    needed, judge = JUDGES[name]
    found = of_column(name, column)
    if len(numbers) < needed:
        assert isinstance(found, ErrorCode) or found == EMPTY[name]
    elif name in ("SKEW", "SKEW.P", "KURT") and np.ptp(numbers) == 0:
        assert found is ErrorCode.DIV0
    else:
        scale = float(np.max(np.abs(numbers), initial=0.0))
        assert found == pytest.approx(judge(numbers), rel=1e-10, abs=1e-12 * scale)


@pytest.mark.parametrize("name", EMPTY)
def test_no_numbers_at_all(name: str) -> None:
    assert value(f"={name}(A1:A3)") == EMPTY[name]


@given(column=COLUMN)
@settings(max_examples=30, deadline=None)
def test_the_a_forms_count_texts_as_0_and_booleans(column: list[Scalar]) -> None:
    filled = [cell for cell in column if cell is not None]
    numbers = np.array([0.0 if isinstance(cell, str) else float(cell) for cell in filled])
    if len(numbers):
        assert of_column("AVERAGEA", column) == pytest.approx(numbers.mean(), rel=1e-12)
        assert of_column("MAXA", column) == numbers.max()
        assert of_column("MINA", column) == numbers.min()
        assert of_column("VARPA", column) == pytest.approx(numbers.var(), rel=1e-10, abs=1e-9)
    assert of_column("COUNTA", column) == len(filled)
    assert of_column("COUNT", column) == sum(isinstance(cell, float) for cell in column)


@pytest.mark.parametrize("name", [*JUDGES, "COUNTBLANK", "MODE", "GCD"])
def test_an_error_among_the_cells_is_the_result(name: str) -> None:
    found = of_column(name, [1.0, ErrorCode.NA, 2.0, ErrorCode.DIV0])
    assert found == (0.0 if name == "COUNTBLANK" else ErrorCode.NA)


CELLS: dict[str, Scalar] = {
    "A1": 1.0,
    "A2": 2.0,
    "A3": "=SUBTOTAL(9,A1:A2)",
    "A4": 4.0,
    "A5": "=SUBTOTAL(9,A4:A4)",
    "B1": ErrorCode.DIV0,
    "B2": 5.0,
    "B3": 7.0,
    "C1": True,
    "C2": "3",
}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('SUM(A1:A2,TRUE,"3")', 7.0),
        ("SUM(C1:C2)", 0.0),
        ("SUM((A1,A4),1)", 6.0),
        ('SUM({1,TRUE,"3"})', 1.0),
        ('SUM(1,"x")', ErrorCode.VALUE),
        ("AVERAGE(C1,3)", 3.0),
        ('COUNT(A1,C1,"3",TRUE,)', 4.0),
        ("PRODUCT(A1:A4,C1:C2)", 24.0),
        ("GEOMEAN(0,1)", ErrorCode.NUM),
        ("SKEW(1,1,1)", ErrorCode.DIV0),
        ("SUBTOTAL(9,A1:A5)", 7.0),
        ("SUBTOTAL(109,A1:A5)", 7.0),
        ("SUBTOTAL(4,A1:A5)", 4.0),
        ("SUBTOTAL(9,(A1:A2,A4))", 7.0),
        ("SUBTOTAL(12,A1:A2)", ErrorCode.VALUE),
        ("SUBTOTAL(9,B1:B3)", ErrorCode.DIV0),
        ("AGGREGATE(9,4,A1:A5)", 14.0),
        ("AGGREGATE(9,0,A1:A5)", 7.0),
        ("AGGREGATE(9,6,B1:B3)", 12.0),
        ("AGGREGATE(14,6,B1:B3,2)", 5.0),
        ("AGGREGATE(15,6,B2:B3/(B2:B3>5),1)", 7.0),
        ("AGGREGATE(16,6,A1:A4,0.5)", 2.5),
        ("AGGREGATE(20,6,A1:A4)", ErrorCode.VALUE),
        ("AGGREGATE(14,6,A1:A4)", ErrorCode.VALUE),
    ],
)
def test_arguments_and_subtotals(formula: str, expected: Scalar) -> None:
    assert value(f"={formula}", CELLS) == expected
