"""From cells as an application hands them over to arrays, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from xlcollab.grid import (
    ArrayFormula,
    CellEdit,
    Formulas,
    NewSheet,
    Scalar,
    Sheet,
    TextPool,
    decode,
    encode,
    storable,
)
from xlcollab.ref import Rect

Rows = Sequence[Sequence[Scalar]]


def sheet_of(
    name: str,
    rows: Rows,
    formulas: Mapping[tuple[int, int], str],
    texts: TextPool,
    *,
    arrays: Iterable[ArrayFormula] = (),
    merged: Iterable[Rect] = (),
    protected: bool = False,
) -> Sheet:
    """A `Sheet` from the values from A1 on and its formula cells.

    `formulas` holds texts with or without the leading "="; those inside `arrays` are left out.
    """
    inside = {cell for array in arrays for cell in array.rect.cells()}
    plain = {cell: text.removeprefix("=") for cell, text in formulas.items() if cell not in inside}
    height, width = _extent(rows, [*plain, *inside])
    kinds, numbers = np.zeros((height, width), np.uint8), np.zeros((height, width))
    for row, values in enumerate(rows[:height]):
        for column, value in enumerate(values[:width]):
            if value is not None:
                kinds[row, column], numbers[row, column] = encode(value, texts)
    return Sheet(
        name,
        kinds,
        numbers,
        texts,
        Formulas.from_cells(plain),
        arrays=list(arrays),
        merged=list(merged),
        protected=protected,
    )


def _extent(rows: Rows, formulas: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """(height, width) up to the last cell that holds a value or a formula."""
    cells = [*formulas]
    for row, values in enumerate(rows):
        filled = [column for column, value in enumerate(values) if value is not None]
        if filled:
            cells.append((row, filled[-1]))
    if not cells:
        return 0, 0
    return max(row for row, _ in cells) + 1, max(column for _, column in cells) + 1


def values_of(edit: CellEdit, texts: TextPool) -> list[list[Scalar]]:
    """The values of an edit, row by row."""
    return [
        [decode(kind, number, texts) for kind, number in zip(kinds, numbers, strict=True)]
        for kinds, numbers in zip(edit.kinds.tolist(), edit.numbers.tolist(), strict=True)
    ]


def rows_of(new: NewSheet) -> list[list[Scalar]]:
    """The values of a new sheet as a rectangle: short rows are filled up with blanks."""
    width = max((len(row) for row in new.rows), default=0)
    return [[storable(value) for value in row] + [None] * (width - len(row)) for row in new.rows]
