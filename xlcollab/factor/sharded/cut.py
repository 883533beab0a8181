"""Into which parts users and items are cut, and which process owns which part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.engines.per_rating import N_BLOCKS
from xlcollab.factor.sharded.drawn import shuffled, skip_rows
from xlcollab.settings.fitting import ModelSettings, TrainingSettings

Parts = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Cut:
    """`users` (n_users,) and `items` (n_items,) name the part of each; rank r owns the parts
    `bounds[r]` … `bounds[r + 1]` − 1 of `n`, of both sides. `rng` goes on where a run in one
    process would draw the order of its ratings.
    """

    n: int
    users: Parts
    items: Parts
    bounds: tuple[int, ...]
    rng: np.random.Generator

    @staticmethod
    def of(
        n_users: int, n_items: int, model: ModelSettings, training: TrainingSettings, size: int
    ) -> Cut:
        """For `size` processes. Up to as many as one process has blocks, the parts are those that
        stratified SGD has in one process; beyond, each process has as many blocks for itself.
        """
        n = N_BLOCKS if size <= N_BLOCKS else N_BLOCKS * size
        rng = np.random.default_rng(training.seed)
        if training.optimizer == "sgd":
            skip_rows(model, n_users, rng)
            skip_rows(model, n_items, rng)
        users = (shuffled(n_users, rng) % n).astype(np.uint16)
        items = (shuffled(n_items, rng) % n).astype(np.uint16)
        return Cut(n, users, items, tuple(n * rank // size for rank in range(size + 1)), rng)

    @property
    def owners(self) -> NDArray[np.int16]:
        """Which process owns each user (n_users,)."""
        of_part = np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))
        owners: NDArray[np.int16] = of_part.astype(np.int16)[self.users]
        return owners
