"""The value of a cell: met, or said to be missed and nothing written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.solver.models import Model


def goal(cells: dict[str, Any], target: float, variables: str = "S!$A$1", **more: Any) -> Model:
    return Model(cells, "B1", variables, "3", more={"val": repr(target)}, **more)


@pytest.mark.parametrize(
    ("formula", "target"),
    [("=A1^2+1", -7.0), ("=A1^2+1", 0.0), ("=EXP(A1)", -1.0), ("=1+1/(1+A1^2)", 3.0)],
)
def test_a_goal_out_of_reach_is_not_met(formula: str, target: float, tmp_path: Path) -> None:
    found = goal({"A1": 1.0, "B1": formula}, target, free=True).solve(tmp_path)
    (model,) = found.json["models"]
    assert (found.code, model["status"]) == (4, "goal_not_met")
    assert found.json["output"] is None
    assert "missed by" in model["message"]


@pytest.mark.parametrize(
    ("formula", "target"),
    [
        ("=A1^2+1", 10.0),
        ("=EXP(A1)", 0.001),
        ("=A1^3-A1", 6.0),
        ("=1E9*A1^2", 4e9),
        ("=A1*2", -3.0),
    ],
)
def test_a_goal_in_reach_is_met(formula: str, target: float, tmp_path: Path) -> None:
    found = goal({"A1": 1.5, "B1": formula}, target, free=True).solve(tmp_path)
    (model,) = found.json["models"]
    assert (found.code, model["status"]) == (0, "optimal"), model["message"]
    assert model["final"] == pytest.approx(target, rel=1e-6)


@pytest.mark.parametrize("size", ["1E-6", "1", "1E6", "1E9"])
def test_a_goal_is_met_as_near_as_digits_go(size: str, tmp_path: Path) -> None:
    """A present value of nothing, in cents of billions: the last digit of the price is more."""
    cells: dict[str, Any] = {"A1": 10.0, "B1": f"={size}*(NPV(0.09,D1:D5)-20000)"}
    cells |= {f"D{1 + i}": f"=(A1-6)*{1000 * 1.03**i!r}-4000" for i in range(5)}
    (model,) = goal(cells, 0.0).solve(tmp_path).json["models"]
    assert model["status"] == "optimal", model["message"]


def test_a_goal_with_an_equation_beside_it(tmp_path: Path) -> None:
    """a · b = 6 and a + b = 5 from (1, 1): 2 and 3, where descent alone stops at 6.25."""
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=A1*A2", "B2": "=A1+A2"}
    model = goal(cells, 6.0, "S!$A$1:$A$2", lines=[("S!$B$2", "=", "5")])
    found = model.solve(tmp_path)
    assert found.code == 0
    assert found.json["models"][0]["final"] == pytest.approx(6.0, abs=1e-6)
    assert found.json["models"][0]["max_violation"] < 1e-6


def test_a_goal_beyond_a_bound_is_not_met(tmp_path: Path) -> None:
    found = goal({"A1": 1.0, "B1": "=A1^2"}, 30.0, lines=[("S!$A$1", "<=", "5")]).solve(tmp_path)
    assert found.json["models"][0]["status"] == "goal_not_met"
    assert "missed by 5" in found.json["models"][0]["message"]


@pytest.mark.parametrize(
    ("formula", "target"),
    [
        ("=MAX(0,A1-10)*3", 12.0),
        ("=1E6*MAX(0,A1-2000)^2", 4e6),
        ("=MAX(0,A1*A2-50)", 7.0),
        ("=MAX(0,-100-A1)", 5.0),
        ("=MIN(3,A1^2/100)*MAX(A1-90,0)", 6.0),
    ],
)
def test_a_goal_beyond_a_flat_start_is_met(formula: str, target: float, tmp_path: Path) -> None:
    cells = {"A1": 1.0, "A2": 1.0, "B1": formula}
    found = goal(cells, target, "S!$A$1:$A$2", free=True).solve(tmp_path)
    assert found.json["models"][0]["status"] == "optimal", found.json["models"][0]["message"]
    assert found.json["models"][0]["final"] == pytest.approx(target, rel=1e-6)


def test_steps_that_contradict_are_no_cells(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": "=INT(A1)"}
    lines = [("S!$B$1", "=", "2.5"), ("S!$A$1", "<=", "9")]
    (told,) = Model(cells, "B1", "S!$A$1", "2", lines).solve(tmp_path).json["models"]
    assert told["status"] == "infeasible"
    alone = "Within the bounds of the variables, this cannot be satisfied: S!B1 = 2.5."
    assert told["message"].endswith(alone)
