"""A package → a Workbook."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from xlcollab import garbage
from xlcollab.errors import NotAWorkbookError
from xlcollab.files.package.package import Package
from xlcollab.files.reading.guards import is_signed, sheet_pivots
from xlcollab.files.reading.metadata import (
    read_dynamic_marks,
    read_rich_errors,
    read_rich_marks,
    read_structures,
)
from xlcollab.files.reading.sheet_reader import Context, read_sheet
from xlcollab.files.reading.strings import read_shared_strings
from xlcollab.files.reading.tables import sheet_tables
from xlcollab.files.reading.workbook_part import WorkbookPart, read_workbook_part
from xlcollab.grid import ErrorCode, TextPool, Workbook


@garbage.not_now()
def read_workbook(
    package: Package, texts: TextPool, wanted: Callable[[str], bool] = lambda name: True
) -> Workbook:
    """The worksheets that are `wanted` by their names, all names, and the tables of those sheets;
    texts are added to `texts`."""
    main = read_workbook_part(package)
    entries = [sheet for sheet in main.worksheets if wanted(sheet.name)]
    context = Context(
        texts,
        [texts.add(text) for text in _shared_strings(package, main.part)],
        _dynamic_marks(package, main.part),
        _rich_errors(package, main.part),
        main.date1904,
    )
    sheets = [
        read_sheet(sheet.name, package.read_utf8(sheet.part), package.where(sheet.part), context)
        for sheet in entries
    ]
    tables = [table for sheet in entries for table in sheet_tables(package, sheet)]
    by_name = {sheet.name: sheet for sheet in sheets}
    for entry in entries:
        with suppress(NotAWorkbookError):  # a save will say so; who only reads needs no pivot
            by_name[entry.name].pivots += sheet_pivots(package, entry)
    for table in tables:
        if table.filtered:
            by_name[table.sheet].mark_filtered(table.rect)
    return Workbook(
        sheets,
        texts,
        main.names,
        tables,
        main.date1904,
        package.path.name,
        _notes(main) + context.notes,
        main.recalculate_on_load,
        is_signed(package),
        main.structure_locked,
        main.iteration,
        main.as_displayed,
        main.whole_pairs,
    )


def _related(package: Package, part: str, kind: str) -> str | None:
    targets = (one.target for one in package.relationships(part).values() if one.type == kind)
    return next(targets, None)


def _shared_strings(package: Package, main: str) -> list[str]:
    part = _related(package, main, "sharedStrings")
    if part is None:
        return []
    return read_shared_strings(package.read_utf8(part), package.where(part))


def _dynamic_marks(package: Package, main: str) -> frozenset[int]:
    part = _related(package, main, "sheetMetadata")
    if part is None:
        return frozenset()
    return read_dynamic_marks(package.read_utf8(part), package.where(part))


def _rich_errors(package: Package, main: str) -> dict[int, ErrorCode]:
    """A cell's `vm` → the error it stands for."""
    parts = [_related(package, main, kind) for kind in _RICH_PARTS]
    if None in parts:
        return {}
    marks, structures, values = ((package.read_utf8(p), package.where(p)) for p in parts if p)
    errors = read_rich_errors(*values, read_structures(*structures))
    places = read_rich_marks(*marks)
    return {mark: errors[place] for mark, place in places.items() if place in errors}


_RICH_PARTS = ("sheetMetadata", "rdRichValueStructure", "rdRichValue")


def _notes(main: WorkbookPart) -> list[str]:
    notes = []
    skipped = [sheet for sheet in main.sheets if not sheet.is_worksheet]
    if skipped:
        names = ", ".join(f"{sheet.name} ({sheet.kind})" for sheet in skipped)
        notes.append(f"sheets without cells are left alone: {names}")
    if main.external_links:
        notes.append(
            f"links to {main.external_links} other workbook(s) are not followed; "
            "their stored values are used"
        )
    return notes
