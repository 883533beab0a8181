"""What a run wants written: areas of values and new sheets with charts, as plain records."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid.values import ErrorCode, Kind, Scalar, TextPool, encode
from xlcollab.grid.workbook import DefinedName
from xlcollab.ref import AreaRef, CellRef, Rect


@dataclass(frozen=True, slots=True)
class CellEdit:
    """New values of an area: `kinds` (uint8) and `numbers` (float64), shape of the area."""

    area: AreaRef
    kinds: NDArray[np.uint8]
    numbers: NDArray[np.float64]

    @staticmethod
    def of_numbers(area: AreaRef, numbers: NDArray[np.float64]) -> CellEdit:
        return CellEdit(area, np.full(numbers.shape, Kind.NUMBER, np.uint8), numbers)

    @staticmethod
    def of_value(area: AreaRef, value: Scalar, texts: TextPool) -> CellEdit:
        kind, number = encode(value, texts)
        shape = (area.rect.height, area.rect.width)
        return CellEdit(area, np.full(shape, kind, np.uint8), np.full(shape, number))


@dataclass(frozen=True, slots=True)
class FormulaEdit:
    """A formula (without =) for a blank cell, or in the place of another formula of one cell.

    `value` is its result; `array` types it as an array formula of that one cell.
    """

    cell: CellRef
    text: str
    value: Scalar = None
    array: bool = False


Look = Literal[
    "title",
    "note",
    "section",
    "label",
    "head",
    "number",
    "large",
    "tiny",
    "wide",
    "fine",
    "whole",
    "tenths",
    "share",
    "seconds",
    "text",
    "wrapped",
]
"""What a cell of a new sheet is for, which says how it looks."""
LOOKS: tuple[Look, ...] = get_args(Look)
_FINER: Mapping[Look, tuple[tuple[float, Look], ...]] = {
    "number": ((5e-5, "number"), (5e-7, "fine")),
    "large": ((5e-3, "large"), (5e-5, "number"), (5e-7, "fine")),
}
"""How the numbers of such a column look from which size on, so that each has a digit."""
_ENDLESS = 1e15
"""From here on a number has a power of ten, whatever its column."""


def look_in(column: Look, value: float) -> Look:
    """How a number of a column looks: one that its column would show as 0 has more decimals, and
    one so small that they are many, or that would run out of its column, a power of ten."""
    if column not in _FINER or value == 0.0:
        return column
    size = abs(value)
    return next((look for least, look in _FINER[column] if least <= size < _ENDLESS), "tiny")


Side = Literal["right", "left", "above", "below"]
"""Where the label of a point stands that stands at the point."""


class Away(NamedTuple):
    """A label apart from its point, to which a leader goes: pixels from where it would stand at
    the right of the point, `down` positive downwards."""

    across: float
    down: float


Place = Side | Away
"""Where the label of a point stands."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart. `x` and `y` are areas (one row or one column each)."""

    name: str
    x: AreaRef
    y: AreaRef
    labels: AreaRef | None = None
    """Texts shown beside the points, one per point."""
    texts: tuple[str, ...] = ()
    """The same, as they are shown."""
    places: tuple[Place | None, ...] = ()
    """Where they stand, one per point; None for a point without a label. Right without any."""
    markers: bool = False
    line: bool = True
    faint: bool = False
    """Thin and grey: a background such as contour lines."""
    bars: tuple[AreaRef, AreaRef] | None = None
    """How far an error bar reaches below and above each point: in cells, for LibreOffice draws no
    others."""


PLOT = (0.08, 0.12, 0.88, 0.72)
"""Where the plot lies in a chart of placed labels: left, top, width, height as shares of it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A native chart on a new sheet, anchored at the cell `at` (row, column)."""

    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    at: tuple[int, int]
    log_y: bool = False
    log_base: float = 10.0
    log_x: bool = False
    legend: bool = True
    width: int = 760
    height: int = 420
    x_range: tuple[float, float] | None = None
    """Where the axis begins and ends; None leaves it to the program that draws."""
    y_range: tuple[float, float] | None = None
    x_whole: bool = False
    """A line at each whole number of a short axis, and none between them."""


@dataclass(frozen=True, slots=True)
class NewSheet:
    """A sheet to add behind the last one.

    `rows` are values row by row from A1. `table` marks the part that becomes a native Excel table
    (its first row holds unique header texts). `widths` are column widths in characters. `freeze` is
    the number of rows and columns that stay in sight. `cell_looks` are for single cells at (row,
    column), `row_looks` for all other cells of a row, `column_looks` for the numbers of a column
    elsewhere; texts and blanks of the table and of `boxes` have a frame. A `hidden` sheet holds
    what charts and formulas need.
    `formulas`, without =, stand at (row, column), whose value in `rows` is their stored result;
    `choices` are cells with a drop-down of an area's values or of words, `heat` areas of numbers
    that are coloured by size, 0 in white.
    """

    name: str
    rows: Sequence[Sequence[Scalar]]
    charts: tuple[Chart, ...] = ()
    table: Rect | None = None
    widths: dict[int, float] = field(default_factory=dict)
    freeze: tuple[int, int] = (0, 0)
    row_looks: dict[int, Look] = field(default_factory=dict)
    column_looks: dict[int, Look] = field(default_factory=dict)
    cell_looks: dict[tuple[int, int], Look] = field(default_factory=dict)
    boxes: tuple[Rect, ...] = ()
    hidden: bool = False
    heat: tuple[Rect, ...] = ()
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    choices: Mapping[tuple[int, int], AreaRef | tuple[str, ...]] = field(default_factory=dict)

    def look(self, row: int, column: int, value: Scalar) -> Look | None:
        """How a cell looks; None for the workbook's own default."""
        if (row, column) in self.cell_looks:
            return self.cell_looks[row, column]
        if row in self.row_looks:
            return self.row_looks[row]
        column_look = self.column_looks.get(column)
        if (
            column_look
            and isinstance(value, float | int)
            and not isinstance(value, bool | ErrorCode)
        ):
            return look_in(column_look, value)
        return "text" if self._is_framed(row, column) else None

    def _is_framed(self, row: int, column: int) -> bool:
        boxes = self.boxes if self.table is None else (self.table, *self.boxes)
        return any(box.top <= row < box.bottom and box.left <= column < box.right for box in boxes)

    @property
    def looks(self) -> set[Look]:
        """All that cells of the sheet may have; none where none was given, frames neither."""
        found = {*self.row_looks.values(), *self.column_looks.values(), *self.cell_looks.values()}
        framed = found and (self.table is not None or self.boxes)
        for column in found & _FINER.keys():
            found |= {"tiny", *(look for _, look in _FINER[column])}
        return found | {"text"} if framed else found

    def odd_numbers(self, most: int) -> Iterator[tuple[tuple[int, int], Look]]:
        """Up to `most` numbers whose look is not their column's, each with its place."""
        found = (
            ((row, column), look)
            for row, values in enumerate(self.rows)
            for column, value in enumerate(values)
            if column in self.column_looks and isinstance(value, float)
            if (look := look_in(self.column_looks[column], value)) != self.column_looks[column]
        )
        return itertools.islice(found, most)


@dataclass(frozen=True, slots=True)
class Changes:
    """All that one run writes.

    `inputs` overwrite constants: the weights. `results` refresh the stored values of formula cells
    and leave their formulas. `sheets` are added; a sheet of the same name that an earlier run
    added is replaced, and `replaces` names those. `run` is the record of what made the changes,
    which a file keeps where it is written to. `formulas` are typed into cells. `names` take the
    place of defined names of the same name and scope; one whose text is empty is taken away.
    """

    inputs: Sequence[CellEdit] = ()
    results: Sequence[CellEdit] = ()
    sheets: Sequence[NewSheet] = ()
    replaces: frozenset[str] = frozenset()
    run: str = ""
    formulas: Sequence[FormulaEdit] = ()
    names: Sequence[DefinedName] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be written."""
        groups = (self.inputs, self.results, self.sheets, self.formulas, self.names)
        return not any(map(len, groups))
