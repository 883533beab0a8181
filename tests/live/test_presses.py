"""Buttons twice, and one after another, in one session of Calc."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live.lesson_desk import Lesson, our_lesson, teachers_lesson
from tests.live.office import headless_office
from xlcollab.errors import WorkbookError
from xlcollab.faces import ribbon
from xlcollab.faces.ribbon_watch import LiveWatch
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.ref import parse_area

_RATINGS = ("settings", "history", "solve", "restore", "factors", "check", "gradient")
_RATINGS += ("find_rate", "log")
_FEW = ("solve", "restore", "gradient", "log")
"""Of these the ones that change most, beside the slow tests of all."""
_DESCENT = ("run_1", "run_5", "run_n", "reset", "check", "help")


@pytest.mark.parametrize("buttons", [_FEW, _DESCENT], ids=["ratings", "descent"])
def test_buttons_twice(
    lesson: Lesson, buttons: tuple[str, ...], open_desk: Callable[[Path], CalcDesk]
) -> None:
    _press_each(lesson, buttons, _twice(buttons), open_desk)


@pytest.mark.slow
@pytest.mark.parametrize("buttons", [_RATINGS, _DESCENT], ids=["ratings", "descent"])
@pytest.mark.parametrize("whole", [our_lesson, teachers_lesson], ids=["ours", "teacher's"])
def test_every_button_on_whole_workbooks(
    whole: Callable[[], Lesson], buttons: tuple[str, ...], open_desk: Callable[[Path], CalcDesk]
) -> None:
    _press_each(whole(), buttons, [*_twice(buttons), *reversed(buttons)], open_desk)


def _press_each(
    found: Lesson,
    buttons: tuple[str, ...],
    presses: list[str],
    open_desk: Callable[[Path], CalcDesk],
) -> None:
    """A lost connection would raise: LibreOffice died on the second press, once."""
    descent = buttons is _DESCENT
    desk = open_desk(found.descent if descent else found.ratings)
    sheet = found.tab if descent else found.model
    for button in presses:
        desk.show(sheet)
        if button == "gradient":
            desk.select(parse_area(found.weights.split(",")[0], sheet))
        told = ribbon.perform(desk, button)
        assert "internal error" not in told, (button, told)
    assert desk.book.sheet_names()
    doubled = [name for name in desk.book.sheet_names() if name.endswith((" 2", "(2)"))]
    assert not doubled


def _twice(buttons: tuple[str, ...]) -> list[str]:
    return [button for one in buttons for button in (one, one)]


def test_a_lost_connection_is_a_sentence(lesson: Lesson, tmp_path: Path) -> None:
    """LibreOffice is killed in the middle of a run."""
    with headless_office() as office:
        copy = tmp_path / lesson.ratings.name
        shutil.copy(lesson.ratings, copy)
        desk = CalcDesk(office, office.open(copy))
        desk.show(lesson.model)
        step = LiveWatch.step

        def killing(self: LiveWatch, row: Any) -> None:
            office.desktop.terminate()
            step(self, row)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(LiveWatch, "step", killing)
            with pytest.raises(WorkbookError, match="LibreOffice ended"):
                ribbon.perform(desk, "solve")
