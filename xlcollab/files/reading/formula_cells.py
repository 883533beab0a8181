"""Collects a sheet's formulas from its `<f>` elements (ECMA-376 Part 1, 18.3.1.40)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from xlcollab.files.package.markup import unescape_xstring
from xlcollab.files.reading.tokens import FormulaToken
from xlcollab.grid import ArrayFormula, Formulas
from xlcollab.ref import Rect, cell_name, parse_rect


class FormulaCollector:
    """Takes cells in the order of the file; `formulas()` resolves the shared ones at the end."""

    def __init__(self, dynamic_marks: frozenset[int]) -> None:
        self.arrays: list[ArrayFormula] = []
        self.data_tables: list[Rect] = []
        self._dynamic_marks = dynamic_marks
        self._cells = array("i")
        """Row, column, text id, anchor row, anchor column of each cell, flat."""
        self._texts: dict[str, int] = {}
        self._groups: dict[str, tuple[int, int, int]] = {}
        """Shared group → (text id, anchor row, anchor column)."""
        self._waiting: list[tuple[int, int, str]] = []
        self._orphans: list[tuple[int, int]] = []

    def add(self, row: int, column: int, metadata: int, formula: FormulaToken) -> None:
        if formula.kind == "array" and formula.area:
            dynamic = metadata in self._dynamic_marks
            text = unescape_xstring(formula.text)
            self.arrays.append(ArrayFormula(parse_rect(formula.area), text, dynamic))
        elif formula.kind == "dataTable" and formula.area:
            self.data_tables.append(parse_rect(formula.area))
        elif formula.text:
            self._add_typed(row, column, formula)
        elif formula.group in self._groups:
            self._cells.extend((row, column, *self._groups[formula.group]))
        elif formula.group is not None:
            self._waiting.append((row, column, formula.group))
        else:
            self._orphans.append((row, column))

    def add_row(self, row: int, columns: Sequence[int], formulas: Sequence[FormulaToken]) -> bool:
        """The formulas of a row, if each is one cell's own, as most are; False if one is not."""
        kinds, _, groups, spelled = zip(*formulas, strict=True)
        if groups.count(None) < len(groups) or kinds.count("normal") < len(kinds):
            return False
        if not all(spelled) or "_x" in "".join(spelled):
            return False
        texts, cells = self._texts, self._cells
        for column, text in zip(columns, spelled, strict=True):
            cells.extend((row, column, texts.setdefault(text, len(texts)), row, column))
        return True

    def _add_typed(self, row: int, column: int, formula: FormulaToken) -> None:
        text = formula.text
        if "_x" in text:
            text = unescape_xstring(text)
        own = (self._texts.setdefault(text, len(self._texts)), row, column)
        self._cells.extend((row, column, *own))
        if formula.group is not None and (formula.area or formula.group not in self._groups):
            self._groups[formula.group] = own

    def formulas(self) -> Formulas:
        """The plain formula cells. Cells that came before their group's first are resolved here."""
        for row, column, group in self._waiting:
            if group in self._groups:
                self._cells.extend((row, column, *self._groups[group]))
            else:
                self._orphans.append((row, column))
        self._waiting.clear()
        rows, columns, text_ids, anchor_rows, anchor_columns = (
            np.frombuffer(self._cells, np.int32).reshape(-1, 5).T.copy()
        )
        return Formulas(rows, columns, text_ids, anchor_rows, anchor_columns, list(self._texts))

    def orphans(self) -> list[str]:
        """Names of the formula cells without a text that belong to no array; call it last."""
        return [
            cell_name(row, column)
            for row, column in self._orphans
            if not any(one.rect.contains(row, column) for one in self.arrays)
        ]
