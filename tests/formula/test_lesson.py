"""Every formula of two real workbooks parses, prints, copies and has few distinct keys."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from html import unescape

import pytest

from tests.shared_data import lesson
from xlcollab.formula import Node, parse, relative_key, to_text
from xlcollab.ref import cell_name, parse_cell

BOOKS = ["collab_filter.xlsx", "graddesc.xlsx"]

_CELL = re.compile(r'<c r="([A-Z]+\d+)"[^>]*><f([^>]*?)(?:/>|>([^<]*)</f>)')
_SHARED = re.compile(r'si="(\d+)"')


@dataclass(frozen=True)
class Found:
    """A formula as stored: `text` is "" in a cell that shares the formula of `group`."""

    row: int
    column: int
    text: str
    group: str | None


def _sheets(name: str) -> list[list[Found]]:
    with zipfile.ZipFile(lesson(name)) as package:
        parts = sorted(
            part for part in package.namelist() if part.startswith("xl/worksheets/sheet")
        )
        return [_formulas(package.read(part).decode()) for part in parts]


def _formulas(xml: str) -> list[Found]:
    found = []
    for address, attributes, text in _CELL.findall(xml):
        group = _SHARED.search(attributes)
        found.append(Found(*parse_cell(address), unescape(text), group[1] if group else None))
    return found


def _typed(sheet: list[Found]) -> list[Found]:
    return [found for found in sheet if found.text]


def _spelled_out(sheet: list[Found]) -> list[Found]:
    """Each shared formula as it would be typed in its own cell."""
    masters: dict[str | None, Node] = {
        found.group: parse(found.text, found.row, found.column)
        for found in _typed(sheet)
        if found.group
    }
    return [
        found
        if found.text
        else Found(
            found.row,
            found.column,
            to_text(masters[found.group], found.row, found.column),
            found.group,
        )
        for found in sheet
    ]


@pytest.mark.parametrize("name", BOOKS)
def test_each_formula_survives_printing(name: str) -> None:
    formulas = [found for sheet in _sheets(name) for found in _typed(sheet)]
    assert len(formulas) > 70
    for found in formulas:
        node = parse(found.text, found.row, found.column)
        printed = to_text(node, found.row, found.column)
        assert parse(printed, found.row, found.column) == node


@pytest.mark.parametrize("name", BOOKS)
def test_shared_formulas_are_copied_as_openpyxl_copies_them(name: str) -> None:
    translate = pytest.importorskip("openpyxl.formula.translate")
    for sheet in _sheets(name):
        masters = {found.group: found for found in _typed(sheet) if found.group}
        for found in _spelled_out(sheet):
            if found.group is None:
                continue
            master = masters[found.group]
            translator = translate.Translator(
                "=" + master.text, cell_name(master.row, master.column)
            )
            copy = translator.translate_formula(cell_name(found.row, found.column))
            assert parse(copy, found.row, found.column) == parse(
                found.text, found.row, found.column
            )


@pytest.mark.parametrize(("name", "cells", "forms"), [(BOOKS[0], 3666, 14), (BOOKS[1], 2365, 51)])
def test_thousands_of_cells_have_few_forms(name: str, cells: int, forms: int) -> None:
    sheets = [_spelled_out(sheet) for sheet in _sheets(name)]
    keys = {
        relative_key(found.text, found.row, found.column) for sheet in sheets for found in sheet
    }
    assert sum(map(len, sheets)) == cells
    assert len(keys) == forms
