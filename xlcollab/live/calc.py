"""The document that is open in LibreOffice Calc, through UNO."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

from xlcollab.grid import CellEdit, ErrorCode, NewSheet, Scalar, Workbook
from xlcollab.grid.naming import table_name
from xlcollab.live.book import LiveBook
from xlcollab.live.calc_charts import add_chart
from xlcollab.live.calc_looks import dress, offer
from xlcollab.live.calc_office import Office
from xlcollab.live.calc_read import read_workbook
from xlcollab.live.cells import rows_of, values_of
from xlcollab.ref import Rect

# com.sun.star.sheet.FormulaLanguage and FormulaMapGroup
_ENGLISH, _OOXML, _FUNCTIONS = 2, 5, 16
_ADDED = re.compile(r"_ADD$|_EXCEL2003$")
"""What Calc adds to the name of an Excel function beside which it has its own."""
_WIDTH_OF_A_CHARACTER = 215
"""In hundredths of a millimetre, in Calc's default font."""


class CalcBook(LiveBook):
    """A document open in LibreOffice Calc. Booleans are known by their number format."""

    def __init__(self, office: Office, document: Any) -> None:
        super().__init__()
        self._office = office
        self._document = document

    @property
    def name(self) -> str:
        return str(self._document.Title)

    @cached_property
    def _functions(self) -> dict[str, str]:
        """Excel's names of functions, by what Calc writes, in capitals."""
        mapper = self._document.createInstance("com.sun.star.sheet.FormulaOpCodeMapper")
        english = mapper.getAvailableMappings(_ENGLISH, _FUNCTIONS)
        excels = {
            (one.Token.OpCode, str(one.Token.Data)): one.Name
            for one in mapper.getAvailableMappings(_OOXML, _FUNCTIONS)
        }
        found = {}
        for one in english:
            if one.Token.Data:  # of an add-in: written by the name that programs use
                found[str(one.Token.Data).upper()] = _ADDED.sub("", one.Name)
            else:
                found[one.Name.upper()] = excels[one.Token.OpCode, str(one.Token.Data)]
        return found

    def sheet_names(self) -> list[str]:
        return list(self._document.Sheets.ElementNames)

    def read_sheets(self, names: Collection[str]) -> Workbook:
        return read_workbook(self._document, names, self.texts, self._functions)

    def put(self, edits: Sequence[CellEdit]) -> None:
        for edit in edits:
            sheet = self._document.Sheets.getByName(self._own_name(edit.area.sheet))
            _fill(sheet, edit.area.rect, values_of(edit, self.texts))

    def add(self, sheet: NewSheet) -> None:
        added = self._place(sheet.name)
        rows = rows_of(sheet)
        if rows and rows[0]:
            _fill(added, Rect(0, 0, len(rows), len(rows[0])), rows)
        for column, width in sheet.widths.items():
            added.Columns.getByIndex(column).Width = round(width * _WIDTH_OF_A_CHARACTER)
        dress(self._document, added, sheet)
        offer(self._office.uno, added, sheet)
        if sheet.table is not None:
            self._add_table(added, sheet.name, sheet.table)
        if sheet.hidden:
            added.IsVisible = False
        if any(sheet.freeze):
            self._freeze(added, *sheet.freeze)

    def draw(self, sheet: NewSheet) -> None:
        for chart in sheet.charts:
            add_chart(self._office, self._document.Sheets.getByName(sheet.name), chart)

    def _place(self, name: str) -> Any:
        """An empty sheet of that name: in the place of the old one, or behind the last."""
        sheets, view = self._document.Sheets, self._document.CurrentController
        at, old, in_front = sheets.Count, self._own_name(name), False
        if sheets.hasByName(old):
            at, in_front = sheets.ElementNames.index(old), view.ActiveSheet.Name == old
            _remove_charts(sheets.getByName(old))
            sheets.removeByName(old)
        sheets.insertNewByName(name, at)
        added = sheets.getByIndex(at)
        if in_front:
            view.setActiveSheet(added)
        return added

    def _freeze(self, sheet: Any, rows: int, columns: int) -> None:
        """Calc freezes what is in front, and forgets the selection on the way there and back.

        A hidden window has no panes to freeze.
        """
        view = self._document.CurrentController
        front, selected = view.ActiveSheet, view.Selection
        view.setActiveSheet(sheet)
        view.freezeAtPosition(columns, rows)
        view.setActiveSheet(front)
        view.select(selected)

    def _own_name(self, name: str) -> str:
        """The name of a sheet as the document spells it: Calc looks at capitals."""
        names = self._document.Sheets.ElementNames
        return next((one for one in names if one.casefold() == name.casefold()), name)

    def _add_table(self, sheet: Any, name: str, rect: Rect) -> None:
        ranges = self._document.DatabaseRanges
        names = [*ranges.ElementNames, *self._document.NamedRanges.ElementNames]
        chosen = table_name(name, {one.casefold() for one in names})
        ranges.addNewByName(chosen, _range(sheet, rect).RangeAddress)
        ranges.getByName(chosen).ContainsHeader = True

    def _rest(self) -> object:
        automatic = self._document.isAutomaticCalculationEnabled()
        self._document.lockControllers()
        self._document.enableAutomaticCalculation(False)
        return automatic

    def _resume(self, settings: object) -> None:
        self._document.calculate()
        self._document.enableAutomaticCalculation(bool(settings))
        self._document.unlockControllers()


def _remove_charts(sheet: Any) -> None:
    """Before their sheet: a chart that goes with its sheet while controllers are locked leaves a
    listener behind, and Calc dies when that is told of the next change."""
    for name in sheet.Charts.ElementNames:
        sheet.Charts.removeByName(name)


def _range(sheet: Any, rect: Rect) -> Any:
    return sheet.getCellRangeByPosition(rect.left, rect.top, rect.right - 1, rect.bottom - 1)


def _fill(sheet: Any, rect: Rect, rows: Sequence[Sequence[Scalar]]) -> None:
    """One bulk write; then booleans and errors, which Calc knows as formulas only."""
    data = tuple(tuple(_datum(value) for value in row) for row in rows)
    _range(sheet, rect).setDataArray(data)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if isinstance(value, bool | ErrorCode):
                text = value.text if isinstance(value, ErrorCode) else f"{value}()".upper()
                sheet.getCellByPosition(rect.left + j, rect.top + i).setFormula(f"={text}")


def _datum(value: Scalar) -> float | str:
    """What the bulk write takes; None would become #N/A."""
    return "" if value is None or isinstance(value, bool | ErrorCode) else value
