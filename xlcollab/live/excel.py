"""The workbook that is open in Excel, through xlwings."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import Any

import xlwings as xw

from xlcollab.grid import CellEdit, NewSheet, Scalar, Workbook
from xlcollab.grid.naming import table_name
from xlcollab.live.book import LiveBook
from xlcollab.live.cells import rows_of, values_of
from xlcollab.live.excel_charts import add_chart
from xlcollab.live.excel_looks import dress
from xlcollab.live.excel_read import range_of, read_workbook
from xlcollab.live.excel_values import to_excel
from xlcollab.ref import AreaRef, Rect


class ExcelBook(LiveBook):
    """A workbook open in Excel on Windows or Mac.

    Charts and frozen panes of new sheets need Windows; on a Mac the sheets come without them.
    """

    def __init__(self, book: xw.Book) -> None:
        super().__init__()
        self._book = book

    @property
    def name(self) -> str:
        return str(self._book.name)

    def sheet_names(self) -> list[str]:
        return [sheet.name for sheet in self._book.sheets]

    def read_sheets(self, names: Collection[str]) -> Workbook:
        return read_workbook(self._book, names, self.texts)

    def put(self, edits: Sequence[CellEdit]) -> None:
        for edit in edits:
            sheet = self._book.sheets[edit.area.sheet]
            _fill(sheet, edit.area.rect, values_of(edit, self.texts))

    def add(self, sheet: NewSheet) -> None:
        front = self._book.sheets.active.name
        added = self._place(sheet.name)
        rows = rows_of(sheet)
        if rows and rows[0]:
            _fill(added, Rect(0, 0, len(rows), len(rows[0])), rows)
        for column, width in sheet.widths.items():
            added.range((1, column + 1)).column_width = width
        dress(added, sheet)
        if sheet.hidden:
            added.visible = False
        if sheet.table is not None:
            name = table_name(sheet.name, self._taken_names())
            added.tables.add(source=range_of(added, sheet.table), name=name)
        if any(sheet.freeze):
            self._freeze(*sheet.freeze)
        (added if _same(front, sheet.name) else self._book.sheets[front]).activate()

    def draw(self, sheet: NewSheet) -> None:
        for chart in sheet.charts:
            add_chart(self._book, self._book.sheets[sheet.name], chart)

    def _place(self, name: str) -> xw.Sheet:
        """An empty sheet in front, in place of the old one of that name or behind the last."""
        old = next((one for one in self._book.sheets if _same(one.name, name)), None)
        if old is None:
            added = self._book.sheets.add(after=self._book.sheets[-1])
        else:
            added = self._book.sheets.add(before=old)
            old.delete()
        added.name = name
        return added

    def _freeze(self, rows: int, columns: int) -> None:
        """Freeze panes of the sheet in front, through COM: for xlwings it is no open call."""
        if sys.platform == "darwin":
            return
        window = self._book.api.Windows(1)
        window.SplitRow, window.SplitColumn = rows, columns
        window.FreezePanes = True

    def _taken_names(self) -> set[str]:
        tables = [table.name for sheet in self._book.sheets for table in sheet.tables]
        return {name.casefold() for name in [*tables, *(one.name for one in self._book.names)]}

    def _rest(self) -> object:
        app = self._book.app
        before = app.screen_updating, app.calculation, app.display_alerts
        app.screen_updating, app.calculation, app.display_alerts = False, "manual", False
        return before

    def _resume(self, settings: Any) -> None:
        app = self._book.app
        app.calculate()
        app.screen_updating, app.calculation, app.display_alerts = settings


def area_of(cells: xw.Range) -> AreaRef:
    """The address of a range."""
    return AreaRef(cells.sheet.name, Rect(cells.row - 1, cells.column - 1, *cells.shape))


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _fill(sheet: xw.Sheet, rect: Rect, rows: Sequence[Sequence[Scalar]]) -> None:
    """One bulk write. Straight to raw_value: the converters of xlwings drop a lone 0 or False."""
    range_of(sheet, rect).raw_value = [[to_excel(value) for value in row] for row in rows]
