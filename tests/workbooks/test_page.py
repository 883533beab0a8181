"""The page of a lesson: what each of its words puts where."""

from __future__ import annotations

import pytest

from xlcollab.lessons.page import Cell, Page, column_fixed, fixed, row_fixed, turned_height
from xlcollab.ref import AreaRef, CellRef, Rect


def test_contents_stand_side_by_side_or_below_one_another() -> None:
    page = Page("p")
    page.row(2, 1, ("a", 1.0), "label")
    page.column(4, 3, ("b", 2.0), "data")
    page.fill(Rect(7, 0, 2, 2), lambda row, column: f"{row},{column}", "word")
    page.put(0, 0, "x")
    assert page.cells == {
        (2, 1): Cell("a", "label"),
        (2, 2): Cell(1.0, "label"),
        (4, 3): Cell("b", "data"),
        (5, 3): Cell(2.0, "data"),
        (7, 0): Cell("7,0", "word"),
        (7, 1): Cell("7,1", "word"),
        (8, 0): Cell("8,0", "word"),
        (8, 1): Cell("8,1", "word"),
        (0, 0): Cell("x", "plain"),
    }


def test_headings_and_titled_numbers_lie_over_several_cells() -> None:
    page = Page("p")
    page.heading("Title", "What it is", 5, 3)
    page.metric(4, 2, 3, "error", "RMSE", "=A1")
    page.metric(4, 6, 1, "count", "n", "=A2", "small")
    assert page.cells[0, 0] == Cell("Title", "title")
    assert page.cells[1, 0] == Cell("What it is", "intro")
    assert page.cells[4, 2] == Cell("RMSE", "metric head")
    assert page.cells[5, 2] == Cell("=A1", "result")
    assert page.cells[5, 6] == Cell("=A2", "small")
    assert page.merged == [Rect(1, 0, 1, 5), Rect(4, 2, 1, 3), Rect(5, 2, 1, 3)]
    assert page.heights == {0: 28, 1: 49.0}
    assert page.area("error") == AreaRef("p", Rect(5, 2))
    assert page.cell("count") == CellRef("p", 5, 6)


def test_a_solver_model_is_told_by_names() -> None:
    page = Page("p", names={"error": Rect(0, 1), "users": Rect(3, 0, 4, 2), "items": Rect(0, 3)})
    page.minimise("error", ("users", "items"))
    model = page.model
    assert model is not None
    assert (model.sheet, model.sense, model.target) == ("p", "minimize", 0.0)
    assert model.objective == CellRef("p", 0, 1)
    assert model.variables == (AreaRef("p", Rect(3, 0, 4, 2)), AreaRef("p", Rect(0, 3)))


def test_addresses_stay_or_move() -> None:
    assert fixed(2, 1) == "$B$3"
    assert row_fixed(2, 27) == "AB$3"
    assert column_fixed(2, 27) == "$AB3"


@pytest.mark.parametrize(("longest", "height"), [(0, 12.0), (10, 70.0), (35, 215.0), (36, 220.0)])
def test_turned_texts_have_room_up_to_a_limit(longest: int, height: float) -> None:
    assert turned_height(["", "x" * longest]) == pytest.approx(height)
