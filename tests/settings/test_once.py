"""Settings that are typed beside a button, for one press."""

from __future__ import annotations

import pytest

from xlcollab.errors import UsageError
from xlcollab.settings.control import label
from xlcollab.settings.once import TAKEN, for_one_press


def test_names_are_those_of_the_control_sheet_and_of_the_shell() -> None:
    words = ["optimiser=Adam", "Learning Rate=0.05", "epochs = 200", "wd=0.1", "seed="]
    assert for_one_press("solve", words) == {
        "method": "adam",
        "learning_rate": 0.05,
        "iterations": 200,
        "weight_decay": 0.1,
    }


def test_switches_are_typed_in_any_case() -> None:
    for typed, wanted in (("TRUE", True), ("yes", True), ("Off", False)):
        assert for_one_press("fit_ratings", [f"implicit={typed}"]) == {"implicit": wanted}


@pytest.mark.parametrize("button", TAKEN)
def test_a_button_takes_each_of_its_settings_by_its_label(button: str) -> None:
    assert for_one_press(button, [f"{label(name)}=" for name in TAKEN[button]]) == {}


@pytest.mark.parametrize(
    ("button", "word", "told"),
    [
        ("solve", "method", "a name and a value were expected"),
        ("solve", "metod=adam", "did you mean method?"),
        ("solve", "learnin rate=1", "did you mean learning rate?"),
        ("solve", "method=addam", "choose one of auto, gd"),
        ("solve", "lr=fast", "learning rate is 'fast', which is no number"),
        ("solve", "lr=0,05", "write 0.05"),
        ("solve", "lr=-1", "expected a number, 0 or more"),
        ("solve", "iterations=1.5", "a whole number was expected"),
        ("run_n", "method=adam", "run_n takes no setting 'method'; it takes epochs"),
        ("fit_ratings", "implicit=perhaps", "TRUE or FALSE was expected"),
        ("fit_ratings", "quality=better", "choose one of fast, best"),
        ("run_1", "lr=1", "run_1 takes no setting for one press; solve, find_rate"),
    ],
)
def test_what_is_wrong_is_a_sentence(button: str, word: str, told: str) -> None:
    with pytest.raises(UsageError, match=told.replace("?", r"\?")):
        for_one_press(button, [word])
