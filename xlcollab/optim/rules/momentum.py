"""The heavy ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xlcollab.optim.rule import Memory


@dataclass(frozen=True, slots=True)
class Momentum:
    """Momentum as in torch.optim.SGD (Polyak 1964, without the rate inside the buffer).

        b₁ = g₁,  bₜ = momentum · bₜ₋₁ + (1 - dampening) · gₜ,  x ← x - rate · bₜ

    The first buffer is the whole gradient whatever the dampening. dampening = momentum is the
    averaged form that lessons often show.
    """

    buffers: ClassVar[tuple[str, ...]] = ("buffer",)
    momentum: float
    dampening: float

    def move(
        self, weights: Tensor, gradient: Tensor, memory: Memory, rate: float
    ) -> tuple[Tensor, Memory]:
        """x - rate · b. All have the weights' shape."""
        buffer = gradient
        if memory.count:
            (before,) = memory.buffers
            buffer = (before * self.momentum).add(gradient, alpha=1.0 - self.dampening)
        return weights.add(buffer, alpha=-rate), memory.after(buffer)
