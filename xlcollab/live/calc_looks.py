"""How the cells of a new sheet look in LibreOffice Calc."""

from __future__ import annotations

from typing import Any

from xlcollab.grid import Look, NewSheet
from xlcollab.grid.looks import MOST_ODD, NUMBER_FORMATS, TEXT_LOOKS

_BOLD = 150.0
"""com.sun.star.awt.FontWeight.BOLD"""


def dress(document: Any, target: Any, sheet: NewSheet) -> None:
    """Give the cells of `target` the looks of `sheet`."""
    height = len(sheet.rows)
    for column, look in sheet.column_looks.items():
        _set_format(document, _cells(target, 0, column, height, 1), look)
    for row, look in sheet.row_looks.items():
        width = len(sheet.rows[row]) if row < height else 0
        if width:
            _set_texts(_cells(target, row, 0, 1, width), look)
    for (row, column), look in (*sheet.cell_looks.items(), *sheet.odd_numbers(MOST_ODD)):
        cell = _cells(target, row, column, 1, 1)
        _set_format(document, cell, look)
        _set_texts(cell, look)
        if look == "wrapped":
            cell.setPropertyValue("IsTextWrapped", True)


def offer(uno: Any, target: Any, sheet: NewSheet) -> None:
    """Give the cells of `target` the drop-downs of words that `sheet` has."""
    for (row, column), offered in sheet.choices.items():
        if isinstance(offered, tuple):
            cell = _cells(target, row, column, 1, 1)
            drop_down = cell.Validation
            drop_down.Type = uno.Enum("com.sun.star.sheet.ValidationType", "LIST")
            drop_down.setFormula1(";".join(f'"{word}"' for word in offered))
            cell.Validation = drop_down


def _set_texts(cells: Any, look: Look) -> None:
    text = TEXT_LOOKS.get(look)
    if text is None:
        return
    properties = {"CharHeight": float(text.size), "CharColor": text.color}
    if text.bold:
        properties["CharWeight"] = _BOLD
    if text.fill is not None:
        properties |= {"CellBackColor": text.fill, "IsTextWrapped": True}
    for name, value in properties.items():
        cells.setPropertyValue(name, value)


def _cells(target: Any, top: int, left: int, height: int, width: int) -> Any:
    return target.getCellRangeByPosition(left, top, left + width - 1, top + height - 1)


def _set_format(document: Any, cells: Any, look: Look) -> None:
    code = NUMBER_FORMATS.get(look)
    if code is None:
        return
    formats, locale = document.NumberFormats, document.CharLocale
    key = formats.queryKey(code, locale, False)
    cells.NumberFormat = formats.addNew(code, locale) if key == -1 else key
