"""How the cells of a new sheet look in Excel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import xlwings as xw

from xlcollab.grid import Look, NewSheet
from xlcollab.live.excel_read import range_of
from xlcollab.ref import Rect

_ACCENT, _GREY, _WHITE, _INK = (31, 78, 121), (75, 85, 99), (255, 255, 255), (31, 41, 55)
"""Colours (red, green, blue), as in files."""


class _Text(NamedTuple):
    size: float
    color: tuple[int, int, int]
    bold: bool = False
    fill: tuple[int, int, int] | None = None


_TEXTS: Mapping[Look, _Text] = {
    "title": _Text(16, _ACCENT, True),
    "note": _Text(11, _GREY),
    "section": _Text(12, _ACCENT, True),
    "label": _Text(11, _INK, True),
    "head": _Text(11, _WHITE, True, _ACCENT),
}
_NUMBERS: Mapping[Look, str] = {
    "number": "0.0000",
    "large": "#,##0.00",
    "tiny": "0.000E+00",
    "wide": "[=0]0.0000;[<0.001]0.000E+00;0.0000",
    "whole": "0",
    "tenths": "0.0",
    "share": "0.0%",
    "seconds": "0.00",
}


def dress(target: xw.Sheet, sheet: NewSheet) -> None:
    """Give the cells of `target` the looks of `sheet`."""
    height = len(sheet.rows)
    for column, look in sheet.column_looks.items():
        if height and look in _NUMBERS:
            range_of(target, Rect(0, column, height, 1)).number_format = _NUMBERS[look]
    for row, look in sheet.row_looks.items():
        width = len(sheet.rows[row]) if row < height else 0
        if width and look in _TEXTS:
            _write(range_of(target, Rect(row, 0, 1, width)), _TEXTS[look])
    for (row, column), look in sheet.cell_looks.items():
        cell = range_of(target, Rect(row, column))
        if look in _NUMBERS:
            cell.number_format = _NUMBERS[look]
        elif look in _TEXTS:
            _write(cell, _TEXTS[look])


def _write(cells: xw.Range, text: _Text) -> None:
    cells.font.size, cells.font.color, cells.font.bold = text.size, text.color, text.bold
    if text.fill is not None:
        cells.color, cells.wrap_text = text.fill, True
