"""Which draws of the sampler a model keeps, and how wide that makes it."""

from __future__ import annotations

BURN_IN = 20
"""Epochs before draws count."""
MOST_KEPT = 50
"""Draws kept for the model: more cost memory and gain little."""


def counts_draw(epoch: int, n_epochs: int) -> bool:
    """Whether the draw of an epoch (from 0) is one that the model averages."""
    every = max(1, -(-(n_epochs - BURN_IN) // MOST_KEPT))
    return epoch >= BURN_IN and (epoch - BURN_IN) % every == 0


def averaged_width(n_factors: int, n_epochs: int) -> int:
    """The factors of the model that averages the draws of so many epochs, laid side by side."""
    return n_factors * max(1, sum(counts_draw(epoch, n_epochs) for epoch in range(n_epochs)))
