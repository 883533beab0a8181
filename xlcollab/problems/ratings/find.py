"""Finding ratings in a sheet: a crosstab (ids on the edges) or a long table (user, item, rating).

A crosstab is a corner cell that is blank or a text, ids to its right and ids below it, texts or
whole numbers and all different, and inside typed numbers, blanks where nothing is rated. Blocks of
latent factors look alike; they are told apart by their values, which hardly ever repeat. A few
cells that are no numbers do not hide a crosstab: the reader names them, which helps more than not
finding it. A crosstab of formulas, such as look-ups in a long table, is found where its sheet is
asked for and holds no typed ratings: elsewhere it would be taken for predictions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError
from xlcollab.grid import Kind, Scalar, Sheet, Workbook
from xlcollab.ratings.columns import REQUIRED, Columns
from xlcollab.ref import AreaRef, Rect
from xlcollab.settings.counting import amount

_FEWEST = 3
"""Users, items and ratings; fewer numbers in a block with headings are any small table."""
_HEADER_ROWS = 100
"""Rows that are looked at for headings of a long table: sheets begin with titles and notes."""
_REPEATED = 0.5
"""Ratings repeat: at most this share of them is different, once there are more than a few."""
_FEW = 8
"""Numbers that may all differ and be ratings still."""
_NUMBERS = 0.8
"""At least this share of the filled cells inside a crosstab are typed numbers."""
_TRIES = 4
"""Corners tried for one lower right end, from the top: a column of texts has very many."""


@dataclass(frozen=True, slots=True)
class FoundRatings:
    """An area that holds ratings: its edges included, or its header row."""

    area: AreaRef
    is_crosstab: bool
    count: int

    @property
    def form(self) -> str:
        return "crosstab" if self.is_crosstab else "table"

    @property
    def blanks(self) -> int | None:
        """Pairs of a crosstab without a number, which a fit is for: a table of prices has none.
        None for a table."""
        rect = self.area.rect
        return (rect.height - 1) * (rect.width - 1) - self.count if self.is_crosstab else None

    @property
    def sentence(self) -> str:
        return f"a {self.form} of {amount(self.count, 'rating')} at {self.area}"


def find_ratings(
    workbook: Workbook, sheet: str | None = None, *, counts: bool = False
) -> list[FoundRatings]:
    """What may be ratings, or counts, the largest first; in one sheet, or in all."""
    sheets = [workbook.sheet(sheet)] if sheet is not None else list(workbook)
    found = [one for part in sheets for one in _in_sheet(part, counts)]
    if sheet is not None and not found:
        found = list(_crosstabs(sheets[0], np.ones(sheets[0].kinds.shape, np.bool_)))
    return sorted(found, key=lambda one: -one.count)


def kinds_of(sheet: Sheet, rect: Rect) -> NDArray[np.uint8]:
    """The kinds in an area; an empty text, which a formula gives for nothing, counts as a blank.
    Shape (height, width)."""
    kinds, numbers = sheet.block(rect)
    kinds[(kinds == Kind.TEXT) & (numbers == sheet.texts.add(""))] = Kind.BLANK
    return kinds


def _in_sheet(sheet: Sheet, counts: bool) -> list[FoundRatings]:
    tables = list(_long_tables(sheet, counts))
    typed = ~sheet.formula_mask()
    for one in tables:
        typed[one.area.rect.rows, one.area.rect.columns] = False
    return tables + list(_crosstabs(sheet, typed))


def area_ratings(workbook: Workbook, area: AreaRef, *, counts: bool = False) -> FoundRatings:
    """An area that the user names: a long table if its first row reads so, else a crosstab. Raises
    DataError for an area that is too small."""
    sheet, rect = workbook.sheet(area.sheet), area.rect
    head = [sheet.value(rect.top, column) for column in range(rect.left, rect.right)]
    if _is_header(head, counts):
        return FoundRatings(area, False, rect.height - 1)
    if rect.height < 2 or rect.width < 2:
        raise DataError(f"{area} is too small for ratings; include the ids on its edges")
    kinds = kinds_of(sheet, rect)
    return FoundRatings(area, True, int((kinds[1:, 1:] != Kind.BLANK).sum()))


def _is_header(values: list[Scalar], counts: bool) -> bool:
    names = [value for value in values if isinstance(value, str)]
    needed = REQUIRED[: 2 if counts else 3]
    if len(names) < len(needed):  # no name stands for two roles
        return False
    return Columns.known(names, counts=counts).keys() >= set(needed)


def _long_tables(sheet: Sheet, counts: bool) -> Iterator[FoundRatings]:
    filled = sheet.kinds != Kind.BLANK
    for row in range(min(sheet.height - 1, _HEADER_ROWS)):
        for left, right in _runs(sheet.kinds[row] == Kind.TEXT):
            head = [sheet.value(row, column) for column in range(left, right)]
            if not _is_header(head, counts):
                continue
            body = filled[row + 1 :, left:right].any(axis=1)
            height = int(np.argmin(body)) if not body.all() else len(body)
            if height:
                area = AreaRef(sheet.name, Rect(row, left, height + 1, right - left))
                yield FoundRatings(area, False, height)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _crosstabs(sheet: Sheet, allowed: NDArray[np.bool_]) -> Iterator[FoundRatings]:
    """Crosstabs whose cells are allowed, one for each lower right end."""
    kinds = kinds_of(sheet, sheet.used)
    best: dict[tuple[int, int], FoundRatings] = {}
    for rect in _candidates(kinds, allowed):
        found = _crosstab(sheet, kinds, allowed, rect)
        if found is not None:
            best.setdefault((rect.bottom, rect.right), found)
    yield from best.values()


def _candidates(kinds: NDArray[np.uint8], allowed: NDArray[np.bool_]) -> Iterator[Rect]:
    """Areas with full edges and mostly numbers inside, by whole arrays: a sheet may be large."""
    is_id = allowed & np.isin(kinds, (Kind.NUMBER, Kind.TEXT))
    corner = allowed & np.isin(kinds, (Kind.BLANK, Kind.TEXT))
    rows, columns = np.nonzero(corner[:-1, :-1])
    widths = _run_lengths(is_id, axis=1)[rows, columns + 1]
    heights = _run_lengths(is_id, axis=0)[rows + 1, columns]
    box = (rows + 1, columns + 1, rows + 1 + heights, columns + 1 + widths)
    filled = _counts(kinds != Kind.BLANK, *box)
    numbers = _counts(allowed & (kinds == Kind.NUMBER), *box)
    fits = (widths >= _FEWEST) & (heights >= _FEWEST)
    fits &= (numbers >= _FEWEST) & (numbers >= _NUMBERS * filled)
    tried: Counter[tuple[int, int, int]] = Counter()
    for row, column, height, width in zip(
        *(part[fits].tolist() for part in (rows, columns, heights, widths)), strict=True
    ):
        end = (column, row + height, column + width)
        tried[end] += 1
        if tried[end] <= _TRIES:
            yield Rect(row, column, height + 1, width + 1)


def _run_lengths(mask: NDArray[np.bool_], axis: int) -> NDArray[np.int64]:
    """For each cell how many cells in a row, from it on along the axis, are in the mask."""
    flipped = np.flip(mask, axis)
    counts = np.cumsum(flipped, axis)
    resets = np.maximum.accumulate(np.where(flipped, 0, counts), axis)
    return np.flip(counts - resets, axis)


def _counts(
    mask: NDArray[np.bool_],
    top: NDArray[np.int64],
    left: NDArray[np.int64],
    bottom: NDArray[np.int64],
    right: NDArray[np.int64],
) -> NDArray[np.int64]:
    """How many cells of the mask each box holds, from one table of sums."""
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    sums[1:, 1:] = mask.cumsum(axis=0).cumsum(axis=1)
    return sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]


def _crosstab(
    sheet: Sheet, kinds: NDArray[np.uint8], allowed: NDArray[np.bool_], rect: Rect
) -> FoundRatings | None:
    """The area as a crosstab; None where its ids or its numbers are not like those of one."""
    inside = Rect(rect.top + 1, rect.left + 1, rect.height - 1, rect.width - 1)
    across = sheet.numbers[rect.top, inside.columns], sheet.kinds[rect.top, inside.columns]
    down = sheet.numbers[inside.rows, rect.left], sheet.kinds[inside.rows, rect.left]
    if not all(_are_ids(*edge) for edge in (across, down)):
        return None
    within = kinds[inside.rows, inside.columns]
    number = (within == Kind.NUMBER) & allowed[inside.rows, inside.columns]
    values = sheet.numbers[inside.rows, inside.columns][number]
    if len(values) > _FEW and len(np.unique(values)) > _REPEATED * len(values):
        return None
    return FoundRatings(AreaRef(sheet.name, rect), True, int((within != Kind.BLANK).sum()))


def _are_ids(numbers: NDArray[np.float64], kinds: NDArray[np.uint8]) -> bool:
    """Texts and whole numbers, each once. A text's number is its place in the pool of texts."""
    pairs = np.stack([numbers, kinds.astype(np.float64)])
    return bool((numbers % 1 == 0).all()) and len(np.unique(pairs, axis=1)[0]) == len(numbers)
