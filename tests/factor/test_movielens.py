"""Accuracy on MovieLens 100k, where a package has it (see tests/benchmarks/factor_data.py)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.benchmarks.factor_data import movielens, movielens_split
from xlcollab.factor import QUALITIES, ModelSettings, Tables, TrainingSettings, train
from xlcollab.factor.models.recommend import rank_scores
from xlcollab.ratings import RatingsTable, ranking


@pytest.fixture(scope="module")
def ratings() -> RatingsTable:
    table = movielens()
    if table is None:
        pytest.skip("needs MovieLens 100k: pip install --no-deps recbole==1.2.1")
    return table


def test_rmse(tables: Tables, n_factors: int, **training: Any) -> float:
    scores = train(
        Tables(tables.train, test=tables.test),
        ModelSettings(n_factors=n_factors),
        TrainingSettings(**training),
    ).test
    assert scores is not None
    return scores.rmse


test_rmse.__test__ = False  # type: ignore[attr-defined]


def test_the_file_is_the_one_everybody_measures_on(ratings: RatingsTable) -> None:
    assert (len(ratings), ratings.n_users, ratings.n_items) == (100_000, 943, 1682)
    assert float(ratings.ratings.mean()) == pytest.approx(3.52986)


@pytest.mark.parametrize(("split", "most"), [(1, 0.9175), (2, 0.9095), (3, 0.9025)])
def test_the_default_recipe(ratings: RatingsTable, split: int, most: float) -> None:
    fast = QUALITIES["fast"]
    found = test_rmse(movielens_split(ratings, split), fast["n_factors"], optimizer="sgd")
    assert 0.88 < found < most


@pytest.mark.slow
def test_bayesian_averaging(ratings: RatingsTable) -> None:
    best = QUALITIES["best"]
    found = test_rmse(movielens_split(ratings, 1), best["n_factors"], optimizer="gibbs")
    assert 0.88 < found < 0.908


def test_least_squares(ratings: RatingsTable) -> None:
    """Other ALS codes reach 0.932 on u1."""
    found = test_rmse(movielens_split(ratings, 1), 15, optimizer="als")
    assert 0.88 < found < 0.932


def test_what_is_taken_up_is_ranked_far_better_than_by_popularity(ratings: RatingsTable) -> None:
    """Popularity reaches 0.219 there."""
    tables = movielens_split(ratings, 2)
    assert tables.test is not None
    how = TrainingSettings(optimizer="als", epochs=6)
    model = train(Tables(tables.train), ModelSettings(n_factors=24, implicit=True), how).model
    found = ranking(lambda user: rank_scores(model, user), tables.train, tables.test, 10, 4.0)
    assert found.ndcg > 0.375


def test_the_ranking_beats_chance(ratings: RatingsTable) -> None:
    tables = movielens_split(ratings, 2)
    assert tables.test is not None
    model = train(tables.train).model
    items = np.arange(ratings.n_items, dtype=np.int32)

    def predicted(user: int) -> np.ndarray:
        return model.predict_numbers(np.full(len(items), user, np.int32), items)

    noise = np.random.default_rng(0).random(len(items))
    found = ranking(predicted, tables.train, tables.test)
    drawn = ranking(lambda user: noise, tables.train, tables.test)
    assert found.ndcg > 5 * drawn.ndcg
    assert found.precision > 5 * drawn.precision
