"""Ratings from wherever they are: a workbook's sheet, or a file of a known form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xlcollab.errors import DataError
from xlcollab.files import FileBook
from xlcollab.problems.ratings_sheet import area_ratings, find_ratings, read_sheet_ratings
from xlcollab.ratings import Columns, RatingsTable, Vocabulary, read_ratings
from xlcollab.ratings.duplicates import Aggregate
from xlcollab.ref import parse_area

WORKBOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True, slots=True)
class Source:
    """Ratings, and a sentence on where they were found."""

    table: RatingsTable
    said: str
    is_crosstab: bool = False


def read_source(
    path: Path,
    *,
    sheet: str | None = None,
    area: str | None = None,
    columns: Columns | None = None,
    duplicates: Aggregate = "error",
) -> Source:
    """The ratings in `path`. In a workbook: those of `area`, else the largest found in `sheet`.

    Raises DataError and UsageError saying what was looked for and where.
    """
    if path.suffix.lower() not in WORKBOOKS:
        table = read_ratings(path, columns, duplicates=duplicates)
        return Source(table, f"{len(table)} ratings in {path.name}")
    workbook = FileBook(path).read()
    if area is not None:
        found = area_ratings(workbook, parse_area(area, sheet))
    else:
        candidates = find_ratings(workbook, sheet)
        if not candidates:
            where = f"sheet {sheet}" if sheet else path.name
            raise DataError(
                f"{where} holds neither a ratings crosstab (ids on the edges, blanks for missing) "
                "nor a table with columns for user, item and rating; name the area with --area"
            )
        found = candidates[0]
    table = read_sheet_ratings(workbook, found, columns, duplicates)
    return Source(table, found.sentence, found.is_crosstab)


def together(train: RatingsTable, test: RatingsTable) -> tuple[RatingsTable, RatingsTable]:
    """Two tables with common vocabularies, so that one model serves both."""
    users = Vocabulary.of([*train.user_ids.index, *test.user_ids.index], "user")[0]
    items = Vocabulary.of([*train.item_ids.index, *test.item_ids.index], "item")[0]
    return train.renumbered(users, items), test.renumbered(users, items)
