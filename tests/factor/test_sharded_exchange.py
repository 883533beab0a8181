"""What ranks hold: every rating once, where its user is owned; and what one process would set
aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.factor.ranks import on_ranks
from xlcollab.errors import DataError
from xlcollab.factor import ModelSettings, TrainingSettings
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.drawn import shuffled
from xlcollab.factor.sharded.exchange import exchanged
from xlcollab.factor.sharded.held import Along, without_duplicates
from xlcollab.factor.sharded.holdout import WAYS
from xlcollab.factor.sharded.ids import common_ids
from xlcollab.factor.sharded.job import Ready
from xlcollab.ratings import (
    RatingsTable,
    Vocabulary,
    column_split,
    leave_k_out,
    merge_duplicates,
    random_split,
    time_split,
)

MODEL, TRAINING = ModelSettings(n_factors=3), TrainingSettings()
SIZES = [1, 2, 3, 5, 11]
ALONE = Along()


def table(n: int = 120, *, twice: int = 0) -> RatingsTable:
    """Ratings with times, some of them equal, and a split; the last `twice` pairs come again."""
    rng = np.random.default_rng(4)
    pairs = rng.permutation(25 * 12)[: n - twice]
    pairs = np.concatenate([pairs, pairs[len(pairs) - twice :]])
    return RatingsTable.of(
        pairs // 12 * 3,
        pairs % 12,
        rng.integers(1, 6, n),
        time=rng.integers(0, 30, n),
        split=rng.choice(["train", "test"], n),
    )


def cut(whole: RatingsTable, size: int) -> list[list[RatingsTable]]:
    """What each of `size` ranks has read: runs of rows with ids of their own; some have nothing."""
    frame = whole.to_frame()
    shares: list[list[RatingsTable]] = []
    for rows in np.array_split(np.arange(len(frame)), size):
        part = frame.iloc[rows]
        pieces = np.array_split(np.arange(len(part)), 2)
        tables = [part.iloc[piece] for piece in pieces if len(piece)]
        shares.append([_of(piece) for piece in tables])
    return shares


def _of(frame: pd.DataFrame) -> RatingsTable:
    more = {"time": frame["time"], "split": frame["split"]}
    return RatingsTable.of(frame["user"], frame["item"], frame["rating"], **more)


def ready(processes: Processes, shares: list[list[RatingsTable]], along: Along = ALONE) -> Ready:
    read = {"train": shares[processes.rank]}
    return exchanged(read, MODEL, TRAINING, processes, along)


def rows_of(parts: list[Ready], name: str = "train") -> pd.DataFrame:
    """The ratings of all ranks in the order of the whole."""
    frames = [one.parts[name].table.to_frame() for one in parts]
    rows = np.concatenate([one.parts[name].rows for one in parts])
    assert sorted(rows.tolist()) == list(range(parts[0].parts[name].n))
    return pd.concat(frames).iloc[np.argsort(rows)][["user", "item", "rating"]]


def same(found: pd.DataFrame, whole: RatingsTable) -> None:
    expected = whole.to_frame()[["user", "item", "rating"]]
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


@pytest.mark.parametrize("size", SIZES)
def test_every_rating_is_where_its_user_is_owned(size: int) -> None:
    whole = table()
    shares = cut(whole, size)
    found = on_ranks(size, lambda processes: ready(processes, shares))
    same(rows_of(found), whole)
    users = [set(one.train.table.user_ids.index.tolist()) for one in found]
    assert sum(map(len, users)) == len(set.union(*users)) == whole.n_users
    assert all(one.train.table.item_ids == whole.item_ids for one in found)
    numbers = np.concatenate([one.users for one in found])
    ids = np.concatenate([one.train.table.user_ids.index for one in found])
    assert whole.user_ids.ids(numbers) == ids.tolist()


WHOLE: Mapping[str, tuple[Any, Any]] = {
    "fraction": (0.3, lambda whole, value, rng: random_split(whole, value, rng)),
    "by_time": (0.3, lambda whole, value, rng: time_split(whole, value)),
    "leave_out": (2, lambda whole, value, rng: leave_k_out(whole, value, rng)),
    "split": ("test", lambda whole, value, rng: column_split(whole, value)),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_set_aside_is_what_one_process_sets_aside(way: str, size: int) -> None:
    value, split = WHOLE[way]
    whole = table()
    shares, along = cut(whole, size), Along(True, "test" if way == "split" else None)

    def work(processes: Processes) -> Ready:
        found = ready(processes, shares, along)
        chosen = WAYS[way](found.train, value, np.random.default_rng(7), processes)
        found.parts["train"], found.parts["test"] = found.train.cut(chosen)
        return found

    found = on_ranks(size, work)
    rest, test = split(whole, value, np.random.default_rng(7))
    same(rows_of(found), rest)
    same(rows_of(found, "test"), test)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("aggregate", ["mean", "sum", "last"])
def test_duplicates_across_shares_become_one(aggregate: str, size: int) -> None:
    whole = table(twice=9)
    shares = cut(whole, size)

    def work(processes: Processes) -> Ready:
        found = ready(processes, shares, Along(times=True))
        found.parts["train"] = without_duplicates(found.train, aggregate, processes, "r.csv")
        return found

    same(rows_of(on_ranks(size, work)), merge_duplicates(whole, aggregate))


@pytest.mark.parametrize("size", SIZES)
def test_a_duplicate_that_is_refused_ends_all_ranks_with_its_rows(size: int) -> None:
    whole = table(twice=1)
    with pytest.raises(DataError, match=r"twice \(rows (\d+) and 120\)") as alone:
        merge_duplicates(whole)
    shares, told = cut(whole, size), []

    def work(processes: Processes) -> None:
        found = ready(processes, shares)
        with pytest.raises(DataError) as error:
            without_duplicates(found.train, "error", processes, "r.csv")
        told.append(str(error.value))

    on_ranks(size, work)
    assert set(told) == {f"r.csv, {alone.value}"}
    assert len(told) == size


@pytest.mark.parametrize(
    ("lists", "common"),
    [
        ([[3, 1], [2, 3]], [1, 2, 3]),
        ([[3, 1], ["007", "3"]], ["007", "1", "3"]),
        ([["b"], [], ["a", "b"]], ["a", "b"]),
        ([[2**62, 5], [-4]], [-4, 5, 2**62]),
        ([[], [9]], [9]),
    ],
)
def test_ids_of_shares_are_merged_once(lists: list[list[Any]], common: list[Any]) -> None:
    own = [[Vocabulary.of(ids, "user")[0]] if ids else [] for ids in lists]
    found = on_ranks(len(own), lambda at: common_ids(own[at.rank], "user", at))
    assert [one.index.tolist() for one in found] == [common] * len(own)


@pytest.mark.parametrize(
    ("lists", "sentence"),
    [
        ([[1], [pd.Timestamp("2024-01-01")]], "different kinds, times and whole numbers"),
        ([[], []], "hold no rating"),
    ],
)
def test_ids_with_nothing_in_common_end_all_ranks_alike(
    lists: list[list[Any]], sentence: str
) -> None:
    own = [[Vocabulary.of(ids, "user")[0]] if ids else [] for ids in lists]

    def work(processes: Processes) -> None:
        with pytest.raises(DataError, match=sentence):
            common_ids(own[processes.rank], "user", processes)

    on_ranks(len(own), work)


def test_an_error_on_one_rank_is_raised_on_all() -> None:
    def work(processes: Processes) -> None:
        def read() -> int:
            if processes.rank == 1:
                raise DataError("part-1.parquet cannot be read")
            return processes.rank

        with pytest.raises(DataError, match=r"part-1\.parquet cannot be read"):
            processes.agreed(read)

    on_ranks(3, work)


def test_an_order_of_four_bytes_a_number_is_that_of_the_permutation() -> None:
    order = shuffled(1000, np.random.default_rng(5))
    assert order.dtype == np.int32
    assert order.tolist() == np.random.default_rng(5).permutation(1000).tolist()
