"""Settings refuse what cannot be, and what would have no effect."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from xlcollab.errors import UsageError
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.optimizers import OPTIMIZERS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_factors": -1}, "n_factors is -1; expected a whole number, 0 to 4096"),
        ({"n_factors": 2.5}, "n_factors is 2.5; expected a whole number"),
        ({"n_factors": True}, "n_factors is True"),
        ({"output_range": (5, 1)}, "must rise from low to high"),
        ({"padding": 0.5}, "padding widens an output_range"),
        ({"learn_padding": True}, "padding widens an output_range"),
        ({"side_columns": ("genre",)}, "side_columns feed the net"),
        ({"hidden_sizes": (8,), "hidden_dropouts": (0.1, 0.2)}, "2 hidden_dropouts for 1"),
        ({"hidden_sizes": 10}, r"hidden_sizes is 10; expected a list, such as \[10\]"),
        ({"hidden_sizes": (8,), "hidden_dropouts": (1.0,)}, "hidden_dropouts is 1.0"),
        ({"embedding_dropout": 0.1}, "belongs to the net"),
        ({"init": "zeros"}, "choose one of normal, uniform, kaiming"),
    ],
)
def test_impossible_models_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ModelSettings(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adamm"}, "optimizer is 'adamm'; choose one of sgd, als"),
        ({"epochs": -1}, "epochs is -1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"seed": -3}, "seed is -3"),
        ({"optimizer": "als", "learning_rate": 0.1}, "als does not use learning_rate"),
        ({"optimizer": "sgd", "batch_size": 64}, "sgd does not use batch_size"),
        ({"optimizer": "gibbs", "l2_factors": 0.1}, "gibbs does not use l2_factors"),
        ({"optimizer": "adam", "momentum": 0.5}, "adam does not use momentum"),
        ({"optimizer": "gd", "beta1": 0.5}, "gd does not use beta1"),
    ],
)
def test_impossible_trainings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainingSettings(**options)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_has_a_recipe_of_settings_it_uses(optimizer: str) -> None:
    assert set(OPTIMIZERS[optimizer].recipe) <= OPTIMIZERS[optimizer].uses
    resolved = TrainingSettings(optimizer=optimizer).resolved()
    assert resolved.epochs
    assert resolved.resolved() == resolved
    of_counts = {"alpha", "confidence"}
    for name in OPTIMIZERS[optimizer].uses - {"batch_size", "clip", "patience"} - of_counts:
        assert getattr(resolved, name) is not None


def test_what_is_said_wins_over_the_recipe() -> None:
    resolved = TrainingSettings(optimizer="adam", learning_rate=0.5, l2_factors=0.0).resolved()
    assert (resolved.learning_rate, resolved.l2_factors) == (0.5, 0.0)


def test_tables_name_only_fields_that_exist() -> None:
    names = {field.name for field in (*fields(ModelSettings), *fields(TrainingSettings))}
    assert set().union(*(one.uses for one in OPTIMIZERS.values())) <= names
    assert set().union(*(one.recipe for one in OPTIMIZERS.values())) <= names


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        ModelSettings().n_factors = 3  # type: ignore[misc]
