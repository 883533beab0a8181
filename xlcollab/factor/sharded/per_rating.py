"""Stratified SGD over processes (Gemulla et al. 2011; DSGD): item parts travel in a ring.

In stratum s user part b meets item part b + s. A process owns some user parts for good and holds as
many item parts; after each stratum the first of these goes to the process before, and one comes
from the process after. Blocks, their order and that of their ratings are those of one process, and
so is the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.engines.base import Buffers, EpochLoss
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.models.model import FactorModel
from xlcollab.factor.passes.kernels import rating_pass, sort_by_row
from xlcollab.factor.passes.rows import (
    Columns,
    Floats,
    Rows,
    aligned_zeros,
    weights_of_ratings,
)
from xlcollab.factor.several.lines import Array
from xlcollab.factor.sharded.drawn import own_in_order
from xlcollab.factor.sharded.engine import Sums, error_sums
from xlcollab.factor.sharded.held import Held
from xlcollab.factor.sharded.job import ShardJob, start_of
from xlcollab.factor.sharded.space import counted, give_back
from xlcollab.ratings.places import looked_up, parts


@dataclass(frozen=True, slots=True)
class Strata:
    """Ratings by stratum and by our user parts: those of part j in stratum s are `starts[s, j]` …
    `starts[s, j + 1]` − 1. `places` say where an item's row lies while its part is here."""

    starts: NDArray[np.int64]
    users: NDArray[np.int32]
    places: NDArray[np.int32]
    ratings: Floats


@dataclass(frozen=True, slots=True)
class Ring:
    """Which parts we own, `first` … `first` + `m` − 1 of `n`, and where items lie in theirs."""

    first: int
    m: int
    n: int
    user_part: NDArray[np.uint16]
    item_part: NDArray[np.uint16]
    place: NDArray[np.int32]
    size: int
    """Rows that the largest item part has."""

    @staticmethod
    def of(job: ShardJob) -> Ring:
        cut, rank = job.ready.cut, job.processes.rank
        counts = np.bincount(cut.items, minlength=cut.n)
        order = np.argsort(cut.items, kind="stable")
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        first, last = cut.bounds[rank], cut.bounds[rank + 1]
        users = cut.users[job.ready.users]
        return Ring(first, last - first, cut.n, users, cut.items, place, int(counts.max()))

    @property
    def items(self) -> NDArray[np.int64]:
        """The numbers of the items in our parts, ascending (n_own,)."""
        at = self.item_part
        return np.flatnonzero((at >= self.first) & (at < self.first + self.m))

    def home(self, items: NDArray[np.integer]) -> NDArray[np.int64]:
        """Where the rows of items (n,) of ours lie at the start of an epoch, (n,)."""
        slots = self.item_part[items].astype(np.int64) % self.m
        places: NDArray[np.int64] = slots * self.size + self.place[items]
        return places

    def strata(self, given: list[Array]) -> tuple[Strata, NDArray[np.int32]]:
        """Users, items and ratings in their blocks, within a block in the order of their indices
        that comes fourth; and the numbers of the items (n,). What is given is given up on the way.
        """
        users, items, ratings, order = given
        given.clear()
        block = looked_up(self._blocks(users, items), order)
        ends = np.concatenate([[0], np.cumsum(counted(block, self.n * self.m))])
        ratings = looked_up(ratings, order)
        by_block, in_blocks = np.empty_like(order), np.empty_like(ratings)
        sort_by_row(block, order, ratings, ends[:-1].copy(), by_block, in_blocks)
        del block, order, ratings
        users = looked_up(users, by_block)
        items = looked_up(items, by_block)
        del by_block
        starts = np.stack([ends[s * self.m : s * self.m + self.m + 1] for s in range(self.n)])
        places = self._places(users, items)
        return Strata(starts.astype(np.int64), users, places, in_blocks), items

    def _blocks(self, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.int32]:
        """stratum · m + user part, of each rating."""
        block = np.empty(len(users), np.int32)
        for part in parts(len(users)):
            own = self.user_part[users[part]].astype(np.int32)
            stratum = (self.item_part[items[part]] - own) % self.n
            block[part] = stratum * self.m + own - self.first
        return block

    def _places(self, users: NDArray[np.int32], items: NDArray[np.int32]) -> NDArray[np.int32]:
        """A part is in the slot of its number, counted on beyond `n`, modulo `m`."""
        places = np.empty(len(users), np.int32)
        for part in parts(len(users)):
            own = self.user_part[users[part]].astype(np.int32)
            slot = ((self.item_part[items[part]] - own) % self.n + own) % self.m
            places[part] = slot * self.size + self.place[items[part]]
        return places


def _in_strata(
    job: ShardJob, ring: Ring, name: str, orders: dict[str, NDArray[np.int32]]
) -> Strata:
    """The ratings of a part in strata, in the order that is taken from `orders`; the table of the
    part then shares their arrays."""
    held = job.ready.parts[name]
    given: list[Array] = [
        held.table.users,
        held.table.items,
        held.table.ratings.astype(job.model.dtype, copy=False),
        orders.pop(name, np.arange(0 if name in orders else len(held.table), dtype=np.int32)),
    ]
    none = held.rows[:0].copy()
    empty = replace(held.table.take(none), time=None, split=None)
    job.ready.parts[name] = Held(empty, none, held.n)
    n = held.n
    del held
    strata, items = ring.strata(given)
    table = replace(empty, users=strata.users, items=items, ratings=strata.ratings)
    job.ready.parts[name] = Held(table, none, n)
    return strata


@dataclass(slots=True)
class PerRatingShard:
    """Our users' rows and the item parts that are here, `m` slots of `size` rows; how much L2
    counts on each row travels with it."""

    job: ShardJob
    ring: Ring
    users: Floats
    slots: Floats
    strata: dict[str, Strata]
    columns: tuple[Columns, Columns]
    weights: tuple[Floats, Floats]
    items: NDArray[np.integer] = field(init=False)

    def __post_init__(self) -> None:
        self.items = self.ring.items

    @staticmethod
    def of(job: ShardJob, start: FactorModel | None) -> PerRatingShard:
        ring = Ring.of(job)
        rows = start_of(job, start, ring.items)
        slots = aligned_zeros((ring.m * ring.size, rows.items.shape[1]), rows.items.dtype)
        slots[ring.home(ring.items)] = rows.items
        train, strata = job.ready.train, {}
        orders = {"train": own_in_order(train.rows, train.n, job.ready.cut.rng)}
        del train
        for name in job.ready.parts:
            strata[name] = _in_strata(job, ring, name, orders)
            give_back()
        whole = Rows(rows.users, slots, rows.n_factors)
        columns = whole.columns(job.model, job.training)
        counts = np.zeros(len(slots), np.int64)
        counts[ring.home(ring.items)] = job.item_counts[ring.items]
        of_users, of_items = (
            weights_of_ratings(job.training.l2_scaling, n).astype(slots.dtype)
            for n in (job.user_counts, counts)
        )
        weights = of_users, of_items
        return PerRatingShard(job, ring, rows.users, slots, strata, columns, weights)

    def run_epoch(self, epoch: int) -> EpochLoss:
        rate = learning_rates(self.job.training, self.job.training.epochs or 0)(epoch)
        number = self.users.dtype.type
        user_rate, item_rate = (number(rate) * side.share for side in self.columns)
        squared, train = np.zeros(self.ring.m), self.strata["train"]

        def visit(s: int) -> None:
            rating_pass(
                train.starts[s],
                train.users,
                train.places,
                train.ratings,
                *self.job.output.numbers(number),
                self.users,
                self.slots,
                user_rate,
                item_rate,
                self.columns[0].l2,
                self.columns[1].l2,
                *self.weights,
                squared,
            )

        self._tour(visit)
        total = self.job.processes.total(float(squared.sum()))
        return EpochLoss(total, self.job.n_ratings, rate)

    def errors(self, name: str) -> Sums:
        strata, found = self.strata[name], np.zeros(3)
        rows = Rows(self.users, self.slots, self.job.model.n_factors)

        def visit(s: int) -> None:
            part = slice(strata.starts[s, 0], strata.starts[s, -1])
            here = strata.users[part], strata.places[part], strata.ratings[part]
            found[:] += error_sums(rows, self.job.output, *here)

        self._tour(visit)
        return found

    def _tour(self, visit: Callable[[int], None]) -> None:
        """All strata in turn; then the item parts are home again."""
        ring, size = self.ring, self.ring.size
        for s in range(ring.n):
            visit(s)
            slot = (ring.first + s) % ring.m * size
            if self.job.processes.size > 1:
                for rows in (self.slots, self.weights[1]):
                    rows[slot : slot + size] = self.job.processes.passed_on(
                        rows[slot : slot + size]
                    )
        if ring.n % ring.m:
            turned = [(j + ring.n) % ring.m for j in range(ring.m)]
            for rows in (self.slots, self.weights[1]):
                whole = rows.reshape(ring.m, size, -1)
                whole[:] = whole[turned]

    def rows(self) -> Rows:
        """Our users' rows and those of our items, copied."""
        items = self.slots[self.ring.home(self.items)]
        return Rows(self.users.copy(), items, self.job.model.n_factors)

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up such rows; the rate knows the epoch by itself."""
        self.users[:] = rows.users
        self.slots[self.ring.home(self.items)] = rows.items

    @property
    def buffers(self) -> Buffers:
        return [], []

    def give_up(self) -> None:
        """Let go of the ratings: nothing is trained any more."""
        self.strata.clear()

    def all_items(self) -> Floats:
        """The rows of all items, by number (n_items, width)."""
        processes = self.job.processes
        whole = np.zeros((len(self.ring.place), self.slots.shape[1]), self.slots.dtype)
        whole[self.items] = self.slots[self.ring.home(self.items)]
        return processes.sum(whole)
