"""Every button on lesson workbooks in a real, headless LibreOffice Calc: it runs to its end, and
the sheets are then as the headless command leaves them in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.live.lesson_desk import (
    EXACT,
    Lesson,
    LessonDesk,
    assert_alike,
    assert_same_cells,
    our_lesson,
    teachers_lesson,
)
from xlcollab.api import OpenBook
from xlcollab.api.session.controlled import history_is_on
from xlcollab.faces import ribbon
from xlcollab.faces.ribbon_watch import LiveWatch
from xlcollab.history import HEAD_ROW
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.problems.control import read_control
from xlcollab.ref import Rect

Open = Callable[[Path, str], LessonDesk]
Case = Callable[[Lesson, Open], None]


@pytest.fixture
def open_lesson(open_desk: Callable[[Path], CalcDesk], tmp_path: Path) -> Open:
    """Opens a workbook with a sheet in front."""

    def opened(path: Path, sheet: str) -> LessonDesk:
        desk = open_desk(path)
        desk.show(sheet)
        return LessonDesk(desk, path, tmp_path)

    return opened


def solve(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.ratings, lesson.model)
    calc.choose(iterations=30.0)
    told = calc.press("solve")
    wanted = calc.written("solve", "--sheet", lesson.model, "--iterations", "30")
    added = [f"{lesson.model} {what}" for what in ("history", "weights", "answer")]
    assert calc.desk.book.sheet_names()[-3:] == added, told
    assert_alike(calc, wanted, lesson.model, *added)


def restore(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.ratings, lesson.model)
    calc.choose(method="adam", iterations=20.0)
    before = calc.numbers(lesson.weights)
    calc.press("solve")
    assert calc.numbers(lesson.weights) != before
    assert calc.press("restore") == "150 weights of dotprod are as they were before the last run."
    assert calc.numbers(lesson.weights) == before


def stop(lesson: Lesson, opened: Open) -> None:
    """Pressed in a process of its own, in the middle of a run of a million steps.

    Plain descent with a small step that no schedule changes: after as many steps of Adam as a fast
    machine makes before the stop comes, the last bit of a sum has grown into the second digit.
    """
    calc = opened(lesson.ratings, lesson.model)
    asked = {"method": "gd", "learning_rate": 0.001, "schedule": "constant"}
    calc.choose(**asked, iterations=1e6)
    calc.press("history")
    with calc.pressed_elsewhere("stop") as process:
        told = calc.press("solve")
    assert process.returncode == 0
    assert "The run was interrupted" in told
    made = re.search(r"after (\d+) iterations", told)
    assert made is not None
    assert 0 < int(made[1]) < 1e6
    file = OpenBook(lesson.ratings)
    found = file.solve(lesson.model, history=False, iterations=int(made[1]), **asked)
    assert calc.numbers(lesson.weights) == pytest.approx(found.weights, rel=EXACT)
    assert_alike(calc, file.workbook, lesson.model)


def run_epochs(button: str, epochs: int) -> Case:
    def case(lesson: Lesson, opened: Open) -> None:
        calc = opened(lesson.descent, lesson.tab)
        told = calc.press(button)
        assert ("1 epoch was run" if epochs == 1 else f"{epochs} epochs were run") in told
        wanted = calc.written("run", "--sheet", lesson.tab, "--epochs", str(epochs))
        assert_alike(calc, wanted, lesson.tab, f"{lesson.tab} history")

    return case


def reset(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.after, lesson.tab)
    before = calc.read(lesson.tab).sheet(lesson.tab).numbers
    assert calc.press("reset") == "momentum is reset."
    assert (calc.read(lesson.tab).sheet(lesson.tab).numbers != before).any()
    wanted = calc.written("run", "--sheet", lesson.tab, "--epochs", "0", "--reset")
    assert_alike(calc, wanted, lesson.tab)


def fit_ratings(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.ratings, lesson.model)
    calc.choose(n_factors=4.0, iterations=30.0, seed=7.0)
    calc.select(lesson.table)
    told = calc.press("fit_ratings")
    sheet, _, area = lesson.table.partition("!")
    source = ("--sheet", sheet, "--area", area)
    wanted = calc.written("fit", *source, "--n-factors", "4", "--epochs", "30", "--seed", "7")
    assert "training RMSE" in told
    sheets = [name for name in ("users", "items", "predictions") if wanted.find(name)]
    found = calc.read(*(f"fit {name}" for name in sheets))
    for name in sheets:
        assert_same_cells(found.sheet(f"fit {name}"), wanted.sheet(name))


def factors(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.ratings, lesson.model)
    assert "15 items are on dotprod factors" in calc.press("factors")
    wanted = calc.written("factors", "--sheet", lesson.model)
    assert_alike(calc, wanted, f"{lesson.model} factors")


def gradient(lesson: Lesson, opened: Open) -> None:
    """Of the objective by the selected cells; and of a selected formula by the variables."""
    calc, file = opened(lesson.ratings, lesson.model), OpenBook(lesson.ratings)
    name, some = f"{lesson.model} gradient", lesson.weights.split(",")[0]
    for selected, by in ((some, some), (lesson.objective, lesson.weights)):
        calc.select(selected)
        told = calc.press("gradient")
        wanted = file.gradient(lesson.objective, with_respect_to=by).as_json()["gradient"]
        assert told.startswith(f"{len(wanted)} derivatives of {lesson.objective}")
        sheet = calc.read(name).sheet(name)
        found = {sheet.value(row, 0): sheet.value(row, 3) for row in range(4, sheet.height)}
        assert found == pytest.approx(wanted, rel=EXACT)


def check(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.ratings, lesson.model)
    told = calc.press("check")
    wanted = json.loads(calc.shell("recalc", "--check", "--json"))
    assert told.startswith(f"{wanted['formulas']} formulas: {wanted['matched']} as they stand")


def find_rate(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.ratings, lesson.model)
    assert calc.press("find_rate").startswith("Take a learning rate of ")
    wanted = calc.written("lr-find", "--sheet", lesson.model)
    name = f"{lesson.model} learning rates"
    kinds, numbers = calc.read(name).sheet(name).block(Rect(4, 0, 5, 2))
    there = wanted.sheet(name).block(Rect(4, 0, 5, 2))
    assert (kinds == there[0]).all()
    assert numbers == pytest.approx(there[1], rel=1e-6)


def settings(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.descent, lesson.tab)
    assert calc.press("settings").startswith("The settings stand on the new sheet control")
    assert calc.desk.sheet == "control"
    control = read_control(calc.read("control"))
    assert control is not None
    assert control.values == {"method": "auto", "schedule": "constant", "seed": 0, "device": "auto"}


def history(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.descent, lesson.tab)
    sheets = calc.desk.book.sheet_names()
    assert calc.press("history") == "History is off."
    calc.press("run_1")
    wanted = calc.written("run", "--sheet", lesson.tab, "--epochs", "1", "--no-history")
    assert calc.desk.book.sheet_names() == [*sheets, "control"]
    assert_alike(calc, wanted, lesson.tab)
    assert calc.press("history") == "History is on."
    assert history_is_on(calc.read("control"))


def log(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.descent, lesson.tab)
    assert calc.press("log").startswith("No button has been pressed")
    assert_alike(calc, OpenBook(lesson.descent).workbook, lesson.tab)
    calc.press("history")
    assert " history on " in calc.press("log")


def help_(lesson: Lesson, opened: Open) -> None:
    calc = opened(lesson.descent, lesson.tab)
    assert "Stop ends a run" in calc.press("help")
    assert_alike(calc, OpenBook(lesson.descent).workbook, lesson.tab)


CASES: dict[str, Case] = {
    "solve": solve,
    "settings": settings,
    "run_1": run_epochs("run_1", 1),
    "run_5": run_epochs("run_5", 5),
    "run_n": run_epochs("run_n", 100),
    "reset": reset,
    "fit_ratings": fit_ratings,
    "factors": factors,
    "gradient": gradient,
    "check": check,
    "find_rate": find_rate,
    "history": history,
    "restore": restore,
    "stop": stop,
    "log": log,
    "help": help_,
}


def test_an_error_midway_leaves_the_lesson_as_it_was(
    lesson: Lesson, open_lesson: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of other steps stand in the sheet by then, and words in the status bar."""
    calc = open_lesson(lesson.ratings, lesson.model)
    document, indicator = calc.desk.document, Indicator()
    monkeypatch.setattr(CalcDesk, "_indicator", indicator)
    monkeypatch.setattr("xlcollab.faces.ribbon_watch._SECONDS_BETWEEN_FRAMES", 0.0)
    sheets, before = calc.desk.book.sheet_names(), calc.read(lesson.model).sheet(lesson.model)
    document.enableAutomaticCalculation(False)
    step, seen = LiveWatch.step, list[float]()

    def breaking(self: LiveWatch, row: Any) -> None:
        step(self, row)
        seen.extend(calc.numbers(lesson.weights)[:1])
        if row.iteration == 3:
            raise ZeroDivisionError

    monkeypatch.setattr(LiveWatch, "step", breaking)
    with pytest.raises(ZeroDivisionError):
        calc.press("solve")
    assert len(set(seen)) == 4
    assert (indicator.texts[0], indicator.texts[-1]) == ("xlcollab: reading the workbook", None)
    assert not document.isAutomaticCalculationEnabled()
    assert not document.hasControllersLocked()
    assert calc.desk.book.sheet_names() == sheets
    assert_same_cells(calc.read(lesson.model).sheet(lesson.model), before)


class Indicator:
    """A status bar that remembers; None is the application's own text."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []

    def start(self, text: str, value: int) -> None:
        self.texts.append(text)

    def end(self) -> None:
        self.texts.append(None)


def test_fit_ratings_shows_its_epochs_and_can_be_stopped(
    lesson: Lesson, open_lesson: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = open_lesson(lesson.ratings, lesson.model)
    calc.select(lesson.table)
    epoch = LiveWatch.epoch

    def stopping(self: LiveWatch, progress: Any) -> bool:
        if progress.row.epoch == 3:
            calc.press("stop")
        return epoch(self, progress)

    monkeypatch.setattr(LiveWatch, "epoch", stopping)
    told = calc.press("fit_ratings")
    history = calc.read("fit history").sheet("fit history")
    epochs = [history.value(row, 0) for row in range(HEAD_ROW + 1, history.height)]
    assert epochs == [1.0, 2.0, 3.0], told


def test_run_n_moves_the_weights_and_can_be_stopped(
    lesson: Lesson, open_lesson: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    calc = open_lesson(lesson.descent, lesson.tab)
    monkeypatch.setattr("xlcollab.faces.ribbon_watch._SECONDS_BETWEEN_FRAMES", 0.0)
    step, seen = LiveWatch.step, list[list[float]]()

    def stopping(self: LiveWatch, row: Any) -> None:
        if row.iteration == 4:
            calc.press("stop")
        step(self, row)
        seen.append(calc.numbers(f"{lesson.tab}!C4:D4"))

    monkeypatch.setattr(LiveWatch, "step", stopping)
    assert "The run was interrupted after 4 epochs." in calc.press("run_n")
    assert len(seen) == 4
    assert all(one != other for one, other in pairwise(seen))
    wanted = calc.written("run", "--sheet", lesson.tab, "--epochs", "4")
    assert_alike(calc, wanted, lesson.tab, f"{lesson.tab} history")


def test_every_button_has_a_case() -> None:
    assert set(CASES) == set(ribbon.NAMES)
    assert len(CASES) == 16


@pytest.mark.parametrize("button", CASES)
def test_our_lesson(button: str, lesson: Lesson, open_lesson: Open) -> None:
    CASES[button](lesson, open_lesson)


_AMONG_OTHERS = ("solve",)
"""Pressed on the whole workbooks by default, too: what writes most."""


@pytest.mark.parametrize(
    "button",
    [
        pytest.param(one, marks=() if one in _AMONG_OTHERS else pytest.mark.slow, id=one)
        for one in CASES
    ],
)
def test_our_whole_lesson(button: str, open_lesson: Open) -> None:
    CASES[button](our_lesson(), open_lesson)


@pytest.mark.slow
@pytest.mark.parametrize("button", CASES)
def test_the_teachers_lesson(button: str, open_lesson: Open) -> None:
    CASES[button](teachers_lesson(), open_lesson)
