"""RMSprop."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class RMSprop:
    """Adagrad with a fading memory (Hinton 2012), as torch.optim.RMSprop without momentum.

    sₜ = rho · sₜ₋₁ + (1 - rho) · gₜ²,  x ← x - rate · gₜ / (√sₜ + epsilon)
    """

    rho: float
    epsilon: float

    def init(self, y: Tensor) -> Tensor:
        """A mean of zeros."""
        return torch.zeros_like(y)

    def move(
        self, weights: Tensor, gradient: Tensor, state: Tensor, rate: float
    ) -> tuple[Tensor, Tensor]:
        """x - rate · g / (√s + epsilon); the state is the mean square s."""
        square = (state * self.rho).addcmul(gradient, gradient, value=1.0 - self.rho)
        return weights.addcdiv(gradient, square.sqrt() + self.epsilon, value=-rate), square
