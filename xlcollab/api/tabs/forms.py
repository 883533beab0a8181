"""Update rules in the form that a tab has: its memory cells as the start, no bias correction.

The rules of `xlcollab.optim` are those of torch.optim. A tab's own rule differs: memories start
from cells, adam does not correct its bias, rmsprop divides by the root of the row above, adagrad's
norms change once per epoch, and what anneals looks back at an epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from xlcollab.api.tabs.epochs import Epochs
from xlcollab.optim.rule import FirstOrder, Memory, clipped
from xlcollab.problems.tab.rules import HALVING_LIMIT, QUARTERING_LIMIT, Annealing


@dataclass(slots=True)
class EpochEnd:
    """What an epoch left behind: the loss it met and the gradients of its batches, (b, k)."""

    loss: float
    gradients: Tensor

    @property
    def norms(self) -> Tensor:
        """SQRT(SUMSQ(gradients)) / COUNT(gradients) per weight, (k,)."""
        return self.gradients.square().sum(0).sqrt() / len(self.gradients)


class StandardForm:
    """A rule of `xlcollab.optim`, with l2, clipping and decay around it."""

    def __init__(self, rule: FirstOrder, l2: float, start: Tensor) -> None:
        self._rule, self._l2 = rule, l2
        self._memory = Memory.before(rule.rule, start)

    def step(self, weights: Tensor, gradient: Tensor, rate: float) -> Tensor:
        """The weights after one step, in torch's order: penalty, clip, decay, move. Weights,
        (k,)."""
        rule = self._rule
        gradient = gradient + self._l2 * weights if self._l2 else gradient
        gradient = gradient if rule.clip is None else clipped(gradient, rule.clip)
        weights = weights * (1.0 - rate * rule.weight_decay) if rule.weight_decay else weights
        moved, self._memory = rule.rule.move(weights, gradient, self._memory, rate)
        return moved

    def end_epoch(self, end: EpochEnd) -> None:
        """Nothing changes between epochs."""


class TabForm:
    """The rule of a tab, from its settings and memory cells."""

    def __init__(self, epochs: Epochs) -> None:
        tab = epochs.tab
        self._beta1 = tab.setting("beta1") or 0.0
        self._beta2 = tab.setting("beta2") or 0.0
        self._share = 1.0 - self._beta1 if tab.dampened else 1.0
        self._late_root = tab.late_root
        self._mean = _memory(epochs, "mean")
        self._square = _memory(epochs, "square")
        self._norm = _memory(epochs, "norm")
        self._feedback = _Feedback(epochs) if tab.kind == "eve" else None

    def step(self, weights: Tensor, gradient: Tensor, rate: float) -> Tensor:
        """The weights after one step, computed in the order of the lesson's formulas. Weights,
        (k,)."""
        direction, before = gradient, self._square
        if self._mean is not None:
            direction = self._mean = self._mean * self._beta1 + self._share * gradient
        move = direction * (rate if self._norm is None else rate / self._norm)
        if before is not None:
            share = 1.0 - self._beta2
            self._square = before * self._beta2 + share * gradient.square()
            move = move / (before if self._late_root else self._square).sqrt()
        return weights - (move if self._feedback is None else move / self._feedback.divisor)

    def end_epoch(self, end: EpochEnd) -> None:
        """Adagrad's norms and eve's feedback look back at the epoch."""
        if self._norm is not None:
            self._norm = end.norms
        if self._feedback is not None:
            self._feedback.end_epoch(end.loss)


def _memory(epochs: Epochs, role: str) -> Tensor | None:
    """The memory cells of a role, in the order of the weights."""
    found = {
        memory.weight: value
        for memory, value in zip(epochs.tab.memories, epochs.memory().tolist(), strict=True)
        if memory.role == role
    }
    return torch.tensor([found[i] for i in sorted(found)], dtype=torch.float64) if found else None


class _Feedback:
    """Eve (Koushik and Hayashi 2016) as the lesson types it: steps shrink as the loss swings."""

    def __init__(self, epochs: Epochs) -> None:
        by_role = {pair.role: pair.target for pair in epochs.tab.pairs}
        cells = [by_role[role] for role in ("loss before", "loss before that", "divisor")]
        values = [float(epochs.registers[epochs.program.register(cell)]) for cell in cells]
        self._losses, self._last = (values[0], values[1]), values[2]
        self._decay = epochs.value("feedback decay")

    @property
    def divisor(self) -> float:
        first, second = self._losses
        swing = abs(first - second) / min(first, second)
        return self._last * self._decay + (1.0 - self._decay) * swing

    def end_epoch(self, loss: float) -> None:
        self._last, self._losses = self.divisor, (loss, self._losses[0])


class Annealer:
    """The lesson's annealing as a schedule: the rate falls when an epoch's gradients grow."""

    def __init__(self, annealing: Annealing, rate: float, limit: float = math.inf) -> None:
        self.rate, self._limit = rate, limit
        self._look = _LOOKS[annealing]

    def end_epoch(self, end: EpochEnd) -> None:
        """Look at the epoch and set the rate of the next."""
        self.rate, self._limit = self._look(self.rate, self._limit, end)


def _keep(rate: float, limit: float, end: EpochEnd) -> tuple[float, float]:
    del end
    return rate, limit


def _halve(rate: float, limit: float, end: EpochEnd) -> tuple[float, float]:
    """Halve until rate · Σ norms is at most twice what it was."""
    total = float(end.norms.sum())
    while rate * total > HALVING_LIMIT * limit:
        rate /= 2.0
    return rate, rate * total


def _quarter(rate: float, limit: float, end: EpochEnd) -> tuple[float, float]:
    """Quarter when Σ norms exceeds twice the smallest seen."""
    size = float(end.norms.sum())
    if size > QUARTERING_LIMIT * limit:
        rate /= 4.0
    return rate, min(limit, size)


_LOOKS: Mapping[Annealing, Callable[[float, float, EpochEnd], tuple[float, float]]] = {
    "none": _keep,
    "halving": _halve,
    "quartering": _quarter,
}
