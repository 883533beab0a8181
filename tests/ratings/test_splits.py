"""Splits: disjoint, whole, of the promised kind, and reproducible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings import (
    RatingsTable,
    cold_ids,
    column_split,
    k_folds,
    leave_k_out,
    random_split,
    time_split,
)

rng = np.random.default_rng


def table(n: int = 100) -> RatingsTable:
    pairs = rng(0).choice(200, n, replace=False)
    time = rng(1).permutation(n)
    split = np.where(rng(2).random(n) < 0.3, "test", "train")
    return RatingsTable.of(pairs // 20, pairs % 20, pairs + 1.0, time=time, split=split)


Cut = Callable[[RatingsTable], tuple[RatingsTable, RatingsTable]]
CUTS: dict[str, Cut] = {
    "random": lambda t: random_split(t, 0.2, rng(3)),
    "time": lambda t: time_split(t, 0.2),
    "leave k out": lambda t: leave_k_out(t, 2, rng(3)),
    "column": column_split,
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_the_parts_are_disjoint_and_together_everything(cut: Cut) -> None:
    train, test = cut(table())
    both = np.concatenate([train.ratings, test.ratings])
    assert sorted(both) == sorted(table().ratings)
    assert len(train) > len(test) > 0
    assert train.user_ids is test.user_ids


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_the_same_call_cuts_the_same(cut: Cut) -> None:
    assert cut(table())[1].ratings.tolist() == cut(table())[1].ratings.tolist()


def test_random_split_has_the_size_asked_for_and_depends_on_the_seed() -> None:
    one, other = random_split(table(), 0.25, rng(1))[1], random_split(table(), 0.25, rng(2))[1]
    assert len(one) == len(other) == 25
    assert set(one.ratings) != set(other.ratings)


def test_time_split_tests_on_the_latest() -> None:
    train, test = time_split(table(), 0.3)
    assert train.time is not None
    assert test.time is not None
    assert train.time.max() < test.time.min()


def test_leave_k_out_takes_the_latest_k_of_each_user() -> None:
    train, test = leave_k_out(table(), 2, rng(0))
    counts = np.bincount(table().users)
    np.testing.assert_array_equal(
        np.bincount(test.users, minlength=len(counts)), np.where(counts > 2, 2, 0)
    )
    assert train.time is not None
    assert test.time is not None
    for user in np.unique(test.users):
        assert train.time[train.users == user].max() < test.time[test.users == user].min()


def test_folds_test_every_rating_once() -> None:
    tests = [test.ratings for _, test in k_folds(table(), 7, rng(0))]
    assert sorted(np.concatenate(tests)) == sorted(table().ratings)


def test_cold_ids_are_those_without_training_ratings() -> None:
    whole = RatingsTable.of(["a", "a", "b"], [1, 2, 3], [1, 2, 3])
    train, test = whole.take(np.array([0, 1])), whole.take(np.array([2]))
    assert cold_ids(train, test) == (["b"], [3])
    assert cold_ids(train, train) == ([], [])


def test_impossible_splits_are_refused() -> None:
    few = RatingsTable.of([1, 2], [1, 2], [1, 2])
    with pytest.raises(UsageError, match=r"between 0 and 1, such as 0\.2; found 1\.5"):
        random_split(few, 1.5, rng(0))
    with pytest.raises(DataError, match=r"0.1 of 2 ratings leaves one side empty"):
        random_split(few, 0.1, rng(0))
    with pytest.raises(DataError, match="no time column"):
        time_split(few, 0.5)
    with pytest.raises(DataError, match="no split column"):
        column_split(few)
    with pytest.raises(DataError, match="no user has more than 1 rating;"):
        leave_k_out(few, 1, rng(0))
    with pytest.raises(UsageError, match="folds must be 2 to 2"):
        list(k_folds(few, 3, rng(0)))
    with pytest.raises(DataError, match="it holds a"):
        column_split(RatingsTable.of([1, 2], [1, 2], [1, 2], split=["a", "a"]))
