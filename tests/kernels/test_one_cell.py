"""One cell never takes the book down: what cannot be evaluated is refused alone."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.kernels.engine import Cells, workbook
from xlcollab.grid import Iteration, Scalar
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.recalculate import Recalculation, recalculate
from xlcollab.kernels.values.block import Block, Context
from xlcollab.plan import build_plan
from xlcollab.ref import cell_name


def done(cells: Cells, iteration: Iteration | None = None) -> tuple[dict[str, Scalar], list[str]]:
    """({cell: value} of what was evaluated, the areas that were refused with their reasons)."""
    book = workbook(cells)
    book.iteration = iteration
    found: Recalculation = recalculate(build_plan(book))
    values: dict[str, Scalar] = {}
    for family, block in found.results:
        names = [cell_name(row, column) for row, column in family.rect.cells()]
        values |= dict(zip(names, Context(book.texts).values(block), strict=True))
    return values, [f"{one.area.rect}: {one.reason}" for one in found.unsupported]


def column(letter: str, formulas: list[str], first: int = 1) -> dict[str, str]:
    return {f"{letter}{first + i}": text for i, text in enumerate(formulas)}


def failing(context: Context, *blocks: Block) -> Block:
    raise ValueError("a mistake")


def test_an_exception_inside_a_function_refuses_its_cell_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(RECORDS, "ASINH", replace(RECORDS["ASINH"], run=failing))
    with caplog.at_level(logging.ERROR):
        values, refused = done({"A1": 1.0, "B1": "=ASINH(A1)", "B2": "=A1+1", "B3": "=B1+1"})
    assert values == {"B2": 2.0, "B3": 1.0}
    assert len(refused) == 1
    assert "unsupported, internal error in ASINH" in refused[0]
    assert "ASINH" in caplog.text


def test_one_copy_that_cannot_be_evaluated_does_not_refuse_its_family() -> None:
    texts: dict[str, Scalar] = {f"A{i}": "0.0" for i in range(1, 41)}
    formulas = column("B", [f'=TEXT(1.25,A{i})&"!"' for i in range(1, 41)])
    values, refused = done(texts | {"A17": "ggge"} | formulas)
    assert len(values) == 39
    assert set(values.values()) == {"1.3!"}
    assert [one.partition(":")[0] for one in refused] == ["B17"]


def test_a_family_that_fails_throughout_is_refused_as_one() -> None:
    cells: dict[str, Scalar] = {f"A{i}": float(i) for i in range(1, 31)}
    formulas = column("B", [f"=NOSUCHFUNCTION(A{i})" for i in range(1, 31)])
    values, refused = done(cells | formulas)
    assert not values
    assert [one.partition(" ")[0] for one in refused] == ["B1:B30:"]


@pytest.mark.parametrize(
    "formula",
    [
        "IF(A1)",
        "CHOOSE()",
        "INDEX()",
        "OFFSET(A1)",
        'TEXT(1E300,"0")',
        "FIXED(1,200)",
        "DOLLAR(1,200)",
        "VLOOKUP(1,Sheet1:Sheet1!A1:B3,2)",
        "DROP(A1:A3,A1:A2)",
        "TAKE(A1:A3,{1,2})",
        "SERIESSUM($A1,0,1,B1)",
        "SUM(MUNIT(A1:A3))",
    ],
)
def test_odd_calls_leave_the_rest_of_the_book_alone(formula: str) -> None:
    values, _ = done({"A1": 1.0, "A2": 2.0, "A3": 3.0, "D1": f"={formula}", "D2": "=A1+A2"})
    assert values["D2"] == 3.0


def test_the_number_of_arguments_is_counted_while_parsing() -> None:
    plan = build_plan(workbook({"A1": "=ATAN2(1)", "A2": "=1+IF(B1)", "A3": "=SUM()"}))
    assert [one.line for one in plan.broken] == [
        "ATAN2 takes 2 arguments, not 1; check the formula: ATAN2(1)",
        "IF takes 2 to 3 arguments, not 1; check the formula: 1+IF(B1)",
        "SUM takes 1 to 255 arguments, not 0; check the formula: SUM()",
    ]


def test_look_ups_that_read_the_rows_above_are_no_cycle() -> None:
    formulas = column("B", [f"=INDEX(B:B,ROW()-1)+A{i}" for i in range(2, 42)], first=2)
    cells: dict[str, Scalar] = {f"A{i}": 1.0 for i in range(2, 42)}
    values, refused = done({"B1": 5.0} | cells | formulas)
    assert not refused
    assert values["B41"] == 45.0


@pytest.mark.parametrize(
    "formula",
    ["=VLOOKUP(2,$A$1:$D$3,3)", "=XLOOKUP(2,A1:A3,C1:C3)", "=SUMIFS(C1:C3,A1:A3,2)"],
)
def test_a_look_up_beside_its_own_cell_is_no_cycle(formula: str) -> None:
    cells: Cells = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "C1": formula, "C2": 20.0, "C3": 30.0}
    values, refused = done(cells)
    assert (values, refused) == ({"C1": 20.0}, [])


@pytest.mark.parametrize("formula", ["=SUMIFS(C1:C3,A1:A3,1)", "=IFERROR(C1,0)", "=COUNT(C1:C3)"])
def test_a_true_cycle_is_refused_and_keeps_its_stored_value(formula: str) -> None:
    values, refused = done({"A1": 1.0, "A2": 2.0, "C1": formula, "C2": 20.0, "D1": "=A2*2"})
    assert values == {"D1": 4.0}
    assert refused == ["C1: circular reference: Sheet1!C1 → Sheet1!C1"]


def test_both_cells_of_a_cycle_are_refused_and_who_reads_them_is_not() -> None:
    values, refused = done({"A1": "=B1+1", "B1": "=A1+1", "C1": "=B1+1"})
    assert values == {"C1": 1.0}
    assert sorted(one.partition(":")[0] for one in refused) == ["A1", "B1"]


def test_iterative_calculation_is_done_as_often_and_as_near_as_the_file_says() -> None:
    cells: Cells = {"A1": "=A1+1", "B1": "=COS(B1)", "C1": "=B1*2"}
    values, refused = done(cells, Iteration(count=7, delta=0.001))
    assert not refused
    assert values["A1"] == 7.0
    values, _ = done(cells | {"A1": None}, Iteration(count=1000, delta=1e-12))
    assert values["B1"] == pytest.approx(0.739085133215, abs=1e-10)
    assert values["C1"] == pytest.approx(2 * 0.739085133215, abs=1e-10)


def test_iteration_goes_row_by_row_with_the_latest_values() -> None:
    """A1 sees the B1 of the round before, B1 the A1 of this one."""
    values, _ = done({"A1": "=B1+1", "B1": "=A1*2"}, Iteration(count=3, delta=0.0))
    assert (values["A1"], values["B1"]) == (7.0, 14.0)
