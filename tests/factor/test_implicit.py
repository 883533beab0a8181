"""What is taken up: weighted least squares beside equation 4 of Hu et al., BPR beside its gradient,
and what holds for both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import xlcollab as xc
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import (
    FactorModel,
    ModelSettings,
    Tables,
    TrainingSettings,
    find_learning_rate,
    load_model,
    train,
    tune,
)
from xlcollab.factor.models.recommend import rank_scores
from xlcollab.factor.passes.preference import pair_pass, solve_confident
from xlcollab.factor.training.checkpoint import Saving
from xlcollab.factor.training.implicit import _uptake, ndcg_of, train_implicit
from xlcollab.ratings import RatingsTable, random_split, ranking

RULES = ("als", "bpr")


def taken(n_users: int = 90, n_items: int = 60, each: int = 12, seed: int = 0) -> RatingsTable:
    """Counts of users who take up what they like, popular items more often."""
    rng = np.random.default_rng(seed)
    likes = rng.normal(size=(n_users, 2)) @ rng.normal(size=(2, n_items))
    likes = likes - 0.5 * np.log1p(np.arange(n_items)) + 0.5 * rng.gumbel(size=likes.shape)
    pairs = [(u, i) for u in range(n_users) for i in np.argsort(-likes[u])[:each]]
    users, items = np.array(pairs).T
    return RatingsTable.of(users, items, rng.poisson(2, len(users)) + 1.0)


def fitted(rule: str, table: RatingsTable | Tables, **more: Any) -> FactorModel:
    of_model = {"n_factors": 4} | {k: v for k, v in more.items() if k in ("n_factors", "dtype")}
    training = {k: v for k, v in more.items() if k not in of_model}
    shape = ModelSettings(implicit=True, **of_model)
    model = train(table, shape, TrainingSettings(optimizer=rule, **training)).model
    assert isinstance(model, FactorModel)
    return model


def dense(table: RatingsTable) -> tuple[np.ndarray, np.ndarray]:
    """Preferences and counts, both (n_users, n_items)."""
    counts = np.zeros((table.n_users, table.n_items))
    counts[table.users, table.items] = table.ratings
    return (counts > 0).astype(float), counts


def test_a_row_is_solved_as_equation_4_says() -> None:
    table = taken()
    rng = np.random.default_rng(1)
    items, rows = rng.normal(size=(table.n_items, 5)), rng.normal(size=(table.n_users, 5))
    preference, counts = dense(table)
    order = np.lexsort((table.items, table.users))
    starts = np.concatenate([[0], np.cumsum(np.bincount(table.users))])
    everyone = items.T @ items + 0.7 * np.eye(5)
    more = 1.5 * table.ratings[order].astype(float)
    cuts = np.array([0, table.n_users])
    others = table.items[order]
    solve_confident(cuts, starts, others, more, items, everyone, 12, rows)
    for user in range(table.n_users):
        confidence = np.diag(1 + 1.5 * counts[user])
        wanted = np.linalg.solve(
            items.T @ confidence @ items + 0.7 * np.eye(5),
            items.T @ confidence @ preference[user],
        )
        np.testing.assert_allclose(rows[user], wanted, rtol=1e-6, atol=1e-9)


def test_the_rest_of_least_squares_is_a_stationary_point() -> None:
    """The slope of Σ c (preference − p·q)² + λ (Σ p² + Σ q²) by autograd is 0 there."""
    table = taken()
    model = fitted("als", table, epochs=600, l2_factors=2.0, alpha=0.8, dtype="float64")
    preference, counts = map(torch.from_numpy, dense(table))
    users, items = (
        torch.from_numpy(np.array(one)).requires_grad_()
        for one in (model.user_factors, model.item_factors)
    )
    loss = ((1 + 0.8 * counts) * (preference - users @ items.T) ** 2).sum()
    loss = loss + 2.0 * ((users**2).sum() + (items**2).sum())
    loss.backward()
    for one in (users, items):
        assert one.grad is not None
        assert float(one.grad.abs().max()) < 1e-4 * loss.item()


@settings(derandomize=True, deadline=None, max_examples=20)
@given(
    st.integers(0, 2**31),
    st.sampled_from(["linear", "log", "once"]),
    st.floats(0, 20),
    st.floats(0.01, 20),
)
def test_no_epoch_of_least_squares_raises_the_loss(
    seed: int, confidence: str, alpha: float, l2: float
) -> None:
    table = taken(30, 20, 6, seed)
    shape = ModelSettings(implicit=True, n_factors=3, dtype="float64")
    how = {"alpha": alpha, "confidence": confidence, "l2_factors": l2, "epochs": 8, "seed": seed}
    losses = train(table, shape, TrainingSettings(optimizer="als", **how)).column("train_loss")
    assert (np.diff(losses) <= 1e-9 * np.abs(losses[0])).all()


@pytest.mark.parametrize("factor", [1e-6, 1000.0])
@pytest.mark.parametrize("rule", RULES)
def test_the_recipe_knows_no_unit_of_counts(rule: str, factor: float) -> None:
    table = taken()
    other = replace(table, ratings=(table.ratings * factor).astype(np.float32))
    one, two = fitted(rule, table, dtype="float64"), fitted(rule, other, dtype="float64")
    np.testing.assert_allclose(two.user_factors, one.user_factors, rtol=1e-3, atol=1e-5)


def test_a_step_on_a_pair_follows_the_slope() -> None:
    """One user who has taken up the first of two items: the other one can only be the second."""
    rng = np.random.default_rng(3)
    users, items = rng.normal(size=(1, 8)), rng.normal(size=(2, 8))
    w, x = (torch.tensor(one, requires_grad=True) for one in (users, items))
    loss = -torch.nn.functional.logsigmoid(w[0] @ (x[0] - x[1]))
    (loss + 0.05 * ((w**2).sum() + (x**2).sum())).backward()
    wanted = w.detach() - 0.2 * w.grad, x.detach() - 0.2 * x.grad
    rate, l2 = np.full(8, 0.2), np.full(8, 0.1)
    state, one = np.array([5], np.uint64), np.zeros(1, np.int32)
    found = pair_pass(state, one, np.array([0, 1]), one, users, items, rate, rate, l2, l2)
    assert found == pytest.approx(float(loss.detach()))
    np.testing.assert_allclose(users, wanted[0], rtol=1e-12)
    np.testing.assert_allclose(items, wanted[1], rtol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_taste_is_found_beyond_popularity(rule: str) -> None:
    rest, test = random_split(taken(), 0.2, np.random.default_rng(1))
    model = fitted(rule, Tables(rest, test=test))
    counts = model.rated.item_counts(rest.n_items).astype(float)
    popular = ranking(lambda user: counts, rest, test, 10, 0.5).ndcg
    assert ndcg_of(model, rest, test) > popular + 0.1


@pytest.mark.parametrize("rule", RULES)
def test_the_best_epoch_is_kept(rule: str) -> None:
    rest, aside = random_split(taken(), 0.2, np.random.default_rng(1))
    how = TrainingSettings(optimizer=rule, patience=5, epochs=60)
    result = train(Tables(rest, aside), ModelSettings(implicit=True, n_factors=4), how)
    reached = result.column("validation_ndcg")
    assert result.best_epoch == int(np.argmax(reached)) + 1
    assert result.validation is not None
    assert result.validation.ndcg == pytest.approx(reached.max())
    assert np.isnan(result.train.rmse)


@pytest.mark.parametrize("rule", RULES)
def test_a_run_goes_on_from_its_checkpoint(rule: str, tmp_path: Path) -> None:
    table, path = taken(), tmp_path / "run.safetensors"
    shape = ModelSettings(implicit=True, n_factors=4)
    how = TrainingSettings(optimizer=rule, epochs=8)
    whole = train_implicit(Tables(table), shape, how).model

    def stop(told: Any) -> bool:
        return told.row.epoch == 5

    train_implicit(Tables(table), shape, how, saving=Saving(path, 1), on_epoch=stop)
    went_on = train_implicit(Tables(table), shape, how, saving=Saving(path, 1, resume=True))
    assert went_on.history[0].epoch == 6
    np.testing.assert_array_equal(went_on.model.user_factors, whole.user_factors)
    np.testing.assert_array_equal(went_on.model.item_bias, whole.item_bias)


def test_counts_of_nothing_take_nothing_up() -> None:
    table = taken(30, 20, 6)
    users, items = np.divmod(np.arange(30 * 20), 20)
    counts = np.zeros(600, np.float32)
    counts[table.users * 20 + table.items] = table.ratings
    every = RatingsTable.of(users, items, counts)
    one, other = fitted("als", table), fitted("als", every)
    np.testing.assert_allclose(other.user_factors, one.user_factors, rtol=1e-5, atol=1e-7)
    assert len(other.rated.items) == len(table)


def test_what_cannot_be_counted_is_refused() -> None:
    table = taken(30, 20, 6)
    below = replace(table, ratings=np.where(np.arange(len(table)) == 4, -2, table.ratings))
    with pytest.raises(DataError, match=r"user 0 has -2 of item .*counted from 0"):
        fitted("als", below)
    with pytest.raises(DataError, match="every count is 0"):
        fitted("bpr", replace(table, ratings=table.ratings * 0))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adam"}, "adam learns ratings; implicit feedback is learned by als or bpr"),
        ({"quality": "best"}, "quality best is for ratings"),
        ({"hidden_sizes": (8,)}, "not by a net"),
        ({"output_range": (0, 5)}, "no range"),
        ({"n_factors": 0}, "n_factors must be 1 or more"),
        ({"standardize": True}, "not standardised"),
        ({"l2_biases": 0.1}, "no biases to penalise"),
        ({"optimizer": "bpr", "bias": False, "l2_biases": 0.1}, "no biases to penalise"),
    ],
)
def test_what_makes_no_sense_is_said(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        xc.MatrixFactorization(**{"implicit": True, **settings}).fit(frame())


@pytest.mark.parametrize("settings", [{"optimizer": "bpr"}, {"alpha": 2.0, "optimizer": "als"}])
def test_what_counts_need_is_refused_for_ratings(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="needs implicit"):
        xc.MatrixFactorization(**settings).fit(taken().to_frame())


def frame() -> pd.DataFrame:
    """Purchases, one a line, without a column for counts."""
    table = taken()
    ids = table.to_frame()[["user", "item"]]
    return ids.loc[ids.index.repeat(table.ratings.astype(int))].astype({"user": str})


def test_events_are_counted() -> None:
    model = xc.MatrixFactorization(implicit=True, n_factors=4).fit(frame())
    whole = taken().to_frame().astype({"user": str})
    counted = xc.MatrixFactorization(implicit=True, n_factors=4).fit(whole)
    assert model.predict(["3"], [5]) == pytest.approx(counted.predict(["3"], [5]), rel=1e-5)
    pairs = frame().to_numpy()
    assert len(xc.MatrixFactorization(implicit=True, epochs=1).fit(pairs).model_.user_ids) == 90


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", ["m.safetensors", "m.xlsx"])
def test_a_saved_model_is_the_same(rule: str, name: str, tmp_path: Path) -> None:
    model = xc.MatrixFactorization(implicit=True, n_factors=4, optimizer=rule).fit(frame())
    write = model.save if name.endswith("s") else model.to_workbook
    write(tmp_path / name)
    back = xc.MatrixFactorization.load(tmp_path / name)
    pairs = frame().drop_duplicates()
    np.testing.assert_array_equal(back.predict(pairs), model.predict(pairs))
    assert back.model_.uptake == model.model_.uptake  # type: ignore[attr-defined]
    assert back.model_.settings == model.model_.settings
    assert back.recommend("3").items == model.recommend("3").items


@pytest.mark.parametrize("rule", RULES)
def test_a_new_user_is_folded_in(rule: str) -> None:
    """One who took up what a known user did is recommended much the same."""
    model = xc.MatrixFactorization(implicit=True, n_factors=4, optimizer=rule).fit(frame())
    known = frame()[lambda rows: rows["user"] == "7"]
    before = model.recommend("7", 10).items
    model.fold_in(known.assign(user="somebody"))
    found = model.recommend("somebody", 10)
    assert not found.cold
    assert len(set(found.items) & set(before)) >= 6
    if rule == "als":
        one, other = (
            rank_scores(model.model_, number)
            for number in (
                model.model_.user_ids.number("7"),
                model.model_.user_ids.number("somebody"),
            )
        )
        np.testing.assert_allclose(other, one, atol=0.02)


def test_the_score_is_how_well_it_ranks() -> None:
    rest, test = random_split(taken(), 0.2, np.random.default_rng(1))
    model = xc.MatrixFactorization(implicit=True, n_factors=4).fit(rest)
    assert model.score(test) == pytest.approx(ndcg_of(model.model_, rest, test))


def test_somebody_unknown_is_told_what_most_have() -> None:
    model = xc.MatrixFactorization(implicit=True, n_factors=4).fit(frame())
    found = model.recommend("nobody", 3)
    counts = model.model_.rated.item_counts(60)
    assert found.cold
    assert "taken up by most" in found.note
    assert counts[model.model_.item_ids.numbers(found.items)].min() >= np.sort(counts)[-3]


def test_a_damaged_record_of_the_training_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    xc.MatrixFactorization(implicit=True, n_factors=2, epochs=1).fit(frame()).save(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b'rule\\": \\"als', b'rule\\": \\"alx'))
    with pytest.raises(DataError, match="damaged"):
        load_model(path)


@pytest.mark.parametrize("search", [tune, find_learning_rate])
def test_what_compares_errors_of_ratings_refuses_an_implicit_model(search: Any) -> None:
    with pytest.raises(UsageError, match="no errors of ratings to compare by"):
        search(Tables(taken()), ModelSettings(implicit=True), TrainingSettings(optimizer="bpr"))


def test_what_was_said_is_what_counts_and_nothing_is_nothing() -> None:
    said = TrainingSettings(optimizer="als", l2_factors=0.0, alpha=3.0, confidence="log")
    found = _uptake(taken(), said)
    assert (found.rule, found.l2, found.alpha, found.confidence) == ("als", 0.0, 3.0, "log")
    assert found.mean == pytest.approx(float(taken().ratings.mean()))
    silent = _uptake(taken(), TrainingSettings(optimizer="bpr"))
    assert (silent.l2, silent.alpha, silent.confidence) == (0.0, 0.0, "once")
