"""Gradient rules on closed-form gradients: all ratings at a step, or a batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.engines.base import Buffers, EpochLoss, n_parts
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.passes.kernels import batch_pass, full_pass
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Columns, Counts, Floats, Rows, aligned_zeros
from xlcollab.factor.passes.rules import RULES, RowRule, RowStep
from xlcollab.ratings import RatingsTable
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.schedules import Rate

if TYPE_CHECKING:
    from torch import Tensor

_Scale = TypeVar("_Scale", float, "Tensor")


@dataclass(slots=True)
class Stepper:
    """Rows, their buffers, and the step that turns gradients of ½ Σ error² into new rows."""

    rows: Rows
    columns: tuple[Columns, Columns]
    settings: TrainingSettings
    rate: Rate
    buffers: tuple[list[Floats], list[Floats]]
    n_steps: int = 0
    total: Callable[[float], float] = float
    """The sum of a number over all processes that share the users."""
    total_of_items: Callable[[float], float] = float
    """The same where processes share the items, too."""
    n_ratings: int = 1
    """Of which a step sees some, or all."""

    @staticmethod
    def of(
        rows: Rows,
        model: ModelSettings,
        settings: TrainingSettings,
        n_steps: int,
        counts: Counts | None = None,
    ) -> Stepper:
        """At its start, for a run of `n_steps` under resolved settings.

        `counts` are the ratings of every user and item, all processes together.
        """
        rule = row_rule(settings)
        return Stepper(
            rows,
            rows.columns(model, settings, counts),
            settings,
            learning_rates(settings, n_steps),
            (rule.buffers(rows.users), rule.buffers(rows.items)),
            n_ratings=1 if counts is None else int(counts[1].sum()),
        )

    def step(self, users: Floats, items: Floats, squared_error: float, n: int) -> float:
        """One step by gradients in blocks (parts, n_rows, width); returns the learning rate."""
        scale = loss_scale(self.settings.loss, squared_error, n)
        penalty = penalty_scale(self.settings, scale, n, self.n_ratings)
        scale *= self._shortening(users, items, scale)
        learning_rate = self.rate(self.n_steps)
        self.n_steps += 1
        sides = zip(
            (self.rows.users, self.rows.items),
            (users, items),
            self.columns,
            self.buffers,
            strict=True,
        )
        rule = row_rule(self.settings)
        for rows, blocks, columns, buffers in sides:
            step = RowStep(
                rows, blocks, scale, columns, penalty, buffers, learning_rate, self.n_steps
            )
            rule.step(step, self.settings)
        return learning_rate

    def _shortening(self, users: Floats, items: Floats, scale: float) -> float:
        """The factor of torch.nn.utils.clip_grad_norm_, its 1e-6 included."""
        if self.settings.clip is None:
            return 1.0
        users_square, items_square = (
            float(np.sum((blocks.sum(axis=0) * columns.active).astype(np.float64) ** 2))
            for blocks, columns in zip((users, items), self.columns, strict=True)
        )
        norm = abs(scale) * math.sqrt(self.total(users_square) + self.total_of_items(items_square))
        return min(1.0, self.settings.clip / (norm + 1e-6))


def row_rule(settings: TrainingSettings) -> RowRule:
    """The compiled rule of the optimizer, else the same rule in torch's operations."""
    if settings.optimizer in RULES:
        return RULES[settings.optimizer]
    from xlcollab.factor.engines.torch_rules import TorchRows, torch_rule  # loads torch

    return TorchRows(torch_rule(settings))


def loss_scale(loss: str, squared_error: float, n: int) -> float:
    """What turns the gradient of ½ Σ error² over n ratings into that of the loss."""
    if loss == "mse":
        return 2 / n
    if loss == "sse":
        return 1.0
    return 1 / math.sqrt(n * squared_error) if squared_error > 0 else 0.0


def penalty_scale(
    settings: TrainingSettings, scale: _Scale, n: int, n_ratings: int
) -> _Scale | float:
    """The factor on L2 in a step on n of all ratings: 1 once a step, else what the loss puts on
    ½ Σ error², of which a batch has its share."""
    return 1.0 if settings.l2_scaling in (None, "step") else scale * (n / n_ratings)


Reduce = Callable[[Floats, float], tuple[Floats, float]]
"""(item gradient blocks, squared error) of this process → those of all processes together."""


def alone(item_gradient: Floats, squared_error: float) -> tuple[Floats, float]:
    """The `Reduce` of a single process. The gradient keeps its shape, (parts, n, width)."""
    return item_gradient, squared_error


@dataclass(slots=True)
class FullBatch:
    """One step an epoch, from one fused pass over the ratings by user.

    `n_ratings` counts those of all processes; `by_user` holds this one's.
    """

    by_user: BySide
    output: Output
    stepper: Stepper
    n_ratings: int
    reduce: Reduce = alone
    cuts: NDArray[np.int64] = field(init=False)
    user_gradient: Floats = field(init=False)
    item_gradient: Floats = field(init=False)

    def __post_init__(self) -> None:
        rows = self.stepper.rows
        self.cuts = self.by_user.cuts(n_parts())
        parts = len(self.cuts) - 1
        self.user_gradient = aligned_zeros((1, *rows.users.shape), rows.users.dtype)
        self.item_gradient = aligned_zeros((parts, *rows.items.shape), rows.items.dtype)

    @property
    def rows(self) -> Rows:
        return self.stepper.rows

    def run_epoch(self, epoch: int) -> EpochLoss:
        items, squared_error = self.reduce(self.item_gradient, self.pass_over())
        rate = self.stepper.step(self.user_gradient, items, squared_error, self.n_ratings)
        return EpochLoss(squared_error, self.n_ratings, rate)

    @property
    def buffers(self) -> Buffers:
        return self.stepper.buffers

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up rows and buffers as they were after `n_steps` steps."""
        self.rows.users[:], self.rows.items[:] = rows.users, rows.items
        for own, saved in zip(self.buffers, buffers, strict=True):
            for buffer, values in zip(own, saved, strict=True):
                buffer[:] = values
        self.stepper.n_steps = n_steps

    def pass_over(self) -> float:
        """Fills the gradients; returns this process's Σ error²."""
        squared_errors = np.zeros(len(self.cuts) - 1)
        rows = self.rows
        full_pass(
            self.cuts,
            self.by_user.starts,
            self.by_user.others,
            self.by_user.ratings,
            *self.output.numbers(rows.users.dtype),
            rows.users,
            rows.items,
            self.user_gradient[0],
            self.item_gradient,
            squared_errors,
        )
        return float(squared_errors.sum())


@dataclass(slots=True)
class MiniBatch:
    """A step a batch, batches drawn anew every epoch.

    Every step moves all rows, as torch.optim does: batches should be large where the tables of
    factors are.
    """

    table: RatingsTable
    output: Output
    stepper: Stepper
    batch_size: int
    rng: np.random.Generator
    user_gradient: Floats = field(init=False)
    item_gradient: Floats = field(init=False)

    def __post_init__(self) -> None:
        rows, parts = self.stepper.rows, n_parts()
        self.user_gradient = np.empty((parts, *rows.users.shape), rows.users.dtype)
        self.item_gradient = np.empty((parts, *rows.items.shape), rows.items.dtype)

    @property
    def rows(self) -> Rows:
        return self.stepper.rows

    def run_epoch(self, epoch: int) -> EpochLoss:
        order = self.rng.permutation(len(self.table)).astype(np.uint32)
        total, rate = 0.0, math.nan
        for begin in range(0, len(order), self.batch_size):
            chosen = order[begin : begin + self.batch_size]
            squared_error = self._pass(chosen)
            rate = self.stepper.step(
                self.user_gradient, self.item_gradient, squared_error, len(chosen)
            )
            total += squared_error
        return EpochLoss(total, len(order), rate)

    def _pass(self, chosen: NDArray[np.integer]) -> float:
        parts = len(self.user_gradient)
        squared_errors = np.zeros(parts)
        rows = self.rows
        batch_pass(
            np.linspace(0, len(chosen), parts + 1).astype(np.int64),
            chosen,
            self.table.users,
            self.table.items,
            self.table.ratings,
            *self.output.numbers(rows.users.dtype),
            rows.users,
            rows.items,
            self.user_gradient,
            self.item_gradient,
            squared_errors,
        )
        return float(squared_errors.sum())
