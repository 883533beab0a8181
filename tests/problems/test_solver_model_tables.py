"""Cells named by a table, whatever rows of it are headings and totals."""

from __future__ import annotations

import numpy as np
import pytest

from xlcollab.errors import ModelError
from xlcollab.grid import Formulas, Kind, Sheet, Table, TextPool, Workbook
from xlcollab.problems.solver_model.areas import resolve_areas, resolve_cell
from xlcollab.ref import Rect


def book(header_rows: int, totals_rows: int, height: int = 6) -> Workbook:
    """A table from C5 on, three columns wide."""
    texts = TextPool()
    kinds = np.full((20, 8), Kind.NUMBER, np.uint8)
    sheet = Sheet("S", kinds, np.zeros((20, 8)), texts, Formulas.from_cells({}))
    table = Table(
        "Costs", "S", Rect(4, 2, height, 3), ("a", "Per Unit", "c"), header_rows, totals_rows
    )
    return Workbook([sheet], texts, tables=[table])


ROWS = [(1, 0, "6:10"), (1, 1, "6:9"), (0, 0, "5:10"), (0, 1, "5:9"), (2, 0, "7:10")]


@pytest.mark.parametrize(("header", "totals", "rows"), ROWS)
def test_a_table_is_its_data(header: int, totals: int, rows: str) -> None:
    first, last = rows.split(":")
    found = resolve_areas(book(header, totals), "Costs", "S", "it")
    assert [str(area) for area in found] == [f"S!C{first}:E{last}"]
    for column, letter in (("a", "C"), ("per unit", "D"), ("C", "E")):
        (area,) = resolve_areas(book(header, totals), f"costs[{column}]", "S", "it")
        assert str(area) == f"S!{letter}{first}:{letter}{last}"


def test_a_single_cell_may_be_a_column_of_one_row() -> None:
    assert str(resolve_cell(book(1, 0, 2), "Costs[c]", "S", "it")) == "S!E6"
    with pytest.raises(ModelError, match="a single cell is needed, such as S!E6"):
        resolve_cell(book(1, 0), "Costs[c]", "S", "it")


def test_a_column_that_is_not_there_is_no_area() -> None:
    with pytest.raises(ModelError):
        resolve_areas(book(1, 0), "Costs[d]", "S", "it")
