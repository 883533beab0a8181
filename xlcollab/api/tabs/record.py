"""What running a tab records: a row per epoch and, if wanted, a row per step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.history import Record
from xlcollab.problems.tab.tab import GraddescTab

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EpochRow:
    """The state of a tab after some epochs: k weights, their mean gradients, m memory cells."""

    loss: float
    measured: float
    """The root of the sum of squared errors, the same measure for every tab."""
    rate: float
    weights: Numbers
    gradient: Numbers
    memory: Numbers


@dataclass(frozen=True, slots=True)
class StepRows:
    """The rows of one epoch: losses (n,), and weights, gradients, memories (n, ·)."""

    losses: Numbers
    rate: float
    weights: Numbers
    gradients: Numbers
    memories: Numbers


class Recorder:
    """Collects the rows of one run; epoch 0 is the start."""

    def __init__(self, weights: Sequence[str], memories: Sequence[str], *, steps: bool) -> None:
        self.weights, self.memories, self.wants_steps = tuple(weights), tuple(memories), steps
        self.epochs: list[EpochRow] = []
        self.steps: list[StepRows] = []

    @staticmethod
    def of_tab(tab: GraddescTab, *, steps: bool) -> Recorder:
        """A recorder with the tab's own names."""
        names = [weight.name for weight in tab.weights]
        labels = [
            "steps before" if one.role == "count" else f"{one.role} of {names[one.weight]}"
            for one in tab.memories
        ]
        return Recorder(names, labels, steps=steps)

    @property
    def losses(self) -> list[float]:
        return [row.loss for row in self.epochs]

    def record(self) -> Record:
        """One row per epoch, the start first."""
        rows = self.epochs
        columns: dict[str, Numbers] = {
            "epoch": np.arange(len(rows), dtype=np.float64),
            "loss": np.array([row.loss for row in rows]),
            "learning rate": np.array([row.rate for row in rows]),
        }
        columns |= self._named("mean gradient of {}", self.weights, [row.gradient for row in rows])
        columns |= self._named("{}", self.memories, [row.memory for row in rows])
        weights = np.array([row.weights for row in rows]).reshape(len(rows), len(self.weights))
        return Record.of(columns, variables=self.weights, weights=weights)

    def step_record(self, first_row: int) -> Record | None:
        """One row per step; `first_row` is the number of the first row as the sheet counts."""
        if not self.steps:
            return None
        size = len(self.steps[0].losses)
        epochs = np.repeat(np.arange(1.0, len(self.steps) + 1.0), size)
        columns: dict[str, Numbers] = {
            "step": np.arange(1.0, len(epochs) + 1.0),
            "epoch": epochs,
            "row": np.tile(
                np.arange(first_row, first_row + size, dtype=np.float64), len(self.steps)
            ),
            "loss": np.concatenate([one.losses for one in self.steps]),
            "learning rate": np.repeat([one.rate for one in self.steps], size),
        }
        gradients = np.concatenate([one.gradients for one in self.steps])
        memories = np.concatenate([one.memories for one in self.steps])
        columns |= self._named("gradient of {}", self.weights, gradients)
        if memories.shape[1] == len(self.memories):
            columns |= self._named("{}", self.memories, memories)
        weights = np.concatenate([one.weights for one in self.steps])
        return Record.of(columns, variables=self.weights, weights=weights)

    def _named(
        self, form: str, names: Sequence[str], values: Sequence[Numbers] | Numbers
    ) -> dict[str, Numbers]:
        table = np.array(values).reshape(len(values), len(names))
        return {form.format(name): table[:, i] for i, name in enumerate(names)}
