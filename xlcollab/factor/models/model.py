"""A trained factor model: what was learned, with its own vocabularies, for prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xlcollab.errors import UsageError
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.models.uptake import Uptake
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.table import Side
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.counting import amount
from xlcollab.settings.fitting import ModelSettings

Unknown = Literal["error", "bias"]


@dataclass(frozen=True, slots=True)
class Rated:
    """Which items every user has rated: those of user u at starts[u] … starts[u + 1] − 1."""

    starts: NDArray[np.int64]
    items: NDArray[np.int32]

    @staticmethod
    def of(table: RatingsTable) -> Rated:
        from xlcollab.factor.passes.order import BySide  # the compiler only where it is needed

        by_user = BySide.users(table, table.ratings.dtype)
        return Rated(by_user.starts, by_user.others)

    @staticmethod
    def nothing(n_users: int) -> Rated:
        """No ratings of so many users."""
        return Rated(np.zeros(n_users + 1, np.int64), np.zeros(0, np.int32))

    def by(self, user: int) -> NDArray[np.int32]:
        """The items of user number `user`, none for −1. Shape (k,)."""
        return (
            self.items[self.starts[user] : self.starts[user + 1]] if user >= 0 else self.items[:0]
        )

    @property
    def user_counts(self) -> NDArray[np.int64]:
        """Ratings of each user, (n_users,)."""
        return np.diff(self.starts)

    def item_counts(self, n_items: int) -> NDArray[np.int64]:
        """Ratings of each item, (n_items,)."""
        return np.bincount(self.items, minlength=n_items)

    def pairs(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """User numbers and item numbers of all ratings, both (n,)."""
        users = np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), self.user_counts)
        return users, self.items


Titles = Mapping[Side, tuple[str | None, ...]]
"""The titles of users, or of items, by their numbers."""


POPULARITY = 0.0
"""What the logarithm of an item's ratings weighs in a recommendation where nothing was learned:
the prediction alone counts."""


def predicted_name(model: Model) -> str:
    """What a model predicts: "rating", or "preference" where it learned what is taken up."""
    return "preference" if model.settings.implicit else "rating"


class Model(Protocol):
    """What predicts: a factor model or a net."""

    @property
    def popularity(self) -> float:
        """What the logarithm of an item's ratings weighs in a recommendation."""
        ...

    @property
    def titles(self) -> Titles:
        """What users and items are called besides their ids, where that is known."""
        ...

    @property
    def settings(self) -> ModelSettings:
        """What was asked for."""
        ...

    @property
    def user_ids(self) -> Vocabulary:
        """User ids by number."""
        ...

    @property
    def item_ids(self) -> Vocabulary:
        """Item ids by number."""
        ...

    @property
    def output(self) -> Output:
        """From the model's inner sum to a rating."""
        ...

    @property
    def rated(self) -> Rated:
        """What was rated in training."""
        ...

    @property
    def user_factors(self) -> Floats:
        """(n_users, k)."""
        ...

    @property
    def item_factors(self) -> Floats:
        """(n_items, k)."""
        ...

    @property
    def user_bias(self) -> Floats:
        """(n_users,); zeros without biases."""
        ...

    @property
    def item_bias(self) -> Floats:
        """(n_items,); zeros without biases."""
        ...

    def predict_numbers(
        self, users: NDArray[np.int32], items: NDArray[np.int32], side: Any = None
    ) -> Floats:
        """Ratings of pairs of numbers (n,); −1 is an unknown id. `side`: see the net."""
        ...

    def raw_numbers(
        self, users: NDArray[np.int32], items: NDArray[np.int32], side: Any = None
    ) -> Floats:
        """The same before they are cut to the range of the ratings: what items are ranked by. Shape
        (n,)."""
        ...


@dataclass(frozen=True, eq=False)
class FactorModel:
    """Factors and biases with the ids they belong to; `rows` must not be changed."""

    settings: ModelSettings
    user_ids: Vocabulary
    item_ids: Vocabulary
    rows: Rows
    output: Output
    rated: Rated
    titles: Titles = field(default_factory=dict)
    popularity: float = POPULARITY
    draws: Draws | None = None
    """What an averaged model knows of its own uncertainty."""
    uptake: Uptake | None = None
    """What an implicit model keeps of its training."""

    @property
    def user_factors(self) -> Floats:
        """(n_users, k)."""
        return self.rows.user_factors

    @property
    def item_factors(self) -> Floats:
        """(n_items, k)."""
        return self.rows.item_factors

    @property
    def user_bias(self) -> Floats:
        """(n_users,); zeros in a model without biases."""
        return self.rows.user_bias

    @property
    def item_bias(self) -> Floats:
        """(n_items,); zeros in a model without biases."""
        return self.rows.item_bias

    def predict_numbers(
        self, users: NDArray[np.int32], items: NDArray[np.int32], side: Any = None
    ) -> Floats:
        """Ratings of pairs of numbers (n,), one user and one item each; −1 is an unknown id.

        Of a pair with an unknown side the known side's bias and the global bias remain. A factor
        model has no side columns: `side` makes no difference.
        """
        return clipped(self.raw_numbers(users, items), self.output)

    def raw_numbers(
        self, users: NDArray[np.int32], items: NDArray[np.int32], side: Any = None
    ) -> Floats:
        """The same before they are cut to the range of the ratings. Shape (n,)."""
        return raw_predictions(self._known_and_unknown, self.output, users, items)

    @cached_property
    def _known_and_unknown(self) -> Rows:
        """The rows with one more at the end, which −1 indexes: all 0 but the constant 1."""
        k = self.rows.n_factors
        users = np.vstack([self.rows.users, np.zeros_like(self.rows.users[:1])])
        items = np.vstack([self.rows.items, np.zeros_like(self.rows.items[:1])])
        users[-1, k + 1] = items[-1, k] = 1
        return Rows(users, items, k)


def raw_predictions(
    rows: Rows, output: Output, users: NDArray[np.int32], items: NDArray[np.int32]
) -> Floats:
    """Predictions before clipping; the numbers must be within the rows. Shape (n,)."""
    if len(users) * rows.users.shape[1] <= _FEW:
        return _few_predictions(rows, output, users, items)
    from xlcollab.factor.passes.compiled import enough_threads
    from xlcollab.factor.passes.kernels import predict_pairs

    predictions = np.empty(len(users), rows.users.dtype)
    numbers = output.numbers(predictions.dtype)
    with enough_threads(len(users) * rows.users.shape[1]):
        predict_pairs(users, items, *numbers, rows.users, rows.items, predictions)
    return predictions


_FEW = 4096
"""Products for which a compiled kernel takes longer to load than they take."""


def _few_predictions(
    rows: Rows, output: Output, users: NDArray[np.int32], items: NDArray[np.int32]
) -> Floats:
    pairs = rows.users[users].astype(np.float64), rows.items[items].astype(np.float64)
    with np.errstate(over="ignore"):
        z = output.centre + np.einsum("nk,nk->n", *pairs)
        if output.span:
            z = output.low + output.span / (1 + np.exp(-z))
        few: Floats = z.astype(rows.users.dtype)
    return few


def clipped(predictions: Floats, output: Output) -> Floats:
    """Cut to the range of the training ratings where the output says so. Shape (n,)."""
    return np.clip(predictions, *output.seen) if output.clip else predictions


def predict(
    model: Model,
    users: ArrayLike | Sequence[Id],
    items: ArrayLike | Sequence[Id],
    unknown: Unknown = "error",
    side: Any = None,
) -> Floats:
    """Predicted ratings of pairs of ids (n,).

    An unknown id raises DataError by row, or with "bias" gets what is known without it: the other
    side's bias and the global bias. Raises UsageError where there are not as many items as users.
    """
    return model.predict_numbers(*numbers_of(model, users, items, unknown), side)


def numbers_of(
    model: Model,
    users: ArrayLike | Sequence[Id],
    items: ArrayLike | Sequence[Id],
    unknown: Unknown,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The numbers (n,) and (n,) of pairs of ids. Raises UsageError for more or fewer users than
    items, DataError as `predict`."""
    missing: Literal["error", "negative"] = "error" if unknown == "error" else "negative"
    found = model.user_ids.numbers(users, missing), model.item_ids.numbers(items, missing)
    if len(found[0]) != len(found[1]):
        raise UsageError(
            f"{amount(len(found[0]), 'user')} and {amount(len(found[1]), 'item')} are no pairs; "
            "give as many of both"
        )
    return found


def levels_of(model: Model, frame: pd.DataFrame) -> dict[str, NDArray[np.int32]]:
    """Numbers (n,) of the levels of those side columns of a net that a frame has; −1 is unknown."""
    levels: Mapping[str, Vocabulary] = getattr(model, "levels", {})
    return {
        name: ids.numbers(frame[name], "negative") for name, ids in levels.items() if name in frame
    }


def scores(model: Model, user: int) -> Floats:
    """What every item (n_items,) is ranked by for one user number; −1 is an unknown user.

    Not cut to the range of the ratings: cut, the best would be alike.
    """
    n = len(model.item_ids)
    return model.raw_numbers(np.full(n, user, np.int32), np.arange(n, dtype=np.int32))
