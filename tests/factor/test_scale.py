"""The same is learned on every scale: a·ratings + b gives a·predictions + b."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factor.data import planted
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, train
from xlcollab.ratings import RatingsTable, random_split
from xlcollab.settings.optimizers import GRADIENT_RULES

RULES: dict[str, dict[str, Any]] = {
    **{name: {"optimizer": name} for name in ("sgd", "als", "gibbs", *GRADIENT_RULES)},
    **{f"{name} in batches": {"optimizer": name, "batch_size": 128} for name in GRADIENT_RULES},
}


def moved(table: RatingsTable, a: float, b: float) -> RatingsTable:
    return replace(table, ratings=(table.ratings.astype(np.float64) * a + b).astype(np.float64))


def relative_error(a: float, b: float, model: ModelSettings, **options: Any) -> float:
    """The test RMSE over the deviation of the ratings."""
    table = moved(planted(dtype="float64"), a, b)
    part, test = random_split(table, 0.2, np.random.default_rng(0))
    if model.output_range is not None:
        low, high = sorted(end * a + b for end in model.output_range)
        model = replace(model, output_range=(low, high))
    found = train(Tables(part, test=test), model, TrainingSettings(epochs=25, **options)).test
    assert found is not None
    return found.rmse / float(part.ratings.std())


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("a", "b"), [(1e3, 0.0), (-1e-6, 0.0), (25.0, -25.0), (-3.0, 100.0)])
def test_every_rule_errs_alike_on_every_scale(rule: str, a: float, b: float) -> None:
    model = ModelSettings(n_factors=3, dtype="float64")
    wanted = relative_error(1.0, 0.0, model, **RULES[rule])
    assert wanted < 1
    assert relative_error(a, b, model, **RULES[rule]) == pytest.approx(wanted, rel=1e-6)


KINDS: dict[str, dict[str, Any]] = {
    "range": {"output_range": (-1.0, 9.0)},
    "learned range": {"output_range": (-1.0, 9.0), "learn_padding": True},
    "net": {"hidden_sizes": (8,)},
    "net in a range": {"hidden_sizes": (8,), "output_range": (-1.0, 9.0)},
    "no biases": {"bias": False},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_errs_alike_on_every_scale(kind: str) -> None:
    model = ModelSettings(n_factors=3, dtype="float64", **KINDS[kind])
    found = [
        relative_error(a, b, model, optimizer="adam") for a, b in ((1, 0), (100, 7), (-0.01, -3))
    ]
    np.testing.assert_allclose(found, found[0], rtol=1e-5)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    st.floats(1e-6, 1e6),
    st.sampled_from([1, -1]),
    st.floats(-1e3, 1e3),
    st.sampled_from(["sgd", "adam", "als", "gibbs"]),
    st.booleans(),
)
def test_predictions_move_with_the_ratings(
    size: float, sign: int, b: float, rule: Any, even: bool
) -> None:
    table, model = planted(dtype="float64"), ModelSettings(n_factors=2, dtype="float64")
    a = sign * size
    if even:  # as many ones as noughts lean to no end
        halves = np.argsort(np.argsort(table.ratings)) >= len(table) // 2
        table = replace(table, ratings=halves.astype(np.float64))
    training = TrainingSettings(optimizer=rule, epochs=5)
    plain = train(table, model, training).model
    other = train(moved(table, a, a * b), model, training).model
    users, items = table.users[:50], table.items[:50]
    np.testing.assert_allclose(
        (other.predict_numbers(users, items) - a * b) / a,
        plain.predict_numbers(users, items),
        rtol=1e-6,
        atol=1e-6 * (1 + abs(b)),
    )


def test_a_rate_of_ones_own_is_meant_in_the_ratings_own_units() -> None:
    table = planted(dtype="float64")
    plain = TrainingSettings(optimizer="gd", epochs=3, learning_rate=0.05)
    assert plain.resolved().standardize is False
    assert TrainingSettings(optimizer="gd").resolved().standardize is True
    model = ModelSettings(n_factors=2, dtype="float64")
    raw = train(table, model, replace(plain, standardize=False)).column("train_rmse")
    np.testing.assert_array_equal(train(table, model, plain).column("train_rmse"), raw)
    scaled = train(table, model, replace(plain, standardize=True)).column("train_rmse")
    assert scaled[-1] != raw[-1]
