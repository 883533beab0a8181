"""Long table ⇄ crosstab (users down, items across, blanks where nothing is rated)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings.checks import narrowed, shown
from xlcollab.ratings.duplicates import merge_duplicates
from xlcollab.ratings.table import RatingsTable
from xlcollab.ratings.vocabulary import Vocabulary

# A crosstab is dense; 2^24 cells are 128 MB and as many as 16 full columns of a sheet.
MAX_CELLS = 2**24


def to_crosstab(table: RatingsTable) -> pd.DataFrame:
    """The ratings as a DataFrame, users down and items across, NaN where nothing is rated.

    Only ids with a rating appear. Raises DataError on duplicates and beyond MAX_CELLS.
    """
    table = merge_duplicates(table, "error")
    users, rows = np.unique(table.users, return_inverse=True)
    items, columns = np.unique(table.items, return_inverse=True)
    if len(users) * len(items) > MAX_CELLS:
        raise DataError(
            f"a crosstab of {len(users):,} × {len(items):,} is too large; take its densest corner"
        )
    cells = np.full((len(users), len(items)), np.nan, table.ratings.dtype)
    cells[rows, columns] = table.ratings
    return pd.DataFrame(
        cells,
        index=pd.Index(table.user_ids.index[users], name="user"),
        columns=pd.Index(table.item_ids.index[items], name="item"),
    )


def from_crosstab(frame: pd.DataFrame, dtype: DTypeLike | None = None) -> RatingsTable:
    """The ratings in a crosstab; ids are its index and columns, in their order.

    Blanks (NaN, None, "") are no ratings. Raises DataError by row and column on text and infinite
    values, on repeated ids, and if no cell holds a rating.
    """
    cells = frame.to_numpy()
    values = _numbers(cells)
    blank = frame.isna().to_numpy() | (cells == "")
    bad = ~blank & ~np.isfinite(values.astype(dtype or np.float32))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            f"row {row + 1} (user {frame.index.tolist()[row]!r}), column {column + 1} "
            f"(item {frame.columns.tolist()[column]!r}): found {shown(cells[row, column])}, "
            "expected a finite number or a blank"
        )
    if blank.all():
        raise DataError(f"the crosstab ({len(frame)} × {frame.shape[1]}) holds no rating")
    users, items = np.nonzero(~blank)
    return RatingsTable(
        users.astype(np.int32),
        items.astype(np.int32),
        narrowed(values[users, items], dtype),
        Vocabulary(pd.Index(frame.index), "user"),
        Vocabulary(pd.Index(frame.columns), "item"),
    )


def densest_corner(
    table: RatingsTable, n_users: int, n_items: int, *, refine: bool = False
) -> RatingsTable:
    """The ratings of the `n_users` users and `n_items` items that have the most of them.

    That is the lesson's choice: each side by its count in the whole table, ties by lower id.
    `refine` then chooses each side anew by its count within the other until no rating is gained
    (alternating ascent: never fewer ratings, a local optimum). The result has its own vocabularies.
    Raises UsageError for a size below 1, DataError where nothing is left.
    """
    if n_users < 1 or n_items < 1:
        raise UsageError(f"a corner has at least 1 × 1 cells, found {n_users} × {n_items}")
    users = _most(table.users, table.n_users, n_users)
    items = _most(table.items, table.n_items, n_items)
    inside = users[table.users] & items[table.items]
    while refine:
        users = _most(table.users[items[table.items]], table.n_users, n_users)
        items = _most(table.items[users[table.users]], table.n_items, n_items)
        gained = users[table.users] & items[table.items]
        refine = int(gained.sum()) > int(inside.sum())
        inside = gained if refine else inside
    if not inside.any():
        raise DataError(f"the most active users rated none of the {n_items} most rated items")
    return compact(table.take(inside))


def compact(table: RatingsTable) -> RatingsTable:
    """The same ratings with vocabularies of only the ids that occur."""
    user_numbers, users = np.unique(table.users, return_inverse=True)
    item_numbers, items = np.unique(table.items, return_inverse=True)
    return RatingsTable(
        users.astype(np.int32),
        items.astype(np.int32),
        table.ratings,
        Vocabulary(table.user_ids.index[user_numbers], "user"),
        Vocabulary(table.item_ids.index[item_numbers], "item"),
        table.time,
        table.split,
        table.extra,
    )


def _numbers(cells: NDArray[np.generic]) -> NDArray[np.float64]:
    """Cells as float64; what is no number becomes NaN."""
    if cells.dtype.kind in "fiu":
        return cells.astype(np.float64)
    flat = pd.to_numeric(pd.Series(cells.ravel(), dtype=object), errors="coerce")
    return np.asarray(flat, np.float64).reshape(cells.shape)


def _most(numbers: NDArray[np.int32], size: int, n: int) -> NDArray[np.bool_]:
    counts = np.bincount(numbers, minlength=size)
    chosen = np.zeros(size, bool)
    chosen[np.lexsort((np.arange(size), -counts))[:n]] = True
    return chosen
