"""Changes of one sheet, laid out for a walk through its rows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise, repeat
from typing import NamedTuple

from xlcollab.grid import CellEdit, FormulaEdit, Kind, TextPool, encode


class Patch(NamedTuple):
    """The new value of one cell."""

    kind: int
    number: float
    is_result: bool
    formula: FormulaEdit | None = None
    """What is typed into the cell besides."""


class Run(NamedTuple):
    """New numbers of cells side by side."""

    left: int
    numbers: list[float]
    is_result: bool


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

    def numbers_of(self, row: int) -> list[Run] | None:
        """What changes in a row if that is but numbers, each in one edit; None for any other."""
        edits = self._edits.get(row)
        if not edits or row in self._formulas or _overlap(edits):
            return None
        runs = []
        for edit, is_result in edits:
            at = row - edit.area.rect.top
            if (edit.kinds[at] != Kind.NUMBER).any():
                return None
            runs.append(Run(edit.area.rect.left, edit.numbers[at].tolist(), is_result))
        return runs

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


def _overlap(edits: list[tuple[CellEdit, bool]]) -> bool:
    """Whether two of a row's edits are of one cell."""
    spans = sorted((edit.area.rect.left, edit.area.rect.right) for edit, _ in edits)
    return any(one[1] > next_[0] for one, next_ in pairwise(spans))


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
