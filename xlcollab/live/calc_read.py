"""Reading a document that is open in LibreOffice Calc: values and formulas in one call each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from xlcollab.grid import (
    ArrayFormula,
    DefinedName,
    ErrorCode,
    Scalar,
    Sheet,
    Table,
    TextPool,
    Workbook,
)
from xlcollab.live.calc_formulas import of_array, to_excel
from xlcollab.live.cells import sheet_of
from xlcollab.ref import Rect

# com.sun.star.sheet.CellFlags, FormulaResult and NamedRangeFlag; com.sun.star.util.NumberFormat
_FORMULAS, _ERRORS, _HIDDEN, _LOGICAL = 16, 4, 16, 1024
_CODES = {
    503: ErrorCode.NUM,
    519: ErrorCode.VALUE,
    521: ErrorCode.NULL,
    524: ErrorCode.REF,
    525: ErrorCode.NAME,
    532: ErrorCode.DIV0,
    32767: ErrorCode.NA,
}
"""LibreOffice's error numbers; any other is a #VALUE! in Excel."""
_CONSTANTS: Mapping[str, Scalar] = {"=TRUE()": True, "=FALSE()": False} | {
    f"={code.text}": code for code in ErrorCode
}
"""Formulas that stand for constants of Excel which Calc has not."""


def read_workbook(
    document: Any, wanted: Collection[str], texts: TextPool, functions: Mapping[str, str]
) -> Workbook:
    """The wanted sheets with their own names, the others empty; the names and tables of an open
    document. `functions`: see `calc_formulas`."""
    formats = _Formats(document)
    sheets, names = [], _names(document.NamedRanges, None, functions)
    for name in document.Sheets.ElementNames:
        if name not in wanted:
            sheets.append(sheet_of(name, [], {}, texts))
            continue
        sheet = document.Sheets.getByName(name)
        sheets.append(_sheet(formats, sheet, texts, functions))
        names += _names(sheet.NamedRanges, name, functions)
    start = document.NullDate
    return Workbook(
        sheets=sheets,
        texts=texts,
        names=names,
        tables=[_table(document, one) for one in document.DatabaseRanges],
        date1904=(start.Year, start.Month) == (1904, 1),
        source=document.Title,
        whole_pairs=True,
    )


def _sheet(formats: _Formats, sheet: Any, texts: TextPool, functions: Mapping[str, str]) -> Sheet:
    used = _used(sheet)
    rows: list[list[Scalar]] = [
        [None if value == "" else value for value in row] for row in used.DataArray
    ]
    written = used.FormulaArray
    formulas: dict[tuple[int, int], str] = {}
    arrays: dict[Rect, ArrayFormula] = {}
    for row, column in _cells(sheet.queryContentCells(_FORMULAS)):
        text = written[row][column]
        if text in _CONSTANTS:
            rows[row][column] = _CONSTANTS[text]
            continue
        if rows[row][column] is None:
            rows[row][column] = ""
        formulas[row, column] = to_excel(of_array(text), functions)
        if text.startswith("{=") and not any(rect.contains(row, column) for rect in arrays):
            rect = _array_area(sheet, row, column)
            arrays[rect] = ArrayFormula(rect, formulas[row, column].removeprefix("="))
    for row, column in _cells(sheet.queryFormulaCells(_ERRORS)):
        if (row, column) in formulas:
            code = sheet.getCellByPosition(column, row).getError()
            rows[row][column] = _CODES.get(code, ErrorCode.VALUE)
    groups = list(sheet.getUniqueCellFormatRanges())  # cells of one format each
    _mark_booleans(groups, formats, rows)
    return sheet_of(
        sheet.Name,
        rows,
        formulas,
        texts,
        arrays=arrays.values(),
        merged=list(_merged(sheet, groups)) if used.IsMerged else [],
        protected=sheet.isProtected(),
    )


def _used(sheet: Any) -> Any:
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    last = cursor.RangeAddress
    return sheet.getCellRangeByPosition(0, 0, last.EndColumn, last.EndRow)


def _array_area(sheet: Any, row: int, column: int) -> Rect:
    cursor = sheet.createCursorByRange(sheet.getCellByPosition(column, row))
    cursor.collapseToCurrentArray()
    return rect_of(cursor.RangeAddress)


class _Formats:
    """Number formats of a document: Calc tells TRUE from 1 by the format alone."""

    def __init__(self, document: Any) -> None:
        self._formats = document.NumberFormats
        self._known: dict[int, bool] = {}

    def is_logical(self, key: int) -> bool:
        if key not in self._known:
            self._known[key] = bool(self._formats.getByKey(key).Type & _LOGICAL)
        return self._known[key]


def _mark_booleans(groups: Iterable[Any], formats: _Formats, rows: list[list[Scalar]]) -> None:
    whole = Rect(0, 0, len(rows), len(rows[0]))
    for cells in groups:
        if not formats.is_logical(cells.NumberFormat):
            continue
        for address in cells.RangeAddresses:
            inside = rect_of(address).intersection(whole)
            for row, column in inside.cells() if inside else ():
                if isinstance(rows[row][column], float):
                    rows[row][column] = bool(rows[row][column])


def _merged(sheet: Any, groups: Iterable[Any]) -> Iterator[Rect]:
    """The first cells of merged areas of one size are a group of their own."""
    for cells in groups:
        if not cells.getByIndex(0).IsMerged:
            continue
        for row, column in _cells(cells):
            cursor = sheet.createCursorByRange(sheet.getCellByPosition(column, row))
            cursor.collapseToMergedArea()
            yield rect_of(cursor.RangeAddress)


def _names(ranges: Any, sheet: str | None, functions: Mapping[str, str]) -> list[DefinedName]:
    found = []
    for name in ranges.ElementNames:
        one = ranges.getByName(name)
        text = to_excel(one.Content, functions)
        found.append(DefinedName(name, text, sheet, bool(one.Type & _HIDDEN)))
    return found


def _table(document: Any, area: Any) -> Table:
    address = area.DataArea
    sheet = document.Sheets.getByIndex(address.Sheet)
    rect = rect_of(address)
    header = sheet.getCellRangeByPosition(rect.left, rect.top, rect.right - 1, rect.top)
    return Table(
        name=area.Name,
        sheet=sheet.Name,
        rect=rect,
        columns=tuple(str(title) for title in header.DataArray[0]) if area.ContainsHeader else (),
        header_rows=int(area.ContainsHeader),
        totals_rows=int(area.TotalsRow),
    )


def _cells(areas: Any) -> Iterator[tuple[int, int]]:
    for address in areas.RangeAddresses:
        yield from rect_of(address).cells()


def rect_of(address: Any) -> Rect:
    """A com.sun.star.table.CellRangeAddress as a rectangle."""
    top, left = address.StartRow, address.StartColumn
    return Rect(top, left, address.EndRow - top + 1, address.EndColumn - left + 1)
