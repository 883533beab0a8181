"""Reading an open Excel workbook: values and formulas of a sheet in one call each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import xlwings as xw

from xlcollab.grid import ArrayFormula, DefinedName, Scalar, Sheet, Table, TextPool, Workbook
from xlcollab.live.cells import sheet_of
from xlcollab.live.excel_values import from_excel, two_dimensional
from xlcollab.ref import Rect, parse_rect, split_sheet


def read_workbook(book: xw.Book, wanted: Collection[str], texts: TextPool) -> Workbook:
    """The wanted worksheets, the others empty, names and tables of an open workbook."""
    date1904 = getattr(book.api, "Date1904", False) is True
    return Workbook(
        sheets=[
            _sheet(sheet, texts, date1904)
            if sheet.name in wanted
            else sheet_of(sheet.name, [], {}, texts)
            for sheet in book.sheets
        ],
        texts=texts,
        names=[_name(one) for one in book.names],
        tables=[_table(sheet, table) for sheet in book.sheets for table in sheet.tables],
        date1904=date1904,
        source=book.name,
        whole_pairs=None,
    )


def _sheet(sheet: xw.Sheet, texts: TextPool, date1904: bool) -> Sheet:
    used = sheet.range((1, 1), sheet.used_range.last_cell)
    values = used.options(ndim=2, err_to_str=True, empty="").value
    formulas = {
        (row, column): text
        for row, line in enumerate(two_dimensional(used.formula))
        for column, text in enumerate(line)
        if isinstance(text, str) and text.startswith("=")
    }
    rows: list[list[Scalar]] = [[from_excel(v, date1904=date1904) for v in row] for row in values]
    for row, column in formulas:  # a formula may give the empty text, which no blank cell holds
        if rows[row][column] is None:
            rows[row][column] = ""
    return sheet_of(
        sheet.name,
        rows,
        formulas,
        texts,
        arrays=_arrays(used),
        merged=[_rect(one.merge_area) for one in _where(used, lambda one: one.merge_cells)],
        protected=getattr(sheet.api, "ProtectContents", False) is True,
    )


def _arrays(used: xw.Range) -> list[ArrayFormula]:
    """The array formulas of a range; COM knows the area that each belongs to."""
    found: dict[Rect, str] = {}
    for cell in _where(used, lambda one: one.has_array):
        rect = parse_rect(cell.api.CurrentArray.Address)
        found.setdefault(rect, str(cell.formula).removeprefix("="))
    return [ArrayFormula(rect, text) for rect, text in found.items()]


def _where(area: xw.Range, asked: Callable[[xw.Range], Any]) -> Iterator[xw.Range]:
    """The cells that have a property. Excel answers None for an area in which some have it, so
    halving finds a few cells in few questions."""
    answer = asked(area)
    if answer is False:
        return
    if area.size == 1:
        yield area
        return
    for half in _halves(_rect(area)):
        yield from _where(range_of(area.sheet, half), asked)


def _halves(rect: Rect) -> tuple[Rect, Rect]:
    """Cut across the longer side."""
    top, left, height, width = rect.top, rect.left, rect.height, rect.width
    if height >= width:
        half = height // 2
        return Rect(top, left, half, width), Rect(top + half, left, height - half, width)
    half = width // 2
    return Rect(top, left, height, half), Rect(top, left + half, height, width - half)


def _name(name: xw.Name) -> DefinedName:
    """Excel writes the scope of a sheet's own name in front of it: "dotprod!solver_adj"."""
    sheet, own = split_sheet(name.name)
    hidden = getattr(name.api, "Visible", True) is False
    return DefinedName(own, (name.refers_to or "").removeprefix("="), sheet, hidden)


def _table(sheet: xw.Sheet, table: Any) -> Table:
    header = table.header_row_range
    titles = [] if header is None else two_dimensional(header.raw_value)[0]
    return Table(
        name=table.name,
        sheet=sheet.name,
        rect=_rect(table.range),
        columns=tuple(str(title) for title in titles),
        header_rows=int(table.show_headers),
        totals_rows=int(table.show_totals),
    )


def _rect(area: xw.Range) -> Rect:
    return Rect(area.row - 1, area.column - 1, *area.shape)


def range_of(sheet: xw.Sheet, rect: Rect) -> xw.Range:
    """The cells of `rect` on a sheet."""
    return sheet.range((rect.top + 1, rect.left + 1), (rect.bottom, rect.right))
