"""Finding ratings in a sheet: a crosstab (ids on the edges) or a long table (user, item, rating).

A crosstab is a corner cell that is blank or a text, ids to its right and ids below it, all
different, and inside only numbers that were typed, blanks where nothing is rated. Blocks of latent
factors look alike; they are told apart by their values, which hardly ever repeat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.errors import DataError
from xlcollab.grid import Kind, Scalar, Sheet, Workbook
from xlcollab.ratings import Columns, RatingsTable, from_crosstab, from_frame
from xlcollab.ratings.duplicates import Aggregate
from xlcollab.ref import AreaRef, Rect

_FEWEST = 3
_HEADER_ROWS = 100
_REPEATED = 0.5
"""Ratings repeat: at most this share of them is different, once there are more than a few."""
_FEW = 8


@dataclass(frozen=True, slots=True)
class FoundRatings:
    """An area that holds ratings: its edges included, or its header row."""

    area: AreaRef
    is_crosstab: bool
    count: int

    @property
    def sentence(self) -> str:
        form = "crosstab" if self.is_crosstab else "table"
        return f"a {form} of {self.count} ratings at {self.area}"


def find_ratings(workbook: Workbook, sheet: str | None = None) -> list[FoundRatings]:
    """What may be ratings, the largest first; in one sheet, or in all."""
    sheets = [workbook.sheet(sheet)] if sheet is not None else list(workbook)
    found = []
    for part in sheets:
        tables = list(_long_tables(part))
        found += tables + [one for one in _crosstabs(part) if not _within(one, tables)]
    return sorted(found, key=lambda one: -one.count)


def _within(one: FoundRatings, others: list[FoundRatings]) -> bool:
    return any(one.area.rect.intersection(other.area.rect) for other in others)


def read_sheet_ratings(
    workbook: Workbook,
    found: FoundRatings,
    columns: Columns | None = None,
    duplicates: Aggregate = "error",
) -> RatingsTable:
    """The ratings in an area. Raises DataError and UsageError by row and column."""
    sheet, rect = workbook.sheet(found.area.sheet), found.area.rect
    rows = [
        [sheet.value(row, column) for column in range(rect.left, rect.right)]
        for row in range(rect.top, rect.bottom)
    ]
    if found.is_crosstab:
        ids = [_id(row[0]) for row in rows[1:]]
        cells = [row[1:] for row in rows[1:]]
        frame = pd.DataFrame(cells, index=ids, columns=[_id(value) for value in rows[0][1:]])
        return from_crosstab(frame, np.float64)
    names = [str(value) for value in rows[0]]
    data = pd.DataFrame([[_id(value) for value in row] for row in rows[1:]], columns=names)
    return from_frame(
        data,
        columns,
        source=str(found.area),
        duplicates=duplicates,
        dtype=np.float64,
        first_row=rect.top + 2,
    )


def area_ratings(workbook: Workbook, area: AreaRef) -> FoundRatings:
    """An area that the user names: a long table if its first row reads so, else a crosstab."""
    sheet, rect = workbook.sheet(area.sheet), area.rect
    head = [sheet.value(rect.top, column) for column in range(rect.left, rect.right)]
    if rect.height < _FEWEST or rect.width < _FEWEST:
        raise DataError(f"{area} is too small for ratings; include the ids on its edges")
    return FoundRatings(area, not _is_header(head), rect.height - 1)


def _id(value: Scalar) -> Scalar | int:
    """14.0 → 14: ids in cells are whole numbers or texts."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_header(values: list[Scalar]) -> bool:
    names = [value for value in values if isinstance(value, str)]
    if len(names) < 3:
        return False
    return Columns.known(names).keys() >= {"user", "item", "rating"}


def _long_tables(sheet: Sheet) -> Iterator[FoundRatings]:
    filled = sheet.kinds != Kind.BLANK
    for row in range(min(sheet.height - 1, _HEADER_ROWS)):
        for left, right in _runs(sheet.kinds[row] == Kind.TEXT):
            if not _is_header([sheet.value(row, column) for column in range(left, right)]):
                continue
            body = filled[row + 1 :, left:right].all(axis=1)
            height = int(np.argmin(body)) if not body.all() else len(body)
            if height:
                area = AreaRef(sheet.name, Rect(row, left, height + 1, right - left))
                yield FoundRatings(area, False, height)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _crosstabs(sheet: Sheet) -> Iterator[FoundRatings]:
    typed = ~sheet.formula_mask()
    is_id = typed & np.isin(sheet.kinds, (Kind.NUMBER, Kind.TEXT))
    corner = np.isin(sheet.kinds, (Kind.BLANK, Kind.TEXT)) & typed
    right, below = _run_lengths(is_id, axis=1), _run_lengths(is_id, axis=0)
    rows, columns = np.nonzero(corner[:-1, :-1])
    wide = (right[rows, columns + 1] >= _FEWEST) & (below[rows + 1, columns] >= _FEWEST)
    best: dict[tuple[int, int], FoundRatings] = {}
    for row, column in zip(rows[wide].tolist(), columns[wide].tolist(), strict=True):
        height, width = int(below[row + 1, column]), int(right[row, column + 1])
        found = _crosstab(sheet, typed, Rect(row, column, height + 1, width + 1))
        if found is not None:
            best.setdefault((found.area.rect.bottom, found.area.rect.right), found)
    yield from best.values()


def _run_lengths(mask: NDArray[np.bool_], axis: int) -> NDArray[np.int64]:
    """For each cell how many cells in a row, from it on along the axis, are in the mask."""
    lengths = np.zeros(mask.shape, np.int64)
    flipped = np.flip(mask, axis)
    counts = np.cumsum(flipped, axis)
    resets = np.maximum.accumulate(np.where(flipped, 0, counts), axis)
    lengths[...] = np.flip(counts - resets, axis)
    return lengths


def _crosstab(sheet: Sheet, typed: NDArray[np.bool_], rect: Rect) -> FoundRatings | None:
    """The area as a crosstab; None where its inside or its ids do not fit."""
    inside = Rect(rect.top + 1, rect.left + 1, rect.height - 1, rect.width - 1)
    kinds = sheet.kinds[inside.rows, inside.columns]
    number = (kinds == Kind.NUMBER) & typed[inside.rows, inside.columns]
    if not (number | (kinds == Kind.BLANK)).all() or number.sum() < _FEWEST:
        return None
    across = sheet.numbers[rect.top, inside.columns], sheet.kinds[rect.top, inside.columns]
    down = sheet.numbers[inside.rows, rect.left], sheet.kinds[inside.rows, rect.left]
    if not all(_different(*edge) for edge in (across, down)):
        return None
    values = sheet.numbers[inside.rows, inside.columns][number]
    if len(values) > _FEW and len(np.unique(values)) > _REPEATED * len(values):
        return None
    return FoundRatings(AreaRef(sheet.name, rect), True, int(number.sum()))


def _different(numbers: NDArray[np.float64], kinds: NDArray[np.uint8]) -> bool:
    return len(np.unique(np.stack([numbers, kinds.astype(np.float64)]), axis=1)[0]) == len(numbers)
