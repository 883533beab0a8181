"""Engines for what was taken up: weighted least squares (Hu et al. 2008) and BPR (Rendle 2009)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from xlcollab.factor.engines.base import Buffers, EpochLoss, n_parts
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.preference import confident_loss, pair_pass, solve_confident
from xlcollab.factor.passes.rows import Columns, Floats, Rows
from xlcollab.settings.schedules import Rate

_STEPS = 3
"""Conjugate gradients a row and epoch: what more of them gain, the next epoch gains too."""


@dataclass(slots=True)
class ConfidentLeastSquares:
    """An epoch improves all users, then all items, each by a few conjugate gradients.

    The loss is Σ c (preference − p·q)² over all pairs + λ (Σ |p|² + Σ |q|²); no step raises it.
    """

    sides: tuple[BySide, BySide]
    """Of users and of items; in place of counts they hold confidences beyond 1."""
    rows: Rows
    l2: float

    def run_epoch(self, epoch: int) -> EpochLoss:
        users = self.rows.user_factors.astype(np.float64)
        items = self.rows.item_factors.astype(np.float64)
        for side, own, other in ((self.sides[0], users, items), (self.sides[1], items, users)):
            solve_confident(
                side.cuts(4 * n_parts()),
                side.starts,
                side.others,
                side.ratings,
                other,
                other.T @ other + self.l2 * np.eye(other.shape[1]),
                _STEPS,
                own,
            )
        self.rows.user_factors[:], self.rows.item_factors[:] = users, items
        return EpochLoss(self._loss(users, items), len(self.sides[0].others), np.nan)

    def _loss(self, users: Floats, items: Floats) -> float:
        by_user = self.sides[0]
        cuts = by_user.cuts(n_parts())
        taken = np.zeros(len(cuts) - 1)
        confident_loss(cuts, by_user.starts, by_user.others, by_user.ratings, users, items, taken)
        every = float(np.sum((users.T @ users) * (items.T @ items)))
        sizes = float(np.sum(users**2) + np.sum(items**2))
        return every + float(taken.sum()) + self.l2 * sizes

    @property
    def buffers(self) -> Buffers:
        """None: the rows are all there is."""
        return [], []

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up the rows as they were after `n_steps` epochs."""
        self.rows.users[:], self.rows.items[:] = rows.users, rows.items


@dataclass(slots=True)
class Pairwise:
    """BPR: an epoch takes as many steps as there are pairs, on pairs drawn from seed and epoch."""

    by_user: BySide
    rows: Rows
    columns: tuple[Columns, Columns]
    rate: Rate
    seed: int
    users: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        n_users = len(self.by_user.starts) - 1
        self.users = np.repeat(np.arange(n_users, dtype=np.int32), self.by_user.counts)

    def run_epoch(self, epoch: int) -> EpochLoss:
        learning_rate = self.rate(epoch)
        number = self.rows.users.dtype.type
        state = np.random.SeedSequence([self.seed, epoch]).generate_state(1, np.uint64) | 1
        user_rate, item_rate = (number(learning_rate) * side.active for side in self.columns)
        loss = pair_pass(
            state,
            self.users,
            self.by_user.starts,
            self.by_user.others,
            self.rows.users,
            self.rows.items,
            user_rate,
            item_rate,
            self.columns[0].l2,
            self.columns[1].l2,
        )
        return EpochLoss(loss, len(self.users), learning_rate)

    @property
    def buffers(self) -> Buffers:
        """None: the rows are all there is."""
        return [], []

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up the rows as they were after `n_steps` epochs."""
        self.rows.users[:], self.rows.items[:] = rows.users, rows.items
