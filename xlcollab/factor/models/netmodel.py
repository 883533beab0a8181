"""A trained net: weights by name, with its ids, for prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.factor.models.model import POPULARITY, Rated, Titles, clipped
from xlcollab.factor.models.netmath import Pairs, predictions
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Floats
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.table import Feature
from xlcollab.settings.fitting import ModelSettings

CHUNK = 1 << 16
"""Pairs predicted at once, so that the layers' values do not take more memory than the model."""


@dataclass(frozen=True, eq=False)
class NetModel:
    """The net that `settings` describe; `weights` as in `netmath`, `levels` by side column."""

    settings: ModelSettings
    user_ids: Vocabulary
    item_ids: Vocabulary
    weights: Mapping[str, Floats]
    levels: Mapping[str, Vocabulary]
    output: Output
    rated: Rated
    features: Mapping[str, Feature] = field(default_factory=dict)
    titles: Titles = field(default_factory=dict)
    popularity: float = POPULARITY

    @property
    def user_factors(self) -> Floats:
        """The embeddings of users (n_users, k)."""
        return self.weights["user_factors"]

    @property
    def item_factors(self) -> Floats:
        """The embeddings of items (n_items, k)."""
        return self.weights["item_factors"]

    @property
    def user_bias(self) -> Floats:
        """(n_users,); zeros in a model without biases."""
        return self.weights.get("user_bias", np.zeros(len(self.user_ids)))

    @property
    def item_bias(self) -> Floats:
        """(n_items,); zeros in a model without biases."""
        return self.weights.get("item_bias", np.zeros(len(self.item_ids)))

    def predict_numbers(
        self,
        users: NDArray[np.int32],
        items: NDArray[np.int32],
        side: Mapping[str, NDArray[np.int32]] | None = None,
    ) -> Floats:
        """Ratings of pairs of numbers (n,); −1 is an unknown id.

        `side` has numbers (n,) for side columns; those that belong to users or items are known. An
        unknown id, or a side column that is neither, takes the mean of its embeddings.
        """
        return clipped(self.raw_numbers(users, items, side), self.output)

    def raw_numbers(
        self,
        users: NDArray[np.int32],
        items: NDArray[np.int32],
        side: Mapping[str, NDArray[np.int32]] | None = None,
    ) -> Floats:
        """The same before they are cut to the range of the ratings. Shape (n,)."""
        known = {name: one.of(users, items) for name, one in self.features.items()}
        given = {**known, **(side or {})}
        absent = np.full(len(users), -1, np.int32)
        columns = {
            name: _or_last(given.get(name, absent), len(self.levels[name]))
            for name in self.settings.side_columns
        }
        pairs = _pairs(
            _or_last(users, len(self.user_ids)), _or_last(items, len(self.item_ids)), columns
        )
        with torch.no_grad():
            parts = [
                predictions(self._with_means, self.settings, self.output, pairs.take(part))
                for part in torch.split(torch.arange(len(users)), CHUNK)
            ]
        whole: Floats = torch.cat(parts).numpy()
        return whole

    @cached_property
    def _with_means(self) -> dict[str, Tensor]:
        """The weights; every table has its mean as one more row, for what is unknown."""
        return {
            name: torch.from_numpy(_with_mean(weight) if _is_table(name) else np.array(weight))
            for name, weight in self.weights.items()
        }


def pairs_of(table: RatingsTable, names: Sequence[str]) -> Pairs:
    """The pairs of a ratings table with these side columns."""
    return _pairs(table.users, table.items, table.side(names))


def _pairs(
    users: NDArray[np.int32], items: NDArray[np.int32], side: Mapping[str, NDArray[np.generic]]
) -> Pairs:
    return Pairs(
        torch.from_numpy(users.astype(np.int64)),
        torch.from_numpy(items.astype(np.int64)),
        {name: torch.from_numpy(column.astype(np.int64)) for name, column in side.items()},
    )


def _or_last(numbers: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """Numbers, with n in place of −1."""
    return np.where(numbers < 0, np.int32(n), numbers)


def _is_table(name: str) -> bool:
    return not name.startswith("layer.")


def _with_mean(weight: Floats) -> Floats:
    return np.concatenate([weight, weight.mean(axis=0, keepdims=True)])
