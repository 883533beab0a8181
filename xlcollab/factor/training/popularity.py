"""How much an item's popularity counts in a recommendation, learned from training ratings alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import XlcollabError
from xlcollab.factor.models.model import POPULARITY, FactorModel, Model
from xlcollab.factor.models.recommend import mixed
from xlcollab.factor.training.result import TrainingResult
from xlcollab.factor.training.train import Tables, train
from xlcollab.ratings import RatingsTable, random_split, ranking
from xlcollab.settings.fitting import ModelSettings, TrainingSettings

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 50.0)
"""Tried from the prediction alone to hardly anything but popularity."""
FEWEST = 500
"""Ratings that a choice can rest on."""
MOST = 300_000
"""Ratings that are enough for it: of more, users are drawn."""
_MOST_SCORES = 2**22
"""Predictions that a choice is made from; of more, users are drawn."""
_SET_ASIDE = 0.1
"""Of the ratings, to judge rankings on."""
_LENGTH = 10
"""Of the rankings that are judged, the first page that somebody sees."""


def ranked_better(result: TrainingResult, table: RatingsTable, seed: int = 0) -> TrainingResult:
    """The result whose model knows what popularity weighs, learned from its training ratings."""
    weight = learned_weight(table, seed)
    model: Model = replace(result.model, popularity=weight)  # type: ignore[type-var]
    return replace(result, model=model)


def learned_weight(table: RatingsTable, seed: int = 0) -> float:
    """The weight with the highest NDCG at 10 on a tenth of `table` that a small model of the rest
    has not seen; 0 where there is too little to learn from.
    """
    if len(table) < FEWEST:
        return POPULARITY
    rng = np.random.default_rng(seed)
    return weight_from(_sample(table, rng), rng, seed)


def weight_from(sample: RatingsTable, rng: np.random.Generator, seed: int) -> float:
    """The same on ratings that are few enough; what is set aside is drawn from `rng`."""
    rest, aside = random_split(sample, _SET_ASIDE, rng)
    try:
        found = train(Tables(rest), ModelSettings(n_factors=20), TrainingSettings(seed=seed)).model
        assert isinstance(found, FactorModel)
        return max(WEIGHTS, key=_Quality(found, rest, _few_users(aside, rng)).of)
    except XlcollabError:  # nothing set aside is liked, or the ratings are no good for a model
        return POPULARITY


class _Quality:
    """NDCG of the rankings that a weight gives on ratings set aside."""

    def __init__(self, model: FactorModel, rest: RatingsTable, aside: RatingsTable) -> None:
        self.rest, self.aside = rest, aside
        self.counts = model.rated.item_counts(rest.n_items)
        self.slope = model.output.slope
        low, high = rest.range
        self.liked = low + 0.75 * (high - low)
        items = np.arange(rest.n_items, dtype=np.int32)
        self.predicted = {
            user: model.raw_numbers(np.full(len(items), user, np.int32), items).astype(np.float64)
            for user in np.unique(aside.users).tolist()
        }

    def of(self, weight: float) -> float:
        def scores(user: int) -> np.ndarray:
            return mixed(self.predicted[user], self.counts, self.slope, weight)

        return ranking(scores, self.rest, self.aside, _LENGTH, self.liked).ndcg


def _sample(table: RatingsTable, rng: np.random.Generator) -> RatingsTable:
    if len(table) <= MOST:
        return replace(table, extra={}, features={}, titles={})
    chosen = some_users(table.n_users, len(table), rng)
    return replace(table.take(chosen[table.users]), extra={}, features={}, titles={})


def some_users(n_users: int, n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which users (n_users,) are looked at where there are n ratings, more than enough."""
    chosen: NDArray[np.bool_] = rng.random(n_users) < MOST / n
    return chosen


def _few_users(aside: RatingsTable, rng: np.random.Generator) -> RatingsTable:
    users = np.unique(aside.users)
    most = max(1, _MOST_SCORES // aside.n_items)
    if len(users) <= most:
        return aside
    return aside.take(np.isin(aside.users, rng.choice(users, most, replace=False)))
