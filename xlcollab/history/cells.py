"""Arrays of numbers as cell values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Scalar


def number_rows(numbers: NDArray[np.float64]) -> list[list[Scalar]]:
    """`numbers` (n, k) row by row; what is not finite, which no cell can hold, becomes a blank."""
    cells = numbers.astype(object)
    cells[~np.isfinite(numbers)] = None
    rows: list[list[Scalar]] = cells.tolist()
    return rows
