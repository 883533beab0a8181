"""The ratings that a process holds: all those of the users it owns, whoever has read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError
from xlcollab.factor.training.processes import Processes
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.dates import times
from xlcollab.ratings.duplicates import once_each
from xlcollab.ratings.parted.joined import numbers_in

Places = NDArray[np.integer]
_PART = 1 << 20
"""Ratings that every process sends at once."""


@dataclass(frozen=True, slots=True)
class Held:
    """Ratings of our users: `table` numbers them 0 … in their own vocabulary, and items by the
    common one. `rows` (ascending) are the places of the ratings among all `n` of all processes."""

    table: RatingsTable
    rows: Places
    n: int

    def cut(self, chosen: NDArray[np.bool_]) -> tuple[Held, Held]:
        """The ratings that are not chosen, and those that are, of `chosen` (n,) of all; each part
        counts its own."""
        before = np.cumsum(chosen, dtype=self.rows.dtype)[self.rows]
        is_ours = chosen[self.rows]
        n_chosen = int(np.count_nonzero(chosen))
        rest = Held(self.table.take(~is_ours), (self.rows - before)[~is_ours], self.n - n_chosen)
        return rest, Held(self.table.take(is_ours), before[is_ours] - 1, n_chosen)

    def marked(self, chosen: NDArray[np.bool_], processes: Processes) -> NDArray[np.bool_]:
        """Marks (n,) of all ratings, from those (n_held,) that each process makes of its own."""
        marks = np.zeros(self.n, np.uint8)
        marks[self.rows[chosen]] = 1
        return processes.sum(marks).astype(bool)


@dataclass(frozen=True, slots=True)
class Owned:
    """Which process owns each user (n_users,), and the numbers of ours, ascending."""

    owner: NDArray[np.integer]
    users: NDArray[np.int32]
    ids: Vocabulary
    items: Vocabulary

    @staticmethod
    def of(owner: NDArray[np.integer], users: Vocabulary, items: Vocabulary, rank: int) -> Owned:
        own = np.flatnonzero(owner == rank).astype(np.int32)
        return Owned(owner, own, Vocabulary(users.index[own], "user"), items)


@dataclass(frozen=True, slots=True)
class Along:
    """What is sent along with ratings: their times, and whether their split column says `word`."""

    times: bool = False
    word: str | None = None


def held(
    tables: list[RatingsTable],
    common: tuple[Vocabulary, Vocabulary],
    owned: Owned,
    processes: Processes,
    along: Along = Along(),
) -> Held:
    """Every rating sent to the process that owns its user; what was read is given up on the way.

    Times go along as numbers, and the marks of ratings whose split column says the word as the
    split of the table. Raises DataError where one of these cannot be read.
    """
    lengths = processes.told(sum(map(len, tables)))
    n, before = sum(lengths), sum(lengths[: processes.rank])
    types = processes.told(tables[0].ratings.dtype if tables else None)
    has_times = processes.told(all(one.time is not None for one in tables))
    along = Along(along.times and all(has_times), along.word)
    sender = _Sender(
        common,
        along,
        processes.agreed(lambda: _with_times(tables, along)),
        np.result_type(*[one for one in types if one is not None]),
        np.dtype(np.int32 if n < 2**31 else np.int64),
    )
    n_parts = max(processes.told(sum(-(-len(one) // _PART) for one in tables)))
    parts = sender.parts(tables, before)
    sources: list[list[Columns]] = [[] for _ in range(processes.size)]
    for _ in range(n_parts):
        part = next(parts, None) or sender.nothing()
        for source, columns in zip(sources, _sent(part, owned.owner, processes), strict=True):
            source.append(columns)
    return _put_together([one for source in sources for one in source], owned, n, along)


def _with_times(tables: Sequence[RatingsTable], along: Along) -> list[NDArray[np.float64]]:
    """The times of each table as numbers, moments as seconds since 1970; none where not asked."""
    if along.word is not None and any(one.split is None for one in tables):
        raise DataError("the ratings have no split column; name it, or choose another split")
    if not along.times:
        return []
    found = map(times, tables)
    return [
        one.astype("datetime64[us]").astype(np.int64) / 1e6
        if one.dtype.kind == "M"
        else one.astype(np.float64)
        for one in found
    ]


Columns = list[NDArray[Any]]
"""Users, items, ratings and rows of some ratings, then times and marks where they go along."""


@dataclass(frozen=True, slots=True)
class _Sender:
    """Cuts what was read into stretches, numbered by the common vocabularies."""

    common: tuple[Vocabulary, Vocabulary]
    along: Along
    times: list[NDArray[np.float64]]
    dtype: np.dtype[Any]
    row_type: np.dtype[Any]

    def parts(self, tables: list[RatingsTable], before: int) -> Iterator[Columns]:
        """Stretches of the tables, which are given up one after the other; `before` is the row of
        the first rating."""
        while tables:
            table = tables.pop(0)
            time = self.times.pop(0) if self.along.times else None
            users = numbers_in(self.common[0], table.user_ids)
            items = numbers_in(self.common[1], table.item_ids)
            for begin in range(0, len(table), _PART):
                part = slice(begin, min(len(table), begin + _PART))
                yield [
                    users[table.users[part]],
                    items[table.items[part]],
                    table.ratings[part].astype(self.dtype, copy=False),
                    np.arange(before + begin, before + part.stop, dtype=self.row_type),
                    *([] if time is None else [time[part]]),
                    *self._marks(table, part),
                ]
            before += len(table)

    def nothing(self) -> Columns:
        """A stretch of no rating."""
        kinds: list[Any] = [np.int32, np.int32, self.dtype, self.row_type]
        kinds += [np.float64] if self.along.times else []
        kinds += [] if self.along.word is None else [np.uint8]
        return [np.empty(0, kind) for kind in kinds]

    def _marks(self, table: RatingsTable, part: slice) -> list[NDArray[np.uint8]]:
        if self.along.word is None or table.split is None:
            return []
        return [(table.split[part].astype(str) == self.along.word).astype(np.uint8)]


def _sent(part: Columns, owner: NDArray[np.integer], processes: Processes) -> Iterator[Columns]:
    """A stretch given to the owners of its users; what each process had for us, by rank."""
    if processes.size == 1:
        return iter([part])
    homes = owner[part[0]]
    order = np.argsort(homes, kind="stable")
    cuts = np.searchsorted(homes[order], np.arange(1, processes.size))
    coming = [processes.exchanged(np.split(column[order], cuts)) for column in part]
    return iter([list(columns) for columns in zip(*coming, strict=True)])


def _put_together(parts: list[Columns], owned: Owned, n: int, along: Along) -> Held:
    """Stretches in order of their rows as one table; they are given up column by column."""
    whole = []
    for at in range(len(parts[0])):
        whole.append(np.concatenate([part[at] for part in parts]))
        for part in parts:
            part[at] = part[at][:0].copy()
    users, items, ratings, rows, *more = whole
    for begin in range(0, len(users), _PART):
        stretch = slice(begin, begin + _PART)
        users[stretch] = np.searchsorted(owned.users, users[stretch])
    time = more.pop(0) if along.times else None
    split = more.pop(0) if along.word is not None else None
    table = RatingsTable(users, items, ratings, owned.ids, owned.items, time, split)
    return Held(table, rows, n)


def without_duplicates(given: Held, aggregate: str, processes: Processes, source: str) -> Held:
    """The same with one rating a pair, see `merge_duplicates`; a pair is whole on its owner.

    Raises DataError on all processes where one of them refuses a duplicate.
    """

    def found() -> Any:
        try:
            return once_each(given.table, aggregate, lambda at: int(given.rows[at]) + 1)
        except DataError as error:
            raise DataError(f"{source}, {error}") from None

    kept = processes.agreed(found)
    n_gone = 0 if kept is None else len(given.rows) - len(kept[0])
    if not processes.total(n_gone):
        return given
    places, values = (np.arange(len(given.rows)), given.table.ratings) if kept is None else kept
    is_gone = np.ones(len(given.rows), bool)
    is_gone[places] = False
    rest, _ = given.cut(given.marked(is_gone, processes))
    rest.table.ratings[:] = values
    return rest
