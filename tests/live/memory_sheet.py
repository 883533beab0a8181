"""Sheets, ranges, names, tables and charts of the Excel in memory."""

from __future__ import annotations

import numbers
import re
from types import SimpleNamespace
from typing import Any

from xlwings import base_classes as base

from xlcollab.ref import Rect, cell_name, parse_rect, split_sheet

ERRORS = {
    -2146826288: "#NULL!",
    -2146826281: "#DIV/0!",
    -2146826273: "#VALUE!",
    -2146826265: "#REF!",
    -2146826259: "#NAME?",
    -2146826252: "#NUM!",
    -2146826246: "#N/A",
}
SCODES = {text: scode for scode, text in ERRORS.items()}


class Sheets(base.Sheets):
    book: Any = None

    def __init__(self, book: Any) -> None:
        self.book = book
        self.all: list[Sheet] = []
        self.front: Sheet | None = None

    @property
    def api(self):
        return self

    @property
    def active(self):
        return self.front

    def __call__(self, key: Any):
        if isinstance(key, numbers.Number):
            return self.all[int(key) - 1]
        found = [sheet for sheet in self.all if sheet.name.casefold() == key.casefold()]
        if not found:
            raise KeyError(key)
        return found[0]

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self):
        return iter(self.all)

    def add(self, before: Any = None, after: Any = None, name: str | None = None):
        sheet = Sheet(self.book, name or f"Sheet{len(self.all) + 1}")
        at = len(self.all)
        if before is not None:
            at = self.all.index(before)
        elif after is not None:
            at = self.all.index(after) + 1
        self.all.insert(at, sheet)
        self.front = sheet
        return sheet


class Sheet(base.Sheet):
    ProtectContents = False
    visible = True
    name = book = charts = tables = None

    def __init__(self, book: Any, name: str) -> None:
        self.book, self.name = book, name
        self.values: dict[tuple[int, int], Any] = {}
        self.formulas: dict[tuple[int, int], str] = {}
        self.arrays: list[Rect] = []
        self.merged: list[Rect] = []
        self.widths: dict[int, float] = {}
        self.frozen: tuple[int, int] | None = None
        self.charts, self.tables = Charts(self), Tables(self)

    @property
    def api(self):
        return self

    @property
    def index(self) -> int:
        return self.book.sheets.all.index(self) + 1

    @property
    def names(self):
        return Names(self.book)

    def activate(self) -> None:
        self.book.sheets.front = self

    def delete(self) -> None:
        self.book.sheets.all.remove(self)

    @property
    def used_range(self):
        filled = [*self.values, *self.formulas]
        if not filled:
            return Range(self, Rect(0, 0))
        rows, columns = [row for row, _ in filled], [column for _, column in filled]
        top, left = min(rows), min(columns)
        return Range(self, Rect(top, left, max(rows) - top + 1, max(columns) - left + 1))

    def range(self, first: Any, second: Any = None):
        area = self._rect(first)
        return Range(self, area if second is None else area.union(self._rect(second)))

    def _rect(self, said: Any) -> Rect:
        if isinstance(said, Range):
            return said.rect
        if isinstance(said, tuple):
            return Rect(said[0] - 1, said[1] - 1)
        if re.fullmatch(r"\$?[A-Za-z]{1,3}\$?\d+(:\$?[A-Za-z]{1,3}\$?\d+)?", said):
            return parse_rect(said)
        found = [name for name in self.book.defined if name.name.casefold() == said.casefold()]
        if not found:
            raise KeyError(said)
        return parse_rect(split_sheet(found[0].refers_to)[1])


class Range(base.Range):
    number_format = color = wrap_text = None

    @property
    def font(self):
        return SimpleNamespace(size=11, color=None, bold=False)

    max_cells_per_read = max_cells_per_write = None
    CLSID = "range"
    sheet = options = None

    def __init__(self, sheet: Sheet, rect: Rect) -> None:
        self.sheet, self.rect = sheet, rect
        self.options: dict[str, Any] = {}

    @property
    def Validation(self):  # noqa: N802 - COM's name
        return SimpleNamespace(Add=lambda *_: None)

    @property
    def api(self):
        return self

    @property
    def row(self) -> int:
        return self.rect.top + 1

    @property
    def column(self) -> int:
        return self.rect.left + 1

    @property
    def shape(self) -> tuple[int, int]:
        return self.rect.height, self.rect.width

    @property
    def coords(self):
        return (self.sheet.name, self.row, self.column, *self.shape)

    left = property(lambda self: 48.0 * self.rect.left)
    top = property(lambda self: 15.0 * self.rect.top)
    column_width = property(
        lambda self: self.sheet.widths.get(self.rect.left),
        lambda self, width: self.sheet.widths.__setitem__(self.rect.left, width),
    )

    def __len__(self) -> int:
        return self.rect.size

    def __call__(self, row: int, column: int | None = None):
        if column is None:
            row, column = (row - 1) // self.rect.width + 1, (row - 1) % self.rect.width + 1
        return Range(self.sheet, Rect(self.rect.top + row - 1, self.rect.left + column - 1))

    def _block(self, value: Any) -> Any:
        rows = tuple(
            tuple(value((row, column)) for column in range(self.rect.left, self.rect.right))
            for row in range(self.rect.top, self.rect.bottom)
        )
        return rows[0][0] if self.rect.size == 1 else rows

    @property
    def raw_value(self) -> Any:
        return self._block(self.sheet.values.get)

    @raw_value.setter
    def raw_value(self, data: Any) -> None:
        rows = data if isinstance(data, list | tuple) else [[data] * self.rect.width] * len(self)
        rows = rows if isinstance(rows[0], list | tuple) else [rows]
        for (row, column), value in zip(
            self.rect.cells(), (value for line in rows for value in line), strict=True
        ):
            self._put((row, column), value)
        self.sheet.book.app.changed()

    def _put(self, cell: tuple[int, int], value: Any) -> None:
        self.sheet.formulas.pop(cell, None)
        value = _parsed(value)
        if isinstance(value, str) and value.startswith("="):
            self.sheet.formulas[cell] = value
        elif value is None:
            self.sheet.values.pop(cell, None)
        else:
            self.sheet.values[cell] = value.removeprefix("'") if isinstance(value, str) else value

    @property
    def formula(self) -> Any:
        return self._block(
            lambda cell: self.sheet.formulas.get(cell, str(self.sheet.values.get(cell, "")))
        )

    @formula.setter
    def formula(self, value: Any) -> None:
        self.raw_value = value

    def _shared(self, areas: list[Rect]) -> bool | None:
        inside = [any(area.contains(*cell) for area in areas) for cell in self.rect.cells()]
        return inside[0] if len(set(inside)) == 1 else None

    @property
    def has_array(self) -> bool | None:
        return self._shared(self.sheet.arrays)

    @property
    def merge_cells(self) -> bool | None:
        return self._shared(self.sheet.merged)

    @property
    def merge_area(self):
        return Range(self.sheet, self._own(self.sheet.merged))

    @property
    def CurrentArray(self):  # noqa: N802 - COM's name
        return Range(self.sheet, self._own(self.sheet.arrays))

    def _own(self, areas: list[Rect]) -> Rect:
        return next(area for area in areas if area.contains(self.rect.top, self.rect.left))

    def get_address(self, row_abs: bool = True, col_abs: bool = True, external: bool = False):
        del row_abs, col_abs
        last = cell_name(self.rect.bottom - 1, self.rect.right - 1, absolute=True)
        first = cell_name(self.rect.top, self.rect.left, absolute=True)
        own = first if self.rect.size == 1 else f"{first}:{last}"
        return f"[{self.sheet.book.name}]{self.sheet.name}!{own}" if external else own

    address = property(lambda self: self.get_address())
    Address = property(lambda self: self.get_address())

    def select(self) -> None:
        self.sheet.book.app.selected = self


def _parsed(value: Any) -> Any:
    """What Excel makes of a value that is assigned to a cell."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        if value in SCODES:
            return SCODES[value]
        if value.upper() in ("TRUE", "FALSE"):
            return value.upper() == "TRUE"
        try:
            return float(value)
        except ValueError:
            return value or None
    return float(value)


class Name(base.Name):
    def __init__(self, book: Any, name: str, refers_to: str, visible: bool = True) -> None:
        self.book, self.name, self.refers_to, self.Visible = book, name, refers_to, visible

    name: Any = None
    refers_to: Any = None

    @property
    def api(self):
        return self

    @property
    def refers_to_range(self):
        sheet, address = split_sheet(self.refers_to.removeprefix("="))
        return Range(self.book.sheets(sheet), parse_rect(address))


class Names(base.Names):
    def __init__(self, book: Any) -> None:
        self.book = book

    @property
    def api(self):
        return self

    def __call__(self, key: Any):
        if isinstance(key, numbers.Number):
            return self.book.defined[int(key) - 1]
        return next(name for name in self.book.defined if name.name.casefold() == key.casefold())

    def contains(self, key: str) -> bool:
        return any(name.name.casefold() == key.casefold() for name in self.book.defined)

    def __len__(self) -> int:
        return len(self.book.defined)


class _Collection(base.Collection):
    def __init__(self, sheet: Sheet) -> None:
        self.sheet = self.parent = sheet
        self.all: list[Any] = []

    parent: Any = None

    @property
    def api(self):
        return self

    def __call__(self, key: Any):
        return self.all[int(key) - 1]

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self):
        return iter(self.all)

    def __contains__(self, key: str) -> bool:
        return any(one.name == key for one in self.all)


class Tables(_Collection):
    def add(
        self,
        source_type: Any = None,
        source: Any = None,
        link_source: Any = None,
        has_headers: Any = None,
        destination: Any = None,
        table_style_name: Any = None,
        name: str | None = None,
    ):
        self.all.append(Table(source.impl, name or f"Table{len(self.all) + 1}"))
        return self.all[-1]


class Table(base.Table):
    name: Any = None
    show_headers: Any = True
    show_totals: Any = False

    def __init__(self, source: Range, name: str) -> None:
        self.source, self.name = source, name

    @property
    def range(self):
        return self.source

    @property
    def header_row_range(self):
        rect = self.source.rect
        return Range(self.source.sheet, Rect(rect.top, rect.left, 1, rect.width))


class Charts(_Collection):
    def add(self, left: float, top: float, width: float, height: float, *rest: Any, **more: Any):
        self.all.append(Chart(self.sheet, (left, top, width, height)))
        return self.all[-1]


class Chart(base.Chart):
    name: Any = None
    chart_type: Any = None

    def __init__(self, parent: Sheet, box: tuple[float, ...]) -> None:
        self.sheet, self.box = parent, box
        self.com = Recorded()

    parent = property(lambda self: self.sheet)

    @property
    def api(self):
        return (self, self.com)


class Recorded:
    """An object of COM that remembers what is set and called on it."""

    def __init__(self) -> None:
        self.made: list[Recorded] = []

    def __getattr__(self, name: str) -> Recorded:
        value = Recorded()
        setattr(self, name, value)
        return value

    def __call__(self, *arguments: Any) -> Recorded:
        if not arguments:
            return self
        return self.__dict__.setdefault(str(arguments), Recorded())

    def NewSeries(self) -> Recorded:  # noqa: N802 - COM's name
        self.made.append(Recorded())
        return self.made[-1]
