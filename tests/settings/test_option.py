"""What a field's `Option` says is what is checked, asked and explained."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlcollab.errors import UnknownOptionError, UsageError
from xlcollab.settings.asked import Asked
from xlcollab.settings.explained import by_default, explained
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.option import (
    BELOW_ONE,
    COUNT,
    POSITIVE,
    Option,
    Setting,
    check,
    settings_of,
    whole,
)
from xlcollab.settings.solving import Computing, RuleSettings, Settings

KINDS = (RuleSettings, Settings, Computing, ModelSettings, TrainingSettings)
ALL = [(kind, setting) for kind in KINDS for setting in settings_of(kind).values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Oven:
    heat: Annotated[float | None, Option("How hot.", POSITIVE)] = None
    trays: Annotated[int, Option("How many.", whole(1, 5))] = 2
    times: Annotated[tuple[int, ...], Option("Minutes each.", COUNT)] = ()
    window: Annotated[tuple[float, float] | None, Option("From and to.", BELOW_ONE)] = None
    mode: Annotated[str, Option("Which way.", words={"fan": "blows", "grill": "glows"})] = "fan"
    door: Annotated[bool, Option("Is it open?")] = True
    recipe: Annotated[Path, Option("A file.", positional=True)]
    colour: str = "white"

    def __post_init__(self) -> None:
        check(self)


def test_fields_are_read_with_their_kind_and_number_of_values() -> None:
    found = {name: (one.kind, one.many) for name, one in settings_of(Oven).items()}
    assert found == {
        "heat": (float, 1),
        "trays": (int, 1),
        "times": (int, None),
        "window": (float, 2),
        "mode": (str, 1),
        "door": (bool, 1),
        "recipe": (Path, 1),
    }
    assert settings_of(Oven)["recipe"].is_needed
    assert not settings_of(Oven)["heat"].is_needed
    assert settings_of(Oven) is settings_of(Oven)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"heat": 0.0}, "heat is 0.0; expected a number above 0"),
        ({"heat": math.inf}, "heat is inf; expected"),
        ({"heat": math.nan}, "heat is nan; expected"),
        ({"heat": True}, "heat is True; expected"),
        ({"heat": "hot"}, "heat is 'hot'; expected"),
        ({"trays": 6}, "trays is 6; expected a whole number, 1 to 5"),
        ({"trays": 0}, "trays is 0; expected a whole number, 1 to 5"),
        ({"trays": 2.0}, "trays is 2.0; expected"),
        ({"times": (3, -1)}, "times is -1; expected"),
        ({"window": (0.1, 1.0)}, "window is 1.0; expected at least 0 and below 1"),
        ({"mode": "steam"}, "mode is 'steam'; choose one of fan, grill"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name_and_value(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Oven(recipe=Path("cake"), **values)
    assert str(caught.value).startswith(message)


def test_both_ends_of_a_range_belong_to_it() -> None:
    assert Oven(recipe=Path("cake"), trays=1, heat=5e-324).trays == 1
    assert Oven(recipe=Path("cake"), trays=5, heat=1.7976931348623157e308).trays == 5
    assert Oven(recipe=Path("cake"), window=(0, math.nextafter(1, 0))).window is not None


@pytest.mark.parametrize(("kind", "setting"), ALL, ids=lambda x: getattr(x, "name", ""))
def test_every_setting_has_a_sentence_and_a_default_that_it_takes(
    kind: type, setting: Setting
) -> None:
    text = explained(kind, setting)
    assert text
    assert not text.endswith(".")
    if setting.default is not None:
        setting.check(setting.default)
    if setting.kind in (int, float) and setting.name != "output_range":
        assert setting.option.range is not None, "a number without a range"


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_class_of_settings_is_told_of(kind: type) -> None:
    untold = {one.name for one in fields(kind)} - settings_of(kind).keys()
    assert untold == ({"side_columns"} if kind is ModelSettings else set())


def test_the_sentence_names_whom_a_setting_serves() -> None:
    def told(kind: type, name: str) -> str:
        return explained(kind, settings_of(kind)[name])

    assert told(Settings, "rho").startswith("rmsprop: decay of")
    assert told(Settings, "learning_rate") == "first-order methods: step size"
    assert told(Settings, "gamma") == "step, exponential: the factor on the rate"
    assert told(Settings, "iterations") == "The most steps to take, in each restart"
    assert told(TrainingSettings, "momentum").startswith("momentum, nesterov: share")
    assert told(TrainingSettings, "batch_size").startswith("gradient rules: ratings per")
    assert told(ModelSettings, "n_factors") == "Latent factors"


def test_defaults_are_words() -> None:
    found = {name: by_default(setting) for name, setting in settings_of(Oven).items()}
    assert found["trays"] == "2"
    assert found["mode"] == "fan"
    assert found["door"] == "yes"
    assert found["heat"] == found["times"] == ""
    assert by_default(settings_of(Settings)["l2"]) == "0"
    assert by_default(settings_of(TrainingSettings)["optimizer"]) == "by --quality"
    assert by_default(settings_of(ModelSettings)["learn_padding"]) == ""


def test_what_is_not_asked_for_is_open() -> None:
    asked = Asked.of(Oven, {"heat": 3.0, "trays": None, "recipe": Path("cake")})
    assert "heat" in asked
    assert "trays" not in asked
    assert sorted(asked) == ["heat", "recipe"]
    assert asked.over({"heat": 1.0, "trays": 4}).made() == Oven(
        recipe=Path("cake"), heat=3.0, trays=4
    )
    assert asked
    assert not Asked.of(Oven, {"heat": None})


def test_unknown_names_are_a_wrong_usage_and_a_type_error() -> None:
    with pytest.raises(UnknownOptionError, match=r"unknown option heet; did you mean heat\?"):
        Asked.of(Oven, {"heet": 1.0})
    with pytest.raises(TypeError, match=r"unknown option zzzz; known are heat, trays, times"):
        Asked.of(Oven, {"zzzz": None})
    with pytest.raises(UsageError, match=r"heat is -1\.0"):
        Asked.of(Oven, {"heat": -1.0})


@given(st.dictionaries(st.sampled_from(["heat", "trays", "mode"]), st.none()), st.integers(1, 5))
def test_what_was_asked_wins_over_all_others(blank: dict[str, None], trays: int) -> None:
    asked = Asked.of(Oven, {**blank, "trays": trays})
    assert asked.over({"trays": 3, "heat": 2.0}).values["trays"] == trays
