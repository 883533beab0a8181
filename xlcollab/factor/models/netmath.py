"""The net, and the dot product with a learned padding, as a function of named tensors.

Weights: `user_factors` (n_users, k), `item_factors` (n_items, k), `user_bias`, `item_bias` (n,),
`side.NAME` (levels, side_factors), `layer.I.weight` (out, in), `layer.I.bias` (out,), and `padding`
(1,).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding

from xlcollab.factor.passes.output import Output
from xlcollab.settings.fitting import ModelSettings

Weights = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is predicted: user and item numbers (n,), and the numbers of the side columns."""

    users: Tensor
    items: Tensor
    side: Mapping[str, Tensor]

    def take(self, chosen: Tensor) -> Pairs:
        """The pairs at `chosen`."""
        side = {name: column[chosen] for name, column in self.side.items()}
        return Pairs(self.users[chosen], self.items[chosen], side)

    def to(self, device: torch.device) -> Pairs:
        """The same on another device."""
        side = {name: column.to(device) for name, column in self.side.items()}
        return Pairs(self.users.to(device), self.items.to(device), side)


def predictions(
    weights: Weights,
    settings: ModelSettings,
    output: Output,
    pairs: Pairs,
    dropout: torch.Generator | None = None,
) -> Tensor:
    """Ratings (n,); with a generator `dropout`, embeddings and layers are dropped at random."""
    users = embedding(pairs.users, weights["user_factors"])
    items = embedding(pairs.items, weights["item_factors"])
    if settings.hidden_sizes:
        side = [
            embedding(pairs.side[name], weights[f"side.{name}"]) for name in settings.side_columns
        ]
        z = _layers(weights, settings, torch.cat([users, items, *side], dim=1), dropout)
    else:
        z = (users * items).sum(dim=1)
    if settings.bias:
        z = z + weights["user_bias"][pairs.users] + weights["item_bias"][pairs.items]
    return _ranged(z + output.centre, output, weights.get("padding"))


def _layers(
    weights: Weights, settings: ModelSettings, x: Tensor, dropout: torch.Generator | None
) -> Tensor:
    """embeddings → dropout → (linear → ReLU → dropout) … → linear, (n, width) → (n,)."""
    shares = settings.hidden_dropouts or (0.0,) * len(settings.hidden_sizes)
    x = _dropped(x, settings.embedding_dropout, dropout)
    for i, share in enumerate(shares):
        x = torch.relu(_linear(weights, i, x))
        x = _dropped(x, share, dropout)
    return _linear(weights, len(shares), x)[:, 0]


def _linear(weights: Weights, i: int, x: Tensor) -> Tensor:
    return x @ weights[f"layer.{i}.weight"].T + weights[f"layer.{i}.bias"]


def _dropped(x: Tensor, share: float, dropout: torch.Generator | None) -> Tensor:
    """Zeroes a share at random and scales the rest up (Srivastava et al. 2014)."""
    if dropout is None or share == 0:
        return x
    kept = torch.rand(x.shape, generator=dropout, dtype=x.dtype, device=x.device) >= share
    return x * kept / (1 - share)


def _ranged(z: Tensor, output: Output, padding: Tensor | None) -> Tensor:
    if output.span == 0:
        return z
    if padding is None:
        return output.low + output.span * torch.sigmoid(z)
    return output.low - padding + (output.span + 2 * padding) * torch.sigmoid(z)
