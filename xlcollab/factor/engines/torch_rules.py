"""The rules of `xlcollab.optim` under the names and settings of this room, and their one step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.factor.passes.rows import Floats
from xlcollab.factor.passes.rules import RowStep
from xlcollab.optim.methods import update_rule
from xlcollab.optim.rule import Memory, UpdateRule
from xlcollab.settings.fitting import TrainingSettings


def torch_rule(settings: TrainingSettings) -> UpdateRule:
    """The rule of the optimizer under `settings`."""
    return update_rule(settings.optimizer, settings.rule_options)


def moved(
    rule: UpdateRule,
    weights: Tensor,
    gradient: Tensor,
    memory: Memory,
    rate: float,
    l2: Tensor,
    weight_decay: Tensor,
) -> tuple[Tensor, Memory]:
    """New weights and memory: add L2, decay, move, in torch's order; `gradient` is clipped. The
    weights keep their shape."""
    with torch.no_grad():
        whole = gradient + l2 * weights
        return rule.move(weights * (1 - rate * weight_decay), whole, memory, rate)


@dataclass(frozen=True, slots=True)
class TorchRows:
    """The step of a rule on rows for which no kernel was compiled: any method of `optim`."""

    rule: UpdateRule

    def buffers(self, rows: Floats) -> list[Floats]:
        """As `passes.rules.Rule.buffers`."""
        return [np.zeros_like(rows) for _ in self.rule.buffers]

    def step(self, step: RowStep, settings: TrainingSettings) -> None:
        """As `passes.rules.Rule.step`."""
        columns = step.columns
        gradient = step.scale * step.blocks.sum(0) * columns.active
        l2 = step.penalty * columns.weights[:, None] * columns.l2
        before = [torch.from_numpy(buffer) for buffer in step.buffers]
        rows, memory = moved(
            self.rule,
            torch.from_numpy(step.rows),
            torch.from_numpy(gradient.astype(step.rows.dtype, copy=False)),
            Memory(step.number - 1, tuple(before)),
            step.learning_rate,
            torch.from_numpy(l2.astype(step.rows.dtype, copy=False)),
            torch.from_numpy(columns.weight_decay),
        )
        step.rows[:] = rows.numpy()
        for buffer, after in zip(step.buffers, memory.buffers, strict=True):
            buffer[:] = after.numpy()


def device_of(settings: TrainingSettings) -> torch.device:
    """The device asked for. Raises UsageError where there is no such device."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device is cuda, but torch finds no CUDA device here; use device cpu")
    return torch.device(settings.device)
