"""Recommendations, similar items, components, model files, sheets, memory, search."""

from __future__ import annotations

import datetime
import json
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factor.data import planted
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import (
    FactorModel,
    ModelSettings,
    Span,
    Tables,
    TrainingResult,
    TrainingSettings,
    cross_validate,
    estimate_memory,
    find_learning_rate,
    load_model,
    predict,
    principal_components,
    recommend,
    result_tables,
    save_model,
    similar_items,
    train,
    tune,
    tuning_table,
)
from xlcollab.factor import sheets as sheets_module
from xlcollab.factor.training.baseline import BiasesAlone
from xlcollab.factor.training.result import Status
from xlcollab.interrupts import finished_first, listening
from xlcollab.ratings import RatingsTable, random_split

SMALL = ModelSettings(n_factors=3)


def trained(table: RatingsTable | None = None, **options: Any) -> TrainingResult:
    return train(table or planted(), SMALL, TrainingSettings(epochs=30, **options))


def test_recommendations_are_the_best_of_what_was_not_rated() -> None:
    table = planted()
    model = trained(table).model
    best = recommend(model, "u7", 5)
    number = table.user_ids.number("u7")
    rated = set(table.item_ids.ids(table.items[table.users == number]))
    others = [item for item in table.item_ids.index.tolist() if item not in rated]
    values = dict(zip(others, predict(model, ["u7"] * len(others), others).tolist(), strict=True))
    expected = sorted(others, key=lambda item: -values[item])[:5]
    assert [values[item] for item in best.items] == [values[item] for item in expected]
    assert rated.isdisjoint(best.items)
    assert not best.cold
    assert best.note == ""


def test_cold_users_get_the_bias_ranking_and_are_told() -> None:
    model = trained().model
    best = recommend(model, "stranger", 4)
    order = np.argsort(
        -np.clip(model.item_bias + model.output.centre, *model.output.seen), kind="stable"
    )
    assert best.items == model.item_ids.ids(order[:4])
    assert best.cold
    assert "User 'stranger' has no ratings" in best.note


def test_a_user_who_rated_everything_gets_nothing() -> None:
    table = RatingsTable.of(["a", "a", "b"], ["x", "y", "x"], [1, 2, 3])
    assert recommend(trained(table).model, "a").items == []


def test_k_below_one_is_refused() -> None:
    with pytest.raises(UsageError, match="k of at least 1"):
        recommend(trained().model, "u1", 0)


def test_similar_items_are_ranked_by_cosine() -> None:
    model = trained().model
    factors = model.item_factors
    cosines = factors @ factors[3] / np.linalg.norm(factors, axis=1) / np.linalg.norm(factors[3])
    cosines[3] = -9
    found = similar_items(model, model.item_ids.ids([3])[0], 6)
    assert [item for item, _ in found] == model.item_ids.ids(np.argsort(-cosines)[:6])
    assert [value for _, value in found] == pytest.approx(sorted(cosines)[:-7:-1], rel=1e-5)
    with pytest.raises(DataError, match="unknown item 'none'"):
        similar_items(model, "none")


def test_components_equal_scikit_learns() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    model = trained().model
    ours = principal_components(model, "items", 2)
    pca = decomposition.PCA(2).fit(model.item_factors.astype(np.float64))
    theirs = pca.transform(model.item_factors.astype(np.float64))
    np.testing.assert_allclose(abs(ours.coordinates), abs(theirs), atol=1e-8)
    np.testing.assert_allclose(ours.explained, pca.explained_variance_ratio_, atol=1e-10)


def test_a_model_without_factors_has_no_components() -> None:
    model = train(planted(), ModelSettings(n_factors=0), TrainingSettings(optimizer="als")).model
    assert principal_components(model, "users").coordinates.shape == (60, 0)


IDS: dict[str, list[Any]] = {
    "text": ["ä", "b", "c"],
    "numbers": [-3, 5, 2**61],
    "huge": [10**30, 1, 2],
    "dates": [datetime.datetime(2020, 1, day) for day in (1, 2, 3)],
    "mixed": [1, "1", "a"],
}


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS.keys())
def test_files_keep_models_and_ids(tmp_path: Path, ids: list[Any]) -> None:
    table = RatingsTable.of(ids, ["x", "y", "x"], [1, 2, 3])
    model = trained(table).model
    save_model(model, tmp_path / "m.safetensors")
    copy = load_model(tmp_path / "m.safetensors")
    assert isinstance(copy, FactorModel)
    assert copy.settings == model.settings
    assert copy.output == model.output
    assert copy.user_ids.index.tolist() == model.user_ids.index.tolist()
    users, items = table.user_ids.index[table.users], table.item_ids.index[table.items]
    np.testing.assert_array_equal(predict(copy, users, items), predict(model, users, items))
    assert recommend(copy, ids[0]).items == recommend(model, ids[0]).items


def test_ids_that_a_file_cannot_hold_are_named(tmp_path: Path) -> None:
    import pandas as pd

    table = RatingsTable.of(pd.Series([(1, 2), (3, 4)]), ["x", "y"], [1, 2])
    with pytest.raises(DataError, match=r"user \(1, 2\) is of type tuple"):
        save_model(trained(table).model, tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=r"m\.safetensors (cannot be read|holds nothing of xlcollab)"
    ):
        load_model(path)
    with pytest.raises(DataError, match="there is no file"):
        load_model(tmp_path / "absent.safetensors")


def test_tables_hold_the_results() -> None:
    table = planted()
    part, test = random_split(table, 0.2, np.random.default_rng(0))
    result = train(Tables(part, test=test), SMALL, TrainingSettings(epochs=4))
    users, items = ["u1", "u2", "new"], [100, 101]
    tables = {one.name: one for one in result_tables(result, crosstab=(users, items), k=3)}
    assert list(tables) == ["model", "history", "users", "items", "predictions", "recommendations"]
    assert result.test is not None
    assert ("test RMSE", result.test.rmse) in tables["model"].rows
    assert len(tables["history"].rows) == 4
    assert tables["history"].chart == ("train_rmse", "test_rmse")
    assert "validation_rmse" not in tables["history"].columns
    head = ("user", "ratings", "bias", "component 1", "component 2", "component 3", "factor 1")
    assert tables["users"].columns[:7] == head
    assert tables["users"].rows[0][-3:] == pytest.approx(result.model.user_factors[0].tolist())
    predicted = predict(result.model, ["u2"], [101])[0]
    assert tables["predictions"].rows[1][2] == pytest.approx(predicted)
    assert len(tables["recommendations"].rows) == 60 * 3
    for one in tables.values():
        assert all(len(row) <= len(one.columns) for row in one.rows)
        json.dumps(one.rows, allow_nan=False)


def test_more_rows_than_a_sheet_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets_module, "MAX_ROWS", 50)
    with pytest.raises(DataError, match=r"'users' would need 61 rows.*\.safetensors.*\.parquet"):
        result_tables(trained())


def test_memory_is_at_most_24_bytes_a_rating_and_said() -> None:
    n, none = 10_000_000, ModelSettings(n_factors=0)
    for optimizer in ("sgd", "adam", "gd"):
        training = TrainingSettings(optimizer=optimizer)  # type: ignore[arg-type]
        estimate = estimate_memory(n, 1000, 1000, none, training)
        assert estimate.ratings <= 24 * n + 8000
    twice = estimate_memory(n, 1000, 1000, ModelSettings(n_factors=62)).factors
    once = estimate_memory(n, 1000, 1000, ModelSettings(n_factors=30)).factors
    assert twice == 2 * once
    assert "ratings 240" in estimate_memory(n, 1000, 1000, none).sentence


def test_little_memory_is_said_shortly() -> None:
    assert estimate_memory(100, 10, 10).sentence == "This run takes less than 1 MB."


def test_memory_on_a_gpu_is_said_apart() -> None:
    here = TrainingSettings(optimizer="adam")
    there = estimate_memory(1_000_000, 100, 100, training=replace(here, device="cuda"))
    assert there.total < estimate_memory(1_000_000, 100, 100, training=here).total
    assert f"On the GPU it takes {there.gpu / 1e6:,.0f} MB more." in there.sentence
    assert "GPU" not in estimate_memory(1_000_000, 100, 100, training=here).sentence


def test_the_rate_sweep_suggests_a_rate_that_trains() -> None:
    options = TrainingSettings(optimizer="gd")
    sweep = find_learning_rate(planted(), SMALL, options, n_rates=12, lowest=1e-3, highest=1e4)
    assert 0.1 < sweep.suggestion < 100
    at = sweep.learning_rates.index(sweep.suggestion)
    assert min(sweep.validation_rmse) == sweep.validation_rmse[at]
    assert sweep.train_rmse[-1] == float("inf")


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "momentum"])
@pytest.mark.parametrize("n_ratings", [450, 900])
def test_a_found_rate_errs_no_more_than_the_recipes(optimizer: str, n_ratings: int) -> None:
    """It is judged by ratings that were set aside, and trains the whole table too."""
    part, test = random_split(planted(n_ratings=n_ratings), 0.2, np.random.default_rng(1))
    options = TrainingSettings(optimizer=optimizer)
    sweep = find_learning_rate(part, SMALL, options)
    found, usual = (
        train(Tables(part, test=test), SMALL, one).test for one in (sweep.training, options)
    )
    assert found is not None
    assert usual is not None
    assert found.rmse < 1.1 * usual.rmse


def test_a_fit_that_is_worse_than_biases_alone_says_so() -> None:
    part, test = random_split(planted(noise=1.5, k=0), 0.3, np.random.default_rng(0))
    tables, wide = Tables(part, test=test), ModelSettings(n_factors=30)
    bad = TrainingSettings(optimizer="adam", learning_rate=0.1, epochs=300)
    result = train(tables, wide, bad)
    assert result.test is not None
    assert result.test.rmse > result.biases["test"].rmse
    assert any("is worse than that of biases alone" in note for note in result.notes)
    good = train(tables, ModelSettings(n_factors=0), TrainingSettings(optimizer="als"))
    assert good.test is not None
    assert good.test.rmse == pytest.approx(good.biases["test"].rmse, rel=0.06)


def test_torchs_threads_stay_as_they_were() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            train(planted(400, 300, 40_000), ModelSettings(), TrainingSettings(epochs=2))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_cross_validation_tests_every_rating_once() -> None:
    scores = cross_validate(planted(), SMALL, TrainingSettings(epochs=20), n_folds=4)
    assert [score.n_ratings for score in scores] == [225] * 4
    assert len({score.rmse for score in scores}) == 4


def tables_with_validation() -> Tables:
    part, held = random_split(planted(), 0.25, np.random.default_rng(0))
    return Tables(part, validation=held)


def test_tuning_finds_better_settings_and_fills_a_sheet() -> None:
    pytest.importorskip("optuna")
    space = {"learning_rate": Span(1e-3, 0.3), "n_factors": Span(1, 8)}
    training = TrainingSettings(epochs=15)
    tuning = tune(tables_with_validation(), SMALL, training, space=space, n_trials=12)
    errors = [trial.rmse for trial in tuning.trials]
    assert tuning.best.rmse == min(errors) < max(errors) - 0.05
    assert tuning.training.learning_rate == tuning.best.values["learning_rate"]
    assert isinstance(tuning.model.n_factors, int)
    table = tuning_table(tuning)
    assert table.columns == ("trial", "learning_rate", "n_factors", "validation_rmse", "seconds")
    assert len(table.rows) == 12
    again = tune(tables_with_validation(), SMALL, training, space=space, n_trials=12)
    assert [trial.values for trial in again.trials] == [trial.values for trial in tuning.trials]


@pytest.mark.parametrize("optimizer", ["sgd", "als", "gibbs", "adam"])
def test_tuning_begins_with_the_recipe_and_never_leaves_it(optimizer: str) -> None:
    """Neither its penalties nor its scale: a learning rate is one on the recipe's scale."""
    pytest.importorskip("optuna")
    tables, asked = tables_with_validation(), TrainingSettings(optimizer=optimizer)
    space = {"epochs": Span(2, 300)} if optimizer == "gibbs" else None
    found = tune(tables, SMALL, asked, space=space, n_trials=2)
    usual = train(tables, SMALL, asked)
    assert usual.validation is not None
    assert usual.training is not None
    assert found.trials[0].rmse == usual.validation.rmse
    assert found.training.standardize == usual.training.standardize
    assert found.training.l2_scaling == usual.training.l2_scaling
    searched = set(found.trials[0].values)
    assert ("bias_rate" in searched) == (optimizer == "sgd")
    assert ("learning_rate" in searched) == (optimizer in ("sgd", "adam"))


def test_tuning_can_be_stopped_and_needs_validation_ratings() -> None:
    pytest.importorskip("optuna")
    found = tune(tables_with_validation(), SMALL, TrainingSettings(), on_trial=lambda trial: True)
    assert len(found.trials) == 1
    with pytest.raises(UsageError, match="tune needs validation ratings"):
        tune(Tables(planted()))


@pytest.mark.parametrize(
    ("settings", "is_advised"),
    [
        ({"optimizer": "adam"}, False),
        ({"optimizer": "als"}, False),
        ({"optimizer": "adam", "learning_rate": 0.1}, True),
        ({"epochs": 300, "l2_factors": 0.0}, True),
        ({"bias_rate": 8.0}, True),
    ],
)
def test_a_recipe_is_advised_to_those_alone_who_left_it(
    settings: dict[str, Any], is_advised: bool
) -> None:
    rng = np.random.default_rng(0)
    items = np.concatenate([rng.choice(30, 5, replace=False) for _ in range(40)])
    table = RatingsTable.of(np.repeat(np.arange(40), 5), items, rng.integers(1, 6, 200))
    rest, test = random_split(table, 0.3, np.random.default_rng(1))
    notes = train(Tables(rest, test=test), training=TrainingSettings(**settings)).notes
    (told,) = [note for note in notes if "worse than that of biases alone" in note]
    assert ("to the recipe" in told) == is_advised


def swallowing(seen: object) -> None:
    """What runs when Ctrl-C comes may catch it."""
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def writing(seen: object) -> None:
    """What is written when Ctrl-C comes is finished first."""
    with finished_first():
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("callback", [swallowing, writing])
def test_a_search_ends_before_the_next_trial(callback: Callable[[object], None]) -> None:
    pytest.importorskip("optuna")
    tables = tables_with_validation()
    with listening():
        found = tune(tables, SMALL, TrainingSettings(), n_trials=5, on_trial=callback)
    assert (len(found.trials), found.stopped) == (1, "interrupted")


@pytest.mark.parametrize("callback", [swallowing, writing])
def test_a_fit_ends_before_the_next_epoch(callback: Callable[[object], None]) -> None:
    with listening():
        found = train(Tables(planted()), SMALL, TrainingSettings(epochs=9), on_epoch=callback)
        assert (found.epochs_run, found.status) == (1, Status.INTERRUPTED)
    again = train(Tables(planted()), SMALL, TrainingSettings(epochs=9))
    assert again.epochs_run == 9


@pytest.mark.parametrize("callback", [swallowing, writing])
def test_folds_end_before_the_next_one(callback: Callable[[object], None]) -> None:
    with listening(), pytest.raises(KeyboardInterrupt):
        cross_validate(planted(), SMALL, TrainingSettings(epochs=1), 3, on_epoch=callback)


def test_biases_alone_are_damped_means_of_what_the_other_side_leaves() -> None:
    table = planted(9, 7, 40, dtype="float64")
    users, items = np.zeros(9), np.zeros(7)
    mean = table.ratings.mean()
    for _ in range(6):
        for own, numbers, other, others in (
            (users, table.users, items, table.items),
            (items, table.items, users, table.users),
        ):
            for one in range(len(own)):
                at = numbers == one
                left = table.ratings[at] - mean - other[others[at]]
                own[one] = left.sum() / (5.0 + at.sum())
    found = BiasesAlone.of(table)
    assert found.mean == pytest.approx(mean)
    np.testing.assert_allclose(found.users, users, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.items, items, rtol=1e-9, atol=1e-12)
    predicted = np.clip(mean + users[table.users] + items[table.items], *table.range)
    missed = predicted - table.ratings
    scores = found.scores(table)
    assert scores.rmse == pytest.approx(np.sqrt(np.mean(missed**2)))
    assert scores.mae == pytest.approx(np.abs(missed).mean())
