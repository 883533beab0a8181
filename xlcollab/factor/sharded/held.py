"""The ratings that a process holds: all those of the users it owns, whoever has read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from xlcollab.errors import DataError
from xlcollab.factor.several.lines import Array
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.space import give_back
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.dates import times
from xlcollab.ratings.duplicates import Once, once_each
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
    size: int
    """Processes that own users."""

    @staticmethod
    def of(
        owner: NDArray[np.integer], common: tuple[Vocabulary, Vocabulary], processes: Processes
    ) -> Owned:
        """What is ours of common ids of users and items."""
        users, items = common
        own = np.flatnonzero(owner == processes.rank).astype(np.int32)
        ids = Vocabulary(users.index[own], "user")
        return Owned(owner, own, ids, items, processes.size)


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
    has_times = processes.told(all(one.time is not None for one in tables))
    along = Along(along.times and all(has_times), along.word)
    given = processes.agreed(lambda: _with_times(tables, along))
    sender = _Sender(common, along, given, _types(tables, n, along, processes))
    n_parts = max(processes.told(sum(-(-len(one) // _PART) for one in tables)))
    coming = [sent[processes.rank] for sent in processes.told(sender.given(tables, owned))]
    receiver = _Receiver.of(coming, sender.types)
    parts = sender.parts(tables, before)
    for _ in range(n_parts):
        part = next(parts, None) or [np.empty(0, kind) for kind in sender.types]
        receiver.take(_sent(part, owned.owner, processes))
    give_back()
    return _held(receiver.columns, owned, n, along)


def _types(
    tables: Sequence[RatingsTable], n: int, along: Along, processes: Processes
) -> list[DTypeLike]:
    """The types of what is sent, alike on all processes."""
    found = [one for one in processes.told(tables[0].ratings.dtype if tables else None) if one]
    kinds: list[DTypeLike] = [np.int32, np.int32, np.result_type(*found)]
    kinds += [np.int32 if n < 2**31 else np.int64]
    kinds += [np.float64] if along.times else []
    return kinds + ([] if along.word is None else [np.uint8])


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


Columns = list[Array]
"""Users, items, ratings and rows of some ratings, then times and marks where they go along."""


@dataclass(frozen=True, slots=True)
class _Sender:
    """Cuts what was read into stretches, numbered by the common vocabularies."""

    common: tuple[Vocabulary, Vocabulary]
    along: Along
    times: list[NDArray[np.float64]]
    types: list[DTypeLike]

    def given(self, tables: Sequence[RatingsTable], owned: Owned) -> list[int]:
        """How many ratings each process will get from us."""
        total = np.zeros(owned.size, np.int64)
        for table in tables:
            owner = owned.owner[numbers_in(self.common[0], table.user_ids)]
            for begin in range(0, len(table), _PART):
                homes = owner[table.users[begin : begin + _PART]]
                total += np.bincount(homes, minlength=len(total))
        found: list[int] = total.tolist()
        return found

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
                    table.ratings[part].astype(self.types[2], copy=False),
                    np.arange(before + begin, before + part.stop, dtype=self.types[3]),
                    *([] if time is None else [time[part]]),
                    *self._marks(table, part),
                ]
            before += len(table)

    def _marks(self, table: RatingsTable, part: slice) -> list[NDArray[np.uint8]]:
        if self.along.word is None or table.split is None:
            return []
        return [(table.split[part].astype(str) == self.along.word).astype(np.uint8)]


def _sent(part: Columns, owner: NDArray[np.integer], processes: Processes) -> list[Columns]:
    """A stretch given to the owners of its users; what each process had for us, by rank."""
    if processes.size == 1:
        return [part]
    homes = owner[part[0]]
    order = np.argsort(homes, kind="stable")
    cuts = np.searchsorted(homes[order], np.arange(1, processes.size))
    coming = [processes.exchanged(np.split(column[order], cuts)) for column in part]
    return [list(columns) for columns in zip(*coming, strict=True)]


@dataclass(slots=True)
class _Receiver:
    """Columns as long as what will come, filled from every process in the order of its rows: parts
    that were laid together later would be held twice."""

    columns: Columns
    ends: list[int]
    """Where the next ratings of each process go."""

    @staticmethod
    def of(coming: Sequence[int], types: Sequence[DTypeLike]) -> _Receiver:
        starts = [sum(coming[:rank]) for rank in range(len(coming))]
        return _Receiver([np.empty(sum(coming), kind) for kind in types], starts)

    def take(self, sources: Sequence[Columns]) -> None:
        """What came in one exchange, by rank."""
        for rank, source in enumerate(sources):
            end = self.ends[rank] + len(source[0])
            for column, part in zip(self.columns, source, strict=True):
                column[self.ends[rank] : end] = part
            self.ends[rank] = end


def _held(columns: Columns, owned: Owned, n: int, along: Along) -> Held:
    users, items, ratings, rows, *more = columns
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

    def found() -> Once | None:
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
