"""New sheets with charts and tables: parts appended, the rest as it was."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest
import python_calamine

from tests.build import build
from tests.files.packages import (
    STRICT_MAIN,
    STRICT_OFFICE,
    one_sheet_parts,
    read_parts,
    sheet_xml,
    write_package,
)
from tests.shared_data import lesson
from xlcollab.errors import WriteRefusedError
from xlcollab.files import FileBook
from xlcollab.grid import Changes, Chart, ErrorCode, NewSheet, Series
from xlcollab.ref import Rect, parse_area

TITLE = "dotprod history"
BOOKKEEPING = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}


def history(name: str = TITLE, rows: int = 20, *, labels: bool = False) -> NewSheet:
    """A sheet as runs add it: a table of numbers and a chart of the loss."""
    quoted = f"'{name}'"
    cells = [["iteration", "objective", "note"]]
    cells += [[float(row), 10 * 0.8**row + 1 / 3, f"step {row}"] for row in range(rows)]
    series = Series(
        "objective",
        parse_area(f"{quoted}!A2:A{rows + 1}"),
        parse_area(f"{quoted}!B2:B{rows + 1}"),
        parse_area(f"{quoted}!C2:C{rows + 1}") if labels else None,
        markers=labels,
    )
    chart = Chart("Loss", "iteration", "objective", (series,), at=(1, 4), log_y=True)
    return NewSheet(
        name, cells, (chart,), Rect(0, 0, rows + 1, 3), widths={0: 11, 1: 22}, freeze=(1, 0)
    )


def added(*sheets: NewSheet, replaces: tuple[str, ...] = ()) -> Changes:
    return Changes(sheets=sheets, replaces=frozenset(replaces))


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_all_but_the_bookkeeping_stays(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    FileBook(lesson(name), target).write(added(history()))
    before, after = read_parts(lesson(name)), read_parts(target)
    assert list(after)[: len(before)] == list(before)
    assert {part for part in before if before[part] != after[part]} == BOOKKEEPING
    folders = [part.split("/")[1] for part in list(after)[len(before) :]]
    assert folders == ["worksheets", "tables", "drawings", "charts", "worksheets", "drawings"]


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_the_new_sheet_reads_back_everywhere(tmp_path: Path, name: str) -> None:
    target, sheet = tmp_path / name, history()
    FileBook(lesson(name), target).write(added(sheet))
    workbook = FileBook(target).read()
    assert workbook.sheets[-1].name == TITLE
    assert workbook.table("table_dotprod_history").rect == sheet.table
    own = [[workbook.sheet(TITLE).value(row, column) for column in range(3)] for row in range(21)]
    calamine = python_calamine.CalamineWorkbook.from_path(str(target))
    book = openpyxl.load_workbook(target, read_only=True)
    theirs = [list(row) for row in book[TITLE].iter_rows(values_only=True)]
    book.close()
    assert own == theirs == calamine.get_sheet_by_name(TITLE).to_python() == sheet.rows


def test_openpyxl_finds_chart_table_and_view(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    FileBook(path).write(added(history(labels=True)))
    book = openpyxl.load_workbook(path)
    sheet = book[TITLE]
    assert book.active.title == "S"
    assert not sheet.sheet_view.tabSelected
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["B"].width == pytest.approx(22.71, abs=0.01)
    table = sheet.tables["table_dotprod_history"]
    assert (table.ref, table.tableStyleInfo.name) == ("A1:C21", "TableStyleMedium2")
    chart = sheet._charts[0]
    assert chart.y_axis.scaling.logBase == 10
    assert chart.series[0].yVal.numRef.f == f"'{TITLE}'!$B$2:$B$21"


def test_charts_hold_the_values_they_show(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    FileBook(path).write(added(history(rows=4, labels=True)))
    chart = read_parts(path)["xl/charts/chart1.xml"].decode()
    cached = re.findall(r"<c:yVal>.*?</c:yVal>", chart)[0]
    values = [float(text) for text in re.findall(r"<c:v>([^<]*)</c:v>", cached)]
    assert values == pytest.approx([10 * 0.8**row + 1 / 3 for row in range(4)], rel=1e-14)
    assert [f"step {row}" in chart for row in range(4)] == [True] * 4
    assert chart.count("showVal") == chart.count('showSerName val="0"') > 0


def test_lines_are_straight_and_blanks_are_gaps(tmp_path: Path) -> None:
    """Both are said outright: viewers differ in what they take for granted."""
    target = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    FileBook(target).write(Changes(sheets=[history()]))
    chart = openpyxl.load_workbook(target)[TITLE]._charts[0]
    assert chart.series[0].smooth is False
    assert chart.display_blanks == "gap"
    assert b'<c:dispBlanksAs val="gap"/>' in read_parts(target)["xl/charts/chart1.xml"]


def test_values_of_every_kind(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    rows = [
        [1 / 3, " a & b ", True, None, ErrorCode.NA],
        [],
        [float("inf"), 2**60, "=1+1", "_x0041_"],
    ]
    FileBook(path).write(added(NewSheet("New", rows)))
    sheet = FileBook(path).read().sheet("New")
    assert [sheet.value(0, column) for column in range(5)] == rows[0]
    assert [sheet.value(2, column) for column in range(4)] == [ErrorCode.NUM, *rows[2][1:]]
    assert len(sheet.formulas) == 0


def test_a_rerun_replaces_its_sheet_in_place(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    FileBook(lesson("collab_filter.xlsx"), path).write(added(history(), NewSheet("report", [[1]])))
    first = read_parts(path)
    FileBook(path).write(added(history(rows=9), replaces=(TITLE,)))
    second = read_parts(path)
    assert set(first) == set(second)
    assert first["xl/workbook.xml"] == second["xl/workbook.xml"]
    changed = {part for part in first if first[part] != second[part]}
    assert changed <= {
        "[Content_Types].xml",
        "xl/worksheets/sheet5.xml",
        "xl/tables/table2.xml",
        "xl/charts/chart1.xml",
    }
    workbook = FileBook(path).read()
    assert [sheet.name for sheet in workbook][-2:] == [TITLE, "report"]
    assert workbook.sheet(TITLE).height == 10
    assert workbook.table("table_dotprod_history").rect.height == 10


def test_replacing_by_a_plainer_sheet_leaves_no_orphans(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    FileBook(path).write(added(NewSheet(TITLE, [[1]])))
    plain = read_parts(path)
    FileBook(path).write(added(history(), replaces=(TITLE,)))
    FileBook(path).write(added(NewSheet(TITLE, [[1]]), replaces=(TITLE,)))
    assert read_parts(path) == plain


def test_parts_of_other_sheets_survive_a_replacement(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    FileBook(lesson("graddesc.xlsx"), path).write(added(history()))
    FileBook(path).write(added(history(), replaces=(TITLE,)))
    before, after = read_parts(lesson("graddesc.xlsx")), read_parts(path)
    assert {part for part in before if before[part] != after.get(part)} == BOOKKEEPING


def test_the_calculation_chain_goes_with_replaced_formulas(tmp_path: Path) -> None:
    source = lesson("collab_filter.xlsx")
    path = tmp_path / "book.xlsx"
    FileBook(source, path).write(added(NewSheet("word_emb", [[1]]), replaces=("word_emb",)))
    parts = read_parts(path)
    assert "xl/calcChain.xml" in read_parts(source)
    assert "xl/calcChain.xml" not in parts
    assert b"calcChain" not in parts["[Content_Types].xml"] + parts["xl/_rels/workbook.xml.rels"]
    assert FileBook(path).read().tables == []


def test_table_names_and_numbers_are_unique(tmp_path: Path) -> None:
    path = build(
        tmp_path / "book.xlsx",
        {"S": {"A1": "x", "A2": 1}},
        names=[("Table_a_b", "S!$A$1", None, False)],
        tables=[("S", "A1:A2", "Other", ["x"])],
    )
    FileBook(path).write(added(history("a b"), history("a-b")))
    tables = FileBook(path).read().tables
    assert [table.name for table in tables] == ["Other", "table_a_b_2", "table_a_b_3"]
    ids = [
        re.search(rb'<table [^>]*\sid="(\d+)"', data)[1]
        for name, data in read_parts(path).items()
        if "/tables/" in name
    ]
    assert sorted(ids) == [b"1", b"2", b"3"]


def test_charts_of_sheets_that_were_there(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1, "A2": 2, "B1": 3, "B2": 4}})
    series = Series("old", parse_area("S!A1:A2"), parse_area("S!B1:B2"))
    FileBook(path).write(added(NewSheet("New", [], (Chart("T", "x", "y", (series,), (0, 0)),))))
    chart = openpyxl.load_workbook(path)["New"]._charts[0]
    assert chart.series[0].xVal.numRef.f == "S!$A$1:$A$2"


def test_strict_workbooks_get_strict_parts(tmp_path: Path) -> None:
    sheet = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>', main=STRICT_MAIN)
    parts = one_sheet_parts(sheet, main=STRICT_MAIN, office=STRICT_OFFICE)
    path = write_package(tmp_path / "book.xlsx", parts)
    FileBook(path).write(added(history()))
    for name, data in read_parts(path).items():
        if name != "[Content_Types].xml":
            assert b"schemas.openxmlformats.org/spreadsheetml" not in data, name
            assert b"schemas.openxmlformats.org/officeDocument" not in data, name
    assert FileBook(path).read().sheet(TITLE).height == 21


def test_a_locked_structure_takes_no_sheet(tmp_path: Path) -> None:
    lock = '<workbookProtection lockStructure="1"/>'
    path = write_package(tmp_path / "book.xlsx", one_sheet_parts(sheet_xml(""), before=lock))
    with pytest.raises(WriteRefusedError, match=r"the structure of book\.xlsx is protected"):
        FileBook(path).write(added(history()))


def test_a_table_needs_headers(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    sheet = NewSheet("New", [["a", "A"], [1, 2]], table=Rect(0, 0, 2, 2))
    with pytest.raises(WriteRefusedError, match="the table A1:B2 of the new sheet 'New' needs"):
        FileBook(path).write(added(sheet))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffice_opens_it_with_the_values(tmp_path: Path) -> None:
    target, sheet = tmp_path / "in" / "graddesc.xlsx", history()
    target.parent.mkdir()
    FileBook(lesson("graddesc.xlsx"), target).write(added(sheet))
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(tmp_path),
        str(target),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    book = openpyxl.load_workbook(tmp_path / "graddesc.xlsx")
    theirs = [list(row) for row in book[TITLE].iter_rows(values_only=True, max_col=3)]
    assert theirs[0] == sheet.rows[0]
    for found, expected in zip(theirs[1:], sheet.rows[1:], strict=True):
        assert found[:2] == pytest.approx(expected[:2], rel=1e-14)  # LibreOffice writes 15 digits
        assert found[2] == expected[2]
    assert len(book[TITLE]._charts) == 1
