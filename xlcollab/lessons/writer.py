"""Pages → an .xlsx file, by XlsxWriter; the same pages and values give the same bytes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import IO

import xlsxwriter
from xlsxwriter.chart import Chart as XlsxChart
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.lessons.page import Cell, Chart, Choice, Line, Page
from xlcollab.lessons.styles import ACCENT, LINE, SCALES, STYLES
from xlcollab.problems import solver_names
from xlcollab.ref import AreaRef, CellRef, Rect, absolute_name, quote_sheet

_CREATED = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
_COLOURS = (ACCENT, "#D9622B", "#3B8F5A", "#7A4FA3", "#B8860B", "#4B5563", "#C2185B", "#0E7490")
Values = Mapping[CellRef, Scalar]
"""What formula cells evaluate to; a formula without a value stores 0."""


def write_pages(out: IO[bytes], pages: Sequence[Page], values: Values, *, title: str) -> None:
    """Write the workbook to `out`."""
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": title, "author": "xlcollab", "created": _CREATED})
    formats = {name: book.add_format(dict(style)) for name, style in STYLES.items()}
    sheets = [book.add_worksheet(page.name) for page in pages]
    for page, sheet in zip(pages, sheets, strict=True):
        _write_cells(sheet, page, formats, values)
        _dress(sheet, page)
        _write_names(book, page)
    known = {page.name: page for page in pages}
    for page, sheet in zip(pages, sheets, strict=True):
        for chart in page.charts:
            sheet.insert_chart(*chart.at, _chart(book, known, page, chart, values))
    book.close()


def _write_cells(
    sheet: Worksheet, page: Page, formats: Mapping[str, object], values: Values
) -> None:
    for rect in page.merged:
        style = formats[page.cells[rect.top, rect.left].style]
        sheet.merge_range(*_corners(rect), "", style)
    for (row, column), cell in page.cells.items():
        value = values.get(CellRef(page.name, row, column), 0.0)
        _write_cell(sheet, row, column, cell, formats[cell.style], value)


def _write_cell(
    sheet: Worksheet, row: int, column: int, cell: Cell, style: Format, value: Scalar
) -> None:
    content = cell.content
    if cell.formula:
        result = value.text if isinstance(value, ErrorCode) else value
        sheet.write_formula(row, column, content, style, result)
    elif content == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(content, str):
        sheet.write_string(row, column, content, style)
    else:
        sheet.write(row, column, content, style)


def _dress(sheet: Worksheet, page: Page) -> None:
    """Everything around the cells: widths, colours, drop-downs, panes, print set-up."""
    sheet.hide_gridlines(2)
    for column, width in page.widths.items():
        sheet.set_column(column, column, width)
    for row, height in page.heights.items():
        sheet.set_row(row, height)
    for rect, scale in page.scales:
        sheet.conditional_format(*_corners(rect), dict(SCALES[scale]))
    for choice in page.choices:
        sheet.data_validation(*_corners(choice.rect), _validation(choice))
    for (row, column), note in page.notes.items():
        sheet.write_comment(row, column, note, {"x_scale": 2.2, "y_scale": 1.2})
    for name, rect in page.tables.items():
        sheet.add_table(*_corners(rect), _table(page, name, rect))
    if any(page.freeze):
        sheet.freeze_panes(*page.freeze)
        sheet.repeat_rows(0, max(page.freeze[0] - 1, 0))
    if page.printed:
        sheet.print_area(*_corners(page.printed))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&F&C&A&R&P / &N")


def _validation(choice: Choice) -> dict[str, object]:
    if choice.options:
        return {"validate": "list", "source": list(choice.options)}
    limits = {"minimum": choice.least, "maximum": choice.most}
    message = f"a number from {choice.least:g} to {choice.most:g}, or nothing"
    return {
        "validate": "decimal",
        "criteria": "between",
        **limits,
        "error_title": "Out of range",
        "error_message": message,
    }


def _table(page: Page, name: str, rect: Rect) -> dict[str, object]:
    cells = [page.cells[rect.top, column] for column in range(rect.left, rect.right)]
    headers = [{"header": str(cell.content)} for cell in cells]
    return {"name": name, "columns": headers, "style": "Table Style Medium 2"}


def _write_names(book: xlsxwriter.Workbook, page: Page) -> None:
    scope = quote_sheet(page.name)
    for name, rect in page.names.items():
        book.define_name(f"{scope}!{name}", f"={absolute_name(AreaRef(page.name, rect))}")
    for name, rect in page.book_names.items():
        book.define_name(name, f"={absolute_name(AreaRef(page.name, rect))}")
    for name, text in (solver_names(page.model) if page.model else {}).items():
        book.define_name(f"{scope}!{name}", f"={text}")
        # XlsxWriter has no argument for it: [name, sheet, text, hidden].
        book.defined_names[-1][3] = True


def _chart(
    book: xlsxwriter.Workbook, pages: Mapping[str, Page], page: Page, chart: Chart, values: Values
) -> XlsxChart:
    drawn = book.add_chart({"type": "scatter", "subtype": "straight"})
    for number, line in enumerate(chart.lines):
        source = pages[line.sheet or page.name]
        drawn.add_series(_series(source, line, _COLOURS[number % len(_COLOURS)], values))
    grid = {"visible": True, "line": {"color": LINE, "width": 0.5}}
    drawn.set_title({"name": chart.title, "overlay": False, "name_font": {"size": 13}})
    drawn.set_x_axis({"name": chart.x_title, "crossing": "min", "label_position": "low"})
    scale = {"log_base": 10} if chart.log_y else {}
    drawn.set_y_axis({"name": chart.y_title, "crossing": "min", "major_gridlines": grid, **scale})
    drawn.set_legend({"position": "bottom"} if len(chart.lines) > 1 else {"none": True})
    drawn.set_size({"width": chart.size[0], "height": chart.size[1]})
    return drawn


def _series(page: Page, line: Line, colour: str, values: Values) -> dict[str, object]:
    options: dict[str, object] = {
        "name": line.name,
        "categories": _where(page, line.x),
        "values": _where(page, line.y),
        "line": {"none": True} if line.points else {"width": 2, "color": colour},
        "marker": {"type": "none"},
    }
    if line.points:
        fill = {"color": colour}
        options["marker"] = {"type": "circle", "size": 6, "fill": fill, "border": fill}
    if line.labels:
        texts = [{"value": _text(page, *cell, values)} for cell in line.labels.cells()]
        options["data_labels"] = {"value": True, "position": "right", "custom": texts}
    return options


def _text(page: Page, row: int, column: int, values: Values) -> str:
    """The text of a label: links to cells are not followed by every viewer."""
    cell = page.cells[row, column]
    shown = values.get(CellRef(page.name, row, column)) if cell.formula else cell.content
    return "" if shown is None else str(shown)


def _where(page: Page, rect: Rect) -> str:
    return "=" + absolute_name(AreaRef(page.name, rect))


def _corners(rect: Rect) -> tuple[int, int, int, int]:
    return rect.top, rect.left, rect.bottom - 1, rect.right - 1
