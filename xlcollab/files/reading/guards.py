"""Areas of a sheet that other parts lay claim to, and signatures that lay claim to all."""

from __future__ import annotations

from xlcollab.files.package.markup import Attributes, local, parse
from xlcollab.files.package.package import Package
from xlcollab.files.reading.tables import sheet_tables
from xlcollab.files.reading.workbook_part import SheetEntry
from xlcollab.grid.refusals import Guard, table_guards
from xlcollab.ref import parse_rect


def guards_of_sheet(package: Package, sheet: SheetEntry) -> list[Guard]:
    """Headers and totals of tables, and what pivot tables have laid out."""
    guards = [
        guard
        for table in sheet_tables(package, sheet)
        for guard in table_guards(table.name, table.rect, table.header_rows, table.totals_rows)
    ]
    for one in package.relationships(sheet.part).values():
        if one.type == "pivotTable":
            guards += _pivot_guards(package, one.target)
    return guards


def _pivot_guards(package: Package, part: str) -> list[Guard]:
    """The output of a pivot table (ECMA-376 Part 1, 18.10.1.49)."""
    guards: list[Guard] = []
    title = ""

    def start(name: str, attributes: Attributes, _: int) -> None:
        nonlocal title
        if local(name) == "pivotTableDefinition":
            title = attributes.get("name", "")
        elif local(name) == "location":
            rect = parse_rect(attributes["ref"])
            guards.append(Guard(rect, f"belongs to the pivot table {title!r} in {rect}"))

    parse(package.read_utf8(part), package.where(part), start)
    return guards


def is_signed(package: Package) -> bool:
    """Whether the package has a digital signature (Part 2, 13)."""
    origin = any(one.type == "origin" for one in package.relationships("").values())
    return origin or any(name.startswith("_xmlsignatures/") for name in package.names)
