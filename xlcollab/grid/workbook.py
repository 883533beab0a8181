"""A workbook in memory: values as arrays, formulas as columns, names and tables as records.

Nothing here knows files, Excel or torch. A `Workbook` is what every `Book` reads into.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import WorkbookError
from xlcollab.grid.values import ErrorCode, Kind, Scalar, TextPool, decode
from xlcollab.ref import CellRef, Rect, cell_name

_MOST_MEANT, _AS = 3, 0.1
"""Names that may have been meant, and how much less alike than the first the others may be."""


@dataclass(frozen=True, slots=True)
class Formulas:
    """The plain (not array) formula cells of a sheet, one entry per cell, in columns of length n.

    `text_ids` points into `texts` (without the leading "="). Relative references in a text are
    relative to the cell (`anchor_rows`, `anchor_columns`) it was typed in: for cells of a shared
    formula (ECMA-376 Part 1, 18.3.1.40) that is the first cell of the group, else the cell itself.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    text_ids: NDArray[np.int32]
    anchor_rows: NDArray[np.int32]
    anchor_columns: NDArray[np.int32]
    texts: list[str]

    def __len__(self) -> int:
        return len(self.rows)

    @staticmethod
    def from_cells(cells: dict[tuple[int, int], str]) -> Formulas:
        """From {(row, column): text}; each cell is its own anchor."""
        ids: dict[str, int] = {}
        text_ids = [ids.setdefault(text, len(ids)) for text in cells.values()]
        rows = np.array([row for row, _ in cells], np.int32)
        columns = np.array([column for _, column in cells], np.int32)
        return Formulas(rows, columns, np.array(text_ids, np.int32), rows, columns, list(ids))

    def with_cells(
        self, without: Set[tuple[int, int]], cells: dict[tuple[int, int], str]
    ) -> Formulas:
        """These formulas without those of some cells, and then `cells`, each its own anchor."""
        own = zip(self.rows.tolist(), self.columns.tolist(), strict=True)
        kept = np.array([cell not in without for cell in own], np.bool_)
        new, first = Formulas.from_cells(cells), len(self.texts)
        return Formulas(
            np.concatenate([self.rows[kept], new.rows]),
            np.concatenate([self.columns[kept], new.columns]),
            np.concatenate([self.text_ids[kept], new.text_ids + np.int32(first)]),
            np.concatenate([self.anchor_rows[kept], new.anchor_rows]),
            np.concatenate([self.anchor_columns[kept], new.anchor_columns]),
            [*self.texts, *new.texts],
        )


@dataclass(frozen=True, slots=True)
class ArrayFormula:
    """An array formula over `rect` (18.3.1.40, t="array"); `dynamic` if cell metadata says so."""

    rect: Rect
    text: str
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class DefinedName:
    """A defined name (18.2.5); `sheet` is its scope, None for the whole workbook."""

    name: str
    text: str
    sheet: str | None = None
    hidden: bool = False


class RowMark(IntEnum):
    """Whether a row is shown (ECMA-376 Part 1, 18.3.1.73, hidden)."""

    SHOWN = 0
    HIDDEN = 1
    FILTERED = 2
    """Hidden because a filter leaves it out."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table (18.5.1.2): `rect` includes the header and totals rows."""

    name: str
    sheet: str
    rect: Rect
    columns: tuple[str, ...]
    header_rows: int = 1
    totals_rows: int = 0
    filtered: bool = False
    """A filter is set: rows of the table that are hidden are so because of it."""


@dataclass(slots=True)
class Sheet:
    """One worksheet. `kinds` and `numbers` have shape (height, width) and start at A1."""

    name: str
    kinds: NDArray[np.uint8]
    numbers: NDArray[np.float64]
    texts: TextPool
    formulas: Formulas
    arrays: list[ArrayFormula] = field(default_factory=list)
    merged: list[Rect] = field(default_factory=list)
    protected: bool = False
    row_marks: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    """A `RowMark` for each row from the first on; rows beyond are shown."""
    pivots: list[tuple[Rect, str]] = field(default_factory=list)
    """What pivot tables have laid out, each with the table's name."""

    @property
    def height(self) -> int:
        return int(self.kinds.shape[0])

    @property
    def width(self) -> int:
        return int(self.kinds.shape[1])

    @property
    def used(self) -> Rect:
        """From A1 to the last cell that holds a value or a formula."""
        return Rect(0, 0, self.height, self.width)

    def value(self, row: int, column: int) -> Scalar:
        """The stored value of a cell; cells outside the used part are blank."""
        if row >= self.height or column >= self.width:
            return None
        return decode(int(self.kinds[row, column]), self.numbers[row, column], self.texts)

    def block(self, rect: Rect) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """(kinds, numbers) of `rect`, padded with blanks beyond the used part; always a copy."""
        kinds = np.full((rect.height, rect.width), Kind.BLANK, np.uint8)
        numbers = np.zeros((rect.height, rect.width))
        inside = rect.intersection(self.used)
        if inside:
            target = inside.shifted(-rect.top, -rect.left)
            kinds[target.rows, target.columns] = self.kinds[inside.rows, inside.columns]
            numbers[target.rows, target.columns] = self.numbers[inside.rows, inside.columns]
        return kinds, numbers

    def marks(self, rows: slice) -> NDArray[np.uint8]:
        """The marks of some rows; always a copy. Shape (rows, width)."""
        marks = np.zeros(rows.stop - rows.start, np.uint8)
        known = self.row_marks[rows]
        marks[: len(known)] = known
        return marks

    def mark_filtered(self, rect: Rect) -> None:
        """Hidden rows of `rect` are hidden by a filter."""
        part = self.row_marks[rect.rows]
        part[part == RowMark.HIDDEN] = RowMark.FILTERED

    def formula_mask(self) -> NDArray[np.bool_]:
        """True where a cell holds a formula, array formulas included; shape (height, width)."""
        mask = np.zeros(self.kinds.shape, np.bool_)
        mask[self.formulas.rows, self.formulas.columns] = True
        for array in self.arrays:
            mask[array.rect.rows, array.rect.columns] = True
        return mask


@dataclass(frozen=True, slots=True)
class Iteration:
    """Iterative calculation (18.2.2): how often cells that need one another are worked out at most,
    and below which change no more."""

    count: int = 100
    delta: float = 0.001


@dataclass(slots=True)
class Workbook:
    """Sheets in tab order, names and tables. Sheet and name look-ups ignore case, as Excel does."""

    sheets: list[Sheet]
    texts: TextPool
    names: list[DefinedName] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    date1904: bool = False
    source: str = "workbook"
    notes: list[str] = field(default_factory=list)
    """Sentences about what the reader met and left alone (external links, data tables, …)."""
    recalculate_on_load: bool = False
    """The file says that its stored values may be out of date (18.2.2, fullCalcOnLoad)."""
    signed: bool = False
    """The file has a digital signature, which any change would break."""
    structure_locked: bool = False
    """No sheet may be added (18.2.29, lockStructure)."""
    iteration: Iteration | None = None
    """How circular references are worked out; None where they are an error."""
    as_displayed: bool = False
    """Results are rounded to the digits that their cells show (18.2.2, fullPrecision)."""
    whole_pairs: bool | None = False
    """Text functions count an emoji and its like as one character (compatibility version 2), not
    as the two units of UTF-16; None: not known."""

    def __iter__(self) -> Iterator[Sheet]:
        return iter(self.sheets)

    def find(self, name: str) -> Sheet | None:
        for sheet in self.sheets:  # most are asked for as they are spelled
            if sheet.name == name:
                return sheet
        wanted = name.casefold()
        return next((sheet for sheet in self.sheets if sheet.name.casefold() == wanted), None)

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name. Raises WorkbookError that lists the sheets there are."""
        sheet = self.find(name)
        if sheet is None:
            known = ", ".join(sheet.name for sheet in self.sheets)
            raise WorkbookError(
                f"{self.source} has no sheet {name!r}; its sheets are {known}{self._meant(name)}"
            )
        return sheet

    def _meant(self, name: str) -> str:
        """The sheet that is spelt most like it, and others that are as good as that."""
        names = {sheet.name.casefold(): sheet.name for sheet in self.sheets}
        if name.startswith("["):
            return "; cells of another workbook cannot be named, and this one's need no [ ]"
        typed = name.removeprefix("=").casefold()
        near = get_close_matches(typed, names, n=_MOST_MEANT)
        alike = [SequenceMatcher(None, one, typed).ratio() for one in near]
        meant = [names[one] for one, much in zip(near, alike, strict=True) if much > alike[0] - _AS]
        return f"; did you mean {' or '.join(meant)}?" if meant else ""

    def value(self, cell: CellRef) -> Scalar:
        return self.sheet(cell.sheet).value(cell.row, cell.column)

    def name(self, name: str, sheet: str | None = None) -> DefinedName | None:
        """The defined name as seen from `sheet`: its own first, then the workbook's."""
        wanted = name.casefold()
        scope = sheet.casefold() if sheet else None
        found = None
        for candidate in self.names:
            if candidate.name.casefold() != wanted:
                continue
            if candidate.sheet is None:
                found = found or candidate
            elif candidate.sheet.casefold() == scope:
                return candidate
        return found

    def table(self, name: str) -> Table | None:
        wanted = name.casefold()
        return next((table for table in self.tables if table.name.casefold() == wanted), None)


def formula_texts(sheet: Sheet) -> dict[tuple[int, int], str]:
    """{(row, column): text as typed} of the cells whose text was typed in them, arrays included.

    Cells that share another cell's formula are left out: their text depends on the parser.
    """
    formulas = sheet.formulas
    own = (formulas.rows == formulas.anchor_rows) & (formulas.columns == formulas.anchor_columns)
    texts = {
        (int(formulas.rows[i]), int(formulas.columns[i])): formulas.texts[formulas.text_ids[i]]
        for i in np.flatnonzero(own)
    }
    texts.update({(array.rect.top, array.rect.left): array.text for array in sheet.arrays})
    return texts


def describe_cell(sheet: Sheet, row: int, column: int) -> str:
    """ "B3 holds 4.5": for messages."""
    value = sheet.value(row, column)
    shown = value.text if isinstance(value, ErrorCode) else repr(value)
    what = "is blank" if value is None else f"holds {shown}"
    return f"{cell_name(row, column)} {what}"
