"""Recommendations that know how popular items are: what is learned, and that it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import xlcollab as xc
from tests.factor.data import planted
from xlcollab.factor import Tables, TrainingSettings, recommend, train
from xlcollab.factor.models.recommend import rank_scores
from xlcollab.factor.training.popularity import learned_weight, ranked_better
from xlcollab.ratings import RatingsTable, random_split, ranking


def taken_up(seed: int = 0) -> RatingsTable:
    """Ratings whose users take up items by a steep popularity and like them by taste."""
    rng = np.random.default_rng(seed)
    n_users, n_items = 200, 120
    chance = 1 / np.arange(1, n_items + 1) ** 0.9
    p, q = rng.normal(size=(n_users, 2)), rng.normal(size=(n_items, 2))
    users, items = [], []
    for user in range(n_users):
        chosen = rng.choice(n_items, 25, replace=False, p=chance / chance.sum())
        users += [user] * len(chosen)
        items += chosen.tolist()
    ratings = 3 + (p[users] * q[items]).sum(axis=1) + rng.normal(0, 0.3, len(users))
    return RatingsTable.of(users, items, np.clip(ratings, 1, 5))


def test_the_mix_ranks_no_worse_than_popularity_and_better_than_the_prediction() -> None:
    rest, test = random_split(taken_up(), 0.2, np.random.default_rng(1))
    model = ranked_better(train(Tables(rest)), rest).model
    counts = model.rated.item_counts(len(model.item_ids)).astype(float)
    mix, popular, predicted = (
        ranking(scores, rest, test, 10, 4.0).ndcg
        for scores in (
            lambda user: rank_scores(model, user),
            lambda user: counts,
            lambda user: rank_scores(model, user, "rating"),
        )
    )
    assert model.popularity > 0
    assert mix >= popular
    assert mix >= predicted


def test_too_little_teaches_nothing_and_the_prediction_counts() -> None:
    assert learned_weight(planted(n_ratings=300)) == 0
    model = train(planted(), training=TrainingSettings(epochs=3)).model
    assert recommend(model, "u1").items == recommend(model, "u1", by="rating").items


@pytest.mark.parametrize("name", ["m.safetensors", "m.xlsx"])
def test_what_was_learned_is_kept(name: str, tmp_path: Path) -> None:
    model = xc.MatrixFactorization(n_factors=2, epochs=5).fit(taken_up())
    wanted = model.recommend(3)
    assert model.model_.popularity > 0
    write = model.save if name.endswith("s") else model.to_workbook
    write(tmp_path / name)
    back = xc.MatrixFactorization.load(tmp_path / name)
    assert back.model_.popularity == model.model_.popularity
    assert back.recommend(3).items == wanted.items


def test_a_model_that_is_saved_first_has_learned_too(tmp_path: Path) -> None:
    model = xc.MatrixFactorization(n_factors=2, epochs=5).fit(taken_up())
    model.save(tmp_path / "m.safetensors")
    assert xc.MatrixFactorization.load(tmp_path / "m.safetensors").model_.popularity > 0
