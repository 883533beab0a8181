"""Every feature changes what it should: each test fails if its feature did nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.factor.data import planted
from xlcollab.errors import DivergedError
from xlcollab.factor import (
    ModelSettings,
    Progress,
    StartArrays,
    Status,
    Tables,
    TrainingSettings,
    train,
)
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.models.netmodel import NetModel
from xlcollab.factor.passes.output import Output
from xlcollab.ratings import RatingsTable, random_split

SMALL = ModelSettings(n_factors=4)


def split(table: RatingsTable, seed: int = 0) -> Tables:
    part, test = random_split(table, 0.25, np.random.default_rng(seed))
    return Tables(part, test=test)


def test_rmse(tables: Tables, model: ModelSettings, **training: Any) -> float:
    result = train(tables, model, TrainingSettings(**training))
    assert result.test is not None
    return result.test.rmse


test_rmse.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "training",
    [
        {"optimizer": "sgd", "epochs": 60, "l2_factors": 0.02},
        {"optimizer": "als", "l2_factors": 0.02},
        {"optimizer": "gibbs"},
        {"optimizer": "adam", "epochs": 200, "l2_factors": 1e-4},
        {"optimizer": "adam", "epochs": 40, "batch_size": 256, "l2_factors": 1e-4},
    ],
    ids=lambda training: training["optimizer"] + "-batch" * ("batch_size" in training),
)
def test_every_engine_finds_planted_factors(training: dict[str, Any]) -> None:
    """Ratings have noise 0.3; biases alone leave an error of 0.9."""
    tables = split(planted(120, 90, 5000))
    plain = test_rmse(tables, replace(SMALL, n_factors=0), optimizer="als")
    found = test_rmse(tables, replace(SMALL, n_factors=3), **training)
    assert plain > 0.8
    assert found < 0.42


def test_biases_and_the_global_bias_each_lower_the_error() -> None:
    tables = split(planted(120, 90, 5000, k=0))
    model = replace(SMALL, n_factors=0, clip_output=False)
    errors = [
        test_rmse(tables, replace(model, bias=bias, global_bias=centre), epochs=10)
        for bias, centre in ((True, True), (False, True), (False, False))
    ]
    assert errors[0] < errors[1] - 0.1 < errors[2] - 0.2


def test_l2_lowers_the_test_error_of_noisy_ratings() -> None:
    tables = split(planted(80, 60, 1200, noise=0.8))
    options: dict[str, Any] = {"optimizer": "adam", "epochs": 300}
    free = test_rmse(tables, replace(SMALL, n_factors=8), **options, l2_factors=0.0)
    held = test_rmse(tables, replace(SMALL, n_factors=8), **options, l2_factors=5e-4)
    assert held < free - 0.1


@pytest.mark.parametrize("which", ["factors", "biases"])
@pytest.mark.parametrize("kind", ["l2", "weight_decay"])
def test_penalties_shrink_what_they_name(kind: str, which: str) -> None:
    tables = planted()
    # So strong that the side it names must end far smaller; it must not touch the other name.
    free = train(tables, SMALL, TrainingSettings(optimizer="adam")).model
    options: dict[str, Any] = {f"{kind}_{which}": 10.0 if kind == "weight_decay" else 0.05}
    held = train(tables, SMALL, TrainingSettings(optimizer="adam", **options)).model
    sizes = {
        "factors": [np.abs(model.item_factors).mean() for model in (free, held)],
        "biases": [np.abs(model.item_bias).mean() for model in (free, held)],
    }
    assert sizes[which][1] < 0.75 * sizes[which][0]


def test_the_output_range_holds_and_its_padding_reaches_the_ends() -> None:
    table = planted(noise=0.0)
    clipped = replace(SMALL, output_range=table.range)
    padded = replace(clipped, padding=1.0)
    training = TrainingSettings(optimizer="adam", epochs=150)
    low, high = table.range
    first = Output.of(clipped, mean=3.6, seen=(1.0, 5.0))
    middle = 1 / (1 + math.exp(-first.centre))
    assert low + (high - low) * middle == pytest.approx(3.6)
    tight = train(table, clipped, training)
    wide = train(table, padded, training)
    predictions = tight.model.predict_numbers(table.users, table.items)
    assert low <= predictions.min() <= predictions.max() <= high
    assert wide.model.output.low == pytest.approx(low - 1)
    assert wide.train.rmse != pytest.approx(tight.train.rmse, rel=1e-3)


def test_a_learned_padding_grows_where_ratings_sit_on_the_ends() -> None:
    table = planted(noise=0.0)
    ends = replace(table, ratings=np.where(table.ratings > 3.5, 5, 1).astype(np.float32))
    model = replace(SMALL, output_range=(1.0, 5.0), learn_padding=True)
    # A penalty keeps the sigmoid from its ends, which only a wider range can then reach.
    training = TrainingSettings(
        optimizer="adam", epochs=150, learning_rate=0.05, l2_factors=2e-3, l2_biases=2e-3
    )
    output = train(ends, model, training).model.output
    assert output.low < 0.95
    assert output.low + output.span > 5.05
    fixed = train(ends, replace(model, learn_padding=False), training).model.output
    assert (fixed.low, fixed.span) == (1, 4)


def net(**options: Any) -> ModelSettings:
    return ModelSettings(n_factors=6, hidden_sizes=(32,), init_scale=0.3, **options)


NET_TRAINING = TrainingSettings(optimizer="adam", epochs=15, batch_size=256, learning_rate=0.02)


def test_the_net_learns_what_biases_cannot() -> None:
    tables = split(planted(80, 60, 3000))
    plain = test_rmse(tables, replace(SMALL, n_factors=0), optimizer="als")
    result = train(tables, net(), NET_TRAINING)
    assert isinstance(result.model, NetModel)
    assert result.test is not None
    assert result.test.rmse < plain - 0.15


def test_side_features_lower_the_error_where_they_matter() -> None:
    table = planted(80, 60, 3000, noise=0.1)
    mood = np.random.default_rng(5).integers(0, 3, len(table))
    moved = RatingsTable.of(
        table.user_ids.index[table.users],
        table.item_ids.index[table.items],
        table.ratings + 2.0 * mood,
        extra={"mood": np.array(["low", "mid", "high"])[mood]},
    )
    tables = split(moved)
    without = test_rmse(tables, net(), **_as_dict(NET_TRAINING))
    with_side = test_rmse(
        tables, net(side_columns=("mood",), side_factors=3), **_as_dict(NET_TRAINING)
    )
    assert with_side < 0.6 * without


def _as_dict(training: TrainingSettings) -> dict[str, Any]:
    names = ("optimizer", "epochs", "batch_size", "learning_rate")
    return {name: getattr(training, name) for name in names}


@pytest.mark.parametrize("place", [{"embedding_dropout": 0.5}, {"hidden_dropouts": (0.5,)}])
def test_dropout_holds_the_training_error_up_and_is_off_in_prediction(
    place: dict[str, Any],
) -> None:
    table = planted(noise=0.0)
    training = replace(NET_TRAINING, epochs=40)
    free, dropped = (train(table, model, training) for model in (net(), net(**place)))
    assert dropped.column("train_rmse")[-1] > 1.5 * free.column("train_rmse")[-1]
    assert dropped.train.rmse < dropped.column("train_rmse")[-1]
    again = dropped.model.predict_numbers(table.users, table.items)
    np.testing.assert_array_equal(again, dropped.model.predict_numbers(table.users, table.items))


def test_hidden_sizes_are_the_layers() -> None:
    model = train(planted(), net(hidden_dropouts=(0.1,)), replace(NET_TRAINING, epochs=1)).model
    assert isinstance(model, NetModel)
    assert model.weights["layer.0.weight"].shape == (32, 12)
    assert model.weights["layer.1.weight"].shape == (1, 32)


def test_layers_begin_as_he_and_others_say() -> None:
    """Normal draws of variance 2 / inputs (He et al. 2015, equation 10)."""
    settings = ModelSettings(n_factors=25, hidden_sizes=(400,))
    few = replace(NET_TRAINING, epochs=1, learning_rate=1e-9)
    model = train(planted(), settings, few).model
    assert isinstance(model, NetModel)
    for name, inputs in (("layer.0.weight", 50), ("layer.1.weight", 400)):
        drawn = model.weights[name]
        assert np.std(drawn) == pytest.approx(np.sqrt(2 / inputs), rel=0.15)


SCHEDULERS: dict[str, Any] = {
    "constant": lambda o, n: torch.optim.lr_scheduler.ConstantLR(o, 1.0),
    "cosine": lambda o, n: torch.optim.lr_scheduler.CosineAnnealingLR(o, n),
    "step": lambda o, n: torch.optim.lr_scheduler.StepLR(o, n // 3, 0.1),
    "one-cycle": lambda o, n: torch.optim.lr_scheduler.OneCycleLR(o, 0.4, n, cycle_momentum=False),
    "exponential": lambda o, n: torch.optim.lr_scheduler.ExponentialLR(o, 0.99),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedules_are_torchs_and_reach_the_history(name: str) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.4)
    scheduler = SCHEDULERS[name](optimizer, 12)
    rates = []
    for _ in range(12):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    training = TrainingSettings(optimizer="gd", epochs=12, learning_rate=0.4, schedule=name)  # type: ignore[arg-type]
    np.testing.assert_allclose(train(planted(), SMALL, training).column("learning_rate"), rates)


def test_cosine_with_restarts_is_torchs() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 5)
    settings = TrainingSettings(learning_rate=0.4, schedule="cosine", cycles=3).resolved()
    rate = learning_rates(settings, 15)
    for step in range(15):
        assert rate(step) == pytest.approx(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()


def noisy() -> Tables:
    part, held = random_split(planted(80, 60, 1000, noise=1.0), 0.3, np.random.default_rng(0))
    return Tables(part, validation=held)


def test_early_stopping_keeps_the_best_epoch() -> None:
    training = TrainingSettings(optimizer="adam", epochs=200, learning_rate=0.05, patience=7)
    result = train(noisy(), replace(SMALL, n_factors=10), training)
    errors = result.column("validation_rmse")
    assert result.status is Status.EARLY_STOPPED
    assert len(errors) == result.best_epoch + 7 < 200
    assert result.best_epoch == int(errors.argmin()) + 1
    assert result.validation is not None
    assert result.validation.rmse == pytest.approx(errors.min(), rel=1e-6)


def test_restarts_keep_the_run_with_the_lowest_validation_error() -> None:
    model = replace(SMALL, init_scale=0.5)
    options: dict[str, Any] = {"optimizer": "adam", "epochs": 10, "learning_rate": 0.02}
    alone = [
        train(noisy(), model, TrainingSettings(**options, seed=seed)).validation
        for seed in range(4)
    ]
    best = train(noisy(), model, TrainingSettings(**options, restarts=3)).validation
    errors = [scores.rmse for scores in alone if scores is not None]
    assert len(set(errors)) == 4
    assert best is not None
    assert best.rmse == min(errors) < errors[0]


@pytest.mark.parametrize("optimizer", ["sgd", "als", "gibbs", "adam"])
def test_a_seed_makes_a_run_reproducible(optimizer: str) -> None:
    def factors(seed: int) -> np.ndarray:
        training = TrainingSettings(optimizer=optimizer, epochs=3, seed=seed)  # type: ignore[arg-type]
        return train(planted(), SMALL, training).model.item_factors

    np.testing.assert_array_equal(factors(1), factors(1))
    assert not np.array_equal(factors(1), factors(2))


@pytest.mark.parametrize(
    ("init", "scale", "spread", "mean"),
    [
        ("normal", None, 0.005, 0.0),
        ("normal", 0.2, 0.2, 0.0),
        ("uniform", None, 1 / np.sqrt(12), 0.5),
        ("uniform", 0.1, 0.1 / np.sqrt(12), 0.05),
        ("kaiming", None, np.sqrt(2 / 16), 0.0),
    ],
)
def test_initial_factors_have_the_spread_asked_for(
    init: Any, scale: float | None, spread: float, mean: float
) -> None:
    model = ModelSettings(n_factors=16, init=init, init_scale=scale)
    factors = train(planted(300, 200, 6000), model, TrainingSettings(epochs=0)).model.user_factors
    assert factors.std() == pytest.approx(spread, rel=0.05)
    assert factors.mean() == pytest.approx(mean, abs=0.05 * spread)


def test_a_run_can_begin_from_a_model_or_from_arrays() -> None:
    table = planted()
    first = train(table, SMALL, TrainingSettings(epochs=5)).model
    again = train(table, SMALL, TrainingSettings(epochs=0), start=first).model  # type: ignore[arg-type]
    np.testing.assert_array_equal(again.user_factors, first.user_factors)
    np.testing.assert_array_equal(again.item_bias, first.item_bias)
    arrays = StartArrays(item_factors=np.ones((table.n_items, 4)))
    given = train(table, SMALL, TrainingSettings(epochs=0), start=arrays).model
    np.testing.assert_array_equal(given.item_factors, 1)


def test_clipping_tames_a_run_that_would_diverge() -> None:
    wild: dict[str, Any] = {"optimizer": "gd", "learning_rate": 1e4, "epochs": 60, "loss": "sse"}
    with pytest.raises(DivergedError, match=r"learning rate 10000; lower the learning rate"):
        train(planted(), SMALL, TrainingSettings(**wild))
    train(planted(), SMALL, TrainingSettings(**wild, clip=1e-5))


def test_a_callback_hears_of_every_epoch_and_may_stop() -> None:
    heard: list[Progress] = []

    def stop_at_three(progress: Progress) -> bool:
        heard.append(progress)
        return progress.row.epoch == 3

    result = train(planted(), SMALL, TrainingSettings(epochs=10), on_epoch=stop_at_three)
    assert result.status is Status.INTERRUPTED
    assert len(result.history) == len(heard) == 3
    assert heard[1].epochs == 10
    assert heard[1].seconds_left > 0
    assert heard[1].ratings_per_second > 0


def test_stopping_a_run_leaves_its_restarts_out() -> None:
    heard: list[int] = []

    def stop(progress: Progress) -> bool:
        heard.append(progress.row.epoch)
        return progress.row.epoch == 2

    train(planted(), SMALL, TrainingSettings(epochs=5, restarts=3), on_epoch=stop)
    assert heard == [1, 2]


@pytest.mark.parametrize("rule", ["sgd", "als", "bpr"])
def test_a_stop_in_a_later_start_is_how_all_ended(rule: str) -> None:
    """Stopped after its first epoch, the second start is worse than the first."""
    heard: list[int] = []

    def stop(progress: Progress) -> bool:
        heard.append(progress.row.epoch)
        return len(heard) == 9

    model = replace(SMALL, implicit=rule != "sgd")
    settings = TrainingSettings(optimizer=rule, epochs=8, restarts=3)
    table = planted()
    if model.implicit:
        table = replace(table, ratings=np.abs(table.ratings))
    result = train(table, model, settings, on_epoch=stop)
    assert heard == [1, 2, 3, 4, 5, 6, 7, 8, 1]
    assert result.status is Status.INTERRUPTED
    assert result.best_epoch == 8


def test_an_interrupt_keeps_what_was_learned() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.row.epoch == 4:
            raise KeyboardInterrupt

    result = train(planted(), SMALL, TrainingSettings(epochs=10), on_epoch=interrupt)
    assert result.status is Status.INTERRUPTED
    assert result.best_epoch == 4
    assert np.abs(result.model.item_factors).max() > 0.01
