"""A workbook in memory as a `Book`: for callers that made one, and for tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid.changes import CellEdit, Changes, FormulaEdit, NewSheet
from xlcollab.grid.limits import refuse_too_large
from xlcollab.grid.naming import refuse_sheet_names, table_name
from xlcollab.grid.refusals import (
    Guard,
    array_guard,
    merged_guards,
    pivot_guard,
    refuse,
    refuse_guarded,
    refuse_not_finite,
    refuse_protected,
    refuse_shape,
    table_guards,
)
from xlcollab.grid.values import Kind, TextPool, encode, storable
from xlcollab.grid.workbook import ArrayFormula, DefinedName, Formulas, Sheet, Table, Workbook
from xlcollab.ref import Rect

_NUMBER = int(Kind.NUMBER)


class MemoryBook:
    """A `Workbook` that takes changes; `read` gives the workbook as the last `write` left it.

    The workbook given is never altered: each `write` puts changed sheets in place of the old.
    """

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook

    def read(self) -> Workbook:
        return self._workbook

    def write(self, changes: Changes) -> None:
        """Apply `changes` wholly or not at all. Raises WriteRefusedError naming the cell."""
        old = self._workbook
        refuse_too_large(changes, old.texts)
        sheets = [_changed(old, sheet, changes) for sheet in old.sheets]
        for edit in (*changes.inputs, *changes.results):
            old.sheet(edit.area.sheet)
        for formula in changes.formulas:
            old.sheet(formula.cell.sheet)
        refuse_sheet_names(changes, [sheet.name for sheet in old.sheets])
        new = {sheet.name.casefold(): _new_sheet(sheet, old.texts) for sheet in changes.sheets}
        kept = [new.pop(sheet.name.casefold(), sheet) for sheet in sheets]
        tables = [table for table in old.tables if not _is_replaced(table, changes)]
        names = renamed(old.names, changes.names)
        taken = {name.casefold() for name in [*(o.name for o in names), *(t.name for t in tables)]}
        for sheet in changes.sheets:
            if sheet.table:
                tables.append(_new_table(sheet, sheet.table, taken))
        self._workbook = replace(old, sheets=[*kept, *new.values()], tables=tables, names=names)


def _changed(workbook: Workbook, sheet: Sheet, changes: Changes) -> Sheet:
    """The sheet with its edits, or the sheet itself if it has none."""
    name = sheet.name.casefold()
    inputs = [edit for edit in changes.inputs if edit.area.sheet.casefold() == name]
    results = [edit for edit in changes.results if edit.area.sheet.casefold() == name]
    typed = [one for one in changes.formulas if one.cell.sheet.casefold() == name]
    if not inputs and not results and not typed:
        return sheet
    _refuse(workbook, sheet, inputs, results)
    _refuse_typing(workbook, sheet, typed)
    values = [CellEdit.of_value(one.cell.area, one.value, workbook.texts) for one in typed]
    edits = [*results, *inputs, *values]
    height = max(sheet.height, *(edit.area.rect.bottom for edit in edits))
    width = max(sheet.width, *(edit.area.rect.right for edit in edits))
    kinds, numbers = np.zeros((height, width), np.uint8), np.zeros((height, width))
    kinds[: sheet.height, : sheet.width] = sheet.kinds
    numbers[: sheet.height, : sheet.width] = sheet.numbers
    for edit in edits:
        rect = edit.area.rect
        kinds[rect.rows, rect.columns] = edit.kinds
        numbers[rect.rows, rect.columns] = edit.numbers
    found = replace(sheet, kinds=kinds, numbers=numbers)
    return _typed(found, typed) if typed else found


def _typed(sheet: Sheet, typed: Sequence[FormulaEdit]) -> Sheet:
    """The sheet with formulas in the place of those that stood in their cells."""
    taken = {(one.cell.row, one.cell.column) for one in typed}
    plain = {(one.cell.row, one.cell.column): one.text for one in typed if not one.array}
    arrays = [array for array in sheet.arrays if (array.rect.top, array.rect.left) not in taken]
    arrays += [ArrayFormula(one.cell.area.rect, one.text) for one in typed if one.array]
    return replace(sheet, formulas=sheet.formulas.with_cells(taken, plain), arrays=arrays)


def renamed(names: Sequence[DefinedName], changes: Sequence[DefinedName]) -> list[DefinedName]:
    """The names with `changes` in the place of those of the same name and scope; one whose text is
    empty is taken away."""
    found = {_key(name): name for name in names} | {_key(name): name for name in changes}
    return [name for name in found.values() if name.text]


def _key(name: DefinedName) -> tuple[str, str]:
    return name.name.casefold(), (name.sheet or "").casefold()


def _refuse_typing(workbook: Workbook, sheet: Sheet, typed: Sequence[FormulaEdit]) -> None:
    """Raises WriteRefusedError where a formula would take the place of something else."""
    if typed and sheet.protected:
        refuse_protected(sheet.name)
    guards = [one for one in _guards(workbook, sheet) if one.rect.size > 1]
    has_formula = sheet.formula_mask()
    for one in typed:
        row, column = one.cell.row, one.cell.column
        inside = row < sheet.height and column < sheet.width
        if inside and sheet.kinds[row, column] != Kind.BLANK and not has_formula[row, column]:
            refuse(sheet.name, row, column, "holds a value, which no formula may replace")
        refuse_guarded(CellEdit.of_value(one.cell.area, None, workbook.texts), guards)


def _refuse(
    workbook: Workbook, sheet: Sheet, inputs: Sequence[CellEdit], results: Sequence[CellEdit]
) -> None:
    """Raises WriteRefusedError if an edit may not be made."""
    for edit in (*inputs, *results):
        refuse_shape(edit)
        refuse_not_finite(edit)
    if inputs and sheet.protected:
        refuse_protected(sheet.name)
    guards = _guards(workbook, sheet)
    has_formula = sheet.formula_mask()
    for edit in inputs:
        _refuse_where(sheet, edit, has_formula, True, "holds a formula, so it is no input")
        refuse_guarded(edit, guards)
    for edit in results:
        _refuse_where(
            sheet, edit, has_formula, False, "holds no formula whose result could be stored"
        )


def _refuse_where(
    sheet: Sheet, edit: CellEdit, has_formula: NDArray[np.bool_], unwanted: bool, reason: str
) -> None:
    rect = edit.area.rect
    mask = np.zeros((rect.height, rect.width), np.bool_)
    inside = has_formula[rect.rows, rect.columns]
    mask[: inside.shape[0], : inside.shape[1]] = inside
    wrong = np.argwhere(mask == unwanted)
    if len(wrong):
        refuse(sheet.name, rect.top + int(wrong[0, 0]), rect.left + int(wrong[0, 1]), reason)


def _guards(workbook: Workbook, sheet: Sheet) -> list[Guard]:
    guards = [array_guard(array.rect) for array in sheet.arrays] + merged_guards(sheet.merged)
    guards += [pivot_guard(*pivot) for pivot in sheet.pivots]
    for table in workbook.tables:
        if table.sheet.casefold() == sheet.name.casefold():
            guards += table_guards(table.name, table.rect, table.header_rows, table.totals_rows)
    return guards


def _new_sheet(new: NewSheet, texts: TextPool) -> Sheet:
    width = max((len(row) for row in new.rows), default=0)
    kinds, numbers = np.zeros((len(new.rows), width), np.uint8), np.zeros((len(new.rows), width))
    for row, values in enumerate(new.rows):
        pairs = [
            (_NUMBER, value)
            if type(value) is float and math.isfinite(value)
            else encode(storable(value), texts)
            for value in values
        ]
        if pairs:
            kinds[row, : len(pairs)], numbers[row, : len(pairs)] = zip(*pairs, strict=True)
    height, width = _extent(kinds)
    kinds, numbers = kinds[:height, :width], numbers[:height, :width]
    return Sheet(new.name, kinds, numbers, texts, Formulas.from_cells({}))


def _extent(kinds: NDArray[np.uint8]) -> tuple[int, int]:
    """(height, width) up to the last cell that holds a value."""
    rows, columns = np.nonzero(kinds != Kind.BLANK)
    return (int(rows.max()) + 1, int(columns.max()) + 1) if len(rows) else (0, 0)


def _is_replaced(table: Table, changes: Changes) -> bool:
    names = {sheet.name.casefold() for sheet in changes.sheets}
    return table.sheet.casefold() in names


def _new_table(sheet: NewSheet, rect: Rect, taken: set[str]) -> Table:
    header = sheet.rows[rect.top][rect.left : rect.right]
    name = table_name(sheet.name, taken)
    taken.add(name.casefold())
    return Table(name, sheet.name, rect, tuple(str(text) for text in header))
