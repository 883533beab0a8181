"""Nesterov's accelerated gradient."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Nesterov:
    """Nesterov momentum as in torch.optim.SGD(nesterov=True).

        bₜ = momentum · bₜ₋₁ + gₜ,  x ← x - rate · (gₜ + momentum · bₜ)

    Nesterov 1983, in the form of Sutskever et al. 2013 that needs the gradient at x alone.
    """

    momentum: float

    def init(self, y: Tensor) -> Tensor:
        """A buffer of zeros."""
        return torch.zeros_like(y)

    def move(
        self, weights: Tensor, gradient: Tensor, state: Tensor, rate: float
    ) -> tuple[Tensor, Tensor]:
        """x - rate · (g + momentum · b); the state is the buffer b."""
        buffer = state * self.momentum + gradient
        ahead = gradient.add(buffer, alpha=self.momentum)
        return weights.add(ahead, alpha=-rate), buffer
