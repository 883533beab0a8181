"""Second opinions: the model in torch, with autograd, written as plainly as it can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xlcollab.factor import StartArrays
from xlcollab.ratings import RatingsTable


@dataclass
class Judge:
    """Parameters and data as torch tensors; predictions by indexing, gradients by autograd."""

    table: RatingsTable
    user_factors: Tensor
    item_factors: Tensor
    user_bias: Tensor
    item_bias: Tensor
    centre: float = 0.0
    output_range: tuple[float, float] | None = None

    @staticmethod
    def of(table: RatingsTable, k: int, seed: int = 0, **options: Any) -> Judge:
        rng = np.random.default_rng(seed)
        dtype = table.ratings.dtype
        draws = (
            rng.normal(0, 0.3, shape).astype(dtype)
            for shape in ((table.n_users, k), (table.n_items, k), table.n_users, table.n_items)
        )
        weights = (torch.from_numpy(draw).requires_grad_() for draw in draws)
        return Judge(table, *weights, **options)

    @property
    def weights(self) -> list[Tensor]:
        return [self.user_factors, self.item_factors, self.user_bias, self.item_bias]

    def start(self) -> StartArrays:
        """The same numbers as the engine's start."""
        return StartArrays(*(weight.detach().numpy().copy() for weight in self.weights))

    def predictions(self, rows: Any = slice(None)) -> Tensor:
        users = torch.from_numpy(self.table.users[rows].astype(np.int64))
        items = torch.from_numpy(self.table.items[rows].astype(np.int64))
        z = (self.user_factors[users] * self.item_factors[items]).sum(1)
        z = z + self.user_bias[users] + self.item_bias[items] + self.centre
        if self.output_range is None:
            return z
        low, high = self.output_range
        return low + (high - low) * torch.sigmoid(z)

    def squared_error(self, rows: Any = slice(None)) -> Tensor:
        ratings = torch.from_numpy(self.table.ratings[rows])
        return ((self.predictions(rows) - ratings) ** 2).sum()

    def loss(self, name: str, rows: Any = slice(None)) -> Tensor:
        n = len(self.table.ratings[rows])
        total = self.squared_error(rows)
        return {"mse": total / n, "rmse": torch.sqrt(total / n), "sse": total / 2}[name]
