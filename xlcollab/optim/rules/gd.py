"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xlcollab.optim.rule import Memory


@dataclass(frozen=True, slots=True)
class GradientDescent:
    """x ← x - rate · g. Remembers nothing. torch.optim.SGD without momentum (Cauchy 1847)."""

    buffers: ClassVar[tuple[str, ...]] = ()

    def move(
        self, weights: Tensor, gradient: Tensor, memory: Memory, rate: float
    ) -> tuple[Tensor, Memory]:
        """x - rate · g. They keep their shape."""
        return weights.add(gradient, alpha=-rate), memory.after()
