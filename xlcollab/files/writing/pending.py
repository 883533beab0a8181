"""Changes of one sheet, laid out for a walk through its rows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import NamedTuple

from xlcollab.grid import CellEdit, FormulaEdit, Kind, TextPool, encode


class Patch(NamedTuple):
    """The new value of one cell."""

    kind: int
    number: float
    is_result: bool
    formula: FormulaEdit | None = None
    """What is typed into the cell besides."""


class Pending:
    """The patches of a sheet, row by row; those of a row are made when it is asked for."""

    def __init__(self) -> None:
        self._edits: dict[int, list[tuple[CellEdit, bool]]] = {}
        self._formulas: dict[int, dict[int, Patch]] = {}

    def add(self, edit: CellEdit, *, is_result: bool) -> None:
        """New values for an area, over what was added before."""
        for row in range(edit.area.rect.top, edit.area.rect.bottom):
            self._edits.setdefault(row, []).append((edit, is_result))

    def type(self, formula: FormulaEdit, texts: TextPool) -> None:
        """A formula for one cell, over all that is added."""
        cell, value = formula.cell, encode(formula.value, texts)
        self._formulas.setdefault(cell.row, {})[cell.column] = Patch(*value, True, formula)

    def rows(self) -> set[int]:
        """Those that hold a changed cell."""
        return self._edits.keys() | self._formulas.keys()

    def numbers_of(self, row: int) -> tuple[int, list[float]] | None:
        """(first column, numbers) of a row in which one edit of results stands alone, and has but
        numbers; None for any other."""
        edits = self._edits.get(row, ())
        if len(edits) != 1 or row in self._formulas:
            return None
        edit, is_result = edits[0]
        rect = edit.area.rect
        if not is_result or (edit.kinds[row - rect.top] != Kind.NUMBER).any():
            return None
        return rect.left, edit.numbers[row - rect.top].tolist()

    def of(self, row: int) -> dict[int, Patch]:
        """{column: patch}."""
        found: dict[int, Patch] = {}
        for edit, is_result in self._edits.get(row, ()):
            rect = edit.area.rect
            kinds = edit.kinds[row - rect.top].tolist()
            numbers = edit.numbers[row - rect.top].tolist()
            patches = map(Patch, kinds, numbers, repeat(is_result))
            found.update(zip(range(rect.left, rect.right), patches, strict=True))
        return found | self._formulas.get(row, {})


def pending_patches(
    inputs: Iterable[CellEdit],
    results: Iterable[CellEdit],
    formulas: Iterable[FormulaEdit],
    texts: TextPool,
) -> Pending:
    """Every cell of the edits; a later edit of the same cell wins."""
    pending = Pending()
    for edits, is_result in ((results, True), (inputs, False)):
        for edit in edits:
            pending.add(edit, is_result=is_result)
    for formula in formulas:
        pending.type(formula, texts)
    return pending
