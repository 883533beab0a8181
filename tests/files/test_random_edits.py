"""Random edits of workbooks as people make them: what was asked for changes, and no other byte.

A book's parts are compared as bytes; those of an edited sheet cell by cell, as they are written.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tests.files.packages import read_parts
from xlcollab.files import FileBook
from xlcollab.grid import CellEdit, Changes, Scalar, TextPool
from xlcollab.ref import cell_name, parse_area

_ROWS, _COLUMNS = 40, 12
_TEXTS = ("", "a", " b ", "<&>'\"", "=1+1", "_x000D_", "é\u4e2d\U0001f600", "0017", "line\nline")
_OF_ALL = {"xl/workbook.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"}
"""They may say that the book is to be recalculated, and lose the chain of calculation."""
_CELL = re.compile(rb'<c r="([A-Z]+[0-9]+)"[^>]*?(?:/>|>.*?</c>)', re.DOTALL)
_ROW = re.compile(rb"<row\b[^>]*/>|<row\b.*?</row>", re.DOTALL)
_DIMENSION = re.compile(rb"<dimension[^>]*>")


def made(path: Path, draw: random.Random) -> Path:
    """Sheets with constants, formulas, styles, merged cells, tables, notes, charts and names."""
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        styles = [book.add_format({"bold": True}), book.add_format({"num_format": "0.00 €"}), None]
        for number in range(draw.randint(1, 3)):
            sheet = book.add_worksheet(f"S {number}" if number else "S0")
            for _ in range(draw.randint(0, 150)):
                row, column = draw.randrange(_ROWS), draw.randrange(_COLUMNS)
                kind, style = draw.randrange(6), draw.choice(styles)
                if kind == 0:
                    sheet.write_formula(row, column, f"=A{row + 2}*2+1", style, 3.5)
                elif kind == 1:
                    sheet.write_string(row, column, draw.choice(_TEXTS), style)
                elif kind == 2:
                    sheet.write_boolean(row, column, draw.random() < 0.5, style)
                elif kind == 3:
                    sheet.write_blank(row, column, None, book.add_format({"italic": True}))
                else:
                    sheet.write_number(row, column, draw.uniform(-1e6, 1e6), style)
            _around(book, sheet, draw)
    return path


def _around(book: Any, sheet: Any, draw: random.Random) -> None:
    """What stands beside the cells."""
    if draw.random() < 0.4:
        sheet.merge_range(_ROWS + 2, 0, _ROWS + 3, 3, "merged")
    if draw.random() < 0.4:
        sheet.add_table(_ROWS + 5, 0, _ROWS + 9, 2, {"columns": [{"header": h} for h in "abc"]})
    if draw.random() < 0.4:
        sheet.write_comment(1, 1, "a note")
    if draw.random() < 0.4:
        sheet.conditional_format(0, 0, 9, 9, {"type": "cell", "criteria": ">", "value": 3})
    if draw.random() < 0.4:
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": [sheet.name, 0, 0, 9, 0]})
        sheet.insert_chart("N2", chart)
    if draw.random() < 0.4:
        book.define_name(f"name_{sheet.name[-1]}", f"='{sheet.name}'!$A$1:$B$2")


def edits(book: FileBook, draw: random.Random, count: int) -> dict[tuple[str, str], Scalar]:
    """Values for cells that hold no formula, by sheet and address."""
    asked: dict[tuple[str, str], Scalar] = {}
    workbook = book.read()
    for _ in range(count):
        sheet = draw.choice(workbook.sheets)
        row, column = draw.randrange(_ROWS + 1), draw.randrange(_COLUMNS + 2)
        inside = row < sheet.height and column < sheet.width
        if inside and sheet.formula_mask()[row, column]:
            continue
        value = draw.choice((draw.uniform(-1e9, 1e9), draw.choice(_TEXTS), draw.random() < 0.5))
        asked[sheet.name, cell_name(row, column)] = value
    return asked


def changes(asked: Mapping[tuple[str, str], Scalar], texts: TextPool) -> Changes:
    cells = ((parse_area(at, sheet), value) for (sheet, at), value in asked.items())
    return Changes(inputs=[CellEdit.of_value(area, value, texts) for area, value in cells])


def _apart(part: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """The cells of a sheet as they are written, and all else but its dimension and its rows."""
    cells = {match[1]: match[0] for match in _CELL.finditer(part)}
    rest = _DIMENSION.sub(b"", _ROW.sub(b"", part))
    return cells, rest.replace(b"<sheetData></sheetData>", b"<sheetData/>")


def check(
    before: dict[str, bytes], after: dict[str, bytes], asked: Mapping[tuple[str, str], Scalar]
) -> None:
    """Nothing but the asked cells is different."""
    edited = {_part(sheet) for sheet, _ in asked}
    assert set(before) - {"xl/calcChain.xml"} == set(after) - {"xl/calcChain.xml"}
    for name, data in after.items():
        if name not in edited | _OF_ALL:
            assert data == before[name], name
    for name in edited:
        (old, around), (new, still) = _apart(before[name]), _apart(after[name])
        own = {at.encode() for sheet, at in asked if _part(sheet) == name}
        assert still == around, name
        kept = [{at: text for at, text in one.items() if at not in own} for one in (old, new)]
        assert kept[0] == kept[1], name


def _part(sheet: str) -> str:
    return f"xl/worksheets/sheet{int(sheet[-1]) + 1}.xml"


def edited_books(folder: Path, seed: int, books: int, each: int) -> int:
    """Makes, edits and checks; returns how many cells were edited."""
    draw, total = random.Random(seed), 0
    for _ in range(books):
        path = made(folder / "book.xlsx", draw)
        before, book = read_parts(path), FileBook(path)
        asked = edits(book, draw, each)
        book.write(changes(asked, book.read().texts))
        check(before, read_parts(path), asked)
        other = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
        for (sheet, at), value in asked.items():
            stored = other[sheet][at].value
            if stored != "_x005F_x000D_":  # openpyxl leaves the escape of an escape as it is
                assert (stored or "") == (value or ""), (sheet, at)
        total += len(asked)
    return total


def test_some_edits(tmp_path: Path) -> None:
    assert edited_books(tmp_path, 1, 12, 60) > 500


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_as_many_edits_as_were_made_by_hand(seed: int, tmp_path: Path) -> None:
    """Together more than 117,307 of 1,592 books."""
    assert edited_books(tmp_path, 100 + seed, 200, 95) > 15_000
