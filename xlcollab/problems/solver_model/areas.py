"""From a text that names cells to areas; and from overlapping areas to disjoint ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from xlcollab.errors import ModelError, ReferenceSyntaxError
from xlcollab.grid import DefinedName, Table, Workbook
from xlcollab.ref import (
    MAX_COLUMNS,
    MAX_ROWS,
    AreaRef,
    CellRef,
    Rect,
    cell_name,
    parse_area,
    split_list,
    split_sheet,
)

_TABLE_COLUMN = re.compile(r"(?P<table>[^\[\]]+)(?:\[(?P<column>[^\[\]]*)\])?\Z")
_NAMES_DEEP = 16
"""Names inside names: one that names itself ends here."""


def resolve_areas(workbook: Workbook, text: str, sheet: str, what: str) -> list[AreaRef]:
    """The areas that a comma-separated `text` names, in its order, overlaps and all.

    A part is an address, a defined name that stands for cells, or a table column `Table[column]`.
    A part without a sheet takes that of the part before it, the first one takes `sheet`. Whole
    columns and rows are cut to the used part of their sheet. `what` begins the message of the
    ModelError that is raised when a part names no cells of this workbook.
    """
    areas = _resolve(workbook, text, sheet, what, _NAMES_DEEP)
    return [_cut_to_used(workbook, area, what) for area in areas]


def resolve_cell(workbook: Workbook, text: str, sheet: str, what: str) -> CellRef:
    """The one cell that `text` names. Raises ModelError, also when it names more."""
    areas = resolve_areas(workbook, text, sheet, what)
    if len(areas) != 1 or areas[0].rect.size != 1:
        raise ModelError(f"{what} is {text}: a single cell is needed, such as {areas[0].first}")
    return areas[0].first


def find_name(workbook: Workbook, text: str, sheet: str) -> DefinedName | None:
    """The defined name `text`, perhaps sheet-qualified, as seen from `sheet`."""
    scope, name = split_sheet(text)
    return workbook.name(name, scope or sheet)


def _resolve(workbook: Workbook, text: str, sheet: str, what: str, depth: int) -> list[AreaRef]:
    areas: list[AreaRef] = []
    for part in filter(None, split_list(_bare(text))):
        default = areas[-1].sheet if areas else sheet
        areas += _resolve_part(workbook, part, default, what, depth)
    if not areas:
        raise ModelError(f"{what} names no cells: write addresses such as {sheet}!A1:B5")
    return areas


def _bare(text: str) -> str:
    """Without the leading "=" and the parentheses that may enclose a union."""
    text = text.strip().removeprefix("=").strip()
    return text[1:-1] if text[:1] == "(" and text[-1:] == ")" else text


def _resolve_part(
    workbook: Workbook, part: str, sheet: str, what: str, depth: int
) -> list[AreaRef]:
    if "#REF!" in part.upper():
        raise ModelError(
            f"{what} is {part}: the cells it named were deleted; choose cells that exist"
        )
    try:
        return [_on_known_sheet(workbook, parse_area(part, sheet), what)]
    except ReferenceSyntaxError as error:
        name = find_name(workbook, part, sheet)
        if name and depth:
            text = f"{what}, through the name {name.name}," if depth == _NAMES_DEEP else what
            return _resolve(workbook, name.text, name.sheet or sheet, text, depth - 1)
        table = _table_area(workbook, part)
        if table:
            return [table]
        raise ModelError(
            f"{what} is {part!r}: neither an address such as {sheet}!A1:B5 nor a name"
            f" of this workbook that stands for cells{_written(workbook, part)}"
        ) from error


def _on_known_sheet(workbook: Workbook, area: AreaRef, what: str) -> AreaRef:
    sheet = workbook.find(area.sheet)
    if sheet is None:
        known = ", ".join(sheet.name for sheet in workbook)
        several = ";" in area.sheet or "!" in area.sheet
        advice = "; between areas stand commas" if several else ""
        raise ModelError(
            f"{what} is {area}: there is no such sheet; the sheets are {known}{advice}"
        )
    return AreaRef(sheet.name, area.rect)


def _written(workbook: Workbook, part: str) -> str:
    """How an address in the spelling of R1C1 or of LibreOffice is written; "" for any other."""
    numbers = _R1C1.fullmatch(part)
    if numbers is not None and int(numbers["row"]) >= 1 and int(numbers["column"]) >= 1:
        name = cell_name(int(numbers["row"]) - 1, int(numbers["column"]) - 1)
        return f"; row {numbers['row']}, column {numbers['column']} is written {name}"
    corners = _CORNERS.fullmatch(part)
    if corners is not None:
        first, second = corners["first"], corners["second"]
        return f"; the cells from {first} to {second} are written {first}:{second}"
    name, _, cells = part.strip("$").rpartition(".")
    if workbook.find(name.strip("'")) is None:
        return ""
    return f"; between sheet and cells stands an exclamation mark: {name}!{cells}"


_CORNERS = re.compile(
    r"(?P<first>(?:[^!]+!)?\$?[A-Z]{1,3}\$?\d+)(?: ?\.\.+ ?| ?[-–;] ?| +| to )"
    r"(?P<second>\$?[A-Z]{1,3}\$?\d+)",
    re.IGNORECASE,
)
"""Two cells with something between them that is no colon."""
_R1C1 = re.compile(r"R(?P<row>\d{1,7})C(?P<column>\d{1,5})", re.IGNORECASE)


def _table_area(workbook: Workbook, part: str) -> AreaRef | None:
    """The data cells of `Table` or `Table[column]` (ECMA-376 Part 1, 18.17.2: structure refs)."""
    match = _TABLE_COLUMN.match(part)
    table = workbook.table(match["table"]) if match else None
    if match is None or table is None:
        return None
    data = _data_rows(table)
    if match["column"] is None:
        return AreaRef(table.sheet, data)
    headings = [heading.casefold() for heading in table.columns]
    column = match["column"].casefold()
    if column not in headings:
        return None
    left = data.left + headings.index(column)
    return AreaRef(table.sheet, Rect(data.top, left, data.height, 1))


def _data_rows(table: Table) -> Rect:
    rect = table.rect
    height = rect.height - table.header_rows - table.totals_rows
    return Rect(rect.top + table.header_rows, rect.left, height, rect.width)


def _cut_to_used(workbook: Workbook, area: AreaRef, what: str) -> AreaRef:
    rect = area.rect
    if rect.height < MAX_ROWS and rect.width < MAX_COLUMNS and rect.size <= MAX_ROWS:
        return area
    used = rect.intersection(workbook.sheet(area.sheet).used)
    if used is None:
        raise ModelError(f"{what} is {area}: these cells are all blank; name the cells in use")
    return AreaRef(area.sheet, used)


def disjoint(areas: Sequence[AreaRef]) -> tuple[AreaRef, ...]:
    """Areas without common cells that hold the same cells in the same order of first appearance.

    The order meant: area after area, and within an area row by row.
    """
    kept: list[AreaRef] = []
    for area in areas:
        earlier = [other.rect for other in kept if other.sheet == area.sheet]
        holes = [hole for rect in earlier if (hole := area.rect.intersection(rect))]
        kept += [AreaRef(area.sheet, rect) for rect in _without(area.rect, holes)]
    return tuple(kept)


def _without(rect: Rect, holes: list[Rect]) -> Iterator[Rect]:
    """`rect` less disjoint `holes` inside it; bands with a hole in the middle go row by row."""
    edges = {rect.top, rect.bottom}.union(*((hole.top, hole.bottom) for hole in holes))
    for top, bottom in pairwise(sorted(edges)):
        spans = _free_spans(rect, [hole for hole in holes if hole.top <= top < hole.bottom])
        height = bottom - top if len(spans) == 1 else 1
        for row in range(top, bottom, height):
            for left, right in spans:
                yield Rect(row, left, height, right - left)


def _free_spans(rect: Rect, holes: list[Rect]) -> list[tuple[int, int]]:
    """(left, right) of the columns of `rect` that no hole takes."""
    edges = [rect.left]
    for hole in sorted(holes, key=lambda hole: hole.left):
        edges += [hole.left, hole.right]
    edges.append(rect.right)
    return [
        (left, right) for left, right in zip(edges[::2], edges[1::2], strict=True) if left < right
    ]
