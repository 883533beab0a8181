"""The heavy ball."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Momentum:
    """Momentum as in torch.optim.SGD (Polyak 1964, without the rate inside the buffer).

        b₁ = g₁,  bₜ = momentum · bₜ₋₁ + (1 - dampening) · gₜ,  x ← x - rate · bₜ

    The first buffer is the whole gradient whatever the dampening. dampening = momentum is the
    averaged form that lessons often show.
    """

    momentum: float
    dampening: float

    def init(self, y: Tensor) -> None:
        """No buffer before the first gradient."""
        del y

    def move(
        self, weights: Tensor, gradient: Tensor, state: Tensor | None, rate: float
    ) -> tuple[Tensor, Tensor | None]:
        """x - rate · b; the state is the buffer b."""
        buffer = gradient
        if state is not None:
            buffer = (state * self.momentum).add(gradient, alpha=1.0 - self.dampening)
        return weights.add(buffer, alpha=-rate), buffer
