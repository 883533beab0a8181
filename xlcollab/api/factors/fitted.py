"""The items of a workbook that `xlcollab fit` wrote: its sheet `items` says what it holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Kind, Scalar, Workbook
from xlcollab.history import head_row_of

FITTED = "items"
"""The name of the sheet."""
_FACTOR, _BIAS = "factor ", "bias"


class FittedItems(NamedTuple):
    """Names (n,), factors (n, k) and biases (n,)."""

    names: list[str]
    factors: NDArray[np.float64]
    bias: NDArray[np.float64] | None


def fitted_items(workbook: Workbook) -> FittedItems | None:
    """None where there is no such sheet, or one without factors."""
    sheet = workbook.find(FITTED)
    if sheet is None or sheet.height < 2:
        return None
    row = head_row_of(sheet)
    head = [str(sheet.value(row, column)) for column in range(sheet.width)]
    columns = [place for place, name in enumerate(head) if name.startswith(_FACTOR)]
    if head[0] != "item" or _BIAS not in head or not columns:
        return None
    needed = [head.index(_BIAS), *columns]
    if (sheet.kinds[row + 1 :, needed] != Kind.NUMBER).any():
        return None
    named = head.index("title") if "title" in head else 0
    names = [
        _text(sheet.value(line, named) or sheet.value(line, 0))
        for line in range(row + 1, sheet.height)
    ]
    numbers = sheet.numbers[row + 1 :]
    return FittedItems(names, numbers[:, columns], numbers[:, needed[0]])


def _text(value: Scalar) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
