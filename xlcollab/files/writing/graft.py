"""Put new sheets into a package: parts renumbered, related, declared and listed.

Only the workbook part, its relationships and the content types change, and the styles part grows
by the formats of new cells; shared strings and the properties under docProps stay as they are.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from itertools import count

from xlcollab.errors import WriteRefusedError
from xlcollab.files.package.edit import PackageEdit
from xlcollab.files.package.markup import attribute, end_of_tag, set_attributes
from xlcollab.files.package.package import rels_name
from xlcollab.files.reading.workbook_part import SheetEntry, WorkbookPart
from xlcollab.files.writing.drawn_sheets import DrawnPart, DrawnSheet, draw_sheets
from xlcollab.files.writing.styles import add_looks
from xlcollab.grid import LOOKS, Look, NewSheet
from xlcollab.grid.naming import table_name

_SPREADSHEETML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DRAWINGML = "application/vnd.openxmlformats-officedocument"
_KINDS = {
    "worksheet": ("xl/worksheets/sheet{}.xml", f"{_SPREADSHEETML}.worksheet+xml"),
    "table": ("xl/tables/table{}.xml", f"{_SPREADSHEETML}.table+xml"),
    "drawing": ("xl/drawings/drawing{}.xml", f"{_DRAWINGML}.drawing+xml"),
    "chart": ("xl/charts/chart{}.xml", f"{_DRAWINGML}.drawingml.chart+xml"),
}
"""Kind of part → (name, content type)."""

_RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATIONSHIPS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_STRICT = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": (
        "http://purl.oclc.org/ooxml/spreadsheetml/main"
    ),
    _RELATIONSHIPS: _STRICT_RELATIONSHIPS,
    "http://schemas.openxmlformats.org/drawingml/2006/": ("http://purl.oclc.org/ooxml/drawingml/"),
}
"""Transitional → Strict namespaces (ECMA-376 Part 1, annex A)."""

_TABLE_TAG = re.compile(rb"<table\b[^>]*>")


def graft_sheets(
    edit: PackageEdit,
    main: WorkbookPart,
    workbook: bytes,
    sheets: Sequence[NewSheet],
    taken_names: set[str],
) -> bytes:
    """Add `sheets` or put them in the place of sheets of the same name.

    `workbook` is the workbook part's UTF-8 XML so far; returned with the new sheets listed.
    `taken_names` are the names of tables and defined names, in lower case.
    """
    existing = {entry.name.casefold(): entry for entry in main.sheets}
    table_ids = count(_largest_table_id(edit) + 1)
    hidden = {sheet.name for sheet in sheets if sheet.hidden}
    for sheet in draw_sheets(sheets, _formats(edit, main, sheets)):
        entry = existing.get(sheet.name.casefold())
        part = edit.free_name(_KINDS["worksheet"][0])
        if entry is not None:
            part = entry.part
            _clear(edit, main, entry)
        _add_parts(edit, sheet, part, table_ids, taken_names, strict=main.strict)
        if entry is None:
            edit.declare(part, _KINDS["worksheet"][1])
            workbook = _list(edit, main, workbook, sheet.name, part, hidden=sheet.name in hidden)
    return workbook


def _formats(edit: PackageEdit, main: WorkbookPart, sheets: Sequence[NewSheet]) -> dict[Look, int]:
    """The formats of the looks that the sheets use, appended to the workbook's styles part; none
    where it has no such part."""
    used = {look for sheet in sheets for look in sheet.looks}
    parts = [one.target for one in edit.relationships(main.part).values() if one.type == "styles"]
    if not used or not parts or parts[0] not in edit:
        return {}
    looks = [look for look in LOOKS if look in used]
    data, formats = add_looks(edit.read_utf8(parts[0]), edit.where(parts[0]), looks)
    edit.write_utf8(parts[0], data)
    return formats


def _add_parts(
    edit: PackageEdit,
    sheet: DrawnSheet,
    part: str,
    table_ids: count[int],
    taken_names: set[str],
    *,
    strict: bool,
) -> None:
    names = {sheet.main: part}
    for key, drawn in sheet.parts.items():
        if key != sheet.main:
            names[key] = edit.free_name(_KINDS[drawn.kind][0])
        data = drawn.data
        if drawn.kind == "table":
            name = table_name(sheet.name, taken_names)
            taken_names.add(name.casefold())
            data = _renumber_table(data, next(table_ids), name)
        edit.write_utf8(names[key], _strict(data) if strict else data)
        if key != sheet.main:
            edit.declare(names[key], _KINDS[drawn.kind][1])
    for key, drawn in sheet.parts.items():
        if drawn.relations:
            rels = _relationships_xml(drawn, names[key], names)
            type_changed = rels.replace(_RELATIONSHIPS, _STRICT_RELATIONSHIPS) if strict else rels
            edit.write_utf8(rels_name(names[key]), type_changed.encode())


def _relationships_xml(drawn: DrawnPart, part: str, names: dict[str, str]) -> str:
    folder = posixpath.dirname(f"/{part}")
    lines = "".join(
        f'<Relationship Id="{id_}" Type="{type_}" '
        f'Target="{attribute(posixpath.relpath("/" + names[key], folder))}"/>'
        for id_, type_, key in drawn.relations
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{lines}</Relationships>"
    )


def _list(
    edit: PackageEdit, main: WorkbookPart, workbook: bytes, name: str, part: str, *, hidden: bool
) -> bytes:
    """The workbook part with one `<sheet>` more, behind the others: names of sheets are
    positional (localSheetId), so none may move."""
    relationships = _STRICT_RELATIONSHIPS if main.strict else _RELATIONSHIPS
    id_ = edit.relate(main.part, part, f"{relationships}/worksheet")
    numbers = [int(text) for text in re.findall(rb'\ssheetId\s*=\s*["\'](\d+)', workbook)]
    state = ' state="hidden"' if hidden else ""
    child = (
        f'<{main.prefix}sheet xmlns:r="{relationships}" name="{attribute(name)}" '
        f'sheetId="{max(numbers) + 1}"{state} r:id="{id_}"/>'
    )
    at = workbook.rindex(f"</{main.prefix}sheets".encode())
    return workbook[:at] + child.encode() + workbook[at:]


def _clear(edit: PackageEdit, main: WorkbookPart, entry: SheetEntry) -> None:
    """Take away what only the sheet to be replaced leads to: drawings, charts, tables."""
    if not entry.is_worksheet:
        raise WriteRefusedError(
            f"{entry.name!r} is a {entry.kind}, which no new sheet can replace; rename it"
        )
    had_formulas = re.search(rb"<(?:[\w.-]+:)?f[\s/>]", edit.read_utf8(entry.part)) is not None
    before = edit.reachable()
    edit.remove([rels for rels in [rels_name(entry.part)] if rels in edit])
    edit.remove(before - edit.reachable())
    if had_formulas:
        _drop_calculation_chain(edit, main)


def _drop_calculation_chain(edit: PackageEdit, main: WorkbookPart) -> None:
    """The chain (18.6) would name formula cells that are gone; Excel builds it anew."""
    chains = [
        one.target for one in edit.relationships(main.part).values() if one.type == "calcChain"
    ]
    edit.unrelate(main.part, ["calcChain"])
    edit.remove(chains)


def _largest_table_id(edit: PackageEdit) -> int:
    tables = [name for name in edit.names() if re.fullmatch(r"xl/tables/[^/]*\.xml", name)]
    tags = [_TABLE_TAG.search(edit.read_utf8(name)) for name in tables]
    ids = [re.search(rb'\sid="(\d+)"', tag[0]) for tag in tags if tag]
    return max((int(match[1]) for match in ids if match), default=0)


def _renumber_table(data: bytes, id_: int, name: str) -> bytes:
    match = _TABLE_TAG.search(data)
    assert match, "XlsxWriter wrote this table"
    tag = data[match.start() : end_of_tag(data, match.start())]
    new = set_attributes(tag, {"id": str(id_), "name": name, "displayName": name})
    return data.replace(tag, new, 1)


def _strict(data: bytes) -> bytes:
    for transitional, strict in _STRICT.items():
        data = data.replace(transitional.encode(), strict.encode())
    return data
