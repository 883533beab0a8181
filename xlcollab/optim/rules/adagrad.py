"""Adagrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xlcollab.optim.rule import Memory


@dataclass(frozen=True, slots=True)
class Adagrad:
    """Each variable's rate shrinks with the gradients it has seen (Duchi et al. 2011).

    sₜ = sₜ₋₁ + gₜ²,  x ← x - rate · gₜ / (√sₜ + epsilon)
    """

    buffers: ClassVar[tuple[str, ...]] = ("sum",)
    epsilon: float

    def move(
        self, weights: Tensor, gradient: Tensor, memory: Memory, rate: float
    ) -> tuple[Tensor, Memory]:
        """x - rate · g / (√s + epsilon). All have the weights' shape."""
        (before,) = memory.buffers
        total = before.addcmul(gradient, gradient)
        moved = weights.addcdiv(gradient, total.sqrt() + self.epsilon, value=-rate)
        return moved, memory.after(total)
