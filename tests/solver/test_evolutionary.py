"""Models that have no slope to follow: steps, look-ups, permutations, many optima."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from tests.solver.models import Model
from xlcollab.optim.evolution.scorer import Scorer

CITIES = 12


def rastrigin(n: int, *lines: tuple[str, str, str]) -> Model:
    cells: dict[str, object] = {f"A{i}": 2.5 + 0.1 * i for i in range(1, n + 1)}
    cells |= {f"B{i}": f"=A{i}^2-10*COS(2*PI()*A{i})+10" for i in range(1, n + 1)}
    cells["C1"] = f"=SUM(B1:B{n})"
    area = f"S!$A$1:$A${n}"
    bounds = [(area, ">=", "-5"), (area, "<=", "5")]
    return Model(cells, "C1", area, lines=[*bounds, *lines], more={"eng": "3"})


def test_many_optima_of_ten_variables(tmp_path: Path) -> None:
    found = rastrigin(10).solve(tmp_path, "--method", "evolutionary")
    assert found.code == 0
    assert found.json["models"][0]["final"] == pytest.approx(0.0, abs=1e-6)
    assert found.json["models"][0]["status"] == "best_found"


@pytest.mark.parametrize("seed", ["0", "2"])
def test_what_adds_up_has_the_best_of_each_part(seed: str, tmp_path: Path) -> None:
    """Some twenty hills along each variable; the truth by a fine grid of one of them."""
    starts = np.random.default_rng(int(seed)).uniform(-10.0, 10.0, 10)
    cells: dict[str, object] = {f"A{i}": float(x) for i, x in enumerate(starts, 1)}
    cells |= {f"B{i}": f"=A{i}^2/10+SIN(3*A{i})+SIN(7*A{i})" for i in range(1, 11)}
    bounds = [("S!$A$1:$A$10", ">=", "-10"), ("S!$A$1:$A$10", "<=", "10")]
    model = Model(cells | {"C1": "=SUM(B1:B10)"}, "C1", "S!$A$1:$A$10", lines=bounds)
    found = model.solve(tmp_path, "--method", "evolutionary", "--seed", seed)
    line = np.linspace(-10, 10, 2_000_001)
    truth = 10 * np.min(line**2 / 10 + np.sin(3 * line) + np.sin(7 * line))
    assert found.json["models"][0]["final"] == pytest.approx(truth, abs=1e-6)


def test_multistart_as_stored(tmp_path: Path) -> None:
    model = rastrigin(4)
    model.more.update({"eng": "1", "msl": "1"})
    found = model.solve(tmp_path)
    assert found.json["models"][0]["final"] == pytest.approx(0.0, abs=1e-8)


def test_multistart_tells_distinct_optima(tmp_path: Path) -> None:
    """(x² − 1)² + x/10 has two: near −1 and near 1, at −0.1 and 0.1 to the first order."""
    cells: dict[str, object] = {"A1": 0.9, "C1": "=(A1^2-1)^2+A1/10"}
    lines = [("S!$A$1", ">=", "-3"), ("S!$A$1", "<=", "3")]
    model = Model(cells, "C1", "S!$A$1", lines=lines, free=True)
    (found,) = model.solve(tmp_path, "--multistart").json["models"]
    assert found["final"] == pytest.approx(-0.10063, abs=1e-4)
    assert "ended in 2 distinct optima" in found["message"]
    assert "-0.100" in found["message"]
    assert "0.099" in found["message"]


def tour(cities: int) -> tuple[Model, float]:
    """Cities on a circle, shuffled: the shortest way round is the circle."""
    order = np.random.default_rng(3).permutation(cities)
    angles = 2 * math.pi * order / cities
    x, y = 10 * np.cos(angles), 10 * np.sin(angles)
    cells: dict[str, object] = {f"A{i}": float(i) for i in range(1, cities + 1)}
    for i in range(cities):
        for j in range(cities):
            column = chr(ord("F") + j)
            cells[f"{column}{i + 1}"] = round(math.hypot(x[i] - x[j], y[i] - y[j]), 6)
    last = chr(ord("F") + cities - 1)
    for i in range(1, cities + 1):
        after = i % cities + 1
        cells[f"B{i}"] = f"=INDEX($F$1:${last}${cities},A{i},A{after})"
    cells["C1"] = f"=SUM(B1:B{cities})"
    area = f"S!$A$1:$A${cities}"
    side = 20 * math.sin(math.pi / cities)
    return Model(cells, "C1", area, lines=[(area, "dif", "")]), cities * side


@pytest.mark.parametrize("cities", [6, CITIES])
def test_a_tour_by_alldifferent(cities: int, tmp_path: Path) -> None:
    model, shortest = tour(cities)
    found = model.solve(tmp_path)
    assert found.code == 0, found.err
    assert found.json["models"][0]["final"] == pytest.approx(shortest, abs=1e-4)


def test_an_order_with_a_discount_table(tmp_path: Path) -> None:
    """Holding costs, order costs and a price by VLOOKUP: the least over all whole lots."""

    def cost(lot: int) -> float:
        price = 10.0 if lot < 100 else 9.5 if lot < 300 else 9.3
        return 1200 * price + 1200 / lot * 30 + lot / 2 * 0.2 * price

    cells = {
        "A1": 40.0,
        "E1": 0.0, "F1": 10.0, "E2": 100.0, "F2": 9.5, "E3": 300.0, "F3": 9.3,
        "B1": "=VLOOKUP(A1,E1:F3,2,TRUE)",
        "B2": "=1200*B1+1200/A1*30+A1/2*0.2*B1",
    }  # fmt: skip
    lines = [("S!$A$1", ">=", "1"), ("S!$A$1", "<=", "1000"), ("S!$A$1", "int", "")]
    found = Model(cells, "B2", "S!$A$1", lines=lines).solve(tmp_path)
    (model,) = found.json["models"]
    assert model["final"] == pytest.approx(min(map(cost, range(1, 1001))), rel=1e-9)
    assert model["status"] == "optimal"  # every lot was tried


def test_continuous_steps(tmp_path: Path) -> None:
    cells = {
        "A1": 4.0, "A2": -3.0,
        "B1": "=ABS(ROUND(A1*2,0)-17)+ABS(INT(A2)-6)+IF(A1>8.6,3,0)",
    }  # fmt: skip
    lines = [("S!$A$1:$A$2", "<=", "50"), ("S!$A$1:$A$2", ">=", "-50")]
    found = Model(cells, "B1", "S!$A$1:$A$2", lines=lines).solve(tmp_path)
    assert found.json["models"][0]["final"] == 0.0
    assert found.json["models"][0]["status"] in ("best_found", "optimal")
    assert "smooth" not in found.json["models"][0]["message"]


def test_whole_numbers_in_a_curved_model(tmp_path: Path) -> None:
    """Against every combination."""

    def value(a: int, b: int) -> float:
        return (a - 3.4) ** 2 + (b - 5.7) ** 2 + a * b / 10

    cells = {"A1": 1.0, "A2": 1.0, "B1": "=(A1-3.4)^2+(A2-5.7)^2+A1*A2/10", "B2": "=A1+A2"}
    lines = [("S!$A$1:$A$2", "int", ""), ("S!$B$2", "<=", "7")]
    found = Model(cells, "B1", "S!$A$1:$A$2", lines=lines).solve(tmp_path)
    best = min(value(a, b) for a, b in itertools.product(range(8), repeat=2) if a + b <= 7)
    assert found.json["models"][0]["final"] == pytest.approx(best)
    assert found.json["models"][0]["status"] == "optimal"


def test_whole_numbers_without_bounds_are_not_called_optimal(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "A2": 1.5, "B1": "=(A1-30.4)^2+(A2-5.75)^4+A1*A2/100"}
    lines = [("S!$A$1", "int", "")]
    found = Model(cells, "B1", "S!$A$1:$A$2", lines=lines, free=True).solve(tmp_path)
    (model,) = found.json["models"]
    assert model["status"] == "best_found"
    best = min(
        minimize_scalar(lambda b, a=a: (a - 30.4) ** 2 + (b - 5.75) ** 4 + a * b / 100).fun
        for a in range(25, 35)
    )
    assert model["final"] == pytest.approx(best, rel=1e-6)


def test_no_whole_point_satisfies_the_rows(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=A1^2+A2^2", "B2": "=A1*A2"}
    lines = [("S!$A$1:$A$2", "int", ""), ("S!$A$1:$A$2", "<=", "9"), ("S!$B$2", "=", "11")]
    found = Model(cells, "B1", "S!$A$1:$A$2", lines=lines).solve(tmp_path)
    assert (found.code, found.json["models"][0]["status"]) == (4, "infeasible")
    assert found.json["output"] is None


@pytest.mark.parametrize("cities", [5, 7, 8])
@pytest.mark.parametrize("bounded", [False, True])
def test_orders_against_all_of_them(cities: int, bounded: bool, tmp_path: Path) -> None:
    """Bounds on places hold, too: the first city comes first, the third place goes to the last."""
    model, _ = tour(cities)
    if bounded:
        ends = [("S!$A$1", "<=", "1"), ("S!$A$3", ">=", str(cities))]
        model = replace(model, lines=[*model.lines, *ends])
    first = ord("F")
    way = np.array(
        [[model.cells[f"{chr(first + j)}{i + 1}"] for j in range(cities)] for i in range(cities)]
    )
    orders = np.array(list(itertools.permutations(range(cities))))
    if bounded:
        orders = orders[(orders[:, 0] == 0) & (orders[:, 2] == cities - 1)]
    lengths = way[orders, np.roll(orders, -1, axis=1)].sum(axis=1)
    found = model.solve(tmp_path)
    assert found.code == 0, found.err
    (told,) = found.json["models"]
    assert told["final"] == pytest.approx(lengths.min(), abs=1e-9)
    assert told["status"] == ("optimal" if cities < 8 else "best_found")


def test_a_place_that_becomes_a_whole_line(tmp_path: Path) -> None:
    """INDEX by a variable that sinks below 1 asks for a whole column: no value, and no crash."""
    cells: dict[str, object] = {f"F{i}": float((i - 3) ** 2) for i in range(1, 6)}
    cells |= {"A1": 1.5, "A2": 4.5, "B1": "=INDEX($F$1:$F$5,A1)", "B2": "=INDEX($F$1:$F$5,A2)"}
    cells |= {"C1": "=B1+B2"}
    lines = [("S!$A$1:$A$2", "<=", "5.9"), ("S!$A$1:$A$2", ">=", "0")]
    found = Model(cells, "C1", "S!$A$1:$A$2", lines=lines).solve(tmp_path)
    assert found.code == 0, found.err
    assert found.json["models"][0]["final"] == 0.0


def test_how_fast_points_are_evaluated_is_said(tmp_path: Path) -> None:
    model = rastrigin(3)
    found = model.solve(tmp_path, "--method", "evolutionary", "--iterations", "5")
    message = found.json["models"][0]["message"]
    assert re.search(r"\d+ points were evaluated, [\d,]+ a second", message)


def test_an_objective_without_end_says_so_and_nothing_else(tmp_path: Path) -> None:
    """A step sends it down for good; numbers that overflow on the way warn nobody."""
    cells: dict[str, object] = {"A1": 0.5, "C1": "=(A1-1)^2*IF(ABS(A1-1)>4,-1,1)"}
    model = Model(cells, "C1", "S!$A$1", more={"neg": "2"})
    (found,) = model.solve(tmp_path).json["models"]
    assert found["status"] == "unbounded"


def test_a_population_does_not_live_off_the_tolerance(tmp_path: Path) -> None:
    """Fixed charges: 50 pieces at 4 and 30 besides; what a row may miss would make it less."""
    formula = "=5*A1+4*A2+IF(A1>0,100,0)+IF(A2>0,30,0)"
    cells = {"A1": 10.0, "A2": 10.0, "B1": formula, "B2": "=A1+A2"}
    model = Model(cells, "$B$1", "S!$A$1:$A$2", "2", [("S!$B$2", ">=", "50")])
    (told,) = model.solve(tmp_path).json["models"]
    assert told["final"] == pytest.approx(230.0, rel=1e-8)
    assert told["max_violation"] < 1e-6


@pytest.mark.parametrize("start", [0.0, 9.0, None])
def test_orders_from_no_order_have_a_program(
    start: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zeros, blanks and numbers beyond the last place have no key in the table: point by point a
    search takes a hundred times as long."""
    jobs = {1: 5.0, 2: 3.0, 3: 8.0, 4: 2.0, 5: 6.0}
    cells: dict[str, object] = {f"A{i}": start for i in jobs}
    cells |= {f"J{i}": float(i) for i in jobs} | {f"K{i}": took for i, took in jobs.items()}
    cells |= {f"B{i}": f"=VLOOKUP(A{i},$J$1:$K$5,2,FALSE)" for i in jobs}
    cells |= {f"C{i}": f"=SUM(B$1:B{i})" for i in jobs}
    cells["D1"] = "=SUM(C1:C5)"
    asked: list[object] = []
    one = Scorer._one
    monkeypatch.setattr(Scorer, "_one", lambda self, x: asked.append(x) or one(self, x))
    model = Model(cells, "D1", "S!$A$1:$A$5", lines=[("S!$A$1:$A$5", "dif", "")])
    (told,) = model.solve(tmp_path).json["models"]
    assert told["status"] == "optimal"
    assert told["final"] == sum(
        place * took for place, took in zip(range(5, 0, -1), sorted(jobs.values()), strict=True)
    )
    assert not asked
