"""Ratings in a range of cells: a long table with headers, or a crosstab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlcollab.api.cells.values import Block, identifier, is_blank, word
from xlcollab.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from xlcollab.ratings import RatingsTable


def ratings_in(block: Block, duplicates: str = "error", *, counts: bool = False) -> RatingsTable:
    """The ratings of a range: a long table if its first row names user, item and rating, else a
    crosstab with users down and items across. With `counts` a long table may have no ratings, each
    row counts as 1 then.

    Raises DataError saying what no rating is, and UsageError for an unknown `duplicates`.
    """
    from xlcollab.ratings import Columns, from_crosstab, from_frame

    if is_long(block, counts=counts):
        return from_frame(
            _long_frame(block),
            Columns(counts=counts),
            source="the range",
            duplicates=duplicates,
            first_row=2,
        )
    return from_crosstab(_crosstab_frame(block))


def crosstab(ratings: Block, aggregate: Block | None = None) -> list[list[Any]]:
    """A long table as a crosstab with headers; `aggregate`: error, mean, sum or last."""
    from xlcollab.ratings import to_crosstab

    chosen = word(aggregate, "aggregate") or "error"
    frame = to_crosstab(ratings_in(ratings, chosen))
    head = [f"{frame.index.name} \\ {frame.columns.name}", *frame.columns.tolist()]
    values = [[None if cell != cell else cell for cell in row] for row in frame.to_numpy().tolist()]
    return [head] + [[user, *row] for user, row in zip(frame.index.tolist(), values, strict=True)]


def is_long(block: Block, *, counts: bool = False) -> bool:
    """Whether the first row names user, item and rating, of which `counts` need none."""
    from xlcollab.ratings import Columns

    names = [value for value in block[0] if isinstance(value, str)]
    try:
        Columns(counts=counts).resolve(names, "the range")
    except UsageError:
        return False
    return len(names) == len(block[0])


def _long_frame(block: Block) -> pd.DataFrame:
    import pandas as pd

    rows = [[identifier(v) for v in row] for row in block[1:] if not all(map(is_blank, row))]
    return pd.DataFrame(rows, columns=pd.Index(block[0]))


def _crosstab_frame(block: Block) -> pd.DataFrame:
    """Columns without an item and rows without a user are no part of it."""
    import pandas as pd

    if len(block) < 2 or len(block[0]) < 2:
        raise DataError(
            f"the ratings are {len(block)} × {len(block[0])} cells; a crosstab with users in its "
            "first column and items in its first row was expected, or a table with the headers "
            "user, item and rating"
        )
    columns = [i for i, item in enumerate(block[0]) if i and not is_blank(item)]
    rows = [row for row in block[1:] if not is_blank(row[0])]
    return pd.DataFrame(
        [[row[i] for i in columns] for row in rows],
        index=pd.Index([identifier(row[0]) for row in rows]),
        columns=pd.Index([identifier(block[0][i]) for i in columns]),
        dtype=object,
    )
