"""Side features from the time column: the parts of a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings.table import Category, RatingsTable
from xlcollab.ratings.vocabulary import Vocabulary

# The names users say → pandas' attributes.
PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "day": "day",
    "weekday": "day_of_week",
    "hour": "hour",
}


def with_date_parts(table: RatingsTable, parts: Sequence[str]) -> RatingsTable:
    """`table` with extra columns named after `parts` (see PARTS), from its times in UTC.

    Numbers are seconds since 1970, as MovieLens has them. Raises DataError without a time column or
    where a time cannot be read.
    """
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise UsageError(f"unknown date part {unknown[0]!r}; one of {', '.join(PARTS)}")
    if table.time is None:
        raise DataError("the ratings have no time column to take date parts from")
    moments = pd.DatetimeIndex(_moments(table.time))
    extra = dict(table.extra)
    for part in parts:
        vocabulary, numbers = Vocabulary.of(getattr(moments, PARTS[part]), part)
        extra[part] = Category(numbers, vocabulary)
    return replace(table, extra=extra)


def _moments(time: NDArray[Any]) -> Any:
    column = pd.Series(time)
    unit = "s" if pd.api.types.is_numeric_dtype(column) else None
    moments = pd.to_datetime(column, unit=unit, errors="coerce")
    bad = moments.isna().to_numpy()
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(f"row {row + 1}, column 'time': found {column[row]!r}, expected a time")
    return moments
