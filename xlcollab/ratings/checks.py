"""Bad ratings, told by row and by what was found there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, DTypeLike, NDArray

from xlcollab.errors import DataError

MOST_BESIDE_RANGE = 100.0
"""How many times their range ratings may be in size for float32 to hold them: it rounds them to
3e-6 of the range then, and a model of them as well."""
LEAST_RANGE = 1e-30
"""Below it squares of float32 vanish."""


def needs_double(low: float, high: float) -> bool:
    """Whether ratings from `low` to `high` lie so close beside their size, or beside nothing, that
    float32 rounds away what tells them apart.

    Where it says so of some ratings it may not of more of them, but never the other way.
    """
    size, span = max(abs(low), abs(high)), high - low
    if span == 0:
        return float(np.float32(low)) != low
    return size > MOST_BESIDE_RANGE * span or span < LEAST_RANGE


_LONGEST = 60
"""Letters of a value that a message shows."""


def narrowed(numbers: NDArray[Any], dtype: DTypeLike | None) -> NDArray[np.floating]:
    """Finite numbers (n,) as `dtype`; None is float32 where that tells them apart, else float64."""
    if dtype is None:
        double = len(numbers) > 0 and needs_double(float(numbers.min()), float(numbers.max()))
        dtype = np.float64 if double else np.float32
    found: NDArray[np.floating] = numbers.astype(dtype)
    return found


def checked_ratings(
    values: ArrayLike,
    dtype: DTypeLike | None = None,
    first_row: int = 1,
    column: str = "rating",
) -> NDArray[np.floating]:
    """`values` (n,) as finite floats; without a `dtype` as float32 where that tells them apart.

    `first_row` is the row number of the first value in its source, for the message. Raises
    DataError on text, a blank, an infinite value, one too large for `dtype`, or an empty column.
    """
    raw = np.asarray(values)
    if raw.ndim != 1:
        raise DataError(f"column {column!r} has shape {raw.shape}; ratings are one column")
    if not len(raw):
        raise DataError(f"column {column!r} is empty; a model needs at least one rating")
    numbers = raw if raw.dtype.kind in "fiu" else pd.to_numeric(pd.Series(raw), errors="coerce")
    numbers = np.asarray(numbers)
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(numbers.astype(dtype or np.float32))
    if bad.any():
        at = int(np.argmax(bad))
        more = f" ({int(bad.sum()) - 1} more like it)" if bad.sum() > 1 else ""
        raise DataError(
            f"row {first_row + at}, column {column!r}: found {shown(raw[at])}, "
            f"expected {expected(numbers[at], dtype or np.float32)}{more}"
        )
    return narrowed(numbers, dtype)


def expected(found: Any, dtype: DTypeLike) -> str:
    """What a rating must be, said of one that was found and is none; NaN stands for no number."""
    if np.isfinite(found):
        return f"a number of at most {np.finfo(dtype).max:.2g}, as {np.dtype(dtype)} holds"
    return "a finite number"


def shown(value: object) -> str:
    """A value as a message shows it."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "a blank"
    said = repr(value.item() if isinstance(value, np.generic) else value)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
