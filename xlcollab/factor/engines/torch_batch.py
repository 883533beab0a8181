"""Gradient rules on closed-form gradients by torch: for a GPU, where numba's loops cannot go."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from xlcollab.factor.engines.base import Buffers, EpochLoss
from xlcollab.factor.engines.gather_pass import GatherPass
from xlcollab.factor.engines.gradient import loss_scale, penalty_scale
from xlcollab.factor.engines.torch_rules import moved, torch_rule
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Columns, Floats, Rows
from xlcollab.optim.rule import Memory, UpdateRule
from xlcollab.ratings import RatingsTable
from xlcollab.settings.fitting import TrainingSettings
from xlcollab.settings.schedules import Rate


class Pass(Protocol):
    """Ratings on a device, in the order that their gradients are added up in."""

    def gradients(self, users: Tensor, items: Tensor) -> tuple[list[Tensor], Tensor]:
        """Gradients of ½ Σ error² on the rows of both sides, and Σ error². The gradients have the
        shape of the rows, (n, width)."""
        ...


def pass_over(data: tuple[Tensor, ...], shape: tuple[int, int], output: Output) -> Pass:
    """The fastest pass over `data` (users, items, ratings) that their device has."""
    users, items, ratings = data
    if ratings.is_cuda and has_triton():
        from xlcollab.factor.engines.triton_pass import TritonPass

        return TritonPass.of(users, items, ratings, shape, output)
    return GatherPass.of(users, items, ratings, shape, output)


def has_triton() -> bool:
    """Whether kernels can be compiled for the GPU: torch for Windows comes without."""
    return importlib.util.find_spec("triton") is not None


@dataclass(slots=True)
class _TorchSide:
    """One side's rows (n, width), what holds for their columns, and the state of the rule.

    L2 is (width,), or (n, width) where it grows with the ratings of a row.
    """

    rows: Tensor
    active: Tensor
    l2: Tensor
    weight_decay: Tensor
    memory: Memory

    @staticmethod
    def of(rows: Floats, columns: Columns, rule: UpdateRule, device: torch.device) -> _TorchSide:
        tensors = (
            torch.from_numpy(array).to(device)
            for array in (
                rows,
                columns.active,
                columns.l2,
                columns.weight_decay,
                columns.weights,
            )
        )
        whole, active, l2, weight_decay, weights = tensors
        if (columns.weights != 1).any():
            l2 = weights[:, None] * l2
        return _TorchSide(whole, active, l2, weight_decay, Memory.before(rule, whole))


def alone(tensor: Tensor) -> Tensor:
    """The sum over all processes where there is one. Its shape stays."""
    return tensor


@dataclass(slots=True)
class TorchBatch:
    """All ratings at a step, or `batch_size` of them drawn anew every epoch, on `device`.

    `n_ratings` counts those of all processes; `table` and `start.users` are this one's, and `sum`
    adds a tensor up over them all.
    """

    table: RatingsTable
    output: Output
    start: Rows
    columns: tuple[Columns, Columns]
    settings: TrainingSettings
    rate: Rate
    rng: np.random.Generator
    device: torch.device
    n_ratings: int
    sum: Callable[[Tensor], Tensor] = alone
    n_steps: int = 0
    _sides: tuple[_TorchSide, _TorchSide] = field(init=False)
    _data: tuple[Tensor, Tensor, Tensor] = field(init=False)
    _whole: Pass | None = field(init=False)

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
        self._whole = self._pass(self._data) if self.settings.batch_size is None else None

    @property
    def rows(self) -> Rows:
        users, items = (side.rows.cpu().numpy() for side in self._sides)
        return Rows(users, items, self.start.n_factors)

    @property
    def buffers(self) -> Buffers:
        users, items = (
            [buffer.cpu().numpy() for buffer in side.memory.buffers] for side in self._sides
        )
        return users, items

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up rows and buffers as they were after `n_steps` steps."""
        for side, values, saved in zip(self._sides, (rows.users, rows.items), buffers, strict=True):
            side.rows = torch.from_numpy(values).to(self.device)
            tensors = (torch.from_numpy(buffer).to(self.device) for buffer in saved)
            side.memory = Memory(n_steps, tuple(tensors))
        self.n_steps = n_steps

    def run_epoch(self, epoch: int) -> EpochLoss:
        n, size = self.n_ratings, self.settings.batch_size
        if self._whole is not None:
            squared_error, rate = self._step(self._whole, n)
            return EpochLoss(float(squared_error), n, rate)
        order = torch.from_numpy(self.rng.permutation(n)).to(self.device)
        squared_errors, rate = [], math.nan
        for chosen in torch.split(order, size or n):
            batch = self._pass(tuple(column[chosen] for column in self._data))
            squared_error, rate = self._step(batch, len(chosen))
            squared_errors.append(squared_error)
        return EpochLoss(float(torch.stack(squared_errors).sum()), n, rate)

    @property
    def _rule(self) -> UpdateRule:
        return torch_rule(self.settings)

    def _pass(self, data: tuple[Tensor, ...]) -> Pass:
        return pass_over(data, (len(self.start.users), len(self.start.items)), self.output)

    def _step(self, batch: Pass, n: int) -> tuple[Tensor, float]:
        """One step on `n` ratings; Σ error² before it, and the learning rate.

        Nothing is asked of the device, which works on while the next step is prepared.
        """
        gradients, squared_error = batch.gradients(*(side.rows for side in self._sides))
        gradients[1], squared_error = self.sum(gradients[1]), self.sum(squared_error)
        scale = _loss_scale(self.settings.loss, squared_error, n).to(gradients[0].dtype)
        penalty = penalty_scale(self.settings, scale, n, self.n_ratings)
        whole = [scale * g * side.active for g, side in zip(gradients, self._sides, strict=True)]
        if self.settings.clip is not None:
            users_square, items_square = ((g.double() ** 2).sum() for g in whole)
            norm = (self.sum(users_square) + items_square).sqrt()
            factor = (self.settings.clip / (norm + 1e-6)).clamp(max=1.0).to(scale.dtype)
            whole = [g * factor for g in whole]
        learning_rate = self.rate(self.n_steps)
        self.n_steps += 1
        for side, gradient in zip(self._sides, whole, strict=True):
            side.rows, side.memory = moved(
                self._rule,
                side.rows,
                gradient,
                side.memory,
                learning_rate,
                side.l2 * penalty,
                side.weight_decay,
            )
        return squared_error, learning_rate


def _loss_scale(loss: str, squared_error: Tensor, n: int) -> Tensor:
    """`gradient.loss_scale` where the squared error lies on a device."""
    if loss == "rmse":
        return torch.where(squared_error > 0, (n * squared_error).rsqrt(), 0.0)
    return torch.full_like(squared_error, loss_scale(loss, 0.0, n))
