"""Items in runs of numbers, one for each process: for engines that see all items' rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.factor.sharded.engine import Sums, error_sums
from xlcollab.factor.sharded.held import Held
from xlcollab.factor.sharded.job import ShardJob


@dataclass(frozen=True, slots=True)
class Block:
    """Which items are ours: numbers `cuts[rank]` … `cuts[rank + 1]` − 1."""

    cuts: tuple[int, ...]
    rank: int

    @staticmethod
    def of(n_items: int, size: int, rank: int) -> Block:
        return Block(tuple(n_items * r // size for r in range(size + 1)), rank)

    @property
    def own(self) -> slice:
        return slice(self.cuts[self.rank], self.cuts[self.rank + 1])

    @property
    def items(self) -> NDArray[np.int64]:
        """Our numbers, ascending (n_own,)."""
        return np.arange(self.own.start, self.own.stop)

    def slices(self) -> list[slice]:
        """Those of all processes, by rank."""
        return [slice(a, b) for a, b in zip(self.cuts, self.cuts[1:], strict=False)]

    def apart(self, array: Floats) -> list[Floats]:
        """An array over all items (n_items, …) in the blocks of all processes, (n_block, …)."""
        return [array[part] for part in self.slices()]


def held_errors(job: ShardJob, rows: Rows, held: Held) -> Sums:
    """The sums over our ratings of a table, all items' rows at hand."""
    table = held.table
    ratings = table.ratings.astype(job.model.dtype, copy=False)
    return error_sums(rows, job.output, table.users, table.items, ratings)
