"""A pair (user, item) rated more than once: mean, sum or last, as the user chooses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings.dates import times
from xlcollab.ratings.table import RatingsTable
from xlcollab.settings.words import AGGREGATES


def merge_duplicates(
    table: RatingsTable, aggregate: str = "error", first_row: int = 1
) -> RatingsTable:
    """`table` with one rating a pair, in order of each pair's last row.

    "last" keeps the latest by `time`, by row where there is no time; "mean" and "sum" combine the
    ratings, and keep time, split and extra of that last row. "error" raises DataError, naming the
    first pair and its rows, the first of which is `first_row`.
    """
    found = once_each(table, aggregate, lambda place: first_row + place)
    if found is None:
        return table
    rows, values = found
    merged = table.take(rows)
    merged.ratings[:] = values
    return merged


Once = tuple[NDArray[np.intp], NDArray[np.floating]]
"""The places of ratings that stay, ascending, and what they are then."""


def once_each(table: RatingsTable, aggregate: str, row_of: Callable[[int], int]) -> Once | None:
    """The last place of each pair and its rating, see `merge_duplicates`; None where no pair is
    there twice. `row_of` numbers places for messages. Raises UsageError on an unknown
    aggregate, DataError where duplicates are refused."""
    if aggregate not in AGGREGATES:
        raise UsageError(f"unknown aggregate {aggregate!r}; one of {', '.join(AGGREGATES)}")
    pairs = _pairs(table)
    pairs.sort()
    if not (pairs[1:] == pairs[:-1]).any():
        return None
    pairs = _pairs(table)
    if aggregate == "error":
        raise DataError(_first_duplicate(table, pairs, row_of))
    order = _by_time(table)
    _, group = np.unique(pairs[order], return_inverse=True)
    n_groups = int(group.max()) + 1
    last = np.zeros(n_groups, np.int64)
    np.maximum.at(last, group, np.arange(len(group)))
    rows = order[last]
    keep = np.argsort(rows, kind="stable")
    if aggregate == "last":
        return rows[keep], table.ratings[rows[keep]]
    values = _combined(table.ratings[order], group, n_groups, aggregate == "mean")
    return rows[keep], values[keep]


def _pairs(table: RatingsTable) -> NDArray[np.int64]:
    """One number (n,) for each pair; a single array is made, of 8 bytes a rating."""
    pairs: NDArray[np.int64] = table.users.astype(np.int64)
    pairs *= table.n_items
    pairs += table.items
    return pairs


def _by_time(table: RatingsTable) -> NDArray[np.intp]:
    if table.time is None:
        return np.arange(len(table))
    return np.argsort(times(table), kind="stable")


def _combined(
    ratings: NDArray[np.generic], group: NDArray[np.intp], n_groups: int, mean: bool
) -> NDArray[np.float64]:
    total = np.bincount(group, ratings.astype(np.float64), n_groups).astype(np.float64)
    return total / np.bincount(group, minlength=n_groups) if mean else total


def _first_duplicate(
    table: RatingsTable, pairs: NDArray[np.int64], row_of: Callable[[int], int]
) -> str:
    order = np.argsort(pairs, kind="stable")
    again = np.flatnonzero(np.diff(pairs[order]) == 0)
    first, second = int(order[again[0]]), int(order[again[0] + 1])
    user = table.user_ids.ids([table.users[first]])[0]
    item = table.item_ids.ids([table.items[first]])[0]
    return (
        f"user {user!r} rated item {item!r} twice (rows {row_of(first)} and "
        f"{row_of(second)}){_in_all(len(again))}; choose mean, sum or last for duplicates"
    )


def _in_all(n: int) -> str:
    return "" if n == 1 else f", and {n:,} ratings repeat a pair in all"
