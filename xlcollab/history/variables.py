"""What the cells of a block of variables are called by a person: "film 3, factor 1"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from xlcollab.grid import Sheet, Workbook
from xlcollab.grid.beside import LabelLine, labels_beside
from xlcollab.ref import AreaRef, CellRef

_LOOKED_AT = 60
"""Lines that are searched for labels, from the block outwards."""
_OF_PIVOTS = frozenset({"row labels", "column labels", "grand total"})
_IDENTIFIER = re.compile(r"[\s_]*id$", re.IGNORECASE)


def variable_names(
    workbook: Workbook,
    areas: Sequence[AreaRef],
    parts: Mapping[AreaRef, str] = MappingProxyType({}),
) -> list[str]:
    """One name per cell of `areas`, row by row, from the labels above and left of each block.

    Labels are the nearest full line of different texts or whole numbers that is no variable itself;
    numbers take the word before them ("movieId" → "movie 27"), and are data rather than labels if
    that is no word for ids and texts stand further on. The side of a block without labels
    counts its factors. `parts` are areas within these whose role is known, such as "factor" or
    "bias". Where nothing is known the name is "".
    """
    named: dict[CellRef, str] = {}
    for area in [*areas, *parts]:
        taken = [one for one in areas if one.sheet == area.sheet]
        found = _names(_Block(workbook.sheet(area.sheet), area, taken), parts.get(area, ""))
        named.update(zip(area.cells(), found, strict=True))
    return [named[cell] for area in areas for cell in area.cells()]


@dataclass(frozen=True, slots=True)
class _Block:
    sheet: Sheet
    area: AreaRef
    taken: Sequence[AreaRef]

    def labels(self, *, across: bool) -> list[str] | None:
        """Above or left of the block, else below or right of it."""
        found = self._line(across)
        if found is None:
            return None
        if not _heads_ids(self._word(found.first, across)):
            found = self._line(across, words=True) or found
        word = _as_word(self._word(found.first, across))
        return [word + text for text in found.texts]

    def _line(self, across: bool, *, words: bool = False) -> LabelLine | None:
        return labels_beside(
            self.sheet,
            self.area.rect,
            across=across,
            taken=[one.rect for one in self.taken],
            far=_LOOKED_AT,
            behind=True,
            words=words,
        )

    def side(self) -> str:
        """The text left of a single row, or above a single column: what the row is."""
        rect = self.area.rect
        row, column = rect.top, rect.left
        across = rect.height == 1
        for step in range(1, _LOOKED_AT):
            place = (row, column - step) if across else (row - step, column)
            if min(place) < 0:
                return ""
            value = self.sheet.value(*place)
            if isinstance(value, str) and value.strip():
                return " ".join(value.split())
        return ""

    def _word(self, place: tuple[int, int], across: bool) -> str:
        """The word before numbers: the text that heads their line."""
        row, column = place
        if isinstance(self.sheet.value(row, column), str):
            return ""
        for step in range(1, _LOOKED_AT):
            at = (row, column - step) if across else (row - step, column)
            if min(at) < 0:
                return ""
            value = self.sheet.value(*at)
            if isinstance(value, str) and value.strip():
                return value if across else self._head_of_rows(*at)
        return ""

    def _head_of_rows(self, row: int, column: int) -> str:
        """A corner cell heads the columns beside it; then the rows have the text before it."""
        heads_columns = not isinstance(self.sheet.value(row, column + 1), str | None)
        value = self.sheet.value(row, column - 1 if heads_columns and column else column)
        return value if isinstance(value, str) else ""


def _heads_ids(text: str) -> bool:
    """Whether the numbers behind a text are names: an id's, a pivot table's, or without a head."""
    word = text.strip()
    return not word or word.casefold() in _OF_PIVOTS or bool(_IDENTIFIER.search(word))


def _as_word(text: str) -> str:
    word = _IDENTIFIER.sub("", text.strip())
    return "" if word.casefold() in _OF_PIVOTS or not word else f"{word} "


def _names(block: _Block, role: str) -> list[str]:
    """A name for each cell, in reading order: "" where no label tells of it."""
    rect = block.area.rect
    columns, rows = block.labels(across=True), block.labels(across=False)
    if rect.height == 1 or rect.width == 1:
        return _of_line(columns if rect.height == 1 else rows, role or block.side(), rect.size)
    if columns is None and rows is None:
        return [""] * rect.size
    if columns is None or (rows is not None and rect.height > rect.width):
        across = (None if role else columns) or _numbered(rect.width)
        return [f"{row}, {column}" for row in rows or [] for column in across]
    down = (None if role else rows) or _numbered(rect.height)
    return [f"{column}, {row}" for row in down for column in columns]


def _of_line(labels: list[str] | None, what: str, count: int) -> list[str]:
    """Cells beside one another: by their labels, else by what they are and their numbers."""
    found = labels or [f"{i + 1}" if count > 1 and what else "" for i in range(count)]
    return [", ".join(part for part in (label, what) if part) for label in found]


def _numbered(count: int) -> list[str]:
    return [f"factor {i + 1}" for i in range(count)]
