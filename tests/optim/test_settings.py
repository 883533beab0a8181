"""Impossible settings are named with their value."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from xlcollab.errors import UsageError
from xlcollab.optim import Settings

WRONG: list[tuple[str, Any]] = [
    ("method", "sgd"),
    ("schedule", "linear"),
    ("init", "zeros"),
    ("iterations", -1),
    ("iterations", 1.5),
    ("iterations", True),
    ("time_limit", -1.0),
    ("gap", -0.01),
    ("gap_grace", -1.0),
    ("node_limit", 0),
    ("solution_limit", 0.5),
    ("learning_rate", -0.1),
    ("learning_rate", float("nan")),
    ("learning_rate", float("inf")),
    ("learning_rate", "0.1"),
    ("momentum", 1.0),
    ("dampening", 1.1),
    ("beta1", 1.0),
    ("beta2", -0.1),
    ("rho", 1.0),
    ("epsilon", -1e-8),
    ("weight_decay", -1.0),
    ("clip", 0.0),
    ("l2", -0.5),
    ("gamma", 0.0),
    ("gamma", 1.5),
    ("step_size", 0),
    ("eta_min", -1.0),
    ("pct_start", 1.5),
    ("div_factor", 0.5),
    ("final_div_factor", 0.0),
    ("tolerance", -1e-3),
    ("seed", -1),
    ("restarts", -2),
    ("engine", "cplex"),
    ("population", 0),
    ("mutation", 1.5),
    ("patience", -1.0),
    ("init_scale", 0.0),
    ("history_every", -1),
]


@pytest.mark.parametrize(("option", "value"), WRONG)
def test_the_message_names_option_and_value(option: str, value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(**{option: value})
    assert str(caught.value).startswith(f"{option} is {value!r}; ")
    assert caught.value.exit_code == 2


def test_every_number_is_checked() -> None:
    unchecked = {field.name for field in dataclasses.fields(Settings)} - {n for n, _ in WRONG}
    assert unchecked == {"scale", "multistart"}


def test_whole_numbers_may_stand_for_reals() -> None:
    assert Settings(learning_rate=1, l2=2).learning_rate == 1


def test_settings_cannot_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().seed = 3  # type: ignore[misc]
