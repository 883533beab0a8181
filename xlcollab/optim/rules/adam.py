"""Adam, and with decoupled weight decay AdamW."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class AdamState:
    """Steps made, mean of gradients (n,), mean of squared gradients (n,)."""

    count: int
    mean: Tensor
    square: Tensor


@dataclass(frozen=True, slots=True)
class Adam:
    """Adam with bias correction (Kingma and Ba 2015, algorithm 1), as torch.optim.Adam.

        mₜ = beta1 · mₜ₋₁ + (1 - beta1) · gₜ,   vₜ = beta2 · vₜ₋₁ + (1 - beta2) · gₜ²
        x ← x - rate · mₜ / (1 - beta1ᵗ) / (√(vₜ / (1 - beta2ᵗ)) + epsilon)

    epsilon stands outside the root. AdamW (Loshchilov and Hutter 2019) is the same rule with
    `weight_decay`, which acts on the weights before the step.
    """

    beta1: float
    beta2: float
    epsilon: float

    def init(self, y: Tensor) -> AdamState:
        """Zeros."""
        return AdamState(0, torch.zeros_like(y), torch.zeros_like(y))

    def move(
        self, weights: Tensor, gradient: Tensor, state: AdamState, rate: float
    ) -> tuple[Tensor, AdamState]:
        """The new weights of the equations above."""
        count = state.count + 1
        mean = torch.lerp(state.mean, gradient, 1.0 - self.beta1)
        square = (state.square * self.beta2).addcmul(gradient, gradient, value=1.0 - self.beta2)
        root = square.sqrt() / math.sqrt(1.0 - self.beta2**count) + self.epsilon
        moved = weights.addcdiv(mean, root, value=-rate / (1.0 - self.beta1**count))
        return moved, AdamState(count, mean, square)
