"""A worksheet part → a Sheet: values as arrays, formulas as columns."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import itemgetter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import NotAWorkbookError, ReferenceSyntaxError, WorkbookError
from xlcollab.files.package.markup import is_true, unescape_xstring
from xlcollab.files.reading.dates import serial_of_iso
from xlcollab.files.reading.envelope import read_envelope
from xlcollab.files.reading.formula_cells import FormulaCollector
from xlcollab.files.reading.scan import scan
from xlcollab.files.reading.tokens import RowToken
from xlcollab.grid import ErrorCode, Kind, RowMark, Sheet, TextPool
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, cell_name

MAX_CELLS = 60_000_000
"""The largest used area, in cells, that is laid out in memory (9 bytes a cell)."""


SOLVERS_ROW, SOLVERS_COLUMN = 1_048_549, 16_380
"""From XFA1048550 on Excel's Solver keeps scratch values in sheets it has solved. They stay in the
file; no model reads them, and a used area that reaches there could not be laid out. The very last
cell is not among them: what stands there is a stray."""

_HIDDEN = re.compile(rb"""\shidden\s*=\s*["'](?:1|true)["']""")


def _row_marks(hidden: list[int], height: int) -> NDArray[np.uint8]:
    marks = np.zeros(height, np.uint8)
    marks[[row for row in hidden if row < height]] = RowMark.HIDDEN
    return marks


@dataclass(frozen=True, slots=True)
class Context:
    """What all sheets of one workbook share."""

    texts: TextPool
    shared_strings: list[int]
    """The pool's number of each shared string."""
    dynamic_marks: frozenset[int] = frozenset()
    rich_errors: Mapping[int, ErrorCode] = field(default_factory=dict)
    """A cell's `vm` → the error that stands there in place of #VALUE!."""
    date1904: bool = False
    notes: list[str] = field(default_factory=list)


def read_sheet(name: str, data: bytes, where: str, context: Context) -> Sheet:
    """Read one sheet's UTF-8 XML. Sentences about what is left alone go to `context.notes`.

    Raises NotAWorkbookError for broken XML, a value that does not fit its cell's type, or a used
    area beyond MAX_CELLS.
    """
    envelope = read_envelope(data, where)
    marked = data if _HIDDEN.search(data) else b""
    cells = scan(data, where, lambda rows: _Cells(context, where, marked).take(rows))
    height, width = cells.extent(name)
    kinds = np.zeros((height, width), np.uint8)
    numbers = np.zeros((height, width))
    rows, columns = np.frombuffer(cells.rows, np.int32), np.frombuffer(cells.columns, np.int32)
    kinds[rows, columns] = np.frombuffer(cells.kinds, np.uint8)
    numbers[rows, columns] = np.frombuffer(cells.numbers, np.float64)
    formulas = cells.formulas
    sheet = Sheet(
        name,
        kinds,
        numbers,
        context.texts,
        formulas.formulas(),
        formulas.arrays,
        envelope.merged,
        envelope.protected,
        _row_marks(cells.hidden, height),
    )
    for area in envelope.filters:
        sheet.mark_filtered(area)
    context.notes.extend(_notes(name, formulas))
    return sheet


class _Cells:
    """The cells that hold a value or a formula, as flat arrays, in the order of the file."""

    def __init__(self, context: Context, where: str, marked: bytes) -> None:
        self.hidden: list[int] = []
        self._marked = marked
        self.rows, self.columns = array("i"), array("i")
        self.kinds, self.numbers = array("B"), array("d")
        self.formulas = FormulaCollector(context.dynamic_marks)
        self._context = context
        self._where = where
        self._convert: dict[str, Callable[[str], tuple[Kind, float]]] = {
            "n": _number,
            "s": self._shared_string,
            "str": self._text,
            "inlineStr": self._text,
            "b": lambda text: (Kind.BOOLEAN, float(is_true(text.strip().lower()))),
            "e": lambda text: (Kind.ERROR, float(ErrorCode.from_text(text))),
            "d": lambda text: (Kind.NUMBER, serial_of_iso(text, context.date1904)),
        }

    def take(self, rows: Iterator[RowToken]) -> _Cells:
        for row in rows:
            if not self._take_numbers(row):
                self._take_any(row)
            if any(row.formulas):
                self._take_formulas(row)
            if self._marked and _HIDDEN.search(self._marked, row.start, row.tag_end):
                self.hidden.append(row.number)
        return self

    def _take_numbers(self, row: RowToken) -> bool:
        """A row in which every cell holds a number, all at once; False if it is not so."""
        count = len(row.columns)
        if row.types.count("n") != count or None in row.values:
            return False
        try:
            numbers = array("d", map(float, cast(Sequence[str], row.values)))
        except ValueError:
            return False
        if not math.isfinite(sum(numbers)):
            return False
        self.rows.extend([row.number] * count)
        self.columns.extend(row.columns)
        self.kinds.extend([Kind.NUMBER] * count)
        self.numbers.extend(numbers)
        return True

    def _take_any(self, row: RowToken) -> None:
        for column, type_, value, formula, rich in zip(
            row.columns, row.types, row.values, row.formulas, row.value_metadata, strict=True
        ):
            kind, number = Kind.BLANK, 0.0
            if value is not None:
                kind, number = self._value(row.number, column, type_, value)
            if rich and kind == Kind.ERROR:
                number = float(self._context.rich_errors.get(rich, number))
            if kind != Kind.BLANK or formula:
                self.rows.append(row.number)
                self.columns.append(column)
                self.kinds.append(kind)
                self.numbers.append(number)

    def _take_formulas(self, row: RowToken) -> None:
        add = self.formulas.add
        if row.number < SOLVERS_ROW:
            formulas = [one for one in row.formulas if one is not None]
            columns = list(compress(row.columns, row.formulas))
            if self.formulas.add_row(row.number, columns, formulas):
                return
        for column, mark, formula in zip(row.columns, row.metadata, row.formulas, strict=True):
            if formula and not _is_solvers(row.number, column):
                try:
                    add(row.number, column, mark, formula)
                except ReferenceSyntaxError as error:
                    place = f"{self._where}: {cell_name(row.number, column)}"
                    raise NotAWorkbookError(
                        f"{place} has a formula for an area that is none: {error}"
                    ) from None

    def _value(self, row: int, column: int, type_: str, value: str) -> tuple[Kind, float]:
        try:
            return self._convert[type_](value)
        except (KeyError, ValueError, IndexError):
            raise NotAWorkbookError(
                f"{self._where}: {cell_name(row, column)} holds {value[:40]!r}, "
                f"which is no value of the type t={type_!r} the cell says it has"
            ) from None

    def _shared_string(self, text: str) -> tuple[Kind, float]:
        if not text:
            return Kind.BLANK, 0.0
        index = int(text)
        if index < 0:
            raise IndexError
        return Kind.TEXT, self._context.shared_strings[index]

    def _text(self, text: str) -> tuple[Kind, float]:
        return Kind.TEXT, self._context.texts.add(unescape_xstring(text))

    def extent(self, sheet: str) -> tuple[int, int]:
        """(height, width) from A1 to the last cell, the areas of array formulas included.

        Raises WorkbookError naming it if too large.
        """
        self._drop_solvers_corner()
        corners = [(one.rect.bottom - 1, one.rect.right - 1) for one in self.formulas.arrays]
        if not self.rows and not corners:
            return 0, 0
        height = max([max(self.rows, default=0), *(row for row, _ in corners)]) + 1
        width = max([max(self.columns, default=0), *(column for _, column in corners)]) + 1
        if height * width > MAX_CELLS:
            corners += zip(self.rows, self.columns, strict=True)
            names = {cell_name(*max(corners)), cell_name(*max(corners, key=itemgetter(1)))}
            raise WorkbookError(
                f"sheet {sheet!r} reaches to {' and '.join(sorted(names))}: a used area of "
                f"{height:,} × {width:,} cells, more than the {MAX_CELLS:,} that are read; "
                "clear the far cells (they are often strays) and save the workbook"
            )
        return height, width

    def _drop_solvers_corner(self) -> None:
        """Leave out the cells that Excel's Solver keeps for itself in the sheet's last corner."""
        far = (
            [
                place
                for place, (row, column) in enumerate(zip(self.rows, self.columns, strict=True))
                if _is_solvers(row, column)
            ]
            if self.rows and max(self.rows) >= SOLVERS_ROW
            else []
        )
        for place in reversed(far):
            for cells in (self.rows, self.columns, self.kinds, self.numbers):
                del cells[place]


def _is_solvers(row: int, column: int) -> bool:
    last = (row, column) == (MAX_ROWS - 1, MAX_COLUMNS - 1)
    return row >= SOLVERS_ROW and column >= SOLVERS_COLUMN and not last


def _number(text: str) -> tuple[Kind, float]:
    if not text:
        return Kind.BLANK, 0.0
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return Kind.NUMBER, number


def _notes(sheet: str, formulas: FormulaCollector) -> list[str]:
    notes = [
        f"{sheet}!{area} is a data table (What-If Analysis); its stored values are used"
        for area in formulas.data_tables
    ]
    orphans = formulas.orphans()
    if orphans:
        notes.append(
            f"{sheet} has formulas without a text in {', '.join(orphans[:5])}"
            f"{' …' if len(orphans) > 5 else ''}; their stored values are used"
        )
    return notes
