"""Ratings from wherever they are: a workbook's sheet, or a file of a known form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from numpy.typing import DTypeLike

from xlcollab.api.ratings.ids import named_as
from xlcollab.api.ratings.kept.reading import holds_model
from xlcollab.api.ratings.reading.text import NAME_COLUMNS, begins_as_crosstab, text_workbook, whole
from xlcollab.errors import DataError, UsageError
from xlcollab.files import WORKBOOKS, FileBook
from xlcollab.grid import Workbook
from xlcollab.problems.ratings.find import FoundRatings, area_ratings, find_ratings
from xlcollab.problems.ratings.sheet import Spelled, read_sheet_ratings
from xlcollab.ratings import (
    Category,
    Columns,
    RatingsTable,
    Vocabulary,
    read_ratings,
    with_date_parts,
)
from xlcollab.ratings.parted.parts import is_parted
from xlcollab.ratings.read import check_ratings_file, files_of, may_be_crosstab, reads_as_long
from xlcollab.ref import parse_area
from xlcollab.settings.requests.ratings import Place

_SHOWN = 4
"""Cells of a first line that a message shows."""


def is_workbook(place: Place) -> bool:
    """Whether the ratings lie among the cells of a workbook."""
    return place.source.suffix.lower() in WORKBOOKS


def columns_of(place: Place) -> Columns:
    """The columns by the names that are said."""
    return Columns(
        user=place.user_column,
        item=place.item_column,
        rating=place.rating_column,
        time=place.time_column,
        split=place.split_column,
        extra=place.side_columns,
        counts=place.counts,
    )


def _said(place: Place) -> bool:
    """Whether a column is named."""
    return columns_of(place) != Columns(counts=place.counts)


def duplicates_of(place: Place) -> str:
    """What a pair that occurs twice becomes: counts add up unless something else is asked for."""
    return place.duplicates or ("sum" if place.counts else "error")


@dataclass(frozen=True, slots=True)
class Source:
    """Ratings, and a sentence on where they were found."""

    table: RatingsTable
    said: str
    is_crosstab: bool = False


def read_source(place: Place, dtype: DTypeLike | None = None, naming: str = NAME_COLUMNS) -> Source:
    """The ratings at `place`. Among cells: those of its area, else the largest in its sheet.

    Those of a file are of `dtype`, without one as narrow as tells them apart. A text file whose
    header does not say that it is a long table is looked through as a sheet is; `naming` advises
    how to say it.
    Raises DataError and UsageError saying what was looked for and where.
    """
    source = _read(place, dtype, naming)
    if not place.date_parts:
        return source
    return replace(source, table=with_date_parts(source.table, place.date_parts))


def _read(place: Place, dtype: DTypeLike | None, naming: str) -> Source:
    if is_workbook(place):
        return _among_cells(place, FileBook(place.source).read(), "name the area with --area")
    if reads_long(place):
        return _long_file(place, dtype)
    if not may_be_crosstab(place.source):
        raise UsageError(f"{place.source.name} has no cells; leave --area out")
    text = text_workbook(place.source)
    head = [text.workbook.sheets[0].value(0, column) for column in range(_SHOWN)]
    first = ", ".join(
        f"{cell:g}" if isinstance(cell, float) else str(cell) for cell in head if cell is not None
    )
    advice = f"its first line begins {first}; {naming}"
    return _among_cells(place, text.workbook, advice, text.ids)


def reads_long(place: Place) -> bool:
    """Whether a file, or the files of a folder or a pattern, are read as long tables: surely no
    crosstabs. Raises UsageError where there are none."""
    if place.sheet:
        raise UsageError(f"{place.source.name} has no sheets; leave --sheet out")
    check_ratings_file(place.source)
    said = place.no_header or _said(place)
    return place.area is None and (said or reads_as_long(place.source, counts=place.counts))


def _long_file(place: Place, dtype: DTypeLike | None) -> Source:
    table = read_ratings(
        place.source,
        columns_of(place),
        duplicates=duplicates_of(place),
        headless=place.no_header,
        dtype=dtype,
    )
    what = "pairs with a count" if place.counts else "ratings"
    return Source(table, f"{len(table):,} {what} in {shown(place.source)}")


def shown(source: Path) -> str:
    """The name of a source in messages; of several files how many they are, too."""
    if not is_parted(source):
        return source.name
    return f"{source} ({len(files_of(source)):,} files)"


def _among_cells(
    place: Place, workbook: Workbook, advice: str, spelled: Spelled | None = None
) -> Source:
    if place.area is not None:
        sheet = place.sheet or (None if is_workbook(place) else workbook.sheets[0].name)
        area = parse_area(place.area, sheet)
        candidates = [area_ratings(workbook, area, counts=place.counts)]
    else:
        _refuse_model(place, workbook)
        candidates = find_ratings(workbook, place.sheet, counts=place.counts)
    if not candidates and not is_workbook(place) and begins_as_crosstab(workbook.sheets[0]):
        candidates = [area_ratings(workbook, whole(workbook.sheets[0]))]
    if not candidates:
        where = f"sheet {place.sheet}" if place.sheet else place.source.name
        raise DataError(
            f"{where} holds neither a ratings crosstab (ids on the edges, blanks for missing) "
            f"nor a table with columns for user, item and rating; {advice}"
        )
    found = candidates[0]
    if found.is_crosstab and _said(place):
        raise UsageError(f"{found.area} is a crosstab, which has no named columns")
    try:
        table = read_sheet_ratings(
            workbook, found, columns_of(place), duplicates_of(place), spelled
        )
    except DataError as error:
        where = "" if found.area.sheet in str(error) else f"{found.area}: "
        raise DataError(f"{where}{error}") from None
    return Source(table, _told(candidates), found.is_crosstab)


def _refuse_model(place: Place, workbook: Workbook) -> None:
    """What a fit wrote are its results, no ratings, unless somebody names their sheet."""
    if place.sheet is None and is_workbook(place) and holds_model(workbook):
        name = place.source.name
        raise DataError(
            f"{name} is a model that fit wrote: `xlcollab predict {name}` and `recommend` take it; "
            "name the ratings it was made of, or with --sheet a sheet that holds some"
        )


def _told(candidates: Sequence[FoundRatings]) -> str:
    """What is read, and where else there may be ratings."""
    said, n = candidates[0].sentence, len(candidates)
    others = f", the largest of {n} that may be ratings; --area names another" if n > 1 else ""
    return said + others


def together(train: RatingsTable, test: RatingsTable) -> tuple[RatingsTable, RatingsTable]:
    """Two tables with common vocabularies, those of side columns too: one model serves both.

    What is written alike is the same: "14" in a file of texts is the 14 of training.
    """
    test = _named_as(train, test)
    users = _both(train.user_ids, test.user_ids)
    items = _both(train.item_ids, test.item_ids)
    levels = {
        name: _both(column.vocabulary, test.extra[name].vocabulary)
        for name, column in train.extra.items()
    }
    return _numbered(train, users, items, levels), _numbered(test, users, items, levels)


def _named_as(train: RatingsTable, test: RatingsTable) -> RatingsTable:
    """The test ratings with ids and levels as they are known from training."""
    extra = {
        name: replace(
            test.extra[name],
            vocabulary=named_as(column.vocabulary, test.extra[name].vocabulary),
        )
        for name, column in train.extra.items()
    }
    users, items = named_as(train.user_ids, test.user_ids), named_as(train.item_ids, test.item_ids)
    return replace(test, user_ids=users, item_ids=items, extra=extra)


def _both(one: Vocabulary, other: Vocabulary) -> Vocabulary:
    return Vocabulary.of([*one.index, *other.index], one.kind)[0]


def _numbered(
    table: RatingsTable, users: Vocabulary, items: Vocabulary, levels: Mapping[str, Vocabulary]
) -> RatingsTable:
    extra = {
        name: Category(levels[name].numbers(column.vocabulary.index)[column.numbers], levels[name])
        for name, column in table.extra.items()
    }
    return replace(table.renumbered(users, items), extra=extra)
