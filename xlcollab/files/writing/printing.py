"""How a new sheet is printed: A4 across, in a size that can be read, headings on every page."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlcollab.grid import DefinedName, NewSheet
from xlcollab.ref import (
    MAX_COLUMNS,
    MAX_ROWS,
    AreaRef,
    Rect,
    absolute_name,
    column_letters,
    quote_sheet,
)

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_PAGE_ROWS = 84
"""So many rows, those beside charts too, can still be read on one page."""
_PAGE_CHARACTERS, _CHART_CHARACTERS = 200.0, 300.0
"""So many characters beside one another can still be read on one page; where there are charts,
which a second page would tear, a few more."""
_NATURAL_CHARACTERS = 140.0
"""So many stand on a page that is not made smaller."""
_PAGE_LINES = 31
"""Rows on a page that is not made smaller."""
_LINE_CHARACTERS = 170.0
"""A line of text above or below a table makes the page smaller up to here; it may end there."""
_NOTE = 0.85
"""The width of a character of a note in those of a cell."""
_ROW_PIXELS, _CHARACTER_PIXELS = 20, 7
"""Of Excel's default font, Calibri 11."""
_COLUMN = 8.43
"""Characters of a column whose width nobody said."""


def set_up_print(target: Worksheet, sheet: NewSheet) -> None:
    """As many pages wide as it takes to be read, a short sheet on one page: file, sheet and page at
    the foot."""
    target.set_landscape()
    target.set_paper(9)
    target.set_footer("&L&F&C&A&R&P / &N")
    most = _CHART_CHARACTERS if sheet.charts else _PAGE_CHARACTERS
    wide = math.ceil(_characters(sheet) / most)
    is_short = _height(sheet) <= _PAGE_ROWS
    target.fit_to_pages(wide, 1 if is_short else 0)
    if not is_short:
        target.set_h_pagebreaks(_breaks(sheet))


def print_names(sheets: Sequence[NewSheet]) -> list[DefinedName]:
    """The names that say what of each visible sheet is printed, so that a long line of text does
    not make all the rest small, and what is repeated on every page (ECMA-376 Part 1, 18.2.5).

    Without a text where nothing is to be said: a sheet that is replaced may have had one."""
    found = []
    for sheet in sheets:
        shown = not sheet.hidden and bool(sheet.rows)
        texts = (_area(sheet), _titles(sheet)) if shown else ("", "")
        found += [DefinedName(*one, sheet.name) for one in zip(_NAMES, texts, strict=True)]
    return found


_NAMES = ("_xlnm.Print_Area", "_xlnm.Print_Titles")


def _area(sheet: NewSheet) -> str:
    """The table, its charts, and so much beside a narrow table as fits a page anyway."""
    lines = [len(row[0]) * _NOTE for row in sheet.rows if row and isinstance(row[0], str)]
    told = min(max(lines, default=0.0), _LINE_CHARACTERS)
    wanted = max(_characters(sheet), _NATURAL_CHARACTERS, told)
    columns, across = 0, 0.0
    while across < wanted and columns < MAX_COLUMNS:
        across += sheet.widths.get(columns, _COLUMN)
        columns += 1
    return absolute_name(AreaRef(sheet.name, Rect(0, 0, min(_height(sheet), MAX_ROWS), columns)))


def _titles(sheet: NewSheet) -> str:
    """The columns and the headings that stay in sight, with a line above the headings that tells of
    the same columns; title and sentence are not said again. Where other tables stand below, the
    headings of the first are not said over them."""
    (rows, columns), name = sheet.freeze, quote_sheet(sheet.name)
    texts = [f"{name}!$A:${column_letters(columns - 1)}"] if columns else []
    has_heading = sheet.row_looks.get(rows - 1) == "head"
    if rows and not (has_heading and _lower_tables(sheet)):
        has_line = rows > 1 and len(sheet.rows) >= rows and len(sheet.rows[rows - 2]) > 1
        texts.append(f"{name}!${rows - has_line}:${rows}")
    return ",".join(texts)


def _lower_tables(sheet: NewSheet) -> list[int]:
    """The first rows of tables below the frozen one, a section's title before the headings."""
    looks = {row: look for (row, _), look in sheet.cell_looks.items() if look == "head"}
    heads = sorted(row for row, look in (sheet.row_looks | looks).items() if look == "head")
    return [
        row - (sheet.row_looks.get(row - 1) == "section") for row in heads if row >= sheet.freeze[0]
    ]


def _breaks(sheet: NewSheet) -> list[int]:
    """The rows before which a page ends so that no lower table is torn that has room on a page."""
    charts = [chart.at[0] + chart.height // _ROW_PIXELS + 1 for chart in sheet.charts]
    starts = [row for row in _lower_tables(sheet) if row >= max(charts, default=0)]
    page = _PAGE_LINES * max(1.0, _characters(sheet) / _NATURAL_CHARACTERS)
    breaks, begin = list[int](), 0
    for start, end in itertools.pairwise([*starts, len(sheet.rows)]):
        if start > begin and end - begin > page:
            breaks.append(start)
            begin = start
    return breaks


def _columns(sheet: NewSheet) -> int:
    return max((len(row) for row in sheet.rows), default=1)


def _height(sheet: NewSheet) -> int:
    """Rows of the cells and of the charts beside them."""
    charts = [chart.at[0] + chart.height // _ROW_PIXELS + 2 for chart in sheet.charts]
    return max([len(sheet.rows), *charts])


def _characters(sheet: NewSheet) -> float:
    """The width of the table and of what stands beside it."""
    cells = sum(sheet.widths.get(column, _COLUMN) for column in range(_columns(sheet)))
    beside = [
        sum(sheet.widths.get(column, _COLUMN) for column in range(chart.at[1]))
        + chart.width / _CHARACTER_PIXELS
        for chart in sheet.charts
    ]
    return max([cells, *beside])
