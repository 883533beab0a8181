"""Names that mean a neighbour: beyond an edge of the sheet they come in at the other one."""

from __future__ import annotations

import pytest

from tests.kernels.engine import workbook
from xlcollab.grid import DefinedName, Scalar
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.kernels.values.block import Context
from xlcollab.plan import build_plan
from xlcollab.ref import cell_name

ROWS, COLUMNS = 5, 4
NAMES = {
    "above": ("Sheet1!A1048576", -1, 0),
    "left_": ("Sheet1!XFD1", 0, -1),
    "two_above": ("Sheet1!A1048575", -2, 0),
    "corner": ("Sheet1!XFD1048576", -1, -1),
}


@pytest.mark.parametrize("name", NAMES)
def test_each_copy_has_its_own_neighbour(name: str) -> None:
    """The names stand in copies from the first row and column on: some wrap around."""
    text, down, across = NAMES[name]
    cells: dict[str, Scalar] = {}
    for row in range(ROWS):
        for column in range(COLUMNS):
            cells[cell_name(row, column)] = f"=1+N({name})" if row or column else 7.0
    book = workbook(cells)
    book.names = [DefinedName(name, text)]
    done = recalculate(build_plan(book))
    assert not done.unsupported, done.unsupported
    found: dict[tuple[int, int], Scalar] = {(0, 0): 7.0}
    for family, block in done.results:
        found |= zip(family.rect.cells(), Context(book.texts).values(block), strict=True)
    for (row, column), value in found.items():
        if row or column:
            assert value == 1.0 + found.get((row + down, column + across), 0.0)
    assert len(found) == ROWS * COLUMNS
