"""Families of a few cells that depend on no variable, evaluated cell by cell."""

from __future__ import annotations

import sys
from dataclasses import replace

from xlcollab.formula.nodes import Call, walk
from xlcollab.grid import Kind, Scalar
from xlcollab.kernels.cellwise.formula import Cells, cell_function, looks_along
from xlcollab.kernels.cellwise.growing import Growing
from xlcollab.kernels.cellwise.lookups import NotCellwiseError
from xlcollab.kernels.values.block import Block, LateBlock
from xlcollab.kernels.values.shapes import full, moved
from xlcollab.kernels.values.store import NotReadyError, Store
from xlcollab.kernels.values.tape import Value
from xlcollab.plan import Family
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, Rect

MOST_CELLS = 32
"""Larger families are evaluated at once."""
MOST_GROWING = 1_000_000
"""Cells of a family that searches lines which grow from copy to copy."""
_MOST_ALONE, _ALL_ALONE = 5000, 50_000
"""Cells of a larger family, and of all of them, that are sooner done one by one than torch is
loaded, if nobody has."""


class FewCells(Cells):
    """The cells of a store, and the families that are worked out from them one by one."""

    def __init__(self, store: Store) -> None:
        self._store, self._context = store, store.context
        self._left = _ALL_ALONE
        self.forget()

    def forget(self) -> None:
        """Stored values have changed."""
        self.places, self.growing = {}, Growing()
        self.known = {sheet.name: {} for sheet in self._store.workbook}

    def family(self, family: Family) -> Value | None:
        """All values of a family; None where it is none of these. Raises NotReadyError."""
        rect = family.rect
        alone = rect.size > MOST_CELLS
        if self._store.is_variable(family.sheet, rect):
            return None
        if alone and not (_grows(family) or self._sooner(rect.size)):
            return None
        try:
            function = cell_function(family, self, self._context, alone=alone)
            values = [_shown(function(row, column)) for row, column in rect.cells()]
        except NotCellwiseError:
            return None
        places = (row * MAX_COLUMNS + column for row, column in rect.cells())
        self.known[family.sheet].update(zip(places, values, strict=True))
        return Value(self._block(values, rect))

    def call(self, family: Family, node: Call) -> Value | None:
        """A call that looks along lines which grow, for all copies of a larger family, of shape
        (rows, columns, 1, 1); None for another. Raises NotReadyError."""
        rect = family.rect
        if not MOST_CELLS < rect.size <= MOST_GROWING or not looks_along(node):
            return None
        if node.name in ("INDEX", "VLOOKUP"):  # their value is that of a cell
            return None
        family = replace(family, node=node, closing=False)
        try:
            function = cell_function(family, self, self._context, alone=True)
            values = [function(row, column) for row, column in rect.cells()]
        except NotCellwiseError:
            return None
        found = moved(self._block(values, rect), lambda cells: cells.permute(2, 3, 0, 1))
        return Value(Block(found.number, found.kind))

    def _sooner(self, cells: int) -> bool:
        """Whether cells are sooner worked out one by one than torch is loaded."""
        if "torch" in sys.modules or cells > min(_MOST_ALONE, self._left):
            return False
        self._left -= cells
        return True

    def extent(self, sheet: str) -> tuple[int, int]:
        found = self._store.workbook.sheet(sheet)
        return found.height, found.width

    def load(self, sheet: str, row: int, column: int) -> Scalar:
        """A constant, or what a family has given. Raises NotCellwiseError for what depends on the
        variables, NotReadyError for a family without values."""
        if not (0 <= row < MAX_ROWS and 0 <= column < MAX_COLUMNS):
            raise NotCellwiseError
        store, rect = self._store, Rect(row, column)
        if store.is_variable(sheet, rect):
            raise NotCellwiseError
        value = store.workbook.sheet(sheet).value(row, column)
        for number in store.plan.index.overlapping(sheet, rect):
            if number in store.stored:
                continue
            if number not in store.results:
                raise NotReadyError([number])
            value = self._of_result(number, row, column)
        self.known[sheet][row * MAX_COLUMNS + column] = value
        return value

    def _of_result(self, number: int, row: int, column: int) -> Scalar:
        found, area = self._store.results[number], self._store.plan.families[number].rect
        if not found.constant:
            raise NotCellwiseError
        where = (0, 0, row - area.top, column - area.left)
        block = full(found.block, (1, 1, area.height, area.width))
        kind = block.kind if isinstance(block.kind, Kind) else block.kind[where]
        return self._context.values(Block(block.number[where], kind))[0]

    def _block(self, values: list[Scalar], rect: Rect) -> Block:
        return LateBlock(values, rect.height, rect.width, self._context.texts)


def _grows(family: Family) -> bool:
    return family.rect.size <= MOST_GROWING and any(map(looks_along, walk(family.node)))


def _shown(value: Scalar) -> Scalar:
    """A formula whose result is a blank cell shows 0."""
    return 0.0 if value is None else value
