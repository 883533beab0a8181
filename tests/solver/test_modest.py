"""No more is said than is known: starts without slope, engines as asked, limits of time."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from tests.build import Cells
from tests.solver.models import Model


def test_a_start_without_a_slope_is_left(tmp_path: Path) -> None:
    """The largest box with edges of 15 together, from nothing: 125."""
    cells = {"A1": 0.0, "A2": 0.0, "A3": 0.0, "B1": "=A1*A2*A3", "B2": "=SUM(A1:A3)"}
    model = Model(cells, "B1", "S!$A$1:$A$3", "1", [("S!$B$2", "<=", "15")])
    found = model.solve(tmp_path)
    assert found.json["models"][0]["final"] == pytest.approx(125.0)


@pytest.mark.parametrize("formula", ["=(A1^2-1)^2", "=COS(A1)", "=A1^4-A1^2"])
def test_a_saddle_is_left_without_constraints(formula: str, tmp_path: Path) -> None:
    least = {"=(A1^2-1)^2": 0.0, "=COS(A1)": -1.0, "=A1^4-A1^2": -0.25}[formula]
    found = Model({"A1": 0.0, "B1": formula}, "B1", "S!$A$1", free=True).solve(tmp_path)
    assert found.json["models"][0]["final"] == pytest.approx(least, abs=1e-9)


def test_a_method_that_never_moved_says_stationary(tmp_path: Path) -> None:
    model = Model({"A1": 0.0, "B1": "=COS(A1)"}, "B1", "S!$A$1", free=True)
    found = model.solve(tmp_path, "--method", "lbfgs")
    assert found.json["models"][0]["status"] == "stationary"


def test_a_plateau_is_not_called_smooth(tmp_path: Path) -> None:
    model = Model({"A1": 3.0, "B1": "=INT(ABS(A1-40)/5)+ABS(A1-41)/1000"}, "B1", "S!$A$1")
    found = model.solve(tmp_path)
    (told,) = found.json["models"]
    assert told["final"] == pytest.approx(0.0, abs=1e-6)
    assert "smooth" not in told["message"]


@pytest.mark.parametrize("total", ["SUMSQ(E1:E12)", "SUMXMY2(C1:C12,D1:D12)"])
def test_an_error_cell_that_counts_its_rows_has_no_steps(total: str, tmp_path: Path) -> None:
    """A logistic curve through its own points; what is counted fails only where the sum does."""
    cells: Cells = {"A1": 5.0, "A2": 2.0, "A3": 3.0}
    for row in range(1, 13):
        curve = 9.2 / (1.0 + math.exp(-(row - 6.3) / 1.1))
        cells |= {f"B{row}": row, f"C{row}": curve, f"E{row}": f"=C{row}-D{row}"}
        cells[f"D{row}"] = f"=$A$1/(1+EXP(-(B{row}-$A$2)/$A$3))"
    cells["F1"] = f"=SQRT({total}/COUNT(E1:E12))"
    (found,) = Model(cells, "F1", "S!$A$1:$A$3", free=True).solve(tmp_path).json["models"]
    assert "steps" not in found["message"]
    assert found["method"] == "lm"
    assert found["final"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("formula", ["=LN(A1)", "=LN(A1)+SQRT(A1)", "=A1^3", "=LN(LN(A1)+1)"])
def test_what_grows_without_an_end_is_no_optimum(formula: str, tmp_path: Path) -> None:
    found = Model({"A1": 1.0, "B1": formula}, "B1", "S!$A$1", "1").solve(tmp_path)
    (model,) = found.json["models"]
    assert model["status"] not in ("optimal", "locally_optimal"), model["message"]


@pytest.mark.parametrize(
    ("engine", "method"),
    [("stored", "evolutionary"), ("grg", "sqp"), ("evolutionary", "evolutionary"), ("auto", "lm")],
)
def test_the_engine_that_is_asked_for(engine: str, method: str, tmp_path: Path) -> None:
    model = Model(
        {"A1": 1.0, "A2": 2.0, "B1": "=(A1-2)^2+(A2-1)^2"},
        "B1",
        "S!$A$1:$A$2",
        lines=[("S!$A$1:$A$2", "<=", "9")],
        more={"eng": "3"},
    )
    found = model.solve(tmp_path, "--engine", engine)
    assert found.json["models"][0]["method"] == method
    assert found.json["models"][0]["final"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("method", ["sqp", "evolutionary", "adam", "lbfgs"])
def test_time_is_up(method: str, tmp_path: Path) -> None:
    cells = {f"A{i}": 3.0 for i in range(1, 13)}
    cells |= {f"B{i}": f"=100*(A{i + 1}-A{i}^2)^2+(1-A{i})^2" for i in range(1, 12)}
    model = Model(cells | {"C1": "=SUM(B1:B11)"}, "C1", "S!$A$1:$A$12")
    more = ("--iterations", "1000000") if method == "adam" else ()
    began = time.perf_counter()
    found = model.solve(tmp_path, "--method", method, "--time-limit", "1", *more)
    assert found.code == 0
    assert found.json["output"] is not None
    assert time.perf_counter() - began < 60.0
    assert found.json["models"][0]["final"] < found.json["models"][0]["initial"]


@pytest.mark.parametrize(("engine", "status"), [("stored", "iteration_limit"), ("auto", "optimal")])
def test_stored_iterations_are_those_of_the_stored_engine(
    engine: str, status: str, tmp_path: Path
) -> None:
    cells = {"A1": -3.0, "A2": 4.0, "B1": "=EXP(A1)+EXP(-A1)+(A2-A1)^4", "B2": "=A1+A2"}
    lines = [("S!$B$2", ">=", "1")]
    more = {"eng": "1", "itr": "2"}
    model = Model(cells, "B1", "S!$A$1:$A$2", lines=lines, free=True, more=more)
    (found,) = model.solve(tmp_path, "--engine", engine).json["models"]
    assert found["status"] == status, found["message"]


def test_no_iterations_that_are_asked_for_win_over_those_stored(tmp_path: Path) -> None:
    cells = {"A1": -3.0, "A2": 4.0, "B1": "=EXP(A1)+EXP(-A1)+(A2-A1)^4"}
    model = Model(cells, "B1", "S!$A$1:$A$2", free=True, more={"eng": "1", "itr": "50"})
    (found,) = model.solve(tmp_path, "--engine", "stored", "--iterations", "0").json["models"]
    assert (found["iterations"], found["final"]) == (0, found["initial"]), found["message"]


def test_a_linear_model_without_iterations_makes_none(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "A2": 2.0, "B1": "=A1+A2", "B2": "=A1+3*A2", "C1": "=3*A1+2*A2"}
    lines = [("S!$B$1", "<=", "5"), ("S!$B$2", "<=", "9")]
    model = Model(cells, "C1", "S!$A$1:$A$2", "1", lines)
    (found,) = model.solve(tmp_path, "--iterations", "0").json["models"]
    assert (found["iterations"], found["status"]) == (0, "iteration_limit")
    assert "0 iterations were made" in found["message"]


def test_a_goal_that_is_met_is_no_optimum_in_words(tmp_path: Path) -> None:
    model = Model({"A1": 1.0, "B1": "=A1^3"}, "B1", "S!$A$1", "3", more={"val": "8"})
    (found,) = model.solve(tmp_path).json["models"]
    assert "The goal was met." in found["message"]
    assert "optimum" not in found["message"]
    assert "constraints" not in found["message"]


@pytest.mark.parametrize("formula", ["=MAX(ABS(A1)-1,0)^2", "=MAX(A1,-2)", "=MAX(A1^2,4)"])
def test_the_bottom_of_a_convex_valley_may_be_flat(formula: str, tmp_path: Path) -> None:
    """Nothing on the way falls further, though nothing rises at once either."""
    found = Model({"A1": 5.0, "B1": formula}, "B1", "S!$A$1", free=True).solve(tmp_path)
    (told,) = found.json["models"]
    assert told["status"] == "optimal", told["message"]
    assert told["final"] == pytest.approx(
        {"=MAX(A1,-2)": -2.0, "=MAX(A1^2,4)": 4.0}.get(formula, 0.0)
    )
