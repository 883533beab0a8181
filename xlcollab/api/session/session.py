"""An opened workbook: its model, its pending changes, and saving. No verb is known here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from xlcollab.api.session.provenance import Provenance, recorded, with_line
from xlcollab.disk import output_path, refuse_changed, refuse_others, refuse_unwritable
from xlcollab.disk.regular import is_same_file
from xlcollab.errors import UsageError
from xlcollab.files import COPY, FileBook, is_result
from xlcollab.grid import (
    Book,
    CellEdit,
    Changes,
    DefinedName,
    FormulaEdit,
    NewSheet,
    Workbook,
)
from xlcollab.grid.memory import MemoryBook
from xlcollab.plan import Plan, build_plan, rectangles
from xlcollab.problems import SolverModel, model_from_texts, read_saved, stored_or_saved
from xlcollab.ref import AreaRef, CellRef

WORKBOOK_ENDINGS = (".xlsx", ".xlsm")
_log = logging.getLogger("xlcollab")


class Session:
    """A workbook that was read from a file and collects changes until it is saved.

    Every verb works on the workbook as the verbs before it left it.
    """

    def __init__(self, path: str | Path) -> None:
        self._file: FileBook | None = FileBook(path)
        self._take(self._file, Path(path))

    @classmethod
    def over(cls, book: Book, name: str = "workbook") -> Self:
        """Any `Book`, such as an open Excel or one in memory: `store` writes the changes to it.

        `name` is what messages call it. Raises WorkbookError when it cannot be read.
        """
        self = cls.__new__(cls)
        self._file = None
        self._take(book, Path(name))
        return self

    def _take(self, book: Book, path: Path) -> None:
        began = time.perf_counter()
        self.path = path
        self._book = book
        self._memory = MemoryBook(book.read())
        self._forget_changes()
        self._run: Provenance | None = None
        self.runs: list[Provenance] = []
        """What made the changes so far, command by command; the saved file keeps it."""
        self.stale = self.workbook.recalculate_on_load
        """Whether the stored values may be out of date: libraries store 0 for every formula."""
        self.seconds_read = time.perf_counter() - began

    def _forget_changes(self) -> None:
        self._touched: dict[str, set[AreaRef]] = {"inputs": set(), "results": set()}
        self._sheets: dict[str, NewSheet] = {}
        self._formulas: dict[CellRef, FormulaEdit] = {}
        self._names: dict[tuple[str, str | None], DefinedName] = {}

    @property
    def workbook(self) -> Workbook:
        """The workbook with all changes so far."""
        return self._memory.read()

    @cached_property
    def _plan(self) -> Plan:
        return build_plan(self.workbook)

    @property
    def plan(self) -> Plan:
        """The formulas, grouped and ordered, over the current values."""
        return replace(self._plan, workbook=self.workbook)

    def models(self, sheet: str | None = None) -> list[SolverModel]:
        """The stored Solver models: all, or that of one sheet. Where none is stored, the one that
        is saved in cells. Raises ModelError without one, or with several that are saved."""
        return stored_or_saved(self.workbook, sheet)

    def saved_model(self, cells: str, sheet: str | None = None) -> SolverModel:
        """The model that Solver's Save put into cells: all of them, or the first is named."""
        home = self.workbook.sheets[0].name if sheet is None else sheet
        return read_saved(self.workbook, cells, home)

    def only_model(self, sheet: str | None = None) -> SolverModel:
        """The stored model of a sheet, or of the book that holds exactly one. Raises UsageError
        where there are several."""
        models = self.models(sheet)
        if len(models) > 1:
            names = ", ".join(model.sheet for model in models)
            raise UsageError(
                f"{self.path.name} holds models on {names}; name the sheet to solve, with --sheet"
                " or in Python as the first argument"
            )
        return models[0]

    def model(
        self,
        *,
        minimize: str | None = None,
        maximize: str | None = None,
        target: str | None = None,
        by_changing: str,
        subject_to: Sequence[str] = (),
        non_negative: bool = False,
        sheet: str | None = None,
    ) -> SolverModel:
        """A model in the words of a command line, such as minimize="dotprod!V41"."""
        return model_from_texts(
            self.workbook,
            minimize=minimize,
            maximize=maximize,
            target=target,
            by_changing=by_changing,
            subject_to=subject_to,
            non_negative=non_negative,
            sheet=sheet,
        )

    def made_by(self, command: str, request: object, effective: Iterable[object] = ()) -> None:
        """What is applied from here on is the outcome of this request; see `Provenance.of`."""
        known = {self.path: None if self._file is None else self._file.data}
        self._run = Provenance.of(command, request, known, effective)

    def forget_runs(self) -> None:
        """Keep no record of what was made, so that what is written is the same on any day."""
        self._run = None
        self.runs.clear()

    def apply(self, changes: Changes) -> None:
        """Take changes into the workbook; `save` writes them. Raises WriteRefusedError."""
        run = self._run
        if run is not None:
            changes = replace(changes, sheets=[with_line(one, run) for one in changes.sheets])
        self._memory.write(changes)
        if run is not None and run not in self.runs:
            self.runs.append(run)
        self._touched["inputs"].update(edit.area for edit in changes.inputs)
        self._touched["results"].update(edit.area for edit in changes.results)
        self._sheets.update({sheet.name.casefold(): sheet for sheet in changes.sheets})
        self._formulas.update({formula.cell: formula for formula in changes.formulas})
        self._names.update({(name.name.casefold(), name.sheet): name for name in changes.names})
        if changes.formulas or changes.names:
            self.__dict__.pop("_plan", None)

    def rehearse(self, changes: Changes) -> None:
        """Raises the WriteRefusedError that `apply` would raise; nothing changes."""
        MemoryBook(self.workbook).write(changes)

    def changes(self) -> Changes:
        """All changes since the file was read, as one."""
        return Changes(
            inputs=self._edits("inputs"),
            results=self._edits("results"),
            sheets=tuple(self._sheets.values()),
            replaces=frozenset(sheet.name for sheet in self._sheets.values()),
            formulas=[
                replace(one, value=self.workbook.value(cell))
                for cell, one in self._formulas.items()
            ],
            names=tuple(self._names.values()),
        )

    def _edits(self, group: str) -> list[CellEdit]:
        """The current values of all touched cells of a group, each cell once."""
        edits = []
        for sheet in self.workbook:
            areas = [area.rect for area in self._touched[group] if area.sheet == sheet.name]
            labels = np.full(sheet.kinds.shape, -1, np.int32)
            for rect in areas:
                labels[rect.rows, rect.columns] = 0
            for cell in self._formulas:
                if cell.sheet == sheet.name:
                    labels[cell.row, cell.column] = -1
            for _, rect in rectangles(labels) if areas else ():
                edits.append(CellEdit(AreaRef(sheet.name, rect), *sheet.block(rect)))
        return edits

    def target(
        self,
        path: str | Path | None = None,
        *,
        in_place: bool = False,
        suffix: str = "solved",
        overwrite: bool = False,
    ) -> Path:
        """Where `save` would write. Raises what `save` would raise about the place, so that it can
        be asked before the work."""
        target = Path(path) if path is not None else output_path(self.path, suffix)
        if in_place:
            target = self.path
        elif is_same_file(target, self.path):
            raise UsageError(f"{target} is the workbook itself; use --in-place to overwrite it")
        refuse_unwritable(target)
        if target.suffix.lower() not in WORKBOOK_ENDINGS:
            raise UsageError(f"{target} is no name of a workbook; let it end in {self.path.suffix}")
        if {target.suffix.lower(), self.path.suffix.lower()} == set(WORKBOOK_ENDINGS):
            raise UsageError(
                f"{target} is of another kind than {self.path.name}, and Excel would not open it;"
                f" let it end in {self.path.suffix}"
            )
        if not in_place:
            refuse_others(target, "a result", self._is_result(path), overwrite=overwrite)
        return target

    def _is_result(self, path: str | Path | None) -> Callable[[Path], bool]:
        """Whether a file is an earlier result of this workbook, as its marks or sheets say."""
        names = [sheet.name for sheet in self.workbook]
        own = [name for name in names if name.casefold() not in self._sheets]
        return lambda target: is_result(target, COPY, own, more=path is not None)

    def save(
        self,
        path: str | Path | None = None,
        *,
        in_place: bool = False,
        suffix: str = "solved",
        overwrite: bool = False,
    ) -> Path:
        """Write the workbook with all changes, wholly or not at all; returns the path.

        Default: "<book>.<suffix>.xlsx" beside it. `in_place` writes the file itself and keeps a
        backup "<book>.bak.xlsx". Without a `path` the file must still be as it was read: what
        others have saved meanwhile is not covered. A file that is there and no earlier result is
        replaced only with `overwrite`. Raises WriteRefusedError, and UsageError for the source as
        `path`.
        """
        if self._file is None:
            raise UsageError(f"{self.path} was opened from no file; store() writes to it")
        target = self.target(path, in_place=in_place, suffix=suffix, overwrite=overwrite)
        if self._file.has_changed():
            if path is None:
                refuse_changed(self.path)
            _log.warning(
                "xlcollab: %s was changed by another program after it was read; %s holds it as it "
                "was read",
                self.path,
                target,
            )
        self._file.target = target
        changes = replace(self.changes(), run=recorded(self.runs, target))
        self._file.write(changes, keep_backup=in_place)
        return target

    def store(self) -> None:
        """Write the changes since the last `store` to the `Book` this was opened over, wholly or
        not at all. Raises WriteRefusedError naming the cell, and UsageError for a file."""
        if self._file is not None:
            raise UsageError(f"{self.path} is a file; save() writes it")
        self._book.write(self.changes())
        self._forget_changes()
