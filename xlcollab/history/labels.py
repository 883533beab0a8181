"""What a cell is called: its row label and its column heading, as Solver's reports say it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Kind, Sheet, Workbook
from xlcollab.ref import CellRef


def cell_names(workbook: Workbook, cells: Iterable[CellRef]) -> list[str]:
    """For each cell the first text to its left and the first one above it, joined by a space.

    Solver builds the Name column of its reports so (solver.com, "Interpreting the Answer Report").
    Empty where there is neither.
    """
    labels: dict[str, _Labels] = {}
    names = []
    for cell in cells:
        if cell.sheet not in labels:
            labels[cell.sheet] = _Labels(workbook.sheet(cell.sheet))
        names.append(labels[cell.sheet].name(cell.row, cell.column))
    return names


class _Labels:
    """For every cell of a sheet the column of the last text up to it in its row, −1 without one;
    and likewise the row of the last text in its column."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        text = _visible_text(sheet)
        columns = np.arange(sheet.width, dtype=np.int32)
        rows = np.arange(sheet.height, dtype=np.int32)[:, None]
        self._column = np.maximum.accumulate(np.where(text, columns, -1), axis=1)
        self._row = np.maximum.accumulate(np.where(text, rows, -1), axis=0)

    def name(self, row: int, column: int) -> str:
        texts = [self._left(row, column), self._above(row, column)]
        return " ".join(word for text in texts for word in text.split())

    def _left(self, row: int, column: int) -> str:
        before = min(column, self._sheet.width) - 1
        if before < 0 or row >= self._sheet.height:
            return ""
        return self._text(row, int(self._column[row, before]))

    def _above(self, row: int, column: int) -> str:
        before = min(row, self._sheet.height) - 1
        if before < 0 or column >= self._sheet.width:
            return ""
        return self._text(int(self._row[before, column]), column)

    def _text(self, row: int, column: int) -> str:
        if row < 0 or column < 0:
            return ""
        return self._sheet.texts[int(self._sheet.numbers[row, column])]


def _visible_text(sheet: Sheet) -> NDArray[np.bool_]:
    empty = [number for number in range(len(sheet.texts)) if not sheet.texts[number].strip()]
    mask: NDArray[np.bool_] = (sheet.kinds == Kind.TEXT) & ~np.isin(sheet.numbers, empty)
    return mask
