"""What biases alone predict: the line beside which every fit is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.training.result import Scores
from xlcollab.ratings import RatingsTable, mae, rmse

SWEEPS = 6
"""Means of the two sides in turn come to rest after a few."""
DAMPING = 5.0
"""Ratings of the mean that each user and item is given besides its own: Koren 2010, 2.1."""
_PART = 1 << 20
"""Ratings gone through at once: temporary arrays stay at some megabytes."""

Sums = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BiasesAlone:
    """rating ≈ mean + user bias + item bias, cut to the range of the training ratings."""

    mean: float
    users: Sums
    items: Sums
    seen: tuple[float, float]

    @staticmethod
    def of(table: RatingsTable) -> BiasesAlone:
        """Damped means of what the other side leaves, in turn."""
        mean = float(table.ratings.mean(dtype=np.float64))
        found = BiasesAlone(mean, np.zeros(table.n_users), np.zeros(table.n_items), table.range)
        for _ in range(SWEEPS):
            found._improve(table, found.items, table.items, found.users, table.users)
            found._improve(table, found.users, table.users, found.items, table.items)
        return found

    def scores(self, table: RatingsTable) -> Scores:
        """The errors on a table numbered by the same vocabularies."""
        predictions = np.empty(len(table), table.ratings.dtype)
        for part in _parts(len(table)):
            known = self.users[table.users[part]] + self.items[table.items[part]]
            predictions[part] = np.clip(self.mean + known, *self.seen)
        return Scores(rmse(predictions, table.ratings), mae(predictions, table.ratings), len(table))

    def _improve(
        self, table: RatingsTable, other: Sums, others: Any, bias: Sums, numbers: Any
    ) -> None:
        """`bias` ← the damped means of ratings − mean − the other side's."""
        total, count = np.zeros(len(bias)), np.full(len(bias), DAMPING)
        for part in _parts(len(table)):
            left = table.ratings[part] - self.mean - other[others[part]]
            total += np.bincount(numbers[part], left, len(bias))
            count += np.bincount(numbers[part], minlength=len(bias))
        bias[:] = total / count


def _parts(n: int) -> list[slice]:
    """Stretches of ratings that bound the memory."""
    return [slice(begin, begin + _PART) for begin in range(0, n, _PART)]
