"""Table parts (ECMA-376 Part 1, 18.5.1.2)."""

from __future__ import annotations

from xlcollab.errors import NotAWorkbookError
from xlcollab.files.package.markup import Attributes, local, parse, unescape_xstring
from xlcollab.files.package.package import Package
from xlcollab.files.reading.workbook_part import SheetEntry
from xlcollab.grid import Table
from xlcollab.ref import parse_rect


def sheet_tables(package: Package, sheet: SheetEntry) -> list[Table]:
    """The tables of one sheet."""
    return [
        read_table(package.read_utf8(one.target), package.where(one.target), sheet.name)
        for one in package.relationships(sheet.part).values()
        if one.type == "table"
    ]


def read_table(data: bytes, where: str, sheet: str) -> Table:
    """The table by the name formulas use (displayName). Raises NotAWorkbookError."""
    root: Attributes = {}
    columns: list[str] = []
    filters: list[str] = []

    def start(name: str, attributes: Attributes, _: int) -> None:
        if local(name) == "table" and not root:
            root.update(attributes)
        elif local(name) == "filterColumn":
            filters.append(name)
        elif local(name) == "tableColumn":
            columns.append(unescape_xstring(attributes.get("name", "")))

    parse(data, where, start)
    if "ref" not in root:
        raise NotAWorkbookError(f"{where} is a table without an area (ref)")
    return Table(
        root.get("displayName") or root.get("name", ""),
        sheet,
        parse_rect(root["ref"]),
        tuple(columns),
        int(root.get("headerRowCount", 1)),
        int(root.get("totalsRowCount", 0)),
        bool(filters),
    )
