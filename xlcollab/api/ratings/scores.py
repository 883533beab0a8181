"""Measures of a fit besides its errors: rankings, folds, and the sweep over learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.session.viewer import finite
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import (
    Model,
    ModelSettings,
    RateSweep,
    Scores,
    Table,
    Tables,
    TrainingSettings,
    find_learning_rate,
)
from xlcollab.factor.models.recommend import rank_scores
from xlcollab.ratings import Ranking, RatingsTable, ranking
from xlcollab.ratings.metrics import Scorer, list_measures
from xlcollab.ratings.taken import ANY
from xlcollab.settings.optimizers import OPTIMIZERS
from xlcollab.settings.requests.ratings import Measures

_RELEVANT_SHARE = 0.75
"""Of the way from the lowest to the highest rating, from where one counts as liked: 4 of 1 to 5."""
_MOST_PREDICTIONS = 2**28
"""Rankings predict every item for a user: beyond this many, for a sample of users."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Ranking measures at k on the test ratings; `relevant` is the least rating that is liked, or
    `ANY` where all that was taken up counts."""

    k: int
    relevant: float
    ranking: Ranking

    def as_json(self) -> dict[str, object]:
        found = self.ranking
        return {
            "k": self.k,
            "relevant": 0.0 if self.relevant == ANY else self.relevant,
            "precision": found.precision,
            "recall": found.recall,
            "ndcg": found.ndcg,
            "map": found.map,
            "mrr": found.mrr,
            "hit_rate": found.hit_rate,
            "coverage": found.coverage,
            "users": found.n_users,
        }

    def rows(self) -> list[tuple[str, float]]:
        """For the model sheet."""
        found = self.ranking
        return [
            (f"precision at {self.k}", found.precision),
            (f"recall at {self.k}", found.recall),
            (f"NDCG at {self.k}", found.ndcg),
            (f"MAP at {self.k}", found.map),
            (f"MRR at {self.k}", found.mrr),
            (f"hit rate at {self.k}", found.hit_rate),
            (f"coverage at {self.k}", found.coverage),
            *([] if self.relevant == ANY else [("liked from rating", self.relevant)]),
            ("users ranked for", found.n_users),
        ]


def ranked(model: Model, tables: Tables, wanted: Measures, seed: int) -> Ranked | None:
    """Precision, recall and NDCG on the test ratings; None without any that is liked."""
    test = tables.test
    if test is None:
        return None
    relevant = least_liked(wanted, tables.train.range)
    if wanted.relevant is None and model.settings.implicit:
        relevant = ANY
    return _ranked(lambda user: rank_scores(model, user), tables, wanted.top_k, relevant, seed)


def ranked_by_popularity(tables: Tables, model: Ranked, seed: int) -> Ranked | None:
    """The same measures of a list that is alike for all: what most have taken up, first."""
    counts = np.bincount(tables.train.items, minlength=tables.train.n_items).astype(np.float64)
    return _ranked(lambda user: counts, tables, model.k, model.relevant, seed)


def _ranked(scores: Scorer, tables: Tables, k: int, relevant: float, seed: int) -> Ranked | None:
    assert tables.test is not None
    try:
        found = ranking(scores, tables.train, _sampled(tables.test, seed), k, relevant)
    except DataError:
        return None
    return Ranked(k, relevant, found)


def worse_than_popular(model: Ranked | None, popular: Ranked | None) -> list[str]:
    """A sentence where a model ranks no better than what is popular."""
    if model is None or popular is None or model.ranking.ndcg > popular.ranking.ndcg:
        return []
    return [
        f"The NDCG at {model.k}, {model.ranking.ndcg:.4f}, is no better than that of popularity "
        f"alone, {popular.ranking.ndcg:.4f}: fit fewer factors, or gather more."
    ]


Together = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""The sum of an array over all processes."""


def ranked_over(
    scores: Scorer, tables: Tables, wanted: Measures, chosen: NDArray[np.bool_], together: Together
) -> Ranked | None:
    """The same where each process ranks for its own users; `chosen` says for which (n_users,).

    Every process calls this. `wanted.relevant` is given.
    """
    test, relevant = tables.test, wanted.relevant
    assert test is not None
    assert relevant is not None
    own = test.take(chosen[test.users])
    rows, shown = list_measures(scores, tables.train, own, wanted.top_k, relevant)
    sums = together(np.append(rows.sum(axis=0), len(rows)))
    is_shown = together(shown.astype(np.float64)) > 0
    if not sums[-1]:
        return None
    means = (sums[:-1] / sums[-1]).tolist()
    return Ranked(wanted.top_k, relevant, Ranking.of(means, int(sums[-1]), is_shown))


def users_ranked(users: NDArray[np.integer], n_items: int, seed: int) -> NDArray[np.integer]:
    """Of these users all, or as many as can be ranked for in seconds."""
    most = max(1, _MOST_PREDICTIONS // n_items)
    if len(users) <= most:
        return users
    drawn: NDArray[np.integer] = np.random.default_rng(seed).choice(users, most, replace=False)
    return drawn


def least_liked(wanted: Measures, seen: tuple[float, float]) -> float:
    """The least rating that counts as liked."""
    low, high = seen
    asked = wanted.relevant
    return low + _RELEVANT_SHARE * (high - low) if asked is None else asked


def _sampled(test: RatingsTable, seed: int) -> RatingsTable:
    """The ratings of all users, or of as many as can be ranked in seconds."""
    users = np.unique(test.users)
    chosen = users_ranked(users, test.n_items, seed)
    return test if chosen is users else test.take(np.isin(test.users, chosen))


@dataclass(frozen=True, slots=True)
class Folds:
    """Test errors of each fold of a cross-validation; of an implicit model its NDCG at 10."""

    scores: tuple[Scores, ...]

    @property
    def rmse(self) -> float:
        """The mean over the folds."""
        return float(np.mean([score.rmse for score in self.scores]))

    @property
    def ndcg(self) -> float:
        """The mean over the folds, of an implicit model."""
        return float(np.mean([score.ndcg for score in self.scores]))

    @property
    def sentence(self) -> str:
        """The mean, in words."""
        of = f"on {len(self.scores)} folds"
        if math.isnan(self.rmse):
            return f"cross-validation: NDCG {self.ndcg:.5f} {of}"
        return f"cross-validation: RMSE {self.rmse:.5f} {of}"

    def as_json(self) -> dict[str, object]:
        if math.isnan(self.rmse):
            ranked = [{"ndcg": s.ndcg, "ratings": s.n_ratings} for s in self.scores]
            return {"ndcg": self.ndcg, "folds": ranked}
        folds = [{"rmse": s.rmse, "mae": s.mae, "ratings": s.n_ratings} for s in self.scores]
        return {"rmse": self.rmse, "mae": self._mean_mae, "folds": folds}

    def table(self) -> Table:
        n = sum(s.n_ratings for s in self.scores)
        if math.isnan(self.rmse):
            ranked: list[Sequence[object]] = [
                (number, score.n_ratings, score.ndcg) for number, score in enumerate(self.scores, 1)
            ]
            rows_and_mean = [*ranked, ("mean", n, self.ndcg)]
            return Table("folds", ("fold", "test pairs", "NDCG at 10"), rows_and_mean)
        rows: list[Sequence[object]] = [
            (number, score.n_ratings, score.rmse, score.mae)
            for number, score in enumerate(self.scores, 1)
        ]
        rows.append(("mean", n, self.rmse, self._mean_mae))
        return Table("folds", ("fold", "test ratings", "test RMSE", "test MAE"), rows)

    @property
    def _mean_mae(self) -> float:
        return float(np.mean([score.mae for score in self.scores]))


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured besides errors; None where it was not asked for, or could not be."""

    ranked: Ranked | None
    folds: Folds | None
    sweep: RateSweep | None
    popular: Ranked | None = None
    """Beside an implicit model: the same measures of what is most popular."""

    def as_json(self) -> dict[str, object]:
        popular = {"popularity_alone": self.popular.as_json()} if self.popular else {}
        return {
            "ranking": self.ranked and self.ranked.as_json(),
            **popular,
            "cross_validation": self.folds and self.folds.as_json(),
            "learning_rate_sweep": self.sweep and _sweep_json(self.sweep),
        }

    def rows(self) -> list[tuple[str, float]]:
        """For the model sheet."""
        rows = self.ranked.rows() if self.ranked else []
        if self.popular is not None:
            name, value = f"NDCG at {self.popular.k} of popularity alone", self.popular.ranking.ndcg
            rows.append((name, value))
        return rows

    def tables(self) -> list[Table]:
        """For sheets of their own."""
        found = [self.folds.table()] if self.folds else []
        return found + ([_sweep_table(self.sweep)] if self.sweep else [])


def swept(table: RatingsTable, model: ModelSettings, training: TrainingSettings) -> RateSweep:
    """Learning rates tried on the training ratings; UsageError where the optimizer has none."""
    if "learning_rate" not in OPTIMIZERS[training.optimizer].uses:
        raise UsageError(f"{training.optimizer} has no learning rate to find")
    return find_learning_rate(table, model, replace(training, patience=None, restarts=0))


def _sweep_table(sweep: RateSweep) -> Table:
    """The rates and what they reached; the chart has the exponent for its axis."""
    tried = zip(sweep.learning_rates, sweep.train_rmse, sweep.validation_rmse, strict=True)
    rows: list[Sequence[object]] = [
        (math.log10(rate), rate, finite(seen), finite(unseen)) for rate, seen, unseen in tried
    ]
    measured = ("train RMSE", "validation RMSE")
    return Table(
        "learning rates", ("log10 of the rate", "learning rate", *measured), rows, chart=measured
    )


def _sweep_json(sweep: RateSweep) -> dict[str, object]:
    """Rates that diverged have null."""
    return {
        "learning_rates": list(sweep.learning_rates),
        "train_rmse": list(map(finite, sweep.train_rmse)),
        "validation_rmse": list(map(finite, sweep.validation_rmse)),
        "suggestion": sweep.suggestion,
    }
