"""Side features from the time column: the parts of a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings.checks import shown
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
    found = times(table)
    moments = pd.DatetimeIndex(pd.to_datetime(found, unit="s") if _is_number(found) else found)
    extra = dict(table.extra)
    for part in parts:
        vocabulary, numbers = Vocabulary.of(getattr(moments, PARTS[part]), part)
        extra[part] = Category(numbers, vocabulary)
    return replace(table, extra=extra)


def times(table: RatingsTable) -> NDArray[np.generic]:
    """When each rating was given (n,): numbers as they are, texts as the moments they say.

    Raises DataError without a time column, or naming the rating whose time cannot be read.
    """
    if table.time is None:
        raise DataError("the ratings have no time column; name it, or do without times")
    found: NDArray[np.generic] = table.time if _is_number(table.time) else _moments(table.time)
    bad = pd.isna(found)
    if bad.any():
        at = int(np.argmax(bad))
        user = table.user_ids.ids([table.users[at]])[0]
        item = table.item_ids.ids([table.items[at]])[0]
        raise DataError(
            f"the time of user {user!r}'s rating of item {item!r} is {shown(table.time[at])}, "
            "expected a date or a number"
        )
    return found


def _is_number(time: NDArray[np.generic]) -> bool:
    return time.dtype.kind in "iuf"


def _moments(time: NDArray[np.generic]) -> NDArray[np.generic]:
    """Texts as numbers where one of them is a number, else as dates; NaN and NaT for the others.

    Other forms of dates than ISO 8601 are read one by one, which is slow.
    """
    column = pd.Series(time)
    if time.dtype.kind == "M":
        return time
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().any():
        return np.asarray(numbers)
    moments = pd.to_datetime(column, format="ISO8601", errors="coerce")
    if moments.isna().any():
        moments = pd.to_datetime(column, format="mixed", errors="coerce")
    return np.asarray(moments)
