"""What surrounds a press: settings for it alone, the log of the session, and what Calc thinks
otherwise than Excel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.build import build
from tests.live.memory_excel import open_in_excel
from xlcollab.api import OpenBook
from xlcollab.faces import ribbon
from xlcollab.faces.ribbon_log import SessionLog
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.live.excel_desk import ExcelDesk

Open = Callable[[Path], CalcDesk]


@pytest.fixture
def bowl(tmp_path: Path) -> Path:
    """A model with a control sheet, whose pairs have a blank: Calc takes it as 0."""
    cells: dict[str, object] = {"A1": 1.0, "A2": 2.0, "B1": 3.0, "B2": None, "D1": None}
    cells |= {"C1": ("=SUMXMY2(A1:A2,B1:B2)", 4.0)}
    control = {"A1": "setting", "B1": "value", "A2": "method", "B2": "gd", "A3": "iterations"}
    control |= {"B3": 40.0, "A4": "learning rate", "B4": 0.1}
    names = [
        ("solver_opt", "S!$C$1", "S", True),
        ("solver_adj", "S!$A$1:$A$2", "S", True),
        ("solver_typ", "2", "S", True),
        ("xlcollab_status", "S!$D$1", None, False),
    ]
    return build(tmp_path / "bowl.xlsx", {"S": cells, "control": control}, names=names)


def test_settings_hold_for_one_press_alone(open_desk: Open, bowl: Path) -> None:
    desk = open_desk(bowl)
    once = ribbon.perform(desk, "solve", ["method=adam", "lr=0.05", "epochs=7"])
    assert "after 7 iterations. adam: as asked" in once
    ribbon.perform(desk, "restore")
    again = ribbon.perform(desk, "solve")
    assert "after 40 iterations" in again or "gd: as the sheet control asks" in again
    same = OpenBook(bowl).solve("S", method="adam", learning_rate=0.05, iterations=7)
    assert f"→ {same.objective:.6g} after 7" in once


def test_what_is_wrong_with_a_setting_changes_nothing(open_desk: Open, bowl: Path) -> None:
    desk = open_desk(bowl)
    told = ribbon.perform(desk, "solve", ["lr=fast"])
    assert told == "learning rate is 'fast', which is no number"
    assert desk.book.sheet_names() == ["S", "control"]


def test_the_log_tells_each_press_of_this_opening(open_desk: Open, bowl: Path) -> None:
    desk = open_desk(bowl)
    assert ribbon.perform(desk, "log").startswith("No button has been pressed")
    ribbon.perform(desk, "solve", ["epochs=3"])
    ribbon.perform(desk, "history")
    lines = ribbon.perform(desk, "log").splitlines()
    assert [line.split(" on S: ")[0][9:] for line in lines] == ["history", "solve (iterations 3)"]
    assert SessionLog(desk.session).last().startswith("  (before: ")
    other = open_desk(bowl)
    assert ribbon.perform(other, "log").startswith("No button has been pressed")


def test_the_status_bar_says_what_came_before(
    open_desk: Open, bowl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(bowl)
    ribbon.perform(desk, "history")
    said: list[str] = []
    monkeypatch.setattr(CalcDesk, "say", lambda self, text: said.append(text))
    ribbon.perform(desk, "solve")
    assert all("before: " in text and "history on S: History is" in text for text in said)


def test_a_box_names_the_cell_about_which_calc_and_excel_disagree(
    open_desk: Open, bowl: Path
) -> None:
    """Excel leaves a pair with a blank out (SUMXMY2); Calc takes the blank as 0."""
    desk = open_desk(bowl)
    told = ribbon.perform(desk, "solve", ["method=gd", "lr=0.1", "epochs=1"])
    assert "Calc and Excel disagree about S!C1: Calc shows " in told
    assert "takes a blank as 0 where Excel leaves the pair out" in told
    shown = desk.document.Sheets.getByName("S").getCellRangeByName("C1").Value
    assert f"Calc shows {shown:.6g}, Excel's rules give" in told


def test_excel_is_not_asked_whether_it_agrees(bowl: Path) -> None:
    excel = open_in_excel(bowl)
    told = ribbon.perform(ExcelDesk(excel), "solve", ["epochs=1"])
    assert "disagree" not in told
    assert ribbon.perform(ExcelDesk(excel), "log").count(" on S: ") == 1


def test_a_press_from_the_menu_takes_settings(open_desk: Open, bowl: Path) -> None:
    desk = open_desk(bowl)
    place = [desk.book.name, desk.office.address]
    assert ribbon.main(["history", *place, "--once"]) == 0
    assert ribbon.main(["run_n", *place, "--once", "iterations=0,5"]) == 0
    log = ribbon.perform(desk, "log")
    assert "run_n on S: epochs is '0,5', which is no number; write 0.5" in log
