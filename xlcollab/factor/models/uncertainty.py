"""What an averaged model keeps of its draws, besides their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.passes.rows import Rows

Variances = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draws:
    """How many draws lie side by side in the factors, the noise of a rating (a deviation), and the
    variances of biases over the draws, (n_users,) and (n_items,)."""

    n: int
    noise: float
    users: Variances
    items: Variances

    @staticmethod
    def of(draws: list[Rows], noise: list[float], spread: float) -> Draws | None:
        """Those of a sampler on ratings of deviation 1; None of a single draw."""
        if len(draws) < 2:
            return None
        users = np.var([draw.user_bias.astype(np.float64) for draw in draws], axis=0)
        items = np.var([draw.item_bias.astype(np.float64) for draw in draws], axis=0)
        deviation = float(np.sqrt(np.mean(noise)))
        return Draws(len(draws), deviation * spread, users * spread**2, items * spread**2)

    def with_users(self, n: int) -> Draws:
        """The same for n users more, whose biases are as uncertain as those known."""
        more = np.full(n, self.users.mean())
        return Draws(self.n, self.noise, np.append(self.users, more), self.items)
