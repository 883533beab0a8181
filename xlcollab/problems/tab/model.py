"""The model of a tab without its chain: every row reads the start weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xlcollab.errors import ModelError
from xlcollab.grid import Formulas, Workbook
from xlcollab.problems.tab.tab import GraddescTab
from xlcollab.ref import CellRef, cell_name


def starts(tab: GraddescTab) -> list[CellRef]:
    """The start cells of the weights. Raises ModelError when one is unknown."""
    found = [weight.start for weight in tab.weights]
    for weight, cell in zip(tab.weights, found, strict=True):
        if cell is None:
            raise ModelError(f"{tab.sheet}: the weight {weight.name} has no start cell")
    return [cell for cell in found if cell is not None]


def unrolled(workbook: Workbook, tab: GraddescTab) -> Workbook:
    """The workbook with all rows of the tab at the same weights, those of the start cells.

    Prediction, error and gradient columns then hold the model over the whole data.
    """
    sheet = workbook.sheet(tab.sheet)
    texts: dict[tuple[int, int], str] = {}
    for weight, start in zip(tab.weights, starts(tab), strict=True):
        for row in tab.rows:
            if (row, weight.column) != (start.row, start.column):
                texts[row, weight.column] = cell_name(start.row, start.column, absolute=True)
    old, new = sheet.formulas, Formulas.from_cells(texts)
    pairs = zip(old.rows.tolist(), old.columns.tolist(), strict=True)
    kept = np.array([pair not in texts for pair in pairs], np.bool_)
    formulas = Formulas(
        np.concatenate([old.rows[kept], new.rows]),
        np.concatenate([old.columns[kept], new.columns]),
        np.concatenate([old.text_ids[kept], new.text_ids + np.int32(len(old.texts))]),
        np.concatenate([old.anchor_rows[kept], new.anchor_rows]),
        np.concatenate([old.anchor_columns[kept], new.anchor_columns]),
        [*old.texts, *new.texts],
    )
    changed = replace(sheet, formulas=formulas)
    others = [changed if one is sheet else one for one in workbook.sheets]
    return replace(workbook, sheets=others)
