"""New users of an implicit model from what they took up, without training.

By "als" a new user's row is what the training would solve for: the minimum of Σ c (preference −
w·x)² + λ |w|² over all items, the items' rows x as they are. By "bpr" it is the row that ranks what
was taken up before what was not, found by Newton steps on the mean of the same losses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError
from xlcollab.factor.models.model import FactorModel
from xlcollab.factor.models.uptake import Uptake

Matrix = NDArray[np.float64]
_OTHERS = 500
"""Items not taken up that stand for all of them, so that a large catalogue costs no more."""
_STEPS = 20
"""Newton steps: a few are enough."""


class TasteOf:
    """What finds the factors (k,) of a user by the items that were taken up, and their counts."""

    def __init__(self, model: FactorModel) -> None:
        if model.uptake is None:
            raise DataError("the model says nothing of how its counts were weighed; fit it anew")
        self.uptake: Uptake = model.uptake
        self.items: Matrix = model.item_factors.astype(np.float64)
        self.biases: Matrix = model.item_bias.astype(np.float64)
        self.everyone: Matrix = self.items.T @ self.items

    def row(self, items: NDArray[np.int32], counts: Matrix) -> Matrix:
        """The factors of a user who took up `items` (n,) `counts` (n,) times. Shape (k,)."""
        if self.uptake.rule == "bpr":
            return self._by_pairs(items)
        x, more = self.items[items], self.uptake.beyond_one(counts)
        matrix = self.everyone + self.uptake.l2 * np.eye(x.shape[1]) + (x * more[:, None]).T @ x
        return np.asarray(np.linalg.lstsq(matrix, x.T @ (1 + more), rcond=None)[0], np.float64)

    def _by_pairs(self, items: NDArray[np.int32]) -> Matrix:
        left = np.setdiff1d(np.arange(len(self.items)), items)
        if len(left) > _OTHERS:
            left = np.random.default_rng(0).choice(left, _OTHERS, replace=False)
        k = self.items.shape[1]
        w = np.zeros(k)
        if not len(left):
            return w
        apart = (self.items[items][:, None] - self.items[left][None]).reshape(-1, k)
        offset = (self.biases[items][:, None] - self.biases[left][None]).ravel()
        penalty = max(self.uptake.l2, 1e-3) * len(left)  # as many pairs stand for one of training
        for _ in range(_STEPS):
            wrong = 1 / (1 + np.exp(np.clip(apart @ w + offset, -30, 30)))
            slope = apart.T @ wrong - penalty * len(items) * w
            bend = (apart * (wrong * (1 - wrong))[:, None]).T @ apart
            w = w + np.linalg.solve(bend + penalty * len(items) * np.eye(k), slope)
        return w
