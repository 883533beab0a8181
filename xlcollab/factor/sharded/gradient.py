"""Gradient rules on all ratings at once, by blocks of items.

A process has its own users' gradient to itself. That of the items is added up over all processes
block by block, each on its owner (a reduce-scatter), which alone keeps the rule's buffers of the
block, takes its step and spreads the rows: an all-reduce would leave every process with the whole
gradient and all buffers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.engines.base import Buffers, EpochLoss
from xlcollab.factor.engines.gradient import FullBatch, Stepper
from xlcollab.factor.models.model import FactorModel
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.factor.sharded.blocks import Block, held_errors
from xlcollab.factor.sharded.engine import Sums
from xlcollab.factor.sharded.job import ShardJob, start_of


@dataclass(slots=True)
class FullBatchShard:
    """Our users' rows with those of all items, the pass over our ratings, and a stepper for our
    users and our block of items."""

    job: ShardJob
    block: Block
    whole: Rows
    full: FullBatch
    stepper: Stepper
    items: NDArray[np.integer] = field(init=False)

    def __post_init__(self) -> None:
        self.items = self.block.items

    @staticmethod
    def of(job: ShardJob, start: FactorModel | None) -> FullBatchShard:
        table, model, training = job.ready.train.table, job.model, job.training
        block = Block.of(table.n_items, job.processes.size, job.processes.rank)
        rows = start_of(job, start, np.arange(table.n_items))
        counts = job.user_counts, job.item_counts[block.own]
        own = Rows(rows.users, rows.items[block.own], rows.n_factors)
        stepper = Stepper.of(own, model, training, training.epochs or 0, counts)
        stepper.n_ratings = job.n_ratings
        stepper.total = stepper.total_of_items = job.processes.total
        by_user = BySide.users(table, model.dtype)
        full = FullBatch(by_user, job.output, replace(stepper, rows=rows), job.n_ratings)
        return FullBatchShard(job, block, rows, full, stepper)

    def run_epoch(self, epoch: int) -> EpochLoss:
        processes = self.job.processes
        squared = processes.total(self.full.pass_over())
        whole = self.full.item_gradient.sum(axis=0)
        own = processes.summed_blocks(self.block.apart(whole))
        rate = self.stepper.step(self.full.user_gradient, own[None], squared, self.job.n_ratings)
        processes.spread(self.whole.items, self.block.cuts)
        return EpochLoss(squared, self.job.n_ratings, rate)

    def errors(self, name: str) -> Sums:
        return held_errors(self.job, self.whole, self.job.ready.parts[name])

    def rows(self) -> Rows:
        """Our users' rows and those of our items, copied."""
        return self.stepper.rows.copy()

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up rows and the rule's buffers as they were after `n_steps` steps."""
        own = self.stepper.rows
        own.users[:], own.items[:] = rows.users, rows.items
        for mine, saved in zip(self.stepper.buffers, buffers, strict=True):
            for buffer, values in zip(mine, saved, strict=True):
                buffer[:] = values
        self.stepper.n_steps = n_steps
        self.job.processes.spread(self.whole.items, self.block.cuts)

    @property
    def buffers(self) -> Buffers:
        return self.stepper.buffers

    def give_up(self) -> None:
        """Let go of the ratings: nothing is trained any more."""
        del self.full

    def all_items(self) -> Floats:
        """The rows of all items (n_items, width)."""
        return self.whole.items
