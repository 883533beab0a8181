"""What the cells of an area hold, as the Solver model's checks ask it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Workbook
from xlcollab.ref import AreaRef, CellRef

_SHOWN = 5
"""Cells that a sentence names; it has to be read."""


class FormulaCells:
    """Where the formulas of a workbook are; each sheet is looked through once."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._masks: dict[str, NDArray[np.bool_]] = {}

    def mask(self, area: AreaRef) -> NDArray[np.bool_]:
        """True where a cell of `area` holds a formula; shape (height, width) of the area."""
        sheet = self._workbook.sheet(area.sheet)
        if area.sheet not in self._masks:
            self._masks[area.sheet] = sheet.formula_mask()
        mask = np.zeros((area.rect.height, area.rect.width), np.bool_)
        inside = area.rect.intersection(sheet.used)
        if inside:
            there = inside.shifted(-area.rect.top, -area.rect.left)
            mask[there.rows, there.columns] = self._masks[area.sheet][inside.rows, inside.columns]
        return mask


def marked_cells(area: AreaRef, mask: NDArray[np.bool_]) -> list[CellRef]:
    """The cells of `area` where `mask` is true, in reading order."""
    top, left = area.rect.top, area.rect.left
    return [
        CellRef(area.sheet, top + int(row), left + int(column)) for row, column in np.argwhere(mask)
    ]


def listed(cells: Iterable[CellRef | AreaRef]) -> str:
    """ "S!A1, S!A2 and 7 more": for messages."""
    names = [str(cell) for cell in cells]
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
