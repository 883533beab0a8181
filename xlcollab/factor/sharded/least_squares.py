"""Alternating least squares over processes, by blocks of items.

A process solves its users from the rows of all items. For the items it adds up what its own users'
ratings bring to their normal equations, block by block; the sums of a block go to its owner
(a reduce-scatter), who solves it and spreads the rows. No more than a few sums are held at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.engines.base import Buffers, EpochLoss, n_parts
from xlcollab.factor.engines.least_squares import RIDGE
from xlcollab.factor.models.model import FactorModel
from xlcollab.factor.passes.kernels import error_pass
from xlcollab.factor.passes.normal import n_sums, normal_sums, solve_rows, solve_sums
from xlcollab.factor.passes.order import BySide, even_cuts
from xlcollab.factor.passes.rows import Columns, Floats, Rows
from xlcollab.factor.sharded.blocks import Block, held_errors
from xlcollab.factor.sharded.engine import Sums
from xlcollab.factor.sharded.job import ShardJob, start_of

_AT_ONCE = 1 << 25
"""Bytes of sums that are sent at once."""
_USERS = 1 << 15
"""Users that are solved at once."""


@dataclass(slots=True)
class LeastSquaresShard:
    """Our users' rows, the rows of all items, and our ratings by user and by item."""

    job: ShardJob
    block: Block
    whole: Rows
    columns: tuple[Columns, Columns]
    by_user: BySide
    by_item: BySide
    items: NDArray[np.integer] = field(init=False)

    def __post_init__(self) -> None:
        self.items = self.block.items

    @staticmethod
    def of(job: ShardJob, start: FactorModel | None) -> LeastSquaresShard:
        table, dtype = job.ready.train.table, job.model.dtype
        block = Block.of(table.n_items, job.processes.size, job.processes.rank)
        rows = start_of(job, start, np.arange(table.n_items))
        return LeastSquaresShard(
            job,
            block,
            rows,
            rows.columns(job.model, job.training),
            BySide.users(table, dtype),
            BySide.items(table, dtype),
        )

    def run_epoch(self, epoch: int) -> EpochLoss:
        self._solve_users()
        self._solve_items()
        self.job.processes.spread(self.whole.items, self.block.cuts)
        return EpochLoss(self._squared_error(), self.job.n_ratings, math.nan)

    def _solve_users(self) -> None:
        k, rows = self.whole.n_factors, self.whole
        unknowns = self._unknowns(k)
        d = len(unknowns)
        features, offsets = rows.items[:, unknowns], rows.item_bias.copy()
        per_rating, of_items = (
            self.columns[0].l2[unknowns].astype(np.float64),
            np.ones(len(offsets)),
        )
        for begin in range(0, len(rows.users), _USERS):
            starts = self.by_user.starts[begin : begin + _USERS + 1]
            solution = np.empty((len(starts) - 1, d), np.float64)
            solve_rows(
                even_cuts(starts - starts[0], 4 * n_parts()),
                starts,
                self.by_user.others,
                self.by_user.ratings,
                self.job.output.centre,
                features,
                offsets,
                RIDGE * np.eye(d),
                np.zeros(d),
                per_rating,
                np.ones(len(solution)),
                of_items,
                np.zeros((len(solution), d)),
                solution,
            )
            rows.users[begin : begin + len(solution), unknowns] = solution

    def _solve_items(self) -> None:
        rows, block = self.whole, self.block
        unknowns = self._unknowns(rows.n_factors + 1)
        features, offsets = rows.users[:, unknowns], rows.user_bias.copy()
        size = self.job.processes.size
        step = max(1, _AT_ONCE // (8 * n_sums(len(unknowns)) * size))
        longest = max(part.stop - part.start for part in block.slices())
        for begin in range(0, longest, step):
            parts = [_stretch(part, begin, step) for part in block.slices()]
            sums = [self._sums(part, features, offsets) for part in parts]
            own, mine = self.job.processes.summed_blocks(sums), parts[self.job.processes.rank]
            rows.items[mine, unknowns] = self._solved(own, mine, unknowns)

    def _sums(self, part: slice, features: Floats, offsets: Floats) -> Floats:
        """What our ratings bring to some items."""
        starts = self.by_item.starts[part.start : part.stop + 1]
        sums = np.zeros((part.stop - part.start, n_sums(features.shape[1])))
        if len(sums):
            normal_sums(
                even_cuts(starts - starts[0], 4 * n_parts()),
                starts,
                self.by_item.others,
                self.by_item.ratings,
                self.job.output.centre,
                features,
                offsets,
                sums,
            )
        return sums

    def _solved(self, sums: Floats, part: slice, unknowns: list[int]) -> Floats:
        solution = np.empty((len(sums), len(unknowns)))
        cuts = np.linspace(0, len(sums), 4 * n_parts() + 1).astype(np.int64)
        per_rating = self.columns[1].l2[unknowns].astype(np.float64)
        solve_sums(cuts, sums, self.job.item_counts[part], RIDGE, per_rating, solution)
        return solution

    def _unknowns(self, bias_at: int) -> list[int]:
        return [*range(self.whole.n_factors), *([bias_at] if self.job.model.bias else [])]

    def _squared_error(self) -> float:
        cuts = self.by_user.cuts(n_parts())
        squared = np.zeros(len(cuts) - 1)
        error_pass(
            cuts,
            self.by_user.starts,
            self.by_user.others,
            self.by_user.ratings,
            *self.job.output.numbers(self.whole.users.dtype),
            self.whole.users,
            self.whole.items,
            squared,
        )
        return self.job.processes.total(float(squared.sum()))

    def errors(self, name: str) -> Sums:
        return held_errors(self.job, self.whole, self.job.ready.parts[name])

    def rows(self) -> Rows:
        """Our users' rows and those of our items, copied."""
        items = self.whole.items[self.block.own].copy()
        return Rows(self.whole.users.copy(), items, self.whole.n_factors)

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up such rows; the solver has no other state."""
        self.whole.users[:], self.whole.items[self.block.own] = rows.users, rows.items
        self.job.processes.spread(self.whole.items, self.block.cuts)

    @property
    def buffers(self) -> Buffers:
        return [], []

    def give_up(self) -> None:
        """Let go of the ratings: nothing is trained any more."""
        nothing = np.empty(0, np.int32), np.empty(0, self.whole.users.dtype)
        self.by_user = BySide(np.zeros(1, np.int64), *nothing)
        self.by_item = self.by_user

    def all_items(self) -> Floats:
        """The rows of all items (n_items, width)."""
        return self.whole.items


def _stretch(block: slice, begin: int, step: int) -> slice:
    """The `step` items of a block from its `begin`-th on, as far as there are any."""
    first = min(block.start + begin, block.stop)
    return slice(first, min(first + step, block.stop))
