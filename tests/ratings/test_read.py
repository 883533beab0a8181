"""Files of every known form give the same table; bad ones name the row and the column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings import Columns, from_frame, read_ratings

ROWS = [(14, 417, 2.0, 100), (29, 27, 5.0, 200), (14, 27, 3.5, 300)]
HEADS = {
    "ratings.csv": ("userId,movieId,rating,timestamp", ","),
    "semicolons.csv": ("User ID;Item ID;Stars;Date", ";"),
    "ratings.tsv": ("user\titem\trating\ttimestamp", "\t"),
    "ml.inter": ("user_id:token\titem_id:token\trating:float\ttimestamp:float", "\t"),
    "u.data": ("", "\t"),
    "u1.base": ("", "\t"),
    "u1.test": ("", "\t"),
    "ratings.dat": ("", "::"),
    "headless.csv": ("", ","),
}


@pytest.mark.parametrize("name", HEADS)
def test_every_form_gives_the_same_table(tmp_path: Path, name: str) -> None:
    head, separator = HEADS[name]
    lines = [head] * bool(head) + [separator.join(map(str, row)) for row in ROWS]
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    _check(tmp_path / name)


def test_parquet_gives_the_same_table(tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["userId", "movieId", "rating", "timestamp"])
    frame.to_parquet(tmp_path / "ratings.parquet")
    _check(tmp_path / "ratings.parquet")


def _check(path: Path) -> None:
    table = read_ratings(path)
    assert table.user_ids.ids(table.users) == [14, 29, 14]
    assert table.item_ids.ids(table.items) == [417, 27, 27]
    assert table.ratings.tolist() == [2.0, 5.0, 3.5]
    assert table.time is not None
    assert table.time.tolist() == [100, 200, 300]


def test_said_columns_win_over_guesses(tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": [1, 2], "who": ["a", "b"], "item": [3, 4], "rating": [1, 5]})
    table = from_frame(frame, Columns(user="who", extra=("user",)))
    assert table.user_ids.index.tolist() == ["a", "b"]
    assert table.extra["user"].vocabulary.index.tolist() == [1, 2]


def test_a_said_column_that_is_absent_lists_what_is_there() -> None:
    frame = pd.DataFrame({"user": [1], "item": [3], "rating": [1]})
    with pytest.raises(UsageError, match=r"no column 'wer'; its columns: 'user', 'item', 'rating'"):
        from_frame(frame, Columns(user="wer"))


def test_a_column_that_cannot_be_guessed_says_how_to_say_it() -> None:
    frame = pd.DataFrame({"a": [1], "item": [3], "rating": [1]})
    with pytest.raises(UsageError, match=r"no column looks like the user.*name the user column"):
        from_frame(frame)


BAD = {
    "text": ("userId,movieId,rating\n1,2,3\n1,3,good\n", "row 3, column 'rating': found 'good'"),
    "blank": ("userId,movieId,rating\n1,2,\n", "row 2, column 'rating': found a blank"),
    "infinite": ("userId,movieId,rating\n1,2,3\n2,2,inf\n", "row 3, column 'rating': found inf"),
    "two": ("userId,movieId,rating\n1,2,x\n2,2,y\n", r"found 'x'.*1 more like it"),
    "no user": ("userId,movieId,rating\n1,2,3\n,2,4\n", "row 3, column 'userId': found a blank"),
    "no item": ("userId,movieId,rating\n1,,3\n", "row 2, column 'movieId': found a blank"),
    "empty": ("userId,movieId,rating\n", "column 'rating' is empty"),
    "nothing": ("", "bad.csv is empty"),
    "ragged": ("userId,movieId,rating\n1,2,3\n1,2,3,4,5\n", "bad.csv cannot be read"),
    "fraction": ("userId,movieId,rating\n1.5,2,3\n", "1.5 is no user"),
    "twice": ("userId,movieId,rating\n1,2,3\n1,2,4\n", "user 1 rated item 2 twice"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_bad_values_are_named_by_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_ratings(tmp_path / "bad.csv")


def test_a_rating_too_large_for_the_type_is_named() -> None:
    frame = pd.DataFrame({"user": [1, 2], "item": [3, 4], "rating": [1, 1e300]})
    with pytest.raises(
        DataError,
        match=r"row 2, column 'rating': found 1e\+300, expected a number of at most 3.4e\+38",
    ):
        from_frame(frame)
    assert from_frame(frame, dtype=np.float64).ratings[1] == 1e300


def test_negative_and_huge_ids_are_only_names() -> None:
    frame = pd.DataFrame({"user": [-1, 2**62], "item": [2**40, -9], "rating": [1, 2]})
    table = from_frame(frame)
    assert table.users.tolist() == [0, 1]
    assert table.user_ids.ids(table.users) == [-1, 2**62]
    assert table.n_items == 2


def test_unknown_endings_and_absent_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no reader for \.doc; known are \.csv"):
        read_ratings(tmp_path / "a.doc")
    with pytest.raises(UsageError, match="there is no such file"):
        read_ratings(tmp_path / "a.csv")
