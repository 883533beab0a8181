"""Models of which something false was said: an optimum "proved" where samples had not seen what
bends, "infeasible" where one descent, or HiGHS' presolve, had found no point."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.solver.models import Model

_PROVED = "optimal"
MANY = {f"A{i}": 0 for i in range(1, 31)} | {"C1": "=SUM(A1:A30)"}


def _of_many(objective: str) -> Model:
    """Thirty cells that are 0 or 1, which are too many to be all tried."""
    lines = [("S!$A$1:$A$30", "bin", "")]
    return Model(MANY | {"B1": objective}, "B1", "S!$A$1:$A$30", "1", lines)


def _of_two(objective: str, row: str, *lines: tuple[str, str, str], start: float = 1.0) -> Model:
    cells = {"A1": start, "A2": start, "B1": objective, "C1": row}
    return Model(cells, "B1", "S!$A$1:$A$2", "1", lines)


HIDDEN = {
    "a bump": _of_two(
        "=A1+5*EXP(-(A1-8)^2)", "=A1+A2", ("S!$C$1", "<=", "20"), ("S!$A$1", "<=", "10")
    ),
    "a bump beside a square": _of_two(
        "=A1-(A2-1)^2+50*EXP(-(A1-8)^2)", "=A1+A2", ("S!$C$1", "<=", "20"), ("S!$A$1", "<=", "20")
    ),
    "nothing but a bump": _of_two("=EXP(-(A1-50)^2)", "=A1+A2", ("S!$C$1", "<=", "99"), start=0.0),
    "a product of all": _of_many("=5*PRODUCT(A1:A30)-0.01*C1"),
    "a power": _of_many("=5*(C1/30)^200-0.01*C1"),
    "an exponential": _of_many("=5*EXP(-50*(C1-30)^2)-0.01*C1"),
}
"""What sampling takes for linear, or quadratic, and is not."""


@pytest.mark.parametrize("name", HIDDEN)
def test_what_samples_do_not_see_is_not_proved(name: str, tmp_path: Path) -> None:
    found = HIDDEN[name].solve(tmp_path).json["models"][0]
    assert found["method"] != "highs"
    assert found["status"] != _PROVED, found["message"]
    if MANY.keys() <= HIDDEN[name].cells.keys():  # the best is where all are 1
        assert found["final"] == pytest.approx(4.7)


def test_functions_of_single_cells_are_linear_on_binaries(tmp_path: Path) -> None:
    one = _of_many("=SUMPRODUCT(A1:A30^2,ROW(A1:A30))-2^A1-SIN(A2)*3")
    found = one.solve(tmp_path).json["models"][0]
    assert (found["method"], found["status"]) == ("highs", _PROVED)
    # A2 earns 2 and costs 3·SIN(1); A1 earns what it costs
    assert found["final"] == pytest.approx(465.0 - 1.0 - 2.0 - 1.0)


def test_a_ring_of_whole_numbers_is_not_called_empty(tmp_path: Path) -> None:
    """From 0, where the row has no slope."""
    lines = (("S!$C$1", "=", "625"), ("S!$A$1:$A$2", "int", ""), ("S!$A$1:$A$2", "<=", "1000"))
    one = _of_two("=A1+A2", "=A1^2+A2^2", *lines, start=0.0)
    found = one.solve(tmp_path).json["models"][0]
    assert found["status"] != "infeasible", found["message"]
    assert found["final"] in (25.0, 31.0, 35.0)


@pytest.mark.parametrize("objective", ["=MAX(A1,A2)", "=ABS(A1-A2)"])
def test_what_is_within_a_tolerance_of_a_bound_is_not_infeasible(
    objective: str, tmp_path: Path
) -> None:
    found = _of_two(objective, "=A1+A2", ("S!$C$1", "<=", "10")).solve(tmp_path).json["models"][0]
    assert found["status"] == _PROVED, found["message"]
    assert found["final"] == pytest.approx(10.0, rel=1e-7)


APPROACHED = {
    "=EXP(-A1)": "2",
    "=1/A1": "2",
    "=ATAN(A1)": "1",
    "=TANH(A1)": "1",
    "=A1^2/(1+A1^2)": "1",
}
"""Objectives without an optimum that come ever closer to a value, and 1 for those maximised."""


@pytest.mark.parametrize("objective", APPROACHED)
def test_a_value_that_is_approached_is_no_optimum_nor_endless(
    objective: str, tmp_path: Path
) -> None:
    one = Model({"A1": 1, "B1": objective}, "B1", "S!$A$1", APPROACHED[objective])
    found = one.solve(tmp_path).json["models"][0]
    assert found["status"] in ("tolerance", "best_found"), found["message"]


@pytest.mark.parametrize("objective", ["=LN(A1)", "=SQRT(A1)", "=A1+EXP(-A1)"])
def test_an_objective_without_an_end_is_unbounded(objective: str, tmp_path: Path) -> None:
    one = Model({"A1": 1, "B1": objective}, "B1", "S!$A$1", "1")
    found = one.solve(tmp_path).json["models"][0]
    assert found["status"] == "unbounded", found["message"]


@pytest.mark.parametrize(
    ("cells", "held"),
    [
        ({"A1": 5, "C1": "=IF(A1>3,1,0)", "B1": "=A1*2"}, lambda a: a > 3),
        ({"A1": -5, "C1": "=IF(A1<-0.3,1,0)", "B1": "=-A1*2E6"}, lambda a: a < -0.3),
        ({"A1": 5, "C1": "=1+0*A1", "B1": "=A1+IF(A1>3,0,900)"}, lambda a: a > 3),
    ],
)
def test_a_run_ends_where_the_cells_say_what_it_says(
    cells: dict[str, float | str], held: Callable[[float], bool], tmp_path: Path
) -> None:
    """A sheet compares 15 digits: on the very edge of a jump it is on the other side."""
    lines = [("S!$C$1", ">=", "1"), ("S!$A$1", ">=", "-100"), ("S!$A$1", "<=", "100")]
    found = Model(cells, "B1", "S!$A$1", lines=lines).solve(tmp_path).json
    written = openpyxl.load_workbook(found["output"], data_only=True)["S"]
    assert held(float(f"{written['A1'].value:.14e}"))
    assert written["C1"].value == 1
    assert written["B1"].value == pytest.approx(found["models"][0]["final"], rel=1e-9)
