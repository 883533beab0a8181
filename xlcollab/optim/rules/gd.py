"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class GradientDescent:
    """x ← x - rate · g. Has no state. torch.optim.SGD without momentum (Cauchy 1847)."""

    def init(self, y: Tensor) -> None:
        """No state."""
        del y

    def move(
        self, weights: Tensor, gradient: Tensor, state: None, rate: float
    ) -> tuple[Tensor, None]:
        """x - rate · g."""
        return weights.add(gradient, alpha=-rate), state
