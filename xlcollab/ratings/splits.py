"""Cutting a table into training and test ratings; the parts share their vocabularies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings.dates import times
from xlcollab.ratings.table import RatingsTable
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.counting import amount

Split = tuple[RatingsTable, RatingsTable]


def random_split(table: RatingsTable, fraction: float, rng: np.random.Generator) -> Split:
    """Training and test ratings, round(`fraction` · n) of them drawn for test."""
    n_test = n_held_out(len(table), fraction)
    return _cut(table, rng.permutation(len(table))[:n_test])


def time_split(table: RatingsTable, fraction: float) -> Split:
    """The latest `fraction` of the ratings for test. Raises DataError without times."""
    n_test = n_held_out(len(table), fraction)
    return _cut(table, np.argsort(times(table), kind="stable")[len(table) - n_test :])


def leave_k_out(table: RatingsTable, k: int, rng: np.random.Generator) -> Split:
    """`k` ratings of every user for test: the latest where there are times, else drawn.

    A user with k ratings or fewer stays in training whole. Raises UsageError for k below 1,
    DataError where nobody has more ratings.
    """
    if k < 1:
        raise UsageError(f"leave-k-out needs k of at least 1, found {k}")
    order = rng.permutation(len(table))
    if table.time is not None:
        order = order[np.argsort(times(table)[order], kind="stable")]
    order = order[np.argsort(table.users[order], kind="stable")]
    counts = np.bincount(table.users, minlength=table.n_users)
    place = np.arange(len(table)) - np.repeat(np.cumsum(counts) - counts, counts)
    size = np.repeat(counts, counts)
    test = order[(place >= size - k) & (size > k)]
    if not len(test):
        raise DataError(f"no user has more than {amount(k, 'rating')}; leave fewer out")
    return _cut(table, test)


def column_split(table: RatingsTable, test: str = "test") -> Split:
    """Test ratings are those whose split column says `test`. Raises DataError if none does."""
    if table.split is None:
        raise DataError("the ratings have no split column; name it, or choose another split")
    names = table.split.astype(str)
    chosen = np.flatnonzero(names == test)
    if not 0 < len(chosen) < len(table):
        parts = ", ".join(sorted(set(names.tolist())))
        raise DataError(f"the split column must hold {test!r} and another part; it holds {parts}")
    return _cut(table, chosen)


def k_folds(table: RatingsTable, n_folds: int, rng: np.random.Generator) -> Iterator[Split]:
    """`n_folds` splits whose test parts are disjoint and together all ratings. Raises UsageError
    for fewer than 2 folds or more than ratings."""
    check_folds(n_folds, table)
    for test in np.array_split(rng.permutation(len(table)), n_folds):
        yield _cut(table, test)


def check_folds(n_folds: int, table: RatingsTable) -> None:
    """Raises UsageError for fewer than 2 folds or more than ratings."""
    if not 2 <= n_folds <= len(table):
        raise UsageError(f"folds must be 2 to {len(table):,} (the ratings), found {n_folds}")


def cold_ids(train: RatingsTable, test: RatingsTable) -> tuple[list[Id], list[Id]]:
    """Users and items in `test` without a single training rating: their factors stay unlearned."""
    users = np.setdiff1d(test.users, train.users)
    items = np.setdiff1d(test.items, train.items)
    return test.user_ids.ids(users), test.item_ids.ids(items)


def n_held_out(n: int, fraction: float) -> int:
    """How many of n ratings a fraction is. Raises UsageError for no fraction, DataError where one
    side stays empty."""
    if not 0 < fraction < 1:
        share = f"; {fraction:g} % is {fraction / 100:g}" if 1 < fraction < 100 else ""
        raise UsageError(
            "the share that is held out for the test or the validation lies between 0 and 1, such "
            f"as 0.2; found {fraction}{share}"
        )
    n_test = round(n * fraction)
    if not 0 < n_test < n:
        raise DataError(
            f"{fraction:g} of {amount(n, 'rating')} leaves one side empty; hold out another part"
        )
    return n_test


def _cut(table: RatingsTable, test: NDArray[np.intp]) -> Split:
    chosen = np.zeros(len(table), bool)
    chosen[test] = True
    return table.take(~chosen), table.take(chosen)
