"""Which setting serves what: tables, refusals, and what a control sheet leaves aside."""

from __future__ import annotations

import re
from typing import Any

import pytest

from xlcollab.errors import UsageError
from xlcollab.settings.control import CONTROL, label, meaning, named
from xlcollab.settings.methods import FIRST_ORDER, METHODS, method_options
from xlcollab.settings.optimizers import GRADIENT_RULES, OPTIMIZERS
from xlcollab.settings.option import names_of, settings_of
from xlcollab.settings.requests.tabs import OPTIMIZERS as RUN_OPTIMIZERS
from xlcollab.settings.schedules import SCHEDULES, schedule_options
from xlcollab.settings.serving import check_options, is_used, served, served_in_fit
from xlcollab.settings.solving import Settings
from xlcollab.settings.words import SPELLINGS, listed

WORDS = {
    "methods": {name: one.summary for name, one in METHODS.items()},
    "optimizers": {name: one.summary for name, one in OPTIMIZERS.items()},
    "schedules": {name: one.summary for name, one in SCHEDULES.items()},
    **{
        f"{kind.__name__} {name}": one.option.words
        for kind in (Settings,)
        for name, one in settings_of(kind).items()
        if one.option.words
    },
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
def test_every_word_has_a_sentence(words: dict[str, str]) -> None:
    assert words
    assert all(sentence and not sentence.endswith(".") for sentence in words.values())


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_settings_that_exist(name: str) -> None:
    assert method_options(name) <= names_of(Settings)
    for option, default in METHODS[name].options.items():
        settings_of(Settings)[option].check(default)


def test_only_first_order_methods_have_a_learning_rate() -> None:
    for name, method in METHODS.items():
        assert (method.learning_rate == method.learning_rate) == method.first_order, name
        assert ("learning_rate" in method_options(name)) == method.first_order, name
    assert set(GRADIENT_RULES) <= set(FIRST_ORDER)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_takes_settings_that_exist(name: str) -> None:
    assert schedule_options(name) <= names_of(Settings)


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"method": "gd", "momentum": 0.5}, "momentum=0.5 has no effect with method gd"),
        ({"method": "lbfgs", "learning_rate": 0.5}, "has no effect with method lbfgs"),
        ({"method": "adam", "gamma": 0.5}, "gamma=0.5 has no effect with schedule constant"),
        ({"method": "adam", "gap": 0.1}, "gap=0.1 has no effect with method adam"),
        ({"method": "lm", "l2": 0.1}, "l2=0.1 has no effect with method lm"),
        ({"method": "highs", "restarts": 2}, "restarts=2 has no effect with method highs"),
    ],
)
def test_what_has_no_effect_is_refused(settings: dict[str, Any], refused: str) -> None:
    with pytest.raises(UsageError, match=re.escape(refused)):
        check_options(Settings(**settings))
    (option,) = settings.keys() - {"method"}
    assert not is_used(option, settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "adam", "schedule": "step", "gamma": 0.5, "step_size": 3, "beta2": 0.5},
        {"method": "highs", "gap": 0.1, "iterations": 5},
        {"method": "auto", "gap": 0.1, "l2": 0.5, "seed": 4, "history_every": 3},
    ],
)
def test_what_has_an_effect_is_taken(settings: dict[str, Any]) -> None:
    check_options(Settings(**settings))
    assert all(is_used(option, settings) for option in settings)


def test_a_schedule_that_is_left_aside_takes_its_settings_along() -> None:
    assert not is_used("gamma", {"method": "lbfgs", "schedule": "step"})
    assert is_used("gamma", {"method": "gd", "schedule": "step"})
    assert not is_used("gamma", {"method": "gd"})


def test_users_are_named_in_words() -> None:
    users = [name for name in METHODS if "beta1" in method_options(name)]
    assert {"adam", "adamw"} <= set(users)
    assert served("beta1") == ", ".join(users)
    assert served("clip") == "first-order methods"
    assert served("seed") == served("tolerance") == ""
    assert served("pct_start") == "one-cycle"
    assert served_in_fit("rho") == "rmsprop"
    assert served_in_fit("loss") == "gradient rules"
    assert served_in_fit("epochs") == ""


@pytest.mark.parametrize("name", CONTROL)
def test_every_row_of_the_control_sheet_is_found_by_its_label_and_its_name(name: str) -> None:
    for text in (label(name), name, name.replace("_", " ").upper(), name.replace("_", "-")):
        assert named(text) == name
    assert meaning(name)


def test_labels_of_other_things_are_left_to_formulas() -> None:
    assert named("history") is None
    assert named("my rate") is None


def test_the_words_that_may_be_typed_are_listed() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b or c"
    assert meaning("device", with_words=True).endswith("auto, cpu or cuda")
    assert "auto, cpu" not in meaning("device")
    assert meaning("seed", with_words=True) == meaning("seed")


def test_older_spellings_stand_for_what_there_is() -> None:
    for old, new in SPELLINGS.items():
        assert new in FIRST_ORDER
        assert old not in METHODS
        assert f"name of {new}" in RUN_OPTIMIZERS[old]
