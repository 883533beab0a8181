"""Formats of new cells, appended to a styles part that is somebody else's."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from xlcollab.files import FileBook
from xlcollab.files.writing.styles import add_looks
from xlcollab.grid import LOOKS, Changes, NewSheet

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BARE = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<cellXfs count="1"><xf numFmtId="0"/></cellXfs></styleSheet>'
).encode()


@pytest.fixture
def styled(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A2"] = 0.125, 1e6
    sheet["A1"].number_format, sheet["A1"].font = "0.0000", Font(bold=True, italic=True)
    sheet["A2"].number_format = "[Red]#,##0.000"
    book.save(tmp_path / "styled.xlsx")
    return tmp_path / "styled.xlsx"


def _add(path: Path) -> Path:
    rows = [["title"], ["head"], *([0.5] * len(LOOKS) for _ in range(3))]
    looks = dict(enumerate(LOOKS))
    sheet = NewSheet("new", rows, row_looks={0: "title", 1: "head"}, column_looks=looks)
    FileBook(path).write(Changes(sheets=[sheet], replaces=frozenset({"new"})))
    return path


def test_every_look_is_a_format_that_others_read(styled: Path) -> None:
    book = openpyxl.load_workbook(_add(styled))
    sheet = book["new"]
    assert sheet["A1"].font.b
    assert sheet["A2"].fill.fgColor.rgb == "FF1F4E79"
    formats = {look: sheet.cell(3, column + 1).number_format for column, look in enumerate(LOOKS)}
    assert formats["number"] == "0.0000"
    assert formats["tiny"] == "0.000E+00;-0.000E+00;0"
    assert formats["share"] == "0.0%"
    first = book["Sheet"]
    assert (first["A1"].number_format, first["A1"].font.i) == ("0.0000", True)
    assert first["A2"].number_format == "[Red]#,##0.000"


def test_formats_have_numbers_of_their_own_that_excel_leaves_free(styled: Path) -> None:
    with zipfile.ZipFile(_add(styled)) as archive:
        styles = archive.read("xl/styles.xml").decode()
    numbers = [int(number) for number in re.findall(r'<numFmt [^>]*numFmtId="(\d+)"', styles)]
    assert len(numbers) == len(set(numbers)) > 2
    assert min(numbers) >= 164


def test_a_second_time_nothing_is_appended(styled: Path) -> None:
    def part() -> bytes:
        with zipfile.ZipFile(styled) as archive:
            return archive.read("xl/styles.xml")

    before = part()
    once = (_add(styled), part())[1]
    again = (_add(styled), part())[1]
    assert before != once == again


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("look", LOOKS)
def test_prefixes_and_lists_that_are_not_there(prefix: str, look: str) -> None:
    data = _BARE
    if prefix:
        data = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", data).replace(b"xmlns=", b"xmlns:x=")
    found, numbers = add_looks(data, "styles", [look])  # type: ignore[list-item]
    assert numbers[look] == 1  # type: ignore[index]
    assert found.count(f"<{prefix}xf ".encode()) == 2
    assert b'count="2"' in found


def test_a_workbook_without_styles_gets_plain_sheets(tmp_path: Path) -> None:
    plain, parts = tmp_path / "plain.xlsx", {}
    openpyxl.Workbook().save(plain)
    with zipfile.ZipFile(plain) as archive:
        for name in archive.namelist():
            if name != "xl/styles.xml":
                parts[name] = archive.read(name)
    for name in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
        parts[name] = re.sub(rb"<(?:Relationship|Override)[^>]*styles[^>]*/>", b"", parts[name])
    bare = tmp_path / "bare.xlsx"
    with zipfile.ZipFile(bare, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert openpyxl.load_workbook(_add(bare))["new"]["A1"].value == "title"
