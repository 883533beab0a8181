"""Arrays cut, joined, sorted and filtered, judged by numpy and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.engine import spilled, value
from xlcollab.grid import ErrorCode, Kind, Scalar, TextPool
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.values.block import Block, Context

NA, CALC, VALUE, NUM = ErrorCode.NA, ErrorCode.CALC, ErrorCode.VALUE, ErrorCode.NUM
GRID = "{1,2,3;4,5,6}"


@pytest.mark.parametrize(
    ("formula", "area", "expected"),
    [
        ("=SEQUENCE(2,3)", "A1:C2", [[1, 2, 3], [4, 5, 6]]),
        ("=SEQUENCE(3,,10,-2)", "A1:A3", [[10], [8], [6]]),
        (f"=CHOOSECOLS({GRID},3,-3)", "A1:B2", [[3, 1], [6, 4]]),
        (f"=CHOOSEROWS({GRID},{{2,1}})", "A1:C2", [[4, 5, 6], [1, 2, 3]]),
        ("=HSTACK({1;2},3)", "A1:B2", [[1, 3], [2, NA]]),
        ("=VSTACK({1,2},3)", "A1:B2", [[1, 2], [3, NA]]),
        (f"=TAKE({GRID},1)", "A1:C1", [[1, 2, 3]]),
        (f"=TAKE({GRID},-1,2)", "A1:B1", [[4, 5]]),
        (f"=TAKE({GRID},,-1)", "A1:A2", [[3], [6]]),
        (f"=DROP({GRID},1,-1)", "A1:B1", [[4, 5]]),
        (f"=TOROW({GRID})", "A1:F1", [[1, 2, 3, 4, 5, 6]]),
        (f"=TOCOL({GRID},0,TRUE)", "A1:A6", [[1], [4], [2], [5], [3], [6]]),
        ("=TOROW({1,#N/A,2},2)", "A1:B1", [[1, 2]]),
        ("=WRAPROWS({1,2,3,4,5},2,0)", "A1:B3", [[1, 2], [3, 4], [5, 0]]),
        ("=WRAPCOLS({1,2,3},2)", "A1:B2", [[1, 3], [2, NA]]),
        ("=EXPAND({1,2},2,3,0)", "A1:C2", [[1, 2, 0], [0, 0, 0]]),
        ("=SORT({3;1;2})", "A1:A3", [[1], [2], [3]]),
        ('=SORT({"b";2;TRUE;"A";1})', "A1:A5", [[1], [2], ["A"], ["b"], [True]]),
        ('=SORT({"b";2;TRUE;"A";1},,-1)', "A1:A5", [[True], ["b"], ["A"], [2], [1]]),
        ("=SORT({3,1,2},,,TRUE)", "A1:C1", [[1, 2, 3]]),
        ("=SORT({1,2;1,1;0,5},{1,2},{-1,1})", "A1:B3", [[1, 1], [1, 2], [0, 5]]),
        ("=SORTBY({1;2;3},{3;1;2})", "A1:A3", [[2], [3], [1]]),
        ("=SORTBY({1,2,3},{3,1,2},-1)", "A1:C1", [[1, 3, 2]]),
        ('=UNIQUE({2;1;2;"a";"A"})', "A1:A3", [[2], [1], ["a"]]),
        ("=UNIQUE({2;1;2},,TRUE)", "A1:A1", [[1]]),
        ("=UNIQUE({1,1,2},TRUE)", "A1:B1", [[1, 2]]),
        ("=UNIQUE({1,2;1,2;2,1})", "A1:B2", [[1, 2], [2, 1]]),
        ("=FILTER({1;2;3},{1;0;1})", "A1:A2", [[1], [3]]),
        ("=FILTER({1,2,3},{0,0,1})", "A1:A1", [[3]]),
    ],
)
def test_documented_results(formula: str, area: str, expected: list[list[Scalar]]) -> None:
    assert spilled(formula, {}, area) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (f"=CHOOSECOLS({GRID},4)", VALUE),
        (f"=CHOOSECOLS({GRID},0)", VALUE),
        (f"=TAKE({GRID},0)", CALC),
        (f"=DROP({GRID},2)", CALC),
        (f"=DROP({GRID},1/0)", ErrorCode.DIV0),
        (f"=EXPAND({GRID},1)", VALUE),
        (f"=WRAPROWS({GRID},2)", VALUE),
        ("=WRAPROWS({1,2},0)", NUM),
        (f"=SORT({GRID},4)", VALUE),
        (f"=SORT({GRID},1,2)", VALUE),
        ("=SORTBY({1;2},{1;2;3})", VALUE),
        ("=UNIQUE({1;1},,TRUE)", CALC),
        ("=FILTER({1;2},{0;0})", CALC),
        ('=FILTER({1;2},{0;0},"none")', "none"),
        ("=FILTER({1;2},{0;#N/A})", NA),
        ("=FILTER({1;2},{1;1;1})", VALUE),
        ("=SEQUENCE(-1)", VALUE),
        ("=TOROW(A1:C1,1)", CALC),
        ("=SUM(SORT(A1:C1))", 0.0),
    ],
)
def test_what_cannot_be_done_is_an_error(formula: str, expected: Scalar) -> None:
    assert value(formula) == expected


def test_blanks_come_last_whatever_the_order() -> None:
    cells: dict[str, Scalar] = {"A1": 2.0, "A3": 1.0, "A4": "x"}
    assert spilled("=SORT(A1:A4)", cells, "C1:C4") == [[1.0], [2.0], ["x"], [0.0]]
    assert spilled("=SORT(A1:A4,,-1)", cells, "C1:C4") == [["x"], [2.0], [1.0], [0.0]]


def _block(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Block:
    return Block(torch.tensor(values), Kind.NUMBER)


@given(
    data=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=15),
    ways=st.tuples(st.booleans(), st.booleans()),
)
@settings(max_examples=50, deadline=None)
def test_sorting_by_two_columns_is_that_of_pandas(
    data: list[tuple[int, int]], ways: tuple[bool, bool]
) -> None:
    context, frame = Context(TextPool()), pd.DataFrame(data, dtype=float)
    frame["place"] = np.arange(len(frame), dtype=float)
    order = context.block([1.0 if up else -1.0 for up in ways], (1, 1, 1, 2))
    index = context.block([1.0, 2.0], (1, 1, 1, 2))
    block = _block(frame.to_numpy()[None, None])
    found = FUNCTIONS["SORT"](context, block, index, order)
    expected = frame.sort_values([0, 1], ascending=list(ways), kind="stable").to_numpy()
    np.testing.assert_array_equal(found.number[0, 0].numpy(), expected)


@given(data=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=15))
@settings(max_examples=50, deadline=None)
def test_unique_rows_are_those_of_pandas(data: list[tuple[int, int]]) -> None:
    context, frame = Context(TextPool()), pd.DataFrame(data, dtype=float)
    found = FUNCTIONS["UNIQUE"](context, _block(frame.to_numpy()[None, None]))
    np.testing.assert_array_equal(found.number[0, 0].numpy(), frame.drop_duplicates().to_numpy())


def test_each_copy_is_sorted_in_its_own_order() -> None:
    context = Context(TextPool())
    values = np.random.default_rng(4).normal(size=(5, 3, 7, 1))
    found = FUNCTIONS["SORT"](context, _block(values))
    np.testing.assert_array_equal(found.number.numpy(), np.sort(values, axis=2))
