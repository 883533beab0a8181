"""Changes of one sheet, laid out for a walk through its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from xlcollab.grid import CellEdit, FormulaEdit, TextPool, encode


class Patch(NamedTuple):
    """The new value of one cell."""

    kind: int
    number: float
    is_result: bool
    formula: FormulaEdit | None = None
    """What is typed into the cell besides."""


Pending = dict[int, dict[int, Patch]]
"""{row: {column: patch}}."""


def pending_patches(
    inputs: Iterable[CellEdit],
    results: Iterable[CellEdit],
    formulas: Iterable[FormulaEdit],
    texts: TextPool,
) -> Pending:
    """Every cell of the edits; a later edit of the same cell wins."""
    pending: Pending = {}
    for edits, is_result in ((results, True), (inputs, False)):
        for edit in edits:
            _add(pending, edit, is_result)
    for formula in formulas:
        cell, value = formula.cell, encode(formula.value, texts)
        pending.setdefault(cell.row, {})[cell.column] = Patch(*value, True, formula)
    return pending


def _add(pending: Pending, edit: CellEdit, is_result: bool) -> None:
    rect = edit.area.rect
    columns = range(rect.left, rect.right)
    kinds, numbers = edit.kinds.tolist(), edit.numbers.tolist()
    for offset in range(rect.height):
        row = pending.setdefault(rect.top + offset, {})
        for column, kind, number in zip(columns, kinds[offset], numbers[offset], strict=True):
            row[column] = Patch(kind, number, is_result)
