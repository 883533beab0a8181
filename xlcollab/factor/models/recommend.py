"""What a user may like, which items are alike, and the main directions of the factors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import UsageError
from xlcollab.factor.models.model import Model, clipped, scores
from xlcollab.factor.passes.rows import Floats
from xlcollab.ratings.metrics import top
from xlcollab.ratings.vocabulary import Id


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The best items for a user, best first, with predicted ratings."""

    user: Id
    items: list[Id]
    ratings: Floats
    cold: bool
    """The user has no training rating: items are ranked by the biases alone."""
    titles: list[str | None] = field(default_factory=list)
    """What the items are called; None where no title is known."""
    is_preference: bool = False
    """Whether the numbers are preferences of an implicit model."""

    @property
    def note(self) -> str:
        """What to tell a cold user; empty for others."""
        if not self.cold:
            return ""
        if self.is_preference:
            return f"User {self.user!r} has taken up nothing: these items are taken up by most."
        return f"User {self.user!r} has no ratings: these items are liked best by all users."


SENTENCE = (
    "Ranked by the predicted rating and by how many have rated an item, mixed; "
    "--by rating ranks by the prediction alone."
)
"""What a list that is a mix says of itself."""
PREFERENCE_SENTENCE = (
    "Ranked by how likely the user is to take an item up, learned from what all have taken up."
)
By = Literal["mix", "rating"]


def rank_scores(model: Model, user: int, by: By = "mix") -> NDArray[np.float64]:
    """What every item (n_items,) is ranked by for a user number; −1 is an unknown user.

    A prediction says how an item would be liked if it were taken up, the count of its ratings how
    likely that is: score = prediction / spread + weight · log(1 + ratings). The weight is learned
    from ratings set aside of the training ratings. An implicit model predicts the latter itself;
    whoever has taken up nothing gets what most have.
    """
    predicted = scores(model, user).astype(np.float64)
    if model.settings.implicit and not len(model.rated.by(user)):
        return model.rated.item_counts(len(model.item_ids)).astype(np.float64)
    if by == "rating" or model.settings.implicit:
        return predicted
    counts = model.rated.item_counts(len(model.item_ids))
    return mixed(predicted, counts, model.output.slope, model.popularity)


def mixed(
    predicted: NDArray[np.float64], counts: NDArray[np.int64], slope: float, weight: float
) -> NDArray[np.float64]:
    """Predictions in deviations of the ratings and a share of the counts' logarithms (n_items,)."""
    found: NDArray[np.float64] = predicted / slope + weight * np.log1p(counts)
    return found


def recommend(model: Model, user: Id, k: int = 10, by: By = "mix") -> Recommendations:
    """The k items that `user` has not rated in training and that are worth most to recommend: by
    "mix", see `rank_scores`, or by "rating", the prediction before it is cut to a range.

    An unknown user, or one without ratings, is cold and gets the ranking by biases. Raises
    UsageError for k below 1.
    """
    if k < 1:
        raise UsageError(f"recommendations need k of at least 1, found {k}")
    number = int(model.user_ids.numbers([user], "negative")[0])
    rated = model.rated.by(number)
    cold = len(rated) == 0
    who = -1 if cold else number
    chosen = top(rank_scores(model, who, by), k, rated)
    predicted = scores(model, who)
    return Recommendations(
        user,
        model.item_ids.ids(chosen),
        clipped(predicted[chosen], model.output),
        cold,
        titles_of(model, chosen),
        model.settings.implicit,
    )


def titles_of(model: Model, items: NDArray[np.int32]) -> list[str | None]:
    """What items are called, by number; None for each where no titles are known."""
    titles = model.titles.get("item")
    return [titles[number] if titles else None for number in items.tolist()]


def similar_items(model: Model, item: Id, k: int = 10) -> list[tuple[Id, float]]:
    """The k items whose factors point most alike, with the cosine, best first.

    Raises DataError if the item is unknown.
    """
    number = model.item_ids.number(item)
    factors = model.item_factors.astype(np.float64)
    lengths = np.linalg.norm(factors, axis=1)
    lengths[lengths == 0] = 1
    cosines = factors @ factors[number] / (lengths * lengths[number])
    chosen = top(cosines, k, np.array([number], np.int32))
    return list(zip(model.item_ids.ids(chosen), cosines[chosen].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Components:
    """Principal components: `coordinates` (n, m), `explained` (m,) shares of the variance."""

    coordinates: NDArray[np.float64]
    explained: NDArray[np.float64]


def principal_components(
    model: Model, side: Literal["users", "items"], n_components: int = 3
) -> Components:
    """The factors of one side on their own principal axes, most variance first.

    The sign of an axis is such that the coordinate of largest size is positive.
    """
    factors = (model.user_factors if side == "users" else model.item_factors).astype(np.float64)
    centred = factors - factors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    m = min(n_components, len(sizes))
    coordinates = left[:, :m] * sizes[:m]
    largest = coordinates[np.abs(coordinates).argmax(axis=0), np.arange(m)]
    total = max(float((sizes**2).sum()), np.finfo(np.float64).tiny)
    return Components(coordinates * np.where(largest < 0, -1, 1), sizes[:m] ** 2 / total)
