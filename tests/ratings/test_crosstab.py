"""Crosstab ⇄ long table, and the densest corner."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings import RatingsTable, densest_corner, from_crosstab, to_crosstab

CELLS = arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    elements=st.sampled_from([1, 2, np.nan]),
)


@given(CELLS)
def test_round_trip(cells: np.ndarray) -> None:
    if np.isnan(cells).all():
        cells[0, 0] = 1
    frame = pd.DataFrame(cells)
    back = to_crosstab(from_crosstab(frame))
    full = frame.dropna(how="all").dropna(how="all", axis=1)
    np.testing.assert_array_equal(back.to_numpy(), full.to_numpy())
    assert back.index.tolist() == full.index.tolist()
    assert back.columns.tolist() == full.columns.tolist()


def test_equals_pandas_crosstab() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.choice(200, 60, replace=False)
    table = RatingsTable.of(pairs // 10, pairs % 10, rng.integers(1, 6, 60))
    frame = table.to_frame()
    expected = pd.crosstab(frame.user, frame.item, frame.rating, aggfunc="sum")
    pd.testing.assert_frame_equal(to_crosstab(table), expected, check_dtype=False)


def test_text_and_infinite_cells_are_named_by_row_and_column() -> None:
    frame = pd.DataFrame([[1, ""], [None, "bad"]], index=[14, 29], columns=[27, 49], dtype=object)
    message = r"row 2 \(user 29\), column 2 \(item 49\): found 'bad'"
    with pytest.raises(DataError, match=message):
        from_crosstab(frame)
    with pytest.raises(DataError, match=r"row 1 \(user 0\), column 2 \(item 1\): found inf"):
        from_crosstab(pd.DataFrame([[1, np.inf]]))


def test_an_empty_crosstab_and_repeated_ids_are_refused() -> None:
    with pytest.raises(DataError, match=r"the crosstab \(2 × 2\) holds no rating"):
        from_crosstab(pd.DataFrame([[None, ""], ["", None]]))
    with pytest.raises(DataError, match="user 1 is listed twice"):
        from_crosstab(pd.DataFrame([[1, 2], [3, 4]], index=[1, 1]))


def test_a_crosstab_too_large_is_refused() -> None:
    n = 5000
    table = RatingsTable.of(np.arange(n), np.arange(n), np.ones(n))
    with pytest.raises(DataError, match="5,000 × 5,000 is too large; take its densest corner"):
        to_crosstab(table)


def test_the_corner_is_of_the_most_active_users_and_items() -> None:
    rng = np.random.default_rng(1)
    pairs = rng.choice(50 * 30, 500, replace=False)
    table = RatingsTable.of(pairs // 30, pairs % 30, np.ones(500))
    frame = table.to_frame()
    users = (
        frame.user.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    )
    items = (
        frame.item.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    )
    inside = frame.user.isin(users.index[:7]) & frame.item.isin(items.index[:5])
    corner = densest_corner(table, 7, 5)
    assert len(corner) == int(inside.sum())
    assert set(corner.user_ids.index) <= set(users.index[:7])
    assert len(densest_corner(table, 7, 5, refine=True)) > len(corner)


def test_refining_finds_a_block_that_counts_alone_miss() -> None:
    block = [(u, i) for u in range(3) for i in range(3)]
    lonely = [(u, 10 * u + j) for u in range(3, 6) for j in range(9)]
    users, items = np.array(block + lonely).T
    table = RatingsTable.of(users, items, np.ones(len(users)))
    assert len(densest_corner(table, 3, 3, refine=True)) == 9


def test_impossible_corners_are_refused() -> None:
    table = RatingsTable.of([1, 1, 2], [1, 2, 3], [1, 1, 1])
    with pytest.raises(UsageError, match="at least 1 × 1 cells, found 0 × 3"):
        densest_corner(table, 0, 3)
