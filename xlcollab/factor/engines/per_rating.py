"""Per-rating SGD: one small step after every rating (Funk 2006; Koren, Bell and Volinsky 2009)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlcollab.factor.engines.base import EpochLoss
from xlcollab.factor.passes.kernels import rating_pass
from xlcollab.factor.passes.order import Blocks
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Columns, Floats, Rows
from xlcollab.settings.schedules import Rate

# Fixed, so that the result is the same for any number of threads up to it.
N_BLOCKS = 8


@dataclass(slots=True)
class PerRating:
    """Walks the strata of `blocks` in turn; the threads share no row, so nothing is left to chance.

    The learning rate changes from epoch to epoch; `weights` (n_users,) and (n_items,) say how much
    L2 counts on each row in one step.
    """

    blocks: Blocks
    output: Output
    rows: Rows
    columns: tuple[Columns, Columns]
    weights: tuple[Floats, Floats]
    rate: Rate

    def run_epoch(self, epoch: int) -> EpochLoss:
        learning_rate = self.rate(epoch)
        number = self.rows.users.dtype.type
        user_rate, item_rate = (number(learning_rate) * side.share for side in self.columns)
        squared_errors = np.zeros(self.blocks.starts.shape[1] - 1)
        for starts in self.blocks.starts:
            rating_pass(
                starts,
                self.blocks.users,
                self.blocks.items,
                self.blocks.ratings,
                *self.output.numbers(number),
                self.rows.users,
                self.rows.items,
                user_rate,
                item_rate,
                self.columns[0].l2,
                self.columns[1].l2,
                *self.weights,
                squared_errors,
            )
        n = len(self.blocks.ratings)
        return EpochLoss(float(squared_errors.sum()), n, learning_rate)
