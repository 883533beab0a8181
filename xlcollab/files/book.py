"""A workbook file as a `Book`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from xlcollab import garbage
from xlcollab.disk import atomic_file, backup, refuse_changed, refuse_unwritable, sole_saver
from xlcollab.disk.regular import is_same_file
from xlcollab.errors import WorkbookError
from xlcollab.files.package.edit import PackageEdit
from xlcollab.files.package.markup import set_attributes
from xlcollab.files.package.package import LIMITS, Limits, Package
from xlcollab.files.package.signature import read_workbook_file
from xlcollab.files.reading.guards import guards_of_sheet, is_signed
from xlcollab.files.reading.reader import read_workbook
from xlcollab.files.reading.tables import sheet_tables
from xlcollab.files.reading.workbook_part import (
    SheetEntry,
    WorkbookPart,
    parse_workbook_part,
    read_workbook_part,
)
from xlcollab.files.writing.defined_names import with_names
from xlcollab.files.writing.graft import graft_sheets
from xlcollab.files.writing.printing import print_names
from xlcollab.files.writing.run_name import with_run
from xlcollab.files.writing.sheet_patch import patch_sheet
from xlcollab.grid import Changes, TextPool, Workbook
from xlcollab.grid.limits import refuse_too_large
from xlcollab.grid.naming import refuse_sheet_names
from xlcollab.grid.refusals import refuse_locked_structure, refuse_signed
from xlcollab.interrupts import finished_first

COPY = "copy"
"""The kind of result that a workbook is that was read, changed, and written elsewhere."""
_BEFORE_CALC_PR = ("sheets", "functionGroups", "externalReferences", "definedNames")

WORKBOOKS = (".xlsx", ".xlsm")
"""The endings of the files that are workbooks."""


class FileBook:
    """An .xlsx or .xlsm file that is read whole and written back part by part.

    `write` puts the changed workbook to `target`, by default the file itself. Parts that do not
    change keep their bytes; in sheets that change only the values of the named cells differ.
    """

    def __init__(
        self,
        path: str | Path,
        target: str | Path | None = None,
        limits: Limits = LIMITS,
        data: bytes | None = None,
        texts: TextPool | None = None,
    ) -> None:
        """`data` are the bytes of a workbook that is in no file; `path` is then its name. `texts`
        are those that changes speak of, by default the workbook's own."""
        self.path = Path(path)
        self.target = self.path if target is None else Path(target)
        self._limits = limits
        self._texts = TextPool() if texts is None else texts
        self._data = data

    def read(self) -> Workbook:
        """The workbook in the file. Raises WorkbookError saying what is wrong with it."""
        with self._package() as package:
            return read_workbook(package, self._texts)

    def read_sheets(self, wanted: Callable[[str], bool]) -> Workbook:
        """The workbook without those of its sheets that are not `wanted` by their names: to look
        something up, not to calculate. Raises WorkbookError."""
        with self._package() as package:
            return read_workbook(package, self._texts, wanted)

    @property
    def data(self) -> bytes | None:
        """The bytes that were read; None before."""
        return self._data

    def has_changed(self) -> bool:
        """Whether the file holds other bytes than those that were read. Raises WorkbookError where
        it cannot be read any more."""
        try:
            return self._data is not None and self.path.read_bytes() != self._data
        except FileNotFoundError:
            return True
        except OSError as error:
            raise WorkbookError(f"{self.path} cannot be read: {error.strerror}") from None

    def _package(self) -> Package:
        """The package as it was when it was first read: what others save meanwhile is not mixed
        into it."""
        if self._data is None:
            self._data = read_workbook_file(self.path, self._limits.file)
        return Package(self.path, self._data, self._limits)

    def write(self, changes: Changes, *, keep_backup: bool = False, kind: str = COPY) -> None:
        """Save the file with `changes` to `target`, wholly or not at all.

        Where that is the file itself, it must still be as it was read; `keep_backup` copies it
        first. Another target is marked as a result of that `kind` (see `reading.origin`).

        Texts of cells are numbers in the pool of the workbook that `read` gave. Excel is told to
        recalculate when it loads the file. Raises WriteRefusedError naming the cell, part or path.
        """
        refuse_unwritable(self.target)
        with finished_first(), self._edited(changes) as edit:
            in_place = is_same_file(self.target, self.path)
            with sole_saver(self.path) if in_place else nullcontext():
                if in_place and self.has_changed():
                    refuse_changed(self.path)
                if keep_backup:
                    backup(self.path)
                with atomic_file(self.target, self.path) as file:
                    edit.save(file, "" if in_place else kind)
                if in_place:
                    self._data = None  # what is read next is what was written

    def pack(self, changes: Changes) -> bytes:
        """The bytes of the file that `write` would save."""
        out = io.BytesIO()
        with self._edited(changes) as edit:
            edit.save(out)
        return out.getvalue()

    @contextmanager
    def _edited(self, changes: Changes) -> Iterator[PackageEdit]:
        refuse_too_large(changes, self._texts)
        with self._package() as package:
            edit = PackageEdit(package)
            if not changes.is_empty:
                _apply(changes, package, edit, self._texts)
            yield edit


@garbage.not_now()
def _apply(changes: Changes, package: Package, edit: PackageEdit, texts: TextPool) -> None:
    if is_signed(package):
        refuse_signed(package.path.name)
    main = read_workbook_part(package)
    refuse_sheet_names(changes, [sheet.name for sheet in main.sheets])
    for sheet, own in _by_sheet(changes, main, package.path.name):
        data, guards = package.read_utf8(sheet.part), guards_of_sheet(package, sheet)
        where = package.where(sheet.part)
        patched = patch_sheet(
            sheet.name, data, where, texts, own.inputs, own.results, guards, own.formulas
        )
        if patched.is_changed():
            edit.write_utf8(sheet.part, patched)
    if changes.names:
        main = with_names(main, changes.names, package)
    workbook = with_run(main, _recalculate_on_load(main), changes.run)
    if changes.sheets:
        if main.structure_locked:
            refuse_locked_structure(package.path.name)
        taken = _taken_names(package, main, changes)
        workbook = graft_sheets(edit, main, workbook, changes.sheets, taken)
        main = parse_workbook_part(package, main.part, workbook)
        workbook = with_names(main, print_names(changes.sheets), package).data
    edit.write_utf8(main.part, workbook)


def _by_sheet(
    changes: Changes, main: WorkbookPart, source: str
) -> list[tuple[SheetEntry, Changes]]:
    """[(sheet, what changes in its cells)] of the sheets that edits name."""
    entries = {sheet.name.casefold(): sheet for sheet in main.worksheets}
    edits: dict[str, dict[str, Any]] = {}
    for group in ("inputs", "results", "formulas"):
        for edit in getattr(changes, group):
            sheet = edit.cell.sheet if group == "formulas" else edit.area.sheet
            if sheet.casefold() not in entries:
                known = ", ".join(sheet.name for sheet in main.worksheets)
                raise WorkbookError(f"{source} has no sheet {sheet!r}; its sheets are {known}")
            edits.setdefault(sheet.casefold(), {}).setdefault(group, []).append(edit)
    return [(entries[name], replace(Changes(), **groups)) for name, groups in edits.items()]


def _recalculate_on_load(main: WorkbookPart) -> bytes:
    """The workbook part with fullCalcOnLoad="1" (ECMA-376 Part 1, 18.2.2)."""
    data = main.data
    if "calcPr" in main.tags:
        start, end = main.tags["calcPr"]
        tag = set_attributes(data[start:end], {"fullCalcOnLoad": "1"})
        return data[:start] + tag + data[end:]
    at = max(main.ends.get(name, 0) for name in _BEFORE_CALC_PR)
    return data[:at] + f'<{main.prefix}calcPr fullCalcOnLoad="1"/>'.encode() + data[at:]


def _taken_names(package: Package, main: WorkbookPart, changes: Changes) -> set[str]:
    """Names that a new table must not have, in lower case; those of replaced sheets fall free."""
    names = [one.name for one in main.names]
    replaced = {sheet.name.casefold() for sheet in changes.sheets}
    for sheet in main.worksheets:
        if sheet.name.casefold() not in replaced:
            names += [table.name for table in sheet_tables(package, sheet)]
    return {name.casefold() for name in names}
