"""Bad ratings, told by row and by what was found there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, DTypeLike, NDArray

from xlcollab.errors import DataError


def checked_ratings(
    values: ArrayLike, dtype: DTypeLike = np.float32, first_row: int = 1, column: str = "rating"
) -> NDArray[np.floating]:
    """`values` (n,) as finite floats.

    `first_row` is the row number of the first value in its source, for the message. Raises
    DataError on text, a blank, an infinite value, one too large for `dtype`, or an empty column.
    """
    raw = np.asarray(values)
    if raw.ndim != 1:
        raise DataError(f"column {column!r} has shape {raw.shape}; ratings are one column")
    if not len(raw):
        raise DataError(f"column {column!r} is empty; a model needs at least one rating")
    numbers = raw if raw.dtype.kind in "fiu" else pd.to_numeric(pd.Series(raw), errors="coerce")
    with np.errstate(over="ignore"):
        ratings = np.asarray(numbers).astype(dtype)
    bad = ~np.isfinite(ratings)
    if bad.any():
        at = int(np.argmax(bad))
        more = f" ({int(bad.sum()) - 1} more like it)" if bad.sum() > 1 else ""
        raise DataError(
            f"row {first_row + at}, column {column!r}: found {shown(raw[at])}, "
            f"expected {expected(numbers[at], dtype)}{more}"
        )
    return ratings


def expected(found: Any, dtype: DTypeLike) -> str:
    """What a rating must be, said of one that was found and is none; NaN stands for no number."""
    if np.isfinite(found):
        return f"a number of at most {np.finfo(dtype).max:.2g}, as {np.dtype(dtype)} holds"
    return "a finite number"


def shown(value: object) -> str:
    """A value as a message shows it."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "a blank"
    return repr(value.item() if isinstance(value, np.generic) else value)
