"""New sheets as parts: XlsxWriter makes them in a workbook of their own, in memory.

Only what surrounds the cells is taken from there (views, columns, charts, tables). The cells are
written here, so that numbers keep all their digits and texts need no shared strings part.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from xlcollab.errors import WriteRefusedError
from xlcollab.files.package.package import parse_relationships, rels_name
from xlcollab.files.writing.cells import cell_xml, number_text, value_xml
from xlcollab.files.writing.printing import set_up_print
from xlcollab.files.writing.texts import Texts
from xlcollab.grid import (
    PLOT,
    Away,
    Chart,
    ErrorCode,
    Look,
    NewSheet,
    Place,
    Scalar,
    Series,
    Side,
    TextPool,
    encode,
    look_in,
    storable,
)
from xlcollab.ref import AreaRef, CellRef, Rect, absolute_name, column_letters

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.worksheet import Worksheet

_SHEET_DATA = re.compile(rb"<sheetData\s*/>|<sheetData>.*</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')
COLORS = (
    "#1F4E79", "#E07B39", "#2A9D8F", "#C0392B", "#8E5EA2",
    "#7F8C3B", "#D4A017", "#5DADE2", "#B03A73", "#4B5563",
)  # fmt: skip
"""Of the lines of a chart: ten that differ in hue and in lightness."""
_HEAT = {
    "type": "3_color_scale",
    "min_type": "num",
    "min_color": "#5B8DB8",
    "mid_type": "num",
    "mid_value": 0,
    "mid_color": "#FFFFFF",
    "max_type": "num",
    "max_color": "#E08A5B",
}
"""From the largest size below 0 in blue over 0 in white to the same size above it in orange: equal
sizes are equally strong, and what is nearly 0 is nearly white."""
_FEW_SERIES = 4
"""Names that find room in one line below a chart."""
_SHOWS_VALUE = b'<c:showVal val="1"/>'
_SHOWS_ONLY_VALUE = (
    b'<c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/>'
    b'<c:showSerName val="0"/><c:showPercent val="0"/><c:showBubbleSize val="0"/>'
)


class DrawnPart(NamedTuple):
    """One part and its relationships as [(id, type, key of the target part)]."""

    kind: str
    """The last segment of the relationship type that leads to it: "worksheet", "chart", …"""
    data: bytes
    relations: list[tuple[str, str, str]]


class DrawnSheet(NamedTuple):
    """A new sheet: {key: part}, the sheet itself under `main`."""

    name: str
    main: str
    parts: Mapping[str, DrawnPart]


def draw_sheets(
    sheets: Sequence[NewSheet], formats: Mapping[Look, int] = MappingProxyType({})
) -> list[DrawnSheet]:
    """Make the parts; `formats` are the numbers of the looks in the styles part they will use.
    Raises WriteRefusedError for a table without proper headers."""
    import xlsxwriter  # here, for it takes longer to load than a workbook to read

    buffer, texts = io.BytesIO(), Texts()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    # The first sheet of a workbook is its selected tab; ours must not be selected.
    book.add_worksheet(_unused_name(sheets))
    for number, sheet in enumerate(sheets, 1):
        _draw_frame(book.add_worksheet(sheet.name), sheet, f"table_{number}", texts)
    known = {sheet.name.casefold(): sheet for sheet in sheets}
    _add_missing_sheets(book, sheets)
    for sheet in sheets:
        for chart in sheet.charts:
            _draw_chart(book, sheet, chart, known, texts)
    book.close()
    with zipfile.ZipFile(buffer) as archive:
        return [
            _collect(archive, sheet, f"xl/worksheets/sheet{number}.xml", formats, texts)
            for number, sheet in enumerate(sheets, 2)
        ]


def _unused_name(sheets: Sequence[NewSheet]) -> str:
    taken = {sheet.name.casefold() for sheet in sheets}
    return next(name for name in ("-" * length for length in range(1, 31)) if name not in taken)


def _draw_frame(target: Worksheet, sheet: NewSheet, name: str, texts: Texts) -> None:
    """Column widths, frozen panes, how it is printed, and the table."""
    for column, width in sheet.widths.items():
        target.set_column(column, column, width)
    if any(sheet.freeze):
        target.freeze_panes(*sheet.freeze)
    for (row, column), offered in sheet.choices.items():
        source = list(offered) if isinstance(offered, tuple) else f"={absolute_name(offered)}"
        target.data_validation(row, column, row, column, {"validate": "list", "source": source})
    for hot in sheet.heat:
        most = _largest(sheet, hot)
        scale = _HEAT | {"min_value": -most, "max_value": most}
        target.conditional_format(hot.top, hot.left, hot.bottom - 1, hot.right - 1, scale)
    set_up_print(target, sheet)
    if sheet.table:
        rect = sheet.table
        headers = [{"header": texts.head(text)} for text in _headers(sheet, rect)]
        options = {"name": name, "columns": headers, "style": "Table Style Medium 2"}
        target.add_table(rect.top, rect.left, rect.bottom - 1, rect.right - 1, options)


def _largest(sheet: NewSheet, rect: Rect) -> float:
    """The largest size of a number in an area; 1 where all are 0."""
    cells = [
        cell for row in sheet.rows[rect.top : rect.bottom] for cell in row[rect.left : rect.right]
    ]
    sizes = [abs(float(cell)) for cell in cells if isinstance(cell, int | float)]
    return max((one for one in sizes if math.isfinite(one)), default=0.0) or 1.0


def _headers(sheet: NewSheet, rect: Rect) -> list[str]:
    cells = sheet.rows[rect.top] if rect.top < len(sheet.rows) else ()
    headers = [text for text in cells[rect.left : rect.right] if isinstance(text, str) and text]
    unique = {text.casefold() for text in headers}
    if len(headers) < rect.width or len(unique) < rect.width or rect.height < 2:
        raise WriteRefusedError(
            f"the table {rect} of the new sheet {sheet.name!r} needs a first row of "
            f"{rect.width} different texts and at least one row below it"
        )
    return headers


def _add_missing_sheets(book: xlsxwriter.Workbook, sheets: Sequence[NewSheet]) -> None:
    """Sheets of the target that charts show: XlsxWriter wants to know their names."""
    for area in _chart_areas(sheets):
        if book.get_worksheet_by_name(area.sheet) is None:
            book.add_worksheet(area.sheet)


def _chart_areas(sheets: Sequence[NewSheet]) -> Iterator[AreaRef]:
    for sheet in sheets:
        for chart in sheet.charts:
            for series in chart.series:
                yield from _areas(series)


def _areas(series: Series) -> list[AreaRef]:
    """All cells that a series shows."""
    found = (series.x, series.y, series.labels, *(series.bars or ()))
    return [area for area in found if area is not None]


def _draw_chart(
    book: xlsxwriter.Workbook,
    sheet: NewSheet,
    chart: Chart,
    known: Mapping[str, NewSheet],
    texts: Texts,
) -> None:
    drawn = book.add_chart({"type": "scatter", "subtype": "straight"})
    for number, series in enumerate(chart.series):
        for area in _areas(series):
            _store_for_cache(book, area, known, texts)
        drawn.add_series(_series_options(series, known, texts, COLORS[number % len(COLORS)]))
    drawn.set_title({"name": texts.shown(chart.title), "overlay": False, "name_font": {"size": 13}})
    grid = {"visible": True, "line": {"color": "#D9D9D9", "width": 0.75}}
    x_title, y_title = texts.shown(chart.x_title), texts.shown(chart.y_title)
    x_scale = _scale(chart.x_range) | (_powers(10.0, chart.x_range) if chart.log_x else {})
    x_scale |= {"major_unit": 1, "minor_unit": 1, "num_format": "0"} if chart.x_whole else {}
    drawn.set_x_axis({"name": x_title, "crossing": "min", "label_position": "low", **x_scale})
    scale = _scale(chart.y_range) | (_powers(chart.log_base, chart.y_range) if chart.log_y else {})
    drawn.set_y_axis({"name": y_title, "crossing": "min", "major_gridlines": grid, **scale})
    drawn.set_legend(_legend(chart))
    drawn.set_size({"width": chart.width, "height": chart.height})
    if any(series.places for series in chart.series):
        sides = dict(zip(("x", "y", "width", "height"), PLOT, strict=True))
        drawn.set_plotarea({"layout": sides})
    row = max(chart.at[0], sheet.freeze[0])  # in the headings it would be printed on every page
    book.get_worksheet_by_name(sheet.name).insert_chart(row, chart.at[1], drawn)


def _scale(ends: tuple[float, float] | None) -> dict[str, object]:
    """Where an axis begins and ends, and its numbers with as many digits as tell them apart."""
    if ends is None:
        return {}
    low, high = ends
    places = max(0, -math.floor(math.log10((high - low) / _LINES) + 1e-9))
    size = max(abs(low), abs(high))
    code = "0" if places == 0 else f"0.{'0' * places}" if places < _MOST_PLACES else "General"
    if size < _PLAIN[0] and places >= _MOST_PLACES:
        power = f"0.{'0' * max(1, places + math.floor(math.log10(size)))}E+0"
        code = f"{power};-{power};0"
    return {"min": low, "max": high, "num_format": code if size < 1e6 else _large(size, high - low)}


def _large(size: float, width: float) -> str:
    """Of an axis up to a size beyond a million, where its lines differ in what is shown."""
    if size < _TOO_LONG:
        return "#,##0" if width >= _LINES else "General"
    return "0.0E+0" if width >= _LINES * size / 10 else "General"


_TOO_LONG = 1e9
"""Numbers beyond are not written out."""


def _powers(base: float, ends: tuple[float, float] | None) -> dict[str, object]:
    """A line at each power of the base; LibreOffice would take those of ten. Their numbers differ
    in size, so each has the digits that it wants itself, up to what can be read at a glance."""
    plain = ends is None or (_PLAIN[0] <= ends[0] and ends[1] <= _PLAIN[1])
    return {"log_base": base, "major_unit": base, "num_format": "General" if plain else "0E+0"}


_PLAIN = (1e-4, 1e6)
"""Numbers of an axis that are written out."""


_LINES, _MOST_PLACES = 6, 6
"""About so many lines cross an axis; more digits are left to the program that draws."""


def _legend(chart: Chart) -> dict[str, object]:
    """Beside the plot where it would be several lines below it; faint lines have no entry."""
    if not chart.legend:
        return {"none": True}
    faint = [number for number, series in enumerate(chart.series) if series.faint]
    return {
        "position": "right" if len(chart.series) > _FEW_SERIES else "bottom",
        "delete_series": faint,
    }


def _series_options(
    series: Series, known: Mapping[str, NewSheet], texts: Texts, color: str
) -> dict[str, object]:
    options: dict[str, object] = {
        "name": texts.shown(series.name),
        "categories": f"={absolute_name(series.x)}",
        "values": f"={absolute_name(series.y)}",
        "line": _line(series, color),
        "marker": _marker(color) if series.markers else {"type": "none"},
    }
    if series.texts or series.labels:
        options["data_labels"] = _labels(series, known, texts)
    if series.bars:
        options["y_error_bars"] = _error_bars(*series.bars)
    return options


def _error_bars(below: AreaRef, above: AreaRef) -> dict[str, object]:
    return {
        "type": "custom",
        "minus_values": f"={absolute_name(below)}",
        "plus_values": f"={absolute_name(above)}",
        "line": {"color": "#7F7F7F", "width": 0.75},
    }


def _labels(series: Series, known: Mapping[str, NewSheet], texts: Texts) -> dict[str, object]:
    """Of points; "above" is written out for each of them, and `_placed` puts it right."""
    shown = (
        [texts.shown(text) for text in series.texts]
        if series.texts or series.labels is None
        else [_label(cell, known, texts) for cell in series.labels.cells()]
    )
    small = {"size": 8}
    custom: list[dict[str, object]] = [{"value": text, "font": small} for text in shown]
    if not series.places:
        return {"value": True, "position": "right", "custom": custom}
    for number, place in enumerate(series.places):
        if place is None:
            custom[number] = {"delete": True}
    leaders = any(isinstance(place, Away) for place in series.places)
    look = {"position": "above", "custom": custom, "font": small}
    return {"value": True, **look, **({"leader_lines": True} if leaders else {})}


def _line(series: Series, color: str) -> dict[str, object]:
    if not series.line:
        return {"none": True}
    faint = {"width": 0.75, "color": "#A6A6A6"}
    return faint if series.faint else {"width": 1.75, "color": color}


def _marker(color: str) -> dict[str, object]:
    paint = {"color": color}
    return {"type": "circle", "size": 5, "fill": paint, "border": paint}


def _label(cell: CellRef, known: Mapping[str, NewSheet], texts: Texts) -> str:
    """The text of a label, which every viewer shows; of cells that are not new, a link to them."""
    sheet = known.get(cell.sheet.casefold())
    value = _cell(sheet, cell.row, cell.column) if sheet else None
    if value is None:
        return f"={absolute_name(cell.area)}"
    return texts.shown(f"{value:g}" if isinstance(value, float) else str(value))


def _store_for_cache(
    book: xlsxwriter.Workbook, area: AreaRef, known: Mapping[str, NewSheet], texts: Texts
) -> None:
    """Give XlsxWriter the values a chart shows: it stores them in the chart for viewers that do
    not read cells. Values of sheets that are not new stay out."""
    sheet, target = known.get(area.sheet.casefold()), book.get_worksheet_by_name(area.sheet)
    if sheet is None:
        return
    for row, column in area.rect.cells():
        value = _cell(sheet, row, column)
        if isinstance(value, str):
            target.write_string(row, column, texts.value(value))
        elif isinstance(value, (int, float)) and not isinstance(value, (bool, ErrorCode)):
            target.write_number(row, column, value)


def _cell(sheet: NewSheet, row: int, column: int) -> Scalar:
    cells = sheet.rows[row] if row < len(sheet.rows) else ()
    return storable(cells[column]) if column < len(cells) else None


def _collect(
    archive: zipfile.ZipFile,
    sheet: NewSheet,
    main: str,
    formats: Mapping[Look, int],
    texts: Texts,
) -> DrawnSheet:
    parts: dict[str, DrawnPart] = {}
    open_ = [(main, "worksheet")]
    while open_:
        name, kind = open_.pop()
        relations = _relations(archive, name)
        parts[name] = DrawnPart(kind, texts.restored(archive.read(name)), relations)
        open_ += [(target, type_.rpartition("/")[2]) for _, type_, target in relations]
        if kind == "chart":
            parts[name] = parts[name]._replace(
                data=_said_outright(_only_values_in_labels(parts[name].data))
            )
    _place_labels(parts, sheet)
    body = parts[main]
    parts[main] = body._replace(data=_with_cells(body.data, sheet, formats))
    return DrawnSheet(sheet.name, main, parts)


_LABEL = re.compile(rb"<c:dLbl><c:idx val=\"(\d+)\"/>.*?</c:dLbl>", re.DOTALL)
_PLACE = b'<c:dLblPos val="%b"/>'
_PLACES: Mapping[Side, bytes] = {"right": b"r", "left": b"l", "above": b"t", "below": b"b"}
"""ECMA-376 Part 1, 21.2.3.9."""


def _place_labels(parts: dict[str, DrawnPart], sheet: NewSheet) -> None:
    """Each label to its place: XlsxWriter knows one place for all labels of a series."""
    charts = sorted((name for name in parts if parts[name].kind == "chart"), key=_number_in)
    for name, chart in zip(charts, sheet.charts, strict=True):
        first, *series = parts[name].data.split(b"<c:ser>")
        size = (chart.width, chart.height)
        placed = [_placed(*one, size) for one in zip(series, chart.series, strict=True)]
        parts[name] = parts[name]._replace(data=b"<c:ser>".join([first, *placed]))


def _number_in(name: str) -> int:
    return int(re.sub(r"\D", "", name.rpartition("/")[2]))


def _placed(drawn: bytes, series: Series, size: tuple[int, int]) -> bytes:
    if not series.places:
        return drawn

    def put(label: re.Match[bytes]) -> bytes:
        place = series.places[int(label[1])]
        return _put(label[0], place, size) if place else label[0]

    one_line = drawn.replace(b"<c:rich><a:bodyPr/>", b'<c:rich><a:bodyPr wrap="none"/>')
    return _LABEL.sub(put, one_line)


def _put(label: bytes, place: Place, size: tuple[int, int]) -> bytes:
    """One label at its place. How far one is away is told in shares of the chart (21.2.2.95)."""
    if not isinstance(place, Away):
        return label.replace(_PLACE % b"t", _PLACE % _PLACES[place])
    across, down = place.across / size[0], place.down / size[1]
    layout = (
        f'<c:layout><c:manualLayout><c:x val="{across:.6g}"/><c:y val="{down:.6g}"/>'
        "</c:manualLayout></c:layout>"
    )
    moved = label.replace(_PLACE % b"t", _PLACE % b"r")
    return moved.replace(b"<c:layout/>", layout.encode(), 1)


def _only_values_in_labels(chart: bytes) -> bytes:
    """Say of all parts of data labels whether they show (ECMA-376 Part 1, 21.2.2.189): XlsxWriter
    leaves out what does not, and LibreOffice takes that as shown."""
    return chart.replace(_SHOWS_VALUE, _SHOWS_ONLY_VALUE)


def _said_outright(chart: bytes) -> bytes:
    """Straight lines with gaps at blanks. XlsxWriter leaves both out as Excel's defaults, and
    LibreOffice then smooths the lines and draws blanks as 0 (21.2.2.194, 21.2.2.42)."""
    chart = chart.replace(b"</c:yVal>", b'</c:yVal><c:smooth val="0"/>')
    visible = b'<c:plotVisOnly val="1"/>'
    return chart.replace(visible, visible + b'<c:dispBlanksAs val="gap"/>', 1)


def _relations(archive: zipfile.ZipFile, part: str) -> list[tuple[str, str, str]]:
    name = rels_name(part)
    if name not in archive.namelist():
        return []
    found = parse_relationships(archive.read(name), part, name)
    prefix = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    return [(one.id, prefix + one.type, one.target) for one in found.values()]


def _with_cells(frame: bytes, sheet: NewSheet, formats: Mapping[Look, int]) -> bytes:
    """The sheet's XML with all its cells and its true dimension."""
    width = max((len(row) for row in sheet.rows), default=0)
    used = Rect(0, 0, max(len(sheet.rows), 1), max(width, 1))
    cells = b"<sheetData>" + "".join(_rows_xml(sheet, formats)).encode() + b"</sheetData>"
    dimension = f'<dimension ref="{used}"/>'.encode()
    frame = _DIMENSION.sub(lambda _: dimension, frame, count=1)
    return _SHEET_DATA.sub(lambda _: cells, frame, count=1)


def _rows_xml(sheet: NewSheet, formats: Mapping[Look, int]) -> Iterator[str]:
    texts = TextPool()
    known = _numbers_xml(sheet, formats)
    single = {row for row, _ in [*sheet.cell_looks, *sheet.formulas]}
    wrapped = {row for (row, _), look in sheet.cell_looks.items() if look == "wrapped"}
    for row, values in enumerate(sheet.rows):
        plain = row not in single and row not in sheet.row_looks
        numbers = known if plain else {}
        cells = [
            numbers[column] % (row + 1, number_text(value))
            if type(value) is float
            and column in numbers
            and math.isfinite(value)
            and look_in(sheet.column_looks[column], value) == sheet.column_looks[column]
            else _cell_xml(sheet, row, column, value, formats, texts)
            for column, value in enumerate(values)
        ]
        height = _height(sheet, row, values, wraps=row in wrapped)
        yield f'<row r="{row + 1}"{height}>{"".join(cells)}</row>'


def _numbers_xml(sheet: NewSheet, formats: Mapping[Look, int]) -> dict[int, str]:
    """What `_cell_xml` gives for the numbers of a column that has a look, with places for the
    number of the row and the value: most cells of a large sheet are such."""
    found: dict[int, str] = {}
    for column, look in sheet.column_looks.items():
        style = f' s="{formats[look]}"' if look in formats else ""
        found[column] = f'<c r="{column_letters(column)}%d"{style}><v>%s</v></c>'
    return found


def _cell_xml(
    sheet: NewSheet,
    row: int,
    column: int,
    value: Scalar,
    formats: Mapping[Look, int],
    texts: TextPool,
) -> str:
    """A cell; a blank is one only where it has a frame."""
    look = sheet.look(row, column, value)
    style = str(formats[look]) if look is not None and look in formats else None
    if value is None:
        return cell_xml(row, column, None, "", style=style) if style and look == "text" else ""
    kind, number = encode(storable(value), texts)
    formula = sheet.formulas.get((row, column))
    type_, content = value_xml(kind, number, texts, "", is_result=formula is not None)
    if formula is not None:
        content = f"<f>{escape(formula)}</f>{content}"
    return cell_xml(row, column, type_, content, style=style)


_LINE, _TITLE = 15.0, 24.0
"""Heights of rows in points."""


def _height(sheet: NewSheet, row: int, values: Sequence[Scalar], *, wraps: bool) -> str:
    """Of a row that is not one line high: not every viewer measures rows when it opens a file."""
    look = sheet.row_looks.get(row)
    if look == "title":
        return f' ht="{_TITLE:g}" customHeight="1"'
    if look != "head" and not wraps:
        return ""
    lines = max(
        (
            _lines(str(value or ""), sheet.widths.get(column, 8.43), bold=look == "head")
            for column, value in enumerate(values)
            if look == "head" or sheet.cell_looks.get((row, column)) == "wrapped"
        ),
        default=1,
    )
    return f' ht="{_LINE * lines + 3:g}" customHeight="1"' if lines > 1 else ""


def _lines(text: str, width: float, *, bold: bool) -> int:
    """How many lines a text takes, broken at blanks."""
    lines, used = 1, 0.0
    for word in text.split():
        length = (1.1 if bold else 1.0) * len(word) + 1
        if used and used + length > width:
            lines, used = lines + 1, 0.0
        used += length
    return lines
