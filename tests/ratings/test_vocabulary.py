"""Ids of any type become numbers and come back as they were."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcollab.errors import DataError
from xlcollab.factor.training.extend import with_new_ids
from xlcollab.ratings import Vocabulary

IDS = {
    "integers": [14, 3, 14, -5, 0],
    "huge integers": [2**62, 7, 2**62, 1],
    "one beyond int64": [0, 2**63, -1, 0],
    "beyond int64": [10**30, 5, 10**30],
    "text": ["b", "a", "ü", "b"],
    "dates": [datetime.datetime(2020, 1, 2), datetime.datetime(2019, 1, 1)],
    "mixed": [1, "a", 1, "1"],
    "tuples": [("a", 1), ("b", 2), ("a", 1)],
}


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS.keys())
def test_every_id_comes_back(ids: list[object]) -> None:
    column = pd.Series(ids, dtype=object if type(ids[0]) is tuple else None)
    vocabulary, numbers = Vocabulary.of(column)
    assert vocabulary.ids(numbers) == ids
    assert len(vocabulary) == len(set(ids))
    assert numbers.dtype == np.int32


@given(st.lists(st.one_of(st.integers(), st.text(max_size=5)), min_size=1, max_size=30))
def test_numbers_and_ids_invert_each_other(ids: list[object]) -> None:
    vocabulary, numbers = Vocabulary.of(ids)
    assert vocabulary.ids(numbers) == ids
    assert vocabulary.numbers(ids).tolist() == numbers.tolist()


def test_ids_are_numbered_in_ascending_order() -> None:
    vocabulary, numbers = Vocabulary.of([30, 10, 20])
    assert vocabulary.index.tolist() == [10, 20, 30]
    assert numbers.tolist() == [2, 0, 1]


def test_whole_floats_are_integers_again() -> None:
    vocabulary, _ = Vocabulary.of(np.array([3.0, 1.0]))
    assert vocabulary.index.tolist() == [1, 3]
    assert all(isinstance(one, int) for one in vocabulary.index.tolist())


def test_unknown_ids_are_an_error_by_row_or_minus_one() -> None:
    vocabulary, _ = Vocabulary.of([1, 2, 3], "user")
    with pytest.raises(DataError, match=r"unknown user 9 at row 2; 3 users are known, such as 1"):
        vocabulary.numbers([1, 9, 3])
    assert vocabulary.numbers([1, 9, 3], missing="negative").tolist() == [0, -1, 2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.5], "row 2: 2.5 is no user"),
        ([1.0, float("inf")], "row 2: inf is no user"),
        ([1e300, 2.0], "row 1: 1e.300 is no user"),
        (["a", None], "row 2: the user is missing"),
        ([1.0, float("nan")], "row 2: the user is missing"),
    ],
)
def test_what_is_no_id_is_named_by_row(values: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Vocabulary.of(np.array(values, None if isinstance(values[0], float) else object), "user")


@pytest.mark.parametrize("most", [2**63 - 1, 2**63])
@pytest.mark.parametrize("least", [-(2**63), -(2**63) - 1, 0])
def test_whole_numbers_around_the_ends_of_64_bits_keep_their_digits(least: int, most: int) -> None:
    """numpy alone would make floats of 0 and 2**63, and lose digits."""
    vocabulary, numbers = Vocabulary.of([most, least, most], "user")
    assert numbers.tolist() == [1, 0, 1]
    assert vocabulary.ids([0, 1]) == [least, most]


def test_text_from_a_shell_finds_its_id() -> None:
    vocabulary, _ = Vocabulary.of([14, 29], "user")
    assert vocabulary.parse("29") == 29
    assert vocabulary.parse(" 29 ") == 29  # as files are read
    with pytest.raises(DataError, match="unknown user '7'"):
        vocabulary.parse("7")


def test_an_id_listed_twice_is_refused() -> None:
    with pytest.raises(DataError, match="item 'a' is listed twice"):
        Vocabulary(pd.Index(["a", "b", "a"]), "item")


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_new_ids_come_behind_those_that_are_known(old: list[int], new: list[int]) -> None:
    known, other = Vocabulary.of(old)[0], Vocabulary.of(new)[0]
    both = with_new_ids(known, other)
    assert list(both.index) == sorted(set(old)) + sorted(set(new) - set(old))
    assert both.kind == known.kind


def test_ids_of_another_type_are_known_by_how_they_are_written() -> None:
    numbers, texts = Vocabulary.of([7, 14])[0], Vocabulary.of(["07", "14"])[0]
    assert numbers.numbers(["14", "7"]).tolist() == [1, 0]
    assert numbers.numbers(["07", "x"], "negative").tolist() == [-1, -1]
    assert texts.numbers([14, 7], "negative").tolist() == [1, -1]


def test_numbers_of_a_column_of_objects_are_whole_numbers() -> None:
    found, _ = Vocabulary.of(pd.Series([2.0, 1.0, 2.0], dtype=object), "user")
    assert found.index.tolist() == [1, 2]
    assert all(type(one) is int for one in found.index.tolist())


@pytest.mark.parametrize("values", [[[1], [2]], [{1}, {2}], ["a\ud800", "b"]])
def test_what_can_be_no_id_is_refused(values: list[object]) -> None:
    with pytest.raises(DataError, match="ids are texts, whole numbers"):
        Vocabulary.of(pd.Series(values, dtype=object), "user")
    with pytest.raises(DataError, match="ids are texts, whole numbers"):
        Vocabulary.of(["a", "b"])[0].numbers(values)


def test_a_day_is_written_without_its_midnight() -> None:
    days, _ = Vocabulary.of(pd.to_datetime(["2024-01-02", "2024-01-03"]), "user")
    assert days.parse("2024-01-03") == pd.Timestamp("2024-01-03")
    assert days.parse("2024-01-03 00:00:00") == pd.Timestamp("2024-01-03")
    moments, _ = Vocabulary.of(pd.to_datetime(["2024-01-02 01:00", "2024-01-03 00:00"]), "user")
    with pytest.raises(DataError, match="such as 2024-01-02 01:00:00"):
        moments.parse("2024-01-03")
