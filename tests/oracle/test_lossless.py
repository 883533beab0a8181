"""What a solved workbook looks like to others: the same values in three readers, and every part
that had no reason to change with the same bytes."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from python_calamine import CalamineWorkbook

import xlcollab as xc
from tests.oracle.lesson import copied
from tests.shared_data import lesson
from xlcollab.grid import ErrorCode, Workbook
from xlcollab.history import Record, history_sheet, table_sheet

NAME = "collab_filter.xlsx"
SOLVED = ("dotprod", "movielens_emb", "bias")


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a dozen steps are enough: it is the file that is looked at."""
    book = xc.open(copied(tmp_path_factory.mktemp("lossless")))
    for sheet in SOLVED:
        book.solve(sheet, method="adam", learning_rate=0.05, iterations=6)
    return book.save()


@pytest.fixture(scope="module")
def ours(solved: Path) -> Workbook:
    return xc.open(solved).workbook


def _parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_only_what_must_change_changes(solved: Path) -> None:
    before, after = _parts(lesson(NAME)), _parts(solved)
    assert not before.keys() - after.keys()
    changed = {name for name in before if before[name] != after[name]}
    sheets = {f"xl/worksheets/sheet{number}.xml" for number in (1, 2, 3, 4)}
    package = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
    assert changed <= sheets | package | {"xl/styles.xml", "docProps/app.xml"}
    assert len(changed & sheets) == 3
    added = after.keys() - before.keys()
    assert all(
        "sheet" in name or "drawing" in name or "chart" in name or "table" in name for name in added
    ), added


def test_in_changed_sheets_only_values_change(solved: Path) -> None:
    """The XML with every <v>…</v> taken out is the same byte for byte."""
    before, after = _parts(lesson(NAME)), _parts(solved)
    for name in before:
        if name.startswith("xl/worksheets/sheet"):
            bare = [re.sub(rb"<v>[^<]*</v>", b"", parts[name]) for parts in (before, after)]
            assert bare[0] == bare[1], name


def test_openpyxl_reads_the_same_values(solved: Path, ours: Workbook) -> None:
    book = openpyxl.load_workbook(solved, read_only=True, data_only=True)
    for sheet in ours:
        for row, cells in enumerate(book[sheet.name].iter_rows(values_only=True)):
            for column, value in enumerate(cells):
                _compare(sheet.value(row, column), value)
    book.close()


def test_calamine_reads_the_same_values(solved: Path, ours: Workbook) -> None:
    book = CalamineWorkbook.from_path(str(solved))
    assert book.sheet_names == [sheet.name for sheet in ours]
    for sheet in ours:
        rows = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        for row, cells in enumerate(rows):
            for column, value in enumerate(cells):
                _compare(sheet.value(row, column), None if value == "" else value)


def _compare(expected: Any, found: Any) -> None:
    if isinstance(expected, ErrorCode):
        assert found == expected.text
    elif expected == "" or expected is None:
        assert found in ("", None)
    else:
        assert found == expected


@pytest.mark.slow
def test_libreoffice_shows_the_same_values(solved: Path, ours: Workbook, tmp_path: Path) -> None:
    """Without recalculation: LibreOffice has another idea of SUMXMY2 with blanks."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("needs LibreOffice")
    command = [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(solved)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    book = CalamineWorkbook.from_path(str(tmp_path / "out" / solved.name))
    assert [sheet.name for sheet in ours] == book.sheet_names
    for name in ("dotprod history", "dotprod answer"):
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        sheet = ours.sheet(name)
        assert len(rows) >= sheet.height
        for row, cells in enumerate(rows[: sheet.height]):
            for column, value in enumerate(cells[: sheet.width]):
                expected = sheet.value(row, column)
                if isinstance(expected, float):
                    assert value == pytest.approx(expected, rel=1e-12)
    weights = book.get_sheet_by_name("dotprod").to_python(skip_empty_area=False)
    assert weights[18][7] == pytest.approx(ours.sheet("dotprod").value(18, 7), rel=1e-12)


def test_the_loss_has_a_native_chart(solved: Path) -> None:
    parts = _parts(solved)
    charts = [text for name, text in parts.items() if "/charts/chart" in name]
    ours = [text for text in charts if b"dotprod history" in text]
    assert len(ours) == 1
    assert b"<c:scatterChart>" in ours[0] or b"<c:lineChart>" in ours[0]


@pytest.mark.parametrize("seconds", [[0.0, 0.0001], [0.3, 12.5], [1.0, 90000.0]])
def test_how_long_it_took_is_no_look(seconds: list[float]) -> None:
    """Else the styles of a file would depend on how busy the machine was."""
    rows = np.column_stack([np.arange(2.0), [3.0, 2.5], seconds])
    record = Record(("iteration", "objective", "seconds"), rows, (), np.zeros((2, 0)))
    table = table_sheet("T", "title", "sentence", record.columns, rows.tolist())
    for sheet in (history_sheet(record, sheet="S"), table):
        assert sheet.column_looks[2] == "number"


def _undated(part: bytes) -> bytes:
    """Without the moment at which it was made."""
    return re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", b"then", part)


def test_a_second_run_writes_the_same_bytes_but_for_the_clock(tmp_path: Path) -> None:
    """No random names, no unordered sets: the new parts are reproducible."""
    found = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        book = xc.open(copied(tmp_path / folder))
        book.solve("bias", method="gd", learning_rate=0.01, iterations=3)
        found.append(_parts(book.save()))
    assert found[0].keys() == found[1].keys()
    different = {name for name in found[0] if found[0][name] != found[1][name]}
    clocks = {"history": "sheet5", "weights": "sheet6", "answer": "sheet7"}
    told = {"xl/workbook.xml", *(f"xl/worksheets/{sheet}.xml" for sheet in clocks.values())}
    assert different <= told
    first, second = ([*map(_undated, parts["xl/workbook.xml"].split(b">"))] for parts in found)
    assert first == second
