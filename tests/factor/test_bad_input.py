"""Ratings at the edge of use: told in a sentence, or handled and noted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.factor.data import planted
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import ModelSettings, StartArrays, Tables, TrainingSettings, predict, train
from xlcollab.ratings import RatingsTable

SMALL = ModelSettings(n_factors=3)
OPTIMIZERS = ("sgd", "als", "gibbs", "adam")


def quick(optimizer: str, **options: Any) -> TrainingSettings:
    return TrainingSettings(optimizer=optimizer, epochs=25, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_one_user_alone(optimizer: str) -> None:
    table = RatingsTable.of(["a"] * 5, range(5), [1, 2, 3, 4, 5])
    result = train(table, SMALL, quick(optimizer))
    assert any("Only one user" in note for note in result.notes)
    assert np.isfinite(predict(result.model, ["a"] * 5, range(5))).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_single_rating(optimizer: str) -> None:
    result = train(RatingsTable.of(["a"], ["x"], [4]), SMALL, quick(optimizer))
    assert predict(result.model, ["a"], ["x"])[0] == pytest.approx(4, abs=0.01)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_all_ratings_equal(optimizer: str) -> None:
    table = planted()
    table.ratings[:] = 3
    result = train(table, SMALL, quick(optimizer))
    assert "All training ratings are 3: there is nothing to tell apart." in result.notes
    assert result.train.rmse == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_user_with_test_ratings_alone_is_noted_and_predicted(optimizer: str) -> None:
    table = planted(noise=0.0)
    mine = table.users == 0
    tables = Tables(table.take(~mine), test=table.take(mine))
    result = train(tables, SMALL, quick(optimizer))
    user = table.user_ids.ids([0])[0]
    assert any(
        f"1 user of the test ratings has no training rating ({user})" in n for n in result.notes
    )
    assert result.test is not None
    assert np.isfinite(result.test.rmse)
    if optimizer != "gibbs":  # which draws such rows from their prior
        assert not result.model.user_factors[0].any()


def test_unknown_ids_are_an_error_by_row_or_fall_back_on_biases() -> None:
    model = train(planted(), SMALL, quick("sgd")).model
    with pytest.raises(DataError, match=r"unknown user 'nobody' at row 2"):
        predict(model, ["u1", "nobody"], [100, 101])
    with pytest.raises(DataError, match=r"unknown item 7 at row 1"):
        predict(model, ["u1"], [7])
    got = predict(model, ["nobody", "u1", "nobody"], [100, 7, 7], unknown="bias")
    user, item = model.user_ids.number("u1"), model.item_ids.number(100)
    centre = model.output.centre
    expected = [centre + model.item_bias[item], centre + model.user_bias[user], centre]
    np.testing.assert_allclose(got, np.clip(expected, *model.output.seen), rtol=1e-6)


def test_ratings_outside_the_output_range_are_refused() -> None:
    with pytest.raises(UsageError, match=r"do not fit the output range 2 to 3; widen it"):
        train(planted(), ModelSettings(output_range=(2.0, 3.0)), quick("adam"))


@pytest.mark.parametrize(
    ("model", "training", "message"),
    [
        (ModelSettings(hidden_sizes=(4,)), quick("sgd"), "sgd trains the pure factor model"),
        (ModelSettings(output_range=(0.0, 9.0)), quick("als"), "als has no output range"),
        (SMALL, quick("adam", patience=3), "patience needs validation ratings"),
        (
            ModelSettings(hidden_sizes=(4,), side_columns=("genre",)),
            quick("adam"),
            "no column 'genre' to embed",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    model: ModelSettings, training: TrainingSettings, message: str
) -> None:
    table = planted()
    if model.output_range is not None:
        table.ratings[:] = 3
    with pytest.raises(UsageError, match=message):
        train(table, model, training)


def test_tables_with_other_numbers_are_refused() -> None:
    other = RatingsTable.of(["x"], ["y"], [1])
    with pytest.raises(UsageError, match="the test ratings are numbered by other ids"):
        Tables(planted(), test=other)


def test_no_ratings_are_refused() -> None:
    with pytest.raises(DataError, match="no training ratings"):
        Tables(planted().take(np.zeros(900, bool)))


def test_start_arrays_of_another_shape_or_infinite_are_refused() -> None:
    with pytest.raises(DataError, match=r"user_factors has shape \(2, 2\); the model needs"):
        train(planted(), SMALL, start=StartArrays(user_factors=np.ones((2, 2))))
    bias = np.zeros(40)
    bias[4] = np.inf
    with pytest.raises(DataError, match=r"item_bias is inf at row, column \(5,\)"):
        train(planted(), SMALL, start=StartArrays(item_bias=bias))


def test_no_factors_is_the_bias_model() -> None:
    result = train(planted(), ModelSettings(n_factors=0), quick("als"))
    assert result.model.user_factors.shape == (60, 0)
    assert 0.3 < result.train.rmse < 1.2
