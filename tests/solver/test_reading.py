"""What a stored model means where readers go wrong: one kind a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from tests.solver.models import Model

CHAIN = Model(
    cells={
        "A1": 0.0, "A2": 0.0, "A3": 0.0,
        "B1": "=2*A1+3*A2+4*A3",
        "C1": -2.0, "C2": "=A1", "C3": "=A2",
    },
    objective="B1",
    variables="S!$A$1:$A$3",
    lines=[("S!$A$1:$A$3", ">=", "S!$C$1:$C$3")],
)  # fmt: skip


def final(model: Model, folder: Path) -> float:
    found = model.solve(folder)
    assert found.code == 0, found.err
    value = found.json["models"][0]["final"]
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, -4.0),  # C2 and C3 move with the variables: A2 and A3 stay at 0 and above
        ({"C2": -3.0}, -4.0 - 9.0),
        ({"C2": "=-3", "C3": "=C2"}, -4.0 - 9.0 - 12.0),  # formulas that do not move are limits
        ({"C1": "=A3"}, 0.0),
    ],
)
def test_a_limit_that_moves_does_not_lift_the_implied_zero(
    limits: dict[str, object], expected: float, tmp_path: Path
) -> None:
    model = replace(CHAIN, cells={**CHAIN.cells, **limits})
    assert final(model, tmp_path) == pytest.approx(expected)


def test_a_limit_over_more_cells_than_the_variables_is_warned_of(tmp_path: Path) -> None:
    model = replace(CHAIN, variables="S!$A$1:$A$2", cells={**CHAIN.cells, "C2": -1.0, "C3": -9.0})
    found = model.solve(tmp_path)
    assert found.json["models"][0]["final"] == pytest.approx(0.0)
    assert any("no variables, S!A3" in text for text in found.json["models"][0]["warnings"])


def test_the_objective_may_be_a_variable(tmp_path: Path) -> None:
    """The least t with 2a ≤ t and 9 - a ≤ t: a = 3, t = 6."""
    model = Model(
        cells={"A1": 1.0, "B1": "=2*A1", "B2": "=9-A1", "D1": 20.0},
        objective="D1",
        variables="S!$A$1,S!$D$1",
        lines=[("S!$B$1:$B$2", "<=", "S!$D$1")],
    )
    assert final(model, tmp_path) == pytest.approx(6.0)


def test_a_blank_variable_is_zero_and_said_so(tmp_path: Path) -> None:
    model = Model({"A1": 4.0, "B1": "=(A1-1)^2+(A2+2)^2"}, "B1", "S!$A$1:$A$2", free=True)
    found = model.solve(tmp_path)
    assert found.json["models"][0]["final"] == pytest.approx(0.0, abs=1e-12)
    assert any("S!A2" in text and "0" in text for text in found.json["models"][0]["warnings"])


def test_solvers_scratch_cells_are_left_alone(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": "=(A1-5)^2", "XFA1048550": 1e-6, "XFC1048553": 4.0}
    model = Model(cells, "B1", "S!$A$1")
    found = model.solve(tmp_path)
    assert found.code == 0
    written = openpyxl.load_workbook(found.json["output"])["S"]
    assert (written["XFA1048550"].value, written["XFC1048553"].value) == (1e-6, 4)
    assert written["A1"].value == pytest.approx(5.0)


def test_a_model_whose_numbers_were_dropped_is_refused(tmp_path: Path) -> None:
    """Google Sheets exports only the names that stand for cells."""
    model = replace(CHAIN, more={"typ": "", "num": "", "val": "", "neg": ""})
    found = model.solve(tmp_path)
    assert found.code == 3
    for word in ("solver_num", "solver_typ", "--subject-to"):
        assert word in found.err
    assert list(tmp_path.iterdir()) == [tmp_path / "book.xlsx"]


def test_integers_that_the_file_says_to_ignore_are_told(tmp_path: Path) -> None:
    model = Model(
        {"A1": 0.0, "B1": "=A1"},
        "B1",
        "S!$A$1",
        "1",
        [("S!$A$1", "<=", "2.5"), ("S!$A$1", "int", "")],
    )
    assert final(model, tmp_path) == 2.0
    found = replace(model, more={"rlx": "1"}).solve(tmp_path)
    assert found.json["models"][0]["final"] == 2.5
    assert any("solver_rlx" in text for text in found.json["models"][0]["warnings"])


@pytest.mark.parametrize("left", ["=1/A1", "=1/A1+A2", "=LN(A1)", "=SQRT(A1-1)"])
def test_an_error_in_a_constraint_at_the_start_names_the_cell(left: str, tmp_path: Path) -> None:
    model = Model(
        {"A1": 0.0, "A2": 1.0, "B1": "=3*A1+A2", "B2": left},
        "B1",
        "S!$A$1:$A$2",
        lines=[("S!$B$2", "<=", "4")],
    )
    (told,) = model.solve(tmp_path).json["models"]
    assert any("S!B2 is #" in text and "began elsewhere" in text for text in told["warnings"])
    assert told["max_violation"] <= 1e-6
    nowhere = replace(model, cells={**model.cells, "B2": "=SQRT(-1-A1^2)"}).solve(tmp_path)
    assert nowhere.code == 3
    assert "S!B2" in nowhere.json["models"][0]["message"]
    assert nowhere.json["output"] is None


def test_an_error_outside_the_bounds_hinders_nothing(tmp_path: Path) -> None:
    model = Model(
        {"A1": 0.0, "A2": 1.0, "B1": "=3*A1+A2", "B2": "=1/A1"},
        "B1",
        "S!$A$1:$A$2",
        lines=[("S!$B$2", "<=", "4"), ("S!$A$1", ">=", "0.125")],
    )
    assert final(model, tmp_path) == pytest.approx(0.75, rel=1e-6)


def test_random_cells_that_hold_a_librarys_zero_are_drawn_once(tmp_path: Path) -> None:
    """XlsxWriter stores 0 for every formula and asks for recalculation."""
    model = Model({"A1": 0.0, "C1": "=RAND()", "B1": "=(A1-C1-1)^2"}, "B1", "S!$A$1")
    found = model.solve(tmp_path)
    written = openpyxl.load_workbook(found.json["output"], data_only=True)["S"]
    drawn = written["C1"].value
    assert 0.0 < drawn < 1.0
    assert written["A1"].value == pytest.approx(1.0 + drawn)


def test_variables_and_objective_may_stand_on_different_sheets(tmp_path: Path) -> None:
    """From the command line; as OpenSolver stores them, too."""
    sheets: dict[str, dict[str, object]] = {
        "Plan": {"A1": 1.0, "A2": 1.0},
        "Result": {"B1": "=3*Plan!A1+5*Plan!A2", "C1": "=Plan!A1+2*Plan!A2"},
    }
    path = build(tmp_path / "b.xlsx", sheets)
    found = xlcollab(
        "solve",
        path,
        "--json",
        "--maximize",
        "Result!B1",
        "--by-changing",
        "Plan!A1:A2",
        "--subject-to",
        "Result!C1<=8",
        "--subject-to",
        "Plan!A1<=3",
        "--non-negative",
    )
    assert found.code == 0, found.err
    (model,) = found.json["models"]
    assert model["status"] == "optimal"
    assert model["final"] == 21.5
    workbook = xc.open(tmp_path / "b.solved.xlsx").workbook
    assert [workbook.sheet("Plan").value(row, 0) for row in (0, 1)] == [3.0, 2.5]
    assert workbook.sheet("Result").value(0, 1) == 21.5


def test_variables_that_reach_nothing_are_not_said_to_stay(tmp_path: Path) -> None:
    """A bound moved one, and so did a whole number, under "it stays as it is"."""
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=(A1-3)^2"}
    found = Model(cells, "B1", "S!A1:A2", lines=[("S!A2", ">=", "1.5")]).solve(tmp_path)
    (told,) = found.json["models"]
    (warning,) = [text for text in told["warnings"] if "S!A2" in text]
    assert "limits" in warning
    assert "stays" not in warning
    assert xc.open(tmp_path / "book.solved.xlsx").workbook.sheet("S").value(1, 0) == 1.5
