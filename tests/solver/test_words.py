"""What is said of a run that a limit ended: with a point that holds, and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faces.shell import listing, xlcollab
from tests.solver.models import Model
from xlcollab.optim import Status

_ITEMS = 30


def _chosen(relation: str, limit: float) -> Model:
    """Items of which some are taken, all of `_ITEMS` cells at 0; 2500.5 is no sum of them."""
    cells: dict[str, object] = {f"A{i}": 0 for i in range(1, _ITEMS + 1)}
    cells |= {f"C{i}": 17 + i * i % 23 for i in range(1, _ITEMS + 1)}
    cells |= {f"E{i}": 101 + i * 37 % 211 for i in range(1, _ITEMS + 1)}
    area = f"A1:A{_ITEMS}"
    cells |= {"B1": f"=SUMPRODUCT({area},C1:C{_ITEMS})"}
    cells |= {"D1": f"=SUMPRODUCT({area},E1:E{_ITEMS})"}
    lines = [("S!D1", relation, f"{limit:g}"), (f"S!{area}", "bin", "")]
    return Model(cells, "B1", f"S!{area}", lines=lines)


def _curved(limit: float) -> Model:
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=A1^2+EXP(A2)", "C1": "=A1*A2"}
    return Model(cells, "B1", "S!A1:A2", lines=[("S!C1", ">=", f"{limit:g}")])


_STEPS = Model(
    {"A1": 1.0, "A2": 1.0, "B1": "=INT(A1)+LEN(A2)", "C1": "=INT(A1)*INT(A2)*2"},
    "B1",
    "S!A1:A2",
    lines=[("S!C1", "=", "31"), ("S!A1:A2", "<=", "99")],
)
_BENT = Model(
    {"A1": -1.2, "A2": 1.0, "B1": "=100*(A2-A1^2)^2+(1-A1)^2", "C1": "=A1*A2+EXP(A1)"},
    "B1",
    "S!A1:A2",
    lines=[("S!C1", "=", "300")],
    free=True,
)
WITHOUT = {
    "nodes": (_chosen("=", 2500.5), ("--node-limit", "1")),
    "solutions of none": (_chosen("=", 2500.5), ("--node-limit", "2", "--solution-limit", "1")),
    "steps of simplex": (_chosen("=", 2500.5), ("--node-limit", "1", "--engine", "simplex")),
    "iterations": (_BENT, ("--iterations", "1")),
    "planned": (_curved(30), ("--method", "gd", "--lr", "1e-4", "--iterations", "2")),
    "time": (_curved(30), ("--time-limit", "0.01")),
    "a population": (_STEPS, ("--method", "evolutionary", "--time-limit", "1")),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_without_a_point_none_is_promised(tmp_path: Path, name: str) -> None:
    model, options = WITHOUT[name]
    found = model.solve(tmp_path, *options)
    assert found.code == 4
    assert set(listing(tmp_path)) == {"book.xlsx"}
    (told,) = found.json["models"]
    assert "it is no solution" in told["message"]
    assert not any(word in told["message"] for word in ("kept", "best point", "was found, and"))


WITH = {
    "gap": (">=", ("--gap", "0.5", "--gap-grace", "0"), 14),
    "solutions": (">=", ("--solution-limit", "1", "--gap", "0"), 15),
    "nodes": ("=", ("--node-limit", "1", "--gap", "0"), 16),
    "none": (">=", ("--gap", "0"), 0),
}


@pytest.mark.parametrize("name", WITH)
def test_a_limit_has_the_code_of_solver(tmp_path: Path, name: str) -> None:
    relation, options, code = WITH[name]
    book = _chosen(relation, 3501).build(tmp_path / "b.xlsx")
    found = xlcollab("solve", book, *options)
    assert found.code == 0
    assert f"Solver's result {code}:" in found.err


@pytest.mark.parametrize("status", Status)
def test_nothing_is_promised_of_a_point_that_breaks_constraints(status: Status) -> None:
    assert "kept" not in status.told(feasible=False)
    assert status.told(feasible=True) == status.sentence
