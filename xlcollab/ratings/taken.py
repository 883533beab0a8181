"""Counts as what was taken up: purchases, plays, clicks, 0 or 1."""

from __future__ import annotations

import numpy as np

from xlcollab.errors import DataError
from xlcollab.ratings.table import RatingsTable

ANY = 5e-324
"""The least count that says something was taken up."""


def taken_up(table: RatingsTable) -> RatingsTable:
    """The table without counts of 0, all ids kept.

    Raises DataError for counts below 0 and where none is left.
    """
    below = np.flatnonzero(table.ratings < 0)
    if len(below):
        at = int(below[0])
        user, item = table.user_ids.ids([table.users[at]]), table.item_ids.ids([table.items[at]])
        raise DataError(
            f"user {user[0]!r} has {table.ratings[at]:g} of item {item[0]!r}; what is taken up is "
            "counted from 0, so leave implicit out for ratings that fall below"
        )
    found = table if (table.ratings > 0).all() else table.take(table.ratings > 0)
    if not len(found):
        raise DataError("every count is 0: nothing was taken up that could be learned from")
    return found
