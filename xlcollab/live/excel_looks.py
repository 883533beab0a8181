"""How the cells of a new sheet look in Excel."""

from __future__ import annotations

import sys

import xlwings as xw

from xlcollab.grid import NewSheet
from xlcollab.grid.looks import MOST_ODD, NUMBER_FORMATS, TEXT_LOOKS, TextLook
from xlcollab.live.excel_read import range_of
from xlcollab.ref import Rect


def dress(target: xw.Sheet, sheet: NewSheet) -> None:
    """Give the cells of `target` the looks of `sheet`."""
    height = len(sheet.rows)
    for column, look in sheet.column_looks.items():
        if height and look in NUMBER_FORMATS:
            range_of(target, Rect(0, column, height, 1)).number_format = NUMBER_FORMATS[look]
    for row, look in sheet.row_looks.items():
        width = len(sheet.rows[row]) if row < height else 0
        if width and look in TEXT_LOOKS:
            _write(range_of(target, Rect(row, 0, 1, width)), TEXT_LOOKS[look])
    for (row, column), look in (*sheet.cell_looks.items(), *sheet.odd_numbers(MOST_ODD)):
        cell = range_of(target, Rect(row, column))
        if look in NUMBER_FORMATS:
            cell.number_format = NUMBER_FORMATS[look]
        elif look in TEXT_LOOKS:
            _write(cell, TEXT_LOOKS[look])
        elif look == "wrapped":
            cell.wrap_text = True
    for (row, column), offered in sheet.choices.items():
        if isinstance(offered, tuple) and sys.platform != "darwin":
            _offer(range_of(target, Rect(row, column)), offered)


_LIST, _STOP, _BETWEEN = 3, 1, 1
"""xlValidateList, xlValidAlertStop and xlBetween."""


def _offer(cell: xw.Range, words: tuple[str, ...]) -> None:
    """A drop-down, through COM: for xlwings it is no open call."""
    cell.api.Validation.Add(_LIST, _STOP, _BETWEEN, ",".join(words))


def _write(cells: xw.Range, text: TextLook) -> None:
    cells.font.size, cells.font.color, cells.font.bold = text.size, _rgb(text.color), text.bold
    if text.fill is not None:
        cells.color, cells.wrap_text = _rgb(text.fill), True


def _rgb(color: int) -> tuple[int, int, int]:
    """0xRRGGBB as (red, green, blue)."""
    red, green, blue = color.to_bytes(3, "big")
    return red, green, blue
