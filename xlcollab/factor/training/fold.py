"""New users from a few ratings, without training: the model stays as it is and gains their rows.

A new user's bias and factors w get the normal prior that the known users' rows have, mean m and
covariance C, and each of n ratings is x·w + noise with x the item's row. The mean of the posterior
(Rasmussen and Williams 2006, 2.11) needs only n × n numbers, however wide the rows are:

    w = m + C Xᵀ (X C Xᵀ + σ² I)⁻¹ (ratings − centre − item biases − X m)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.factor.models.model import FactorModel, Rated
from xlcollab.factor.passes.rows import Rows
from xlcollab.factor.training.extend import with_new_ids
from xlcollab.factor.training.fold_taken import TasteOf
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.taken import taken_up

_NOISE = 0.8
"""σ over the deviation of the ratings: what good models leave of it."""
_INSIDE = 1e-3
"""As `passes.output`: a rating at the very edge has an infinite logit."""
Matrix = NDArray[np.float64]


def folded_in(model: FactorModel, table: RatingsTable) -> FactorModel:
    """`model` with the users of `table` that it does not know; all it knew stays to the bit.

    Ratings of items that the model does not know tell nothing and are left out. Raises UsageError
    where every user is known already, DataError where a new user has rated no known item.
    """
    if model.settings.implicit:
        table = taken_up(table)
    unknown = model.user_ids.numbers(table.user_ids.index, "negative") < 0
    if not unknown.any():
        raise UsageError(
            "all these users are known to the model; partial_fit goes on with their ratings"
        )
    items = model.item_ids.numbers(table.item_ids.index, "negative")[table.items]
    chosen = unknown[table.users] & (items >= 0)
    row = TasteOf(model).row if model.settings.implicit else _Prior.of(model).posterior
    new, stretches = [], []
    for user in np.flatnonzero(unknown).tolist():
        mine = chosen & (table.users == user)
        if not mine.any():
            name = table.user_ids.ids([user])[0]
            raise DataError(f"user {name!r} has rated no item that the model knows")
        found = row(items[mine], table.ratings[mine].astype(np.float64))
        new.append(np.append(0.0, found) if model.settings.implicit else found)
        stretches.append(items[mine])
    return _grown(model, table.user_ids, np.array(new), stretches)


class _Prior:
    """What users are like (bias, then factors), and the items' rows that their ratings are of."""

    def __init__(self, model: FactorModel) -> None:
        known = model.rated.user_counts > 0
        users = np.column_stack([model.user_bias, model.user_factors]).astype(np.float64)[known]
        self.model = model
        self.mean: Matrix = users.mean(axis=0)
        self.apart: Matrix = (users - self.mean) / np.sqrt(max(1, len(users) - 1))
        ones = np.full(len(model.item_ids), float(model.settings.bias))
        self.items: Matrix = np.column_stack([ones, model.item_factors]).astype(np.float64)

    @staticmethod
    def of(model: FactorModel) -> _Prior:
        """That of the users with ratings."""
        return _Prior(model)

    def posterior(self, items: NDArray[np.int32], ratings: Matrix) -> Matrix:
        """The most likely row (1 + k,) of a user with these ratings."""
        output, x = self.model.output, self.items[items]
        target, slope = ratings, 1.0
        if output.span:
            share = np.clip((ratings - output.low) / output.span, _INSIDE, 1 - _INSIDE)
            target = np.log(share / (1 - share))
            slope = output.span / 4  # the steepest slope of the sigmoid, in ratings
        left = target - output.centre - self.model.item_bias[items] - x @ self.mean
        spread = x @ self.apart.T
        noise = (_NOISE * output.spread / slope) ** 2
        inner = spread @ spread.T + noise * np.eye(len(items))
        found: Matrix = self.mean + self.apart.T @ (spread.T @ np.linalg.solve(inner, left))
        return found


def _grown(
    model: FactorModel, ids: Vocabulary, new: Matrix, stretches: list[NDArray[np.int32]]
) -> FactorModel:
    users = with_new_ids(model.user_ids, ids)
    dtype = model.rows.users.dtype
    rows = Rows.pack(
        np.vstack([model.user_factors, new[:, 1:].astype(dtype)]),
        model.item_factors,
        np.concatenate([model.user_bias, new[:, 0].astype(dtype)]),
        model.item_bias,
    )
    ends = model.rated.starts[-1] + np.cumsum([len(one) for one in stretches])
    rated = Rated(
        np.concatenate([model.rated.starts, ends]).astype(np.int64),
        np.concatenate([model.rated.items, *stretches]).astype(np.int32),
    )
    titles = dict(model.titles)
    if "user" in titles:
        titles["user"] = (*titles["user"], *[None] * len(new))
    draws = None if model.draws is None else model.draws.with_users(len(new))
    return replace(model, user_ids=users, rows=rows, rated=rated, titles=titles, draws=draws)
