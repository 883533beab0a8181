"""RMSprop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xlcollab.optim.rule import Memory


@dataclass(frozen=True, slots=True)
class RMSprop:
    """Adagrad with a fading memory (Hinton 2012), as torch.optim.RMSprop without momentum.

    sₜ = rho · sₜ₋₁ + (1 - rho) · gₜ²,  x ← x - rate · gₜ / (√sₜ + epsilon)
    """

    buffers: ClassVar[tuple[str, ...]] = ("square",)
    rho: float
    epsilon: float

    def move(
        self, weights: Tensor, gradient: Tensor, memory: Memory, rate: float
    ) -> tuple[Tensor, Memory]:
        """x - rate · g / (√s + epsilon). All have the weights' shape."""
        (before,) = memory.buffers
        square = (before * self.rho).addcmul(gradient, gradient, value=1.0 - self.rho)
        moved = weights.addcdiv(gradient, square.sqrt() + self.epsilon, value=-rate)
        return moved, memory.after(square)
