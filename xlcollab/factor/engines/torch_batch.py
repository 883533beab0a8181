"""Gradient rules on closed-form gradients by torch: for a GPU, where numba's loops cannot go.

The same sums as the fused kernels, in parts of ratings that bound the memory: gather both rows, one
dot product, and two additions by index.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xlcollab.factor.engines.base import EpochLoss
from xlcollab.factor.engines.gradient import loss_scale
from xlcollab.factor.engines.torch_rules import TORCH_RULES, moved
from xlcollab.factor.output import Output
from xlcollab.factor.rows import Columns, Rows
from xlcollab.factor.settings import TrainingSettings
from xlcollab.optim.schedules import Rate
from xlcollab.ratings import RatingsTable

PART = 1 << 21
"""Ratings whose rows are gathered at once: 0.5 GB a side at 62 factors in float32."""


@dataclass(slots=True)
class _TorchSide:
    """One side's rows (n, width), what holds for their columns, and the state of the rule."""

    rows: Tensor
    active: Tensor
    l2: Tensor
    weight_decay: Tensor
    state: Any

    @staticmethod
    def of(rows: Any, columns: Columns, rule: Any, device: torch.device) -> _TorchSide:
        tensors = (
            torch.from_numpy(array).to(device)
            for array in (rows, columns.active, columns.l2, columns.weight_decay)
        )
        whole, active, l2, weight_decay = tensors
        return _TorchSide(whole, active, l2, weight_decay, rule.init(whole))


@dataclass(slots=True)
class TorchBatch:
    """All ratings at a step, or `batch_size` of them drawn anew every epoch, on `device`."""

    table: RatingsTable
    output: Output
    start: Rows
    columns: tuple[Columns, Columns]
    settings: TrainingSettings
    rate: Rate
    rng: np.random.Generator
    device: torch.device
    n_steps: int = 0
    _sides: tuple[_TorchSide, _TorchSide] = field(init=False)
    _data: tuple[Tensor, Tensor, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        rule = self._rule
        self._sides = (
            _TorchSide.of(self.start.users, self.columns[0], rule, self.device),
            _TorchSide.of(self.start.items, self.columns[1], rule, self.device),
        )
        ratings = self.table.ratings.astype(self.start.users.dtype, copy=False)
        self._data = (
            torch.from_numpy(self.table.users).to(self.device),
            torch.from_numpy(self.table.items).to(self.device),
            torch.from_numpy(ratings).to(self.device),
        )

    @property
    def rows(self) -> Rows:
        users, items = (side.rows.cpu().numpy() for side in self._sides)
        return Rows(users, items, self.start.n_factors)

    def run_epoch(self, epoch: int) -> EpochLoss:
        n, size = len(self.table), self.settings.batch_size
        if size is None:
            total, rate = self._step(self._data)
            return EpochLoss(total, n, rate)
        order = torch.from_numpy(self.rng.permutation(n)).to(self.device)
        total, rate = 0.0, math.nan
        for chosen in torch.split(order, size):
            squared_error, rate = self._step(tuple(column[chosen] for column in self._data))
            total += squared_error
        return EpochLoss(total, n, rate)

    @property
    def _rule(self) -> Any:
        return TORCH_RULES[self.settings.optimizer](self.settings)

    def _step(self, data: tuple[Tensor, ...]) -> tuple[float, float]:
        """One step on (users, items, ratings); Σ error² before it, and the learning rate."""
        gradients, squared_error = self._gradients(data)
        scale = loss_scale(self.settings.loss, squared_error, len(data[2]))
        whole = [scale * g * side.active for g, side in zip(gradients, self._sides, strict=True)]
        if self.settings.clip is not None:
            norm = math.sqrt(sum(float((g.double() ** 2).sum()) for g in whole))
            whole = [g * min(1.0, self.settings.clip / (norm + 1e-6)) for g in whole]
        learning_rate = self.rate(self.n_steps)
        self.n_steps += 1
        for side, gradient in zip(self._sides, whole, strict=True):
            side.rows, side.state = moved(
                self._rule,
                side.rows,
                gradient,
                side.state,
                learning_rate,
                side.l2,
                side.weight_decay,
            )
        return squared_error, learning_rate

    def _gradients(self, data: tuple[Tensor, ...]) -> tuple[list[Tensor], float]:
        """Gradients of ½ Σ error² of both sides, and Σ error²."""
        rows = [side.rows for side in self._sides]
        gradients = [torch.zeros_like(side) for side in rows]
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        for users, items, ratings in zip(*(torch.split(c, PART) for c in data), strict=True):
            a, b = rows[0].index_select(0, users), rows[1].index_select(0, items)
            error, slope = self._residual(torch.linalg.vecdot(a, b) + self.output.centre, ratings)
            total += (error * error).sum(dtype=torch.float64)
            gradients[0].index_add_(0, users, b * slope[:, None])
            gradients[1].index_add_(0, items, a * slope[:, None])
        return gradients, float(total)

    def _residual(self, z: Tensor, ratings: Tensor) -> tuple[Tensor, Tensor]:
        """The error and the slope: error · d prediction / dz."""
        low, span = self.output.low, self.output.span
        if span == 0:
            error = z - ratings
            return error, error
        share = torch.sigmoid(z)
        error = low + span * share - ratings
        return error, error * span * share * (1 - share)
