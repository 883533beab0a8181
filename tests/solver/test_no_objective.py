"""Models without an objective: any point that the constraints allow, as Solver gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from tests.solver.models import Model

LINEAR = Model(
    cells={"A1": 0.0, "A2": 0.0, "B1": "=2*A1+3*A2", "B2": "=A1-A2"},
    objective="",
    variables="S!$A$1:$A$2",
    lines=[("S!$B$1", "=", "12"), ("S!$B$2", "=", "1")],
)
CURVED = Model(
    cells={"A1": 1.0, "A2": 2.0, "B1": "=A1^2+A2^2", "B2": "=A1*A2"},
    objective="",
    variables="S!$A$1:$A$2",
    lines=[("S!$B$1", "=", "25"), ("S!$B$2", "=", "12")],
)


def weights(folder: Path, count: int = 2) -> list[float]:
    sheet = xc.open(folder / "book.solved.xlsx").workbook.sheet("S")
    return [float(sheet.value(row, 0)) for row in range(count)]  # type: ignore[arg-type]


@pytest.mark.parametrize("sense", ["1", "2", "3", ""])
def test_a_stored_model_without_objective(sense: str, tmp_path: Path) -> None:
    """Whatever solver_typ was left at: Solver writes one all the same."""
    found = replace(LINEAR, goal=sense).solve(tmp_path, "--report", "answer,sensitivity,limits")
    assert found.code == 0, found.err
    (model,) = found.json["models"]
    assert (model["status"], model["objective"], model["sense"]) == ("optimal", None, "satisfy")
    assert weights(tmp_path) == pytest.approx([3.0, 2.0])


def test_curved_constraints(tmp_path: Path) -> None:
    found = CURVED.solve(tmp_path)
    assert found.code == 0, found.err
    first, second = weights(tmp_path)
    assert first**2 + second**2 == pytest.approx(25.0, rel=1e-6)
    assert first * second == pytest.approx(12.0, rel=1e-6)
    assert found.json["models"][0]["status"] == "optimal"


def test_whole_numbers(tmp_path: Path) -> None:
    whole = replace(CURVED, lines=[*CURVED.lines, ("S!$A$1:$A$2", "int", "")])
    assert whole.solve(tmp_path).code == 0
    assert sorted(weights(tmp_path)) == [3.0, 4.0]


def test_nothing_satisfies_them(tmp_path: Path) -> None:
    model = Model(LINEAR.cells, "", "S!$A$1", lines=[("S!$B$1", "=", "-1")])
    found = model.solve(tmp_path)
    assert (found.code, found.json["models"][0]["status"]) == (4, "infeasible")
    assert found.json["output"] is None


def test_on_the_command_line(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": LINEAR.cells})
    asked = ("--by-changing", "A1:A2", "--subject-to", "B1=12", "--subject-to", "B2=1")
    found = xlcollab("solve", path, *asked)
    assert found.code == 0, found.err
    assert weights(tmp_path) == pytest.approx([3.0, 2.0])
    assert "All constraints are satisfied" in found.err + found.out


def test_neither_objective_nor_constraint(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": LINEAR.cells})
    assert xlcollab("solve", path, "--by-changing", "A1:A2").code == 2
    model = Model(LINEAR.cells, "", "S!$A$1")
    found = model.solve(tmp_path)
    assert found.code == 3
    assert "no objective and no constraints" in found.err


def test_inspect_says_what_is_asked(tmp_path: Path) -> None:
    path = LINEAR.build(tmp_path / "book.xlsx")
    assert "satisfy the constraints" in xlcollab("inspect", path).out
    (model,) = xlcollab("inspect", path, "--json").json["models"]
    assert model["objective"] is None
