"""The open Excel as a `Book`, with genuine xlwings objects over an Excel in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from tests.grid.test_book_contract import BookContract
from tests.live.memory_excel import open_in_excel
from tests.live.memory_sheet import SCODES
from tests.shared_data import lesson
from xlcollab.api import OpenBook
from xlcollab.errors import WriteRefusedError
from xlcollab.files import FileBook
from xlcollab.grid import Book, Changes, Chart, ErrorCode, NewSheet, Series
from xlcollab.live.excel import ExcelBook
from xlcollab.live.excel_values import from_excel, to_excel
from xlcollab.ref import CellRef, Rect, parse_area


class TestExcelBook(BookContract):
    calculates = True

    def make(self, path: Path) -> Book:
        return ExcelBook(open_in_excel(path))


def test_reads_the_lesson_as_its_file_says() -> None:
    path = lesson("collab_filter.xlsx")
    found, stored = ExcelBook(open_in_excel(path)).read(), FileBook(path).read()
    for sheet in stored:
        live = found.sheet(sheet.name)
        assert (live.height, live.width) == (sheet.height, sheet.width)
        values = [[live.value(*cell), sheet.value(*cell)] for cell in sheet.used.cells()]
        assert all(mine == theirs for mine, theirs in values)
        assert (live.formula_mask() == sheet.formula_mask()).all()
        assert live.merged == sheet.merged
    assert found.name("solver_adj", "dotprod") == stored.name("solver_adj", "dotprod")


@pytest.mark.parametrize("broken", [False, True])
def test_settings_of_the_application_are_restored(
    broken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    excel = open_in_excel(build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "B1": ("=A1*2", 2.0)}}))
    book = ExcelBook(excel)
    excel.app.calculation = "semiautomatic"
    edit = TestExcelBook().number("S!A1", 4.0)
    if broken:
        monkeypatch.setattr(book, "put", lambda edits: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            book.write(Changes(inputs=[edit]))
    else:
        book.write(Changes(inputs=[edit]))
        assert book.read().value(CellRef("S", 0, 1)) == 8.0
    assert excel.app.calculation == "semiautomatic"
    assert excel.app.screen_updating is True
    assert excel.app.display_alerts is True


def test_refuses_a_protected_sheet(tmp_path: Path) -> None:
    excel = open_in_excel(build(tmp_path / "b.xlsx", {"S": {"A1": 1.0}}))
    excel.sheets[0].impl.ProtectContents = True
    with pytest.raises(WriteRefusedError, match="the sheet 'S' is protected"):
        ExcelBook(excel).write(Changes(inputs=[TestExcelBook().number("S!A1", 4.0)]))


def test_texts_stay_texts(tmp_path: Path) -> None:
    excel = open_in_excel(build(tmp_path / "b.xlsx", {"S": {"A1": 1.0}}))
    rows = [["007", "=A1", "TRUE", "'quoted"], [0.0, False, None, ErrorCode.NA]]
    book = ExcelBook(excel)
    book.write(Changes(sheets=[NewSheet("N", rows)]))
    sheet = book.read().sheet("N")
    assert [sheet.value(0, column) for column in range(4)] == rows[0]
    assert [sheet.value(1, column) for column in range(4)] == rows[1]


def test_charts_get_their_series(tmp_path: Path) -> None:
    excel = open_in_excel(build(tmp_path / "b.xlsx", {"S": {"A1": 1.0}}))
    series = Series(
        "loss", parse_area("H!A2:A3"), parse_area("H!B2:B3"), labels=parse_area("H!C2:C3")
    )
    chart = Chart("Loss", "step", "loss", (series,), at=(5, 3), log_y=True)
    rows = [["step", "loss", "name"], [1, 2, "a"], [2, 1, "b"]]
    ExcelBook(excel).write(Changes(sheets=[NewSheet("H", rows, charts=(chart,), widths={1: 20.0})]))
    sheet = excel.sheets["H"].impl
    drawn = sheet.charts.all[0]
    (line,) = drawn.com.SeriesCollection().made
    assert (line.Name, line.XValues.Address, line.Values.Address) == (
        "loss",
        "$A$2:$A$3",
        "$B$2:$B$3",
    )
    assert line.Points(2).DataLabel.Text == "b"
    assert drawn.com.ChartTitle.Text == "Loss"
    assert drawn.com.Axes(2).ScaleType == -4133
    assert drawn.box[:2] == (48.0 * 3, 15.0 * 5)
    assert sheet.widths == {1: 20.0}
    assert excel.sheets.active.name == "S"


@pytest.mark.parametrize("in_front", ["S", "H"])
def test_freezes_panes_and_leaves_the_view_alone(in_front: str, tmp_path: Path) -> None:
    excel = open_in_excel(build(tmp_path / "b.xlsx", {"S": {"A1": 1.0}, "H": {"A1": 1.0}}))
    excel.sheets[in_front].activate()
    new = NewSheet("H", [["a", "b"], [1, 2]], freeze=(1, 2))
    ExcelBook(excel).write(Changes(sheets=[new], replaces=frozenset(["H"])))
    assert [sheet.name for sheet in excel.sheets] == ["S", "H"]
    assert excel.sheets.active.name == in_front
    assert [sheet.impl.frozen for sheet in excel.sheets] == [None, (1, 2)]


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_goes_in_and_comes_back(code: ErrorCode) -> None:
    assert from_excel(to_excel(code)) == code


def test_numbers_of_com_are_errors() -> None:
    assert {from_excel(scode): text for text, scode in SCODES.items()} == {
        ErrorCode.from_text(text): text for text in SCODES
    }


def test_solving_in_excel_is_solving_the_file() -> None:
    path = lesson("collab_filter.xlsx")
    excel = open_in_excel(path)
    live, file = OpenBook.over(ExcelBook(excel), "collab_filter.xlsx"), OpenBook(path)
    live.solve("dotprod", method="adam", iterations=3, history=False)
    live.store()
    file.solve("dotprod", method="adam", iterations=3, history=False)
    wanted, found = file.workbook.sheet("dotprod"), ExcelBook(excel).read().sheet("dotprod")
    block = Rect(18, 7, 5, 15)
    assert (found.block(block)[1] == wanted.block(block)[1]).all()
    assert found.value(40, 21) == pytest.approx(wanted.value(40, 21), rel=1e-12)
