"""The buttons on a small model in a real, headless LibreOffice Calc, and in an Excel in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.build import build
from tests.live.memory_excel import open_in_excel
from xlcollab.api import OpenBook
from xlcollab.faces import ribbon
from xlcollab.faces.ribbon_watch import LiveWatch
from xlcollab.live.calc_desk import CalcDesk
from xlcollab.live.calc_office import Office
from xlcollab.live.desk import Desk
from xlcollab.live.excel_desk import ExcelDesk
from xlcollab.live.stop import StopFlag
from xlcollab.ref import Rect, parse_area

Open = Callable[[Path], CalcDesk]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A model of 2 × 2 factors for a 3 × 3 crosstab, with a status cell and a control sheet."""
    cells: dict[str, Any] = {"A1": None, "H1": "status"}
    ratings = [[4.0, None, 5.0], [1.0, 2.0, None], [None, 3.0, 4.0]]
    for i, row in enumerate(ratings):
        cells |= {f"{'BCD'[i]}1": 10.0 + i, f"A{i + 2}": 1.0 + i}
        for j, value in enumerate(row):
            cells[f"{'BCD'[j]}{i + 2}"] = value
            model = (
                f'=IF({"BCD"[j]}{i + 2}="",0,MMULT($F{i + 7}:$G{i + 7},{"BCD"[j]}$7:{"BCD"[j]}$8))'
            )
            cells[f"{'BCD'[j]}{i + 11}"] = (model, 0.0)
        cells |= {f"F{i + 7}": 0.5 + 0.1 * i, f"G{i + 7}": 0.3}
        cells |= {f"{'BCD'[i]}7": 0.4, f"{'BCD'[i]}8": 0.2 + 0.1 * i}
    cells["H11"] = ("=SQRT(SUMXMY2(B2:D4,B11:D13)/COUNT(B2:D4))", 0.0)
    control = {"A1": "setting", "B1": "value", "A2": "optimiser", "B2": "adam"}
    control |= {"A3": "epochs", "B3": 40.0, "A4": "learning rate", "B4": 0.05}
    control |= {"A5": "history", "B5": "on"}
    names = [
        ("solver_opt", "S!$H$11", "S", True),
        ("solver_adj", "S!$F$7:$G$9,S!$B$7:$D$8", "S", True),
        ("solver_typ", "2", "S", True),
        ("xlcollab_status", "S!$I$1", None, False),
    ]
    return build(tmp_path / "small.xlsx", {"S": cells, "control": control}, names=names)


def weights(desk: Any, areas: str = "F7:G9,B7:D8") -> Any:
    sheet = desk.book.read().sheet("S")
    blocks = [sheet.block(parse_area(area, "S").rect)[1] for area in areas.split(",")]
    return np.concatenate([block.ravel() for block in blocks])


def test_solve_equals_the_headless_command(open_desk: Open, small: Path) -> None:
    desk = open_desk(small)
    told = ribbon.perform(desk, "solve")
    file = OpenBook(small)
    found = file.solve("S", method="adam", iterations=40, learning_rate=0.05)
    assert "after 40 iterations" in told
    assert weights(desk) == pytest.approx(found.weights, rel=1e-12)
    workbook = desk.book.read()
    assert [sheet.name for sheet in workbook] == [
        "S",
        "control",
        "S history",
        "S weights",
        "S answer",
    ]
    assert workbook.sheet("S").value(10, 7) == pytest.approx(found.objective, rel=1e-9)
    assert workbook.sheet("S").value(0, 8) == told
    mine, theirs = (one.sheet("S history") for one in (workbook, file.workbook))
    assert (mine.height, mine.width) == (theirs.height, theirs.width)


def test_restore_puts_the_first_weights_back(open_desk: Open, small: Path) -> None:
    desk = open_desk(small)
    first = weights(desk)
    ribbon.perform(desk, "solve")
    assert weights(desk) != pytest.approx(first)
    assert ribbon.perform(desk, "restore").startswith("12 weights of S are as they were")
    assert weights(desk).tolist() == first.tolist()


def test_stop_ends_a_run_with_its_best_weights(
    open_desk: Open, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(small)
    step = LiveWatch.step

    def stopping(self: LiveWatch, row: Any) -> None:
        if row.iteration == 5:
            assert ribbon.perform(desk, "stop") == "The run will stop after this step."
        step(self, row)

    monkeypatch.setattr(LiveWatch, "step", stopping)
    told = ribbon.perform(desk, "solve")
    assert "after 4 iterations" in told or "after 5 iterations" in told
    assert not StopFlag(desk.key).is_set()
    found = OpenBook(small).solve("S", method="adam", iterations=5, learning_rate=0.05)
    history = desk.book.read().sheet("S history")
    assert history.height == 4 + 6
    assert weights(desk) == pytest.approx(found.weights, rel=1e-12)


def test_an_exception_midway_restores_everything(
    open_desk: Open, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(small)
    first = weights(desk)
    document = desk.document
    document.enableAutomaticCalculation(False)

    step = LiveWatch.step

    def broken(self: LiveWatch, row: Any) -> None:
        step(self, row)
        if row.iteration == 3:
            raise ZeroDivisionError

    monkeypatch.setattr(LiveWatch, "step", broken)
    with pytest.raises(ZeroDivisionError):
        ribbon.perform(desk, "solve")
    assert weights(desk).tolist() == first.tolist()
    assert not document.isAutomaticCalculationEnabled()
    assert not document.hasControllersLocked()
    assert len(desk.book.read().sheets) == 2


def test_other_actions_run_to_their_end_in_calc(open_desk: Open, small: Path) -> None:
    desk = open_desk(small)
    other_actions(desk, lambda area: desk.select(parse_area(f"S!{area}")), small)


def test_other_actions_run_to_their_end_in_excel(small: Path) -> None:
    excel = open_in_excel(small)
    other_actions(ExcelDesk(excel), lambda area: excel.sheets["S"][area].select(), small)


def other_actions(desk: Desk, select: Callable[[str], None], small: Path) -> None:
    assert ribbon.perform(desk, "settings") == "The settings stand on the sheet control."
    assert ribbon.perform(desk, "history") == "History is off."
    assert ribbon.perform(desk, "history") == "History is on."
    select("A1:D4")
    assert ribbon.perform(desk, "fit_ratings").startswith("6 ratings of 3 users and 3 items")
    select("F7:G9")
    assert ribbon.perform(desk, "gradient").startswith("6 derivatives of S!H11 are on S gradient")
    wanted = OpenBook(small).gradient("S!H11", with_respect_to="S!F7:G9").derivatives
    sheet = desk.book.read().sheet("S gradient")
    assert sheet.block(Rect(4, 3, 6, 1))[1].ravel() == pytest.approx(wanted, rel=1e-9)
    told = ribbon.perform(desk, "check")
    assert "differ" in told
    assert "0 not evaluated" in told


def test_a_button_on_the_wrong_sheet_says_so(open_desk: Open, small: Path) -> None:
    desk = open_desk(small)
    desk.show("control")
    told = ribbon.perform(desk, "solve")
    assert "sheet control holds no Solver model" in told
    assert "control" in ribbon.perform(desk, "run_1")


def test_every_button_is_named_once() -> None:
    assert len(set(ribbon.NAMES)) == len(ribbon.NAMES) == 16


@pytest.mark.parametrize("broken", [False, True])
def test_excel_gets_its_settings_back(
    broken: bool, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    excel = open_in_excel(small)
    desk = ExcelDesk(excel)
    excel.app.calculation = "manual"
    if broken:
        monkeypatch.setattr(LiveWatch, "step", lambda self, row: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ribbon.perform(desk, "solve")
    else:
        told = ribbon.perform(desk, "solve")
        assert excel.app.impl.shown[-1] == ("alert", told, "xlcollab")
        assert excel.sheets[0]["I1"].value == told
        assert any("xlcollab: iteration" in str(one) for one in excel.app.impl.shown)
    assert excel.app.calculation == "manual"
    assert excel.app.screen_updating is True
    assert False in excel.app.impl.shown


@pytest.mark.parametrize(("button", "told"), [("settings", False), ("help", True), ("run_1", True)])
def test_a_box_tells_only_what_one_does_not_see(button: str, told: bool, small: Path) -> None:
    """Settings come to the front; an error is no sight."""
    excel = open_in_excel(small)
    sentence = ribbon.perform(ExcelDesk(excel), button)
    assert (("alert", sentence, "xlcollab") in excel.app.impl.shown) is told
    assert excel.sheets["S"]["I1"].value == sentence
    assert excel.sheets.active.name == ("control" if button == "settings" else "S")


def test_a_click_starts_a_process_for_the_workbook_that_called(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    excel = open_in_excel(small)
    excel.set_mock_caller()
    started: list[list[str]] = []
    monkeypatch.setattr("subprocess.Popen", lambda command, creationflags: started.append(command))
    ribbon.start("solve")
    assert started == [[sys.executable, "-m", "xlcollab.faces.ribbon", "solve", excel.fullname]]


def test_the_process_works_on_that_workbook(small: Path) -> None:
    excel = open_in_excel(small)
    assert ribbon.main(["history", excel.fullname]) == 0
    assert excel.sheets["control"]["B5"].value == "off"


def test_the_process_of_calcs_menu_works_on_the_document_it_names(
    open_desk: Open, small: Path
) -> None:
    desk = open_desk(small)
    assert ribbon.main(["history", desk.book.name, desk.office.address]) == 0
    assert desk.book.read().sheet("control").value(4, 1) == "off"


def test_the_process_of_calcs_menu_says_why_it_cannot(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ribbon.main(["solve", "b.xlsx", "pipe,name=nobody"]) == 2
    assert "no LibreOffice listens at pipe,name=nobody" in capsys.readouterr().err


def test_an_internal_error_is_told_in_excel(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    excel = open_in_excel(small)
    monkeypatch.setattr(LiveWatch, "step", lambda self, row: 1 / 0)
    assert ribbon.main(["solve", excel.fullname]) == 1
    kind, sentence, _ = excel.app.impl.shown[-1]
    assert kind == "alert"
    assert "internal error, please report it (ZeroDivisionError" in sentence


def test_help_names_no_workbook_change(small: Path) -> None:
    excel = open_in_excel(small)
    assert ribbon.perform(ExcelDesk(excel), "help") == ribbon.HELP


def test_an_unknown_button_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert ribbon.main(["sovle"]) == 2
    assert "name one of solve" in capsys.readouterr().err
