"""Nesterov's accelerated gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from xlcollab.optim.rule import Memory


@dataclass(frozen=True, slots=True)
class Nesterov:
    """Nesterov momentum as in torch.optim.SGD(nesterov=True).

        bₜ = momentum · bₜ₋₁ + gₜ,  x ← x - rate · (gₜ + momentum · bₜ)

    Nesterov 1983, in the form of Sutskever et al. 2013 that needs the gradient at x alone.
    """

    buffers: ClassVar[tuple[str, ...]] = ("buffer",)
    momentum: float

    def move(
        self, weights: Tensor, gradient: Tensor, memory: Memory, rate: float
    ) -> tuple[Tensor, Memory]:
        """x - rate · (g + momentum · b). All have the weights' shape."""
        (before,) = memory.buffers
        buffer = before * self.momentum + gradient
        ahead = gradient.add(buffer, alpha=self.momentum)
        return weights.add(ahead, alpha=-rate), memory.after(buffer)
