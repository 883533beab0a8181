"""How much memory a run will take, said before it starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlcollab.factor.engines.base import n_parts
from xlcollab.factor.engines.draws import MOST_KEPT
from xlcollab.factor.engines.gradient import row_rule
from xlcollab.factor.passes.rows import row_width
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.optimizers import GRADIENT_RULES


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes by purpose, at the highest point of a run of the factor model."""

    ratings: int
    """The table (12 a rating in float32) and the order the engine walks."""
    factors: int
    """Rows of users and items, and the copy of the best epoch."""
    optimizer: int
    """Gradients and buffers of the rule, or draws kept by the sampler."""
    gpu: int = 0
    """All of it that lies on the GPU, which is none of the above."""

    @property
    def total(self) -> int:
        """Without the GPU's."""
        return self.ratings + self.factors + self.optimizer

    @property
    def sentence(self) -> str:
        """For users, in MB of 10⁶ bytes."""
        if self.total + self.gpu < 1e6:
            return "This run takes less than 1 MB."
        there = f" On the GPU it takes {self.gpu / 1e6:,.0f} MB more." if self.gpu else ""
        return (
            f"This run takes about {self.total / 1e6:,.0f} MB: ratings {self.ratings / 1e6:,.0f}, "
            f"factors {self.factors / 1e6:,.0f}, optimiser {self.optimizer / 1e6:,.0f}.{there}"
        )


def estimate_memory(
    n_ratings: int,
    n_users: int,
    n_items: int,
    model: ModelSettings | None = None,
    training: TrainingSettings | None = None,
) -> MemoryEstimate:
    """The memory that training the factor model on such a table takes."""
    model, training = model or ModelSettings(), training or TrainingSettings()
    number = np.dtype(model.dtype).itemsize
    row = row_width(model.n_factors) * number
    table, rows = n_ratings * (8 + number), (n_users + n_items) * row
    if training.device != "cpu":
        there = rows * (_GPU_ROWS + _n_buffers(training))
        return MemoryEstimate(
            table, 2 * rows, 0, there + _gpu_ratings(n_ratings, row, number, training)
        )
    return MemoryEstimate(
        table + n_ratings * _order_bytes(training, number) + 8 * n_users,
        2 * rows,
        _optimizer_rows(training, n_users, n_items) * row,
    )


_GPU_ROWS = 7
"""Tables as large as the rows at once: rows, gradients, and what the rule computes from them."""
_GPU_SORTING = 36
"""Bytes a rating while ratings are sorted on the GPU: numbers of 64 bits, and a copy of them."""


def _gpu_ratings(n: int, row: int, number: int, training: TrainingSettings) -> int:
    """Bytes on the GPU of the ratings and of the order, or parts, in which a step takes them."""
    from xlcollab.factor.engines.gather_pass import PART  # torch only where it is needed
    from xlcollab.factor.engines.torch_batch import has_triton

    at_once = min(n, training.batch_size or n)
    passing = at_once * (2 * (4 + number) + _GPU_SORTING)
    if not has_triton():
        passing = min(at_once, PART) * 6 * row
    chosen = 0 if training.batch_size is None else 8 * n
    return n * (8 + number) + chosen + passing


def _order_bytes(training: TrainingSettings, number: int) -> int:
    """Bytes a rating of the engine's own order, transient permutations included."""
    if training.optimizer in ("als", "gibbs"):
        return 2 * (4 + number)
    if training.optimizer == "sgd":
        return 8 + number
    return 4 + number if training.batch_size is None else 12


def _n_buffers(training: TrainingSettings) -> int:
    """Tables as large as the rows that the rule keeps between steps."""
    return len(row_rule(training).buffers(np.zeros((0, 0))))


def _optimizer_rows(training: TrainingSettings, n_users: int, n_items: int) -> int:
    both = n_users + n_items
    if training.optimizer == "sgd":
        return 0
    if training.optimizer not in GRADIENT_RULES:
        return both * (2 * MOST_KEPT if training.optimizer == "gibbs" else 2)
    blocks = n_users + n_parts() * n_items if training.batch_size is None else n_parts() * both
    return blocks + _n_buffers(training) * both
