"""Areas of a sheet that other parts lay claim to, and signatures that lay claim to all."""

from __future__ import annotations

from xlcollab.files.package.markup import Attributes, local, parse
from xlcollab.files.package.package import Package
from xlcollab.files.reading.tables import sheet_tables
from xlcollab.files.reading.workbook_part import SheetEntry
from xlcollab.grid.refusals import Guard, pivot_guard, table_guards
from xlcollab.ref import Rect, parse_rect


def guards_of_sheet(package: Package, sheet: SheetEntry) -> list[Guard]:
    """Headers and totals of tables, and what pivot tables have laid out."""
    guards = [
        guard
        for table in sheet_tables(package, sheet)
        for guard in table_guards(table.name, table.rect, table.header_rows, table.totals_rows)
    ]
    return guards + [pivot_guard(*pivot) for pivot in sheet_pivots(package, sheet)]


def sheet_pivots(package: Package, sheet: SheetEntry) -> list[tuple[Rect, str]]:
    """What the pivot tables of a sheet have laid out, each with the table's name."""
    related = package.relationships(sheet.part).values()
    parts = [one.target for one in related if one.type == "pivotTable"]
    return [pivot for part in parts for pivot in _laid_out(package, part)]


def _laid_out(package: Package, part: str) -> list[tuple[Rect, str]]:
    """The output of a pivot table (ECMA-376 Part 1, 18.10.1.49)."""
    found: list[tuple[Rect, str]] = []
    title = ""

    def start(name: str, attributes: Attributes, _: int) -> None:
        nonlocal title
        if local(name) == "pivotTableDefinition":
            title = attributes.get("name", "")
        elif local(name) == "location":
            found.append((parse_rect(attributes["ref"]), title))

    parse(package.read_utf8(part), package.where(part), start)
    return found


def is_signed(package: Package) -> bool:
    """Whether the package has a digital signature (Part 2, 13)."""
    origin = any(one.type == "origin" for one in package.relationships("").values())
    return origin or any(name.startswith("_xmlsignatures/") for name in package.names)
