"""The table keeps its columns together and refuses numbers that would index wildly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings import RatingsTable, merge_duplicates, with_date_parts


def table() -> RatingsTable:
    return RatingsTable.of(
        ["a", "a", "b", "a"],
        [1, 2, 1, 1],
        [1.0, 2.0, 3.0, 5.0],
        time=[4, 3, 2, 1],
        split=["train", "train", "test", "train"],
        extra={"genre": ["x", "y", "x", "y"]},
    )


@pytest.mark.parametrize(
    ("aggregate", "ratings"), [("mean", [2, 3, 3]), ("sum", [2, 3, 6]), ("last", [2, 3, 1])]
)
def test_duplicates_equal_pandas(aggregate: str, ratings: list[float]) -> None:
    merged = merge_duplicates(table(), aggregate)  # type: ignore[arg-type]
    frame = table().to_frame().sort_values("time", kind="stable")
    expected = frame.pivot_table("rating", "user", "item", aggregate)
    got = merged.to_frame().pivot_table("rating", "user", "item", "sum")
    pd.testing.assert_frame_equal(got, expected, check_dtype=False)
    assert sorted(merged.ratings.tolist()) == sorted(ratings)


def test_duplicates_are_an_error_by_rows_unless_chosen() -> None:
    with pytest.raises(DataError, match=r"user 'a' rated item 1 twice \(rows 1 and 4\)"):
        merge_duplicates(table())
    with pytest.raises(UsageError, match="unknown aggregate 'median'"):
        merge_duplicates(table(), "median")  # type: ignore[arg-type]


def test_merging_leaves_the_original_alone() -> None:
    original = table()
    merge_duplicates(original, "sum")
    assert original.ratings.tolist() == [1, 2, 3, 5]


def test_take_cuts_every_column_alike() -> None:
    part = table().take(np.array([2, 0]))
    assert part.to_frame().to_numpy().tolist() == [
        ["b", 1, 3.0, 2, "test", "x"],
        ["a", 1, 1.0, 4, "train", "x"],
    ]


@pytest.mark.parametrize("wrong", [-1, 2, 2**31 - 1])
def test_numbers_outside_the_vocabulary_are_refused_by_row(wrong: int) -> None:
    users = np.array([0, 1, wrong, 0], np.int32)
    with pytest.raises(DataError, match=rf"row 3: user number {wrong} is outside 0 … 1"):
        replace(table(), users=users)


def test_numbers_of_another_type_or_length_are_refused() -> None:
    with pytest.raises(DataError, match="item numbers are int64"):
        replace(table(), items=np.zeros(4, np.int64))
    with pytest.raises(DataError, match=r"expected int32 \(4,\)"):
        replace(table(), items=np.zeros(3, np.int32))


def test_renumbering_keeps_ids() -> None:
    other = RatingsTable.of(["c", "b", "a"], [1, 2, 3], [1, 1, 1])
    moved = table().renumbered(other.user_ids, other.item_ids)
    assert moved.user_ids.ids(moved.users) == ["a", "a", "b", "a"]
    with pytest.raises(DataError, match="unknown user 'c'"):
        other.renumbered(table().user_ids, other.item_ids)


def test_date_parts_of_seconds_and_text() -> None:
    seconds = RatingsTable.of([1, 2], [1, 2], [1, 2], time=[0, 86400 * 366])
    parts = with_date_parts(seconds, ["year", "weekday"]).extra
    assert parts["year"].vocabulary.index.tolist() == [1970, 1971]
    assert parts["weekday"].vocabulary.index.tolist() == [3, 5]
    text = RatingsTable.of([1], [1], [1], time=["2020-02-29 12:00"])
    assert with_date_parts(text, ["month"]).extra["month"].vocabulary.index.tolist() == [2]


def test_bad_times_are_named() -> None:
    text = RatingsTable.of([1, 2], [1, 1], [1, 2], time=["2020-02-29", "soon"])
    with pytest.raises(
        DataError, match="the time of user 2's rating of item 1 is 'soon', expected a date"
    ):
        with_date_parts(text, ["month"])
    with pytest.raises(UsageError, match="unknown date part 'century'"):
        with_date_parts(text, ["century"])
    with pytest.raises(DataError, match="no time column"):
        with_date_parts(RatingsTable.of([1], [1], [1]), ["month"])
