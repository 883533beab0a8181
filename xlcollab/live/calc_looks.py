"""How the cells of a new sheet look in LibreOffice Calc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlcollab.grid import Look, NewSheet

_BOLD = 150.0
"""com.sun.star.awt.FontWeight.BOLD"""
_ACCENT, _GREY, _WHITE = 0x1F4E79, 0x4B5563, 0xFFFFFF
"""Colours, 0xRRGGBB, as in files."""

_TEXTS: Mapping[Look, Mapping[str, Any]] = {
    "title": {"CharWeight": _BOLD, "CharHeight": 16.0, "CharColor": _ACCENT},
    "note": {"CharColor": _GREY},
    "section": {"CharWeight": _BOLD, "CharHeight": 12.0, "CharColor": _ACCENT},
    "label": {"CharWeight": _BOLD},
    "head": {
        "CharWeight": _BOLD,
        "CharColor": _WHITE,
        "CellBackColor": _ACCENT,
        "IsTextWrapped": True,
    },
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


def dress(document: Any, target: Any, sheet: NewSheet) -> None:
    """Give the cells of `target` the looks of `sheet`."""
    height = len(sheet.rows)
    for column, look in sheet.column_looks.items():
        _set_format(document, _cells(target, 0, column, height, 1), look)
    for row, look in sheet.row_looks.items():
        width = len(sheet.rows[row]) if row < height else 0
        if width:
            _set_texts(_cells(target, row, 0, 1, width), look)
    for (row, column), look in sheet.cell_looks.items():
        cell = _cells(target, row, column, 1, 1)
        _set_format(document, cell, look)
        _set_texts(cell, look)


def _set_texts(cells: Any, look: Look) -> None:
    for name, value in _TEXTS.get(look, {}).items():
        cells.setPropertyValue(name, value)


def _cells(target: Any, top: int, left: int, height: int, width: int) -> Any:
    return target.getCellRangeByPosition(left, top, left + width - 1, top + height - 1)


def _set_format(document: Any, cells: Any, look: Look) -> None:
    code = _NUMBERS.get(look)
    if code is None:
        return
    formats, locale = document.NumberFormats, document.CharLocale
    key = formats.queryKey(code, locale, False)
    cells.NumberFormat = formats.addNew(code, locale) if key == -1 else key
