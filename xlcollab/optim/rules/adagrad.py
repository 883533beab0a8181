"""Adagrad."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Adagrad:
    """Each variable's rate shrinks with the gradients it has seen (Duchi et al. 2011).

    sₜ = sₜ₋₁ + gₜ²,  x ← x - rate · gₜ / (√sₜ + epsilon)
    """

    epsilon: float

    def init(self, y: Tensor) -> Tensor:
        """A sum of zeros."""
        return torch.zeros_like(y)

    def move(
        self, weights: Tensor, gradient: Tensor, state: Tensor, rate: float
    ) -> tuple[Tensor, Tensor]:
        """x - rate · g / (√s + epsilon); the state is the sum s."""
        total = state.addcmul(gradient, gradient)
        return weights.addcdiv(gradient, total.sqrt() + self.epsilon, value=-rate), total
