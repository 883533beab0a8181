"""Adam, and with decoupled weight decay AdamW."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from xlcollab.optim.rule import Memory


@dataclass(frozen=True, slots=True)
class Adam:
    """Adam with bias correction (Kingma and Ba 2015, algorithm 1), as torch.optim.Adam.

        mₜ = beta1 · mₜ₋₁ + (1 - beta1) · gₜ,   vₜ = beta2 · vₜ₋₁ + (1 - beta2) · gₜ²
        x ← x - rate · mₜ / (1 - beta1ᵗ) / (√(vₜ / (1 - beta2ᵗ)) + epsilon)

    epsilon stands outside the root. AdamW (Loshchilov and Hutter 2019) is the same rule with
    `weight_decay`, which acts on the weights before the step.
    """

    buffers: ClassVar[tuple[str, ...]] = ("mean", "square")
    beta1: float
    beta2: float
    epsilon: float

    def move(
        self, weights: Tensor, gradient: Tensor, memory: Memory, rate: float
    ) -> tuple[Tensor, Memory]:
        """The new weights of the equations above. All have the weights' shape."""
        count = memory.count + 1
        mean, square = memory.buffers
        mean = torch.lerp(mean, gradient, 1.0 - self.beta1)
        square = (square * self.beta2).addcmul(gradient, gradient, value=1.0 - self.beta2)
        root = square.sqrt() / math.sqrt(1.0 - self.beta2**count) + self.epsilon
        moved = weights.addcdiv(mean, root, value=-rate / (1.0 - self.beta1**count))
        return moved, memory.after(mean, square)
