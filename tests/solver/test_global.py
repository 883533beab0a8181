"""The global engine: a proof for small models, and one sentence where there can be none."""

from __future__ import annotations

import builtins
import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.solver.models import Model
from xlcollab.optim.scip import search

pytest.importorskip("pyscipopt")


def boxed(cells: dict[str, object], n: int, low: str = "-5", high: str = "5", **more: Any) -> Model:
    area = f"S!$A$1:$A${n}"
    return Model(
        {f"A{i}": 1.0 + 0.3 * i for i in range(1, n + 1)} | cells,
        "B1",
        area,
        lines=[(area, ">=", low), (area, "<=", high), *more.pop("lines", [])],
        **more,
    )


OPTIMA: dict[str, tuple[Model, float]] = {
    "Rastrigin": (boxed({"B1": "=SUMPRODUCT(A1:A3^2-10*COS(2*PI()*A1:A3)+10)"}, 3), 0.0),
    "six-hump camel": (
        boxed({"B1": "=4*A1^2-2.1*A1^4+A1^6/3+A1*A2-4*A2^2+4*A2^4"}, 2, "-3", "3"),
        -1.031628453,
    ),
    "Branin": (
        boxed(
            {"B1": "=(A2-5.1/(4*PI()^2)*A1^2+5/PI()*A1-6)^2+10*(1-1/(8*PI()))*COS(A1)+10"},
            2,
            "-5",
            "15",
        ),
        0.397887358,
    ),
    "price break": (
        boxed({"B1": "=IF(A1<3,2*A1,1.5*A1)-SQRT(A1+A2)+(A2-1)^2"}, 2, "1", "9"),
        2.0 - math.sqrt(2.0) + 0.0 - 0.0,
    ),
    "product of roots": (
        boxed({"B1": "=EXP(-A1)*A2+ABS(A1-A2)/(1+A1^2)"}, 2, "0", "4"),
        0.0,
    ),
}


@pytest.mark.parametrize("name", [name for name in OPTIMA if name != "price break"])
def test_known_optima_are_proved(name: str, tmp_path: Path) -> None:
    model, best = OPTIMA[name]
    found = model.solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]
    assert (found.code, told["status"], told["method"]) == (0, "optimal", "global"), told["message"]
    assert told["final"] == pytest.approx(best, abs=2e-6 * max(1.0, abs(best)))
    assert told["bound"] <= told["final"] + 1e-9
    assert told["gap"] is None or told["gap"] >= 0
    assert "gap" in told["message"]


def test_a_price_break_against_a_grid(tmp_path: Path) -> None:
    model, _ = OPTIMA["price break"]
    found = model.solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]

    def value(a: float, b: float) -> float:
        return (2 * a if a < 3 else 1.5 * a) - math.sqrt(a + b) + (b - 1) ** 2

    grid = [1 + i / 200 for i in range(1601)]
    best = min(value(a, b) for a in (1.0, 3.0) for b in grid)
    assert told["status"] == "optimal", told["message"]
    assert best - 1e-4 <= told["final"] <= best + 1e-9


def test_a_jump_that_a_row_asks_for(tmp_path: Path) -> None:
    """A1 is more than 3, in the 15 digits of a sheet too: the least of it is no point at all."""
    cells: dict[str, object] = {"B1": "=A1+A2^2", "B2": "=IF(A1>3,1,0)"}
    model = boxed(cells, 2, lines=[("S!$B$2", ">=", "1")])
    found = model.solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]
    assert told["status"] == "optimal", told["message"]
    assert "but for points within 1e-06 of a jump" in told["message"]
    assert 3 + 1e-9 < told["final"] < 3 + 1e-5


def test_what_lies_beside_a_jump_is_not_called_infeasible(tmp_path: Path) -> None:
    cells: dict[str, object] = {"B1": "=A1+A2^2", "B2": "=IF(A1>3,1,0)"}
    lines = [("S!$B$2", ">=", "1"), ("S!$A$1", "<=", "3.0000005")]
    found = boxed(cells, 2, lines=lines).solve(tmp_path, "--engine", "global")
    assert found.json["models"][0]["status"] == "best_found"


@pytest.mark.parametrize("seed", range(4))
def test_whole_numbers_against_every_combination(seed: int, tmp_path: Path) -> None:
    p, q, r = 1 + seed % 3, 2 + seed, 0.7 + seed / 3

    def value(a: int, b: int, c: int) -> float:
        return math.sin(p * a) * b + a * b / q - r * c * c + abs(a - c) * b / 4

    model = boxed(
        {"B1": f"=SIN({p}*A1)*A2+A1*A2/{q}-{r}*A3^2+ABS(A1-A3)*A2/4", "B2": "=A1*A2+A3"},
        3,
        "-4",
        "4",
        lines=[("S!$A$1:$A$3", "int", ""), ("S!$B$2", ">=", "-3")],
    )
    found = model.solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]
    best = min(
        value(a, b, c) for a, b, c in itertools.product(range(-4, 5), repeat=3) if a * b + c >= -3
    )
    assert told["status"] == "optimal", told["message"]
    assert told["final"] == pytest.approx(best, abs=1e-6)


def test_a_permutation(tmp_path: Path) -> None:
    gains = [7.0, 2.0, 9.0, 4.0]
    cells: dict[str, object] = {f"A{i}": float(i) for i in range(1, 5)}
    cells |= {f"D{i}": gains[i - 1] for i in range(1, 5)}
    cells["B1"] = "=SUMPRODUCT(A1:A4,D1:D4)-A1*A2+A3*A4"
    area = "S!$A$1:$A$4"
    model = Model(cells, "B1", area, lines=[(area, "dif", "")])
    found = model.solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]

    def value(p: tuple[int, ...]) -> float:
        return sum(a * b for a, b in zip(p, gains, strict=True)) - p[0] * p[1] + p[2] * p[3]

    best = min(map(value, itertools.permutations(range(1, 5))))
    assert (told["status"], told["final"]) == ("optimal", best), told["message"]


def test_a_contradiction_is_proved(tmp_path: Path) -> None:
    model = boxed({"B1": "=A1*A2", "B2": "=A1^2+A2^2"}, 2, lines=[("S!$B$2", "<=", "-1")])
    found = model.solve(tmp_path, "--engine", "global")
    assert (found.code, found.json["models"][0]["status"]) == (4, "infeasible")
    assert found.json["output"] is None


def test_a_power_by_a_variable_of_a_base_above_nothing(tmp_path: Path) -> None:
    found = boxed({"B1": "=(A1+6)^A2"}, 2).solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]
    assert told["status"] == "optimal"
    assert told["final"] == pytest.approx(11.0**-5)


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        ("=NORM.S.DIST(A1,TRUE)+SUM(A1:A2)", "NORM.S.DIST in S!B1"),
        ("=GAMMALN(A1+6)+INDEX(A1:A2,2)", "GAMMALN in S!B1"),
        ("=IF(A1>0,LN(A1),A2)", "an IF with a side"),
        ("=(A1+5)^A2", "a power with a variable exponent"),
    ],
)
def test_a_function_without_a_form_is_named(formula: str, name: str, tmp_path: Path) -> None:
    found = boxed({"B1": formula}, 2).solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]
    assert (found.code, told["status"]) == (3, "refused")
    assert f": {name}" in told["message"]
    assert "SCIP" in told["message"]


def test_without_the_package_the_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name.split(".")[0] == "pyscipopt":
            raise ImportError(name)
        return load(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    found = boxed({"B1": "=A1^2"}, 1).solve(tmp_path, "--engine", "global")
    assert found.code != 0
    assert "pip install 'xlcollab[global]'" in found.err


def test_value_of_is_met(tmp_path: Path) -> None:
    model = boxed({"B1": "=A1^3-A2"}, 2, goal="3", more={"val": "7.25"})
    found = model.solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]
    assert (told["status"], told["final"]) == ("optimal", pytest.approx(7.25, abs=1e-6))


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_fault_of_scip_ends_scip_alone(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found until then is told as no more than that, and the next run is a good one."""
    ask = search._Process.ask

    def broken(self: search._Process, *model: Any) -> None:
        ask(self, *model)
        if when == "later":
            while "value" not in (word := self.word(1.0)):
                assert "word" not in word
            self._said.put(json.dumps(word))
        self._popen.kill()

    cells = {"A1": 1.0, "C1": "=(A1^2-4)^2+A1"}
    lines = [("S!$A$1", ">=", "-5"), ("S!$A$1", "<=", "5")]
    model = Model(cells, "$C$1", "S!$A$1", lines=lines, free=True)
    with monkeypatch.context() as patched:
        patched.setattr(search._Process, "ask", broken)
        (told,) = model.solve(tmp_path, "--engine", "global").json["models"]
    assert told["status"] == "best_found"
    assert "a fault of its own" in told["message"]
    assert told["bound"] is None
    (told,) = model.solve(tmp_path, "--engine", "global").json["models"]
    assert told["status"] == "optimal"
