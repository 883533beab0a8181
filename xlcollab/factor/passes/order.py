"""Ratings put in the orders that the kernels walk: by one side, or in blocks for threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from xlcollab.factor.passes.kernels import sort_by_row
from xlcollab.ratings import RatingsTable

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class BySide:
    """Ratings sorted by one side, the rows (compressed sparse rows).

    The ratings of row r are at `starts[r]` … `starts[r + 1]` − 1 of `others` (the other side's
    numbers) and `ratings`, both (n,).
    """

    starts: NDArray[np.int64]
    others: NDArray[np.int32]
    ratings: Floats

    @staticmethod
    def users(table: RatingsTable, dtype: DTypeLike) -> BySide:
        return _compress(table.n_users, table.users, table.items, table.ratings, dtype)

    @staticmethod
    def items(table: RatingsTable, dtype: DTypeLike) -> BySide:
        return _compress(table.n_items, table.items, table.users, table.ratings, dtype)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Ratings of each row, (n_rows,)."""
        return np.diff(self.starts)

    def cuts(self, n_parts: int) -> NDArray[np.int64]:
        """Row numbers (n_parts + 1,) between which lie about equally many ratings."""
        return even_cuts(self.starts, n_parts)


def even_cuts(starts: NDArray[np.int64], n_parts: int) -> NDArray[np.int64]:
    """Row numbers (n_parts + 1,) between which `starts` grows about equally much."""
    cuts = np.searchsorted(starts, np.linspace(0, starts[-1], n_parts + 1))
    cuts[0], cuts[-1] = 0, len(starts) - 1
    return cuts.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Ratings in n × n blocks of users × items, in random order within a block.

    Blocks (0, s), (1, s + 1), … share no user and no item, so that n threads may train on them at
    once and the result is the same for any number of threads (Gemulla et al. 2011, stratified
    SGD). `starts` (n, n + 1): user part b of stratum s is `starts[s, b] … starts[s, b + 1]`.
    """

    starts: NDArray[np.int64]
    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: Floats

    @staticmethod
    def shuffled(table: RatingsTable, n: int, dtype: DTypeLike, rng: np.random.Generator) -> Blocks:
        """`table` cut n × n, which part an id belongs to and the order drawn from `rng`."""
        user_part = (rng.permutation(table.n_users) % n).astype(np.uint16)
        item_part = (rng.permutation(table.n_items) % n).astype(np.uint16)
        order = rng.permutation(len(table)).astype(np.int32)
        user_of, item_of = user_part[table.users[order]], item_part[table.items[order]]
        block = (item_of + np.uint16(n) - user_of) % np.uint16(n) * np.uint16(n) + user_of
        order = order[np.argsort(block, kind="stable")]
        ends = np.concatenate([[0], np.cumsum(np.bincount(block, minlength=n * n))])
        starts = np.stack([ends[s * n : s * n + n + 1] for s in range(n)])
        return Blocks(
            starts.astype(np.int64),
            table.users[order],
            table.items[order],
            table.ratings[order].astype(dtype, copy=False),
        )


def _compress(
    n_rows: int,
    rows: NDArray[np.int32],
    others: NDArray[np.int32],
    ratings: Floats,
    dtype: DTypeLike,
) -> BySide:
    """Counting sort: 8 bytes a rating in float32 and nothing besides."""
    starts = np.zeros(n_rows + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=n_rows), out=starts[1:])
    sorted_others, sorted_ratings = np.empty(len(rows), np.int32), np.empty(len(rows), dtype)
    sort_by_row(rows, others, ratings, starts[:-1].copy(), sorted_others, sorted_ratings)
    return BySide(starts, sorted_others, sorted_ratings)
