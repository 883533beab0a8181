"""Kinks, steps and counts rewritten to rows: beside enumeration, grids and published optima."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pytest

import xlcollab as xc
from tests.build import Cells, build
from xlcollab.api.solve.solved import Solved
from xlcollab.optim import Status


def solved(
    folder: Path,
    cells: Cells,
    goal: dict[str, str],
    by_changing: str,
    subject_to: Sequence[str] = (),
    non_negative: bool = False,
) -> Solved:
    book = xc.open(build(folder / "b.xlsx", {"S": cells}))
    model = book.model(
        **goal, by_changing=by_changing, subject_to=subject_to, non_negative=non_negative
    )
    return book.solve(model, history=False)


def test_a_tax_bracket_is_climbed_to_its_top(tmp_path: Path) -> None:
    cells = {
        "A1": 1.0,
        "A2": 1.0,
        "B1": "=5*A1+2*A2-IF(A1<=50000,A1,50000+(A1-50000)*9)",
        "C1": "=A1+A2",
    }
    found = solved(tmp_path, cells, {"maximize": "S!B1"}, "S!A1:A2", ["S!C1<=200000"], True)
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(500_000, abs=1e-6)
    assert "IF rewritten" in found.solution.message


def test_a_branch_that_is_an_error_is_not_taken(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "A2": 1.0, "B1": "=IF(A1<=3,A1,NA())+A2", "C1": "=A1+A2"}
    found = solved(
        tmp_path, cells, {"maximize": "S!B1"}, "S!A1:A2", ["S!A1:A2<=10", "S!C1<=8"], True
    )
    assert found.solution.method == "highs", found.solution.message
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(8.0)


def test_a_chebyshev_fit_is_that_of_its_linear_program(tmp_path: Path) -> None:
    """The least largest error of a line: for √x on [0, 1] it is 1/8 (de la Vallée Poussin)."""
    x = np.linspace(0, 1, 101)
    cells: dict[str, object] = {"A1": 0.0, "A2": 0.0}
    for row, (at, value) in enumerate(zip(x, np.sqrt(x), strict=True), 1):
        cells |= {f"D{row}": float(at), f"E{row}": float(value)}
        cells[f"F{row}"] = f"=ABS($A$1+$A$2*D{row}-E{row})"
    cells["B1"] = "=MAX(F1:F101)"
    found = solved(tmp_path, cells, {"minimize": "S!B1"}, "S!A1:A2")
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(0.125, abs=1e-4)


@dataclass(frozen=True)
class Expression:
    """The same function of three variables in Excel's words and in Python's."""

    text: str
    value: Callable[[Sequence[float]], float]


def _variable(place: int) -> Expression:
    return Expression(f"A{place + 1}", lambda x: x[place])


def _number(rng: np.random.Generator) -> Expression:
    value = float(rng.integers(-3, 4))
    return Expression(f"{value:g}" if value >= 0 else f"({value:g})", lambda x: value)


def _affine(rng: np.random.Generator, depth: int) -> Expression:
    a, b = _any(rng, depth - 1), _any(rng, depth - 1)
    factor = float(rng.integers(1, 4))
    return Expression(f"({a.text}-{factor:g}*{b.text})", lambda x: a.value(x) - factor * b.value(x))


def _call(name: str, function: Callable[..., float], count: int) -> Callable[..., Expression]:
    def make(rng: np.random.Generator, depth: int) -> Expression:
        parts = [_any(rng, depth - 1) for _ in range(count)]
        text = f"{name}({','.join(part.text for part in parts)})"
        return Expression(text, lambda x: float(function(*(part.value(x) for part in parts))))

    return make


_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}


def _condition(rng: np.random.Generator, depth: int) -> tuple[str, Callable[..., bool]]:
    sign = list(_COMPARED)[rng.integers(len(_COMPARED))]
    a, b = _any(rng, depth - 1), _any(rng, depth - 1)
    return f"{a.text}{sign}{b.text}", lambda x: _COMPARED[sign](a.value(x), b.value(x))


def _if(rng: np.random.Generator, depth: int) -> Expression:
    (p, first), (q, second) = _condition(rng, depth - 1), _condition(rng, depth - 1)
    yes, no = _any(rng, depth - 1), _any(rng, depth - 1)
    kind = rng.integers(4)
    text = [p, f"AND({p},{q})", f"OR({p},{q})", f"NOT({p})"][kind]
    holds: list[Callable[..., bool]] = [
        first,
        lambda x: first(x) and second(x),
        lambda x: first(x) or second(x),
        lambda x: not first(x),
    ]
    return Expression(
        f"IF({text},{yes.text},{no.text})",
        lambda x: yes.value(x) if holds[kind](x) else no.value(x),
    )


def _count(rng: np.random.Generator, depth: int) -> Expression:
    sign = list(_COMPARED)[rng.integers(len(_COMPARED))]
    limit = float(rng.integers(-2, 3))
    return Expression(
        f'COUNTIF(A1:A3,"{sign}{limit:g}")',
        lambda x: float(sum(_COMPARED[sign](one, limit) for one in x)),
    )


_KINKS = (
    _affine,
    _if,
    _count,
    _call("MAX", max, 3),
    _call("MIN", min, 2),
    _call("ABS", abs, 1),
    _call("MEDIAN", lambda *x: median(x), 3),
    _call("INT", math.floor, 1),
)


def _any(rng: np.random.Generator, depth: int) -> Expression:
    if depth <= 0:
        return _number(rng) if rng.integers(4) == 0 else _variable(int(rng.integers(3)))
    return _KINKS[rng.integers(len(_KINKS))](rng, depth)


GRID = list(itertools.product(range(-2, 3), repeat=3))


@pytest.mark.parametrize("seed", range(30))
def test_whole_numbers_are_those_of_enumeration(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    objective, line = _any(rng, 3), _any(rng, 2)
    limit = float(np.median([line.value(x) for x in GRID]))
    sense = ("minimize", "maximize")[seed % 2]
    best = (min, max)[seed % 2](objective.value(x) for x in GRID if line.value(x) <= limit)
    cells = {
        "A1": 0.0,
        "A2": 0.0,
        "A3": 0.0,
        "B1": f"={objective.text}+0*SUM(A1:A3)",
        "C1": f"={line.text}",
    }
    wanted = ["S!A1:A3=integer", "S!A1:A3>=-2", "S!A1:A3<=2", f"S!C1<={limit:g}"]
    found = solved(tmp_path, cells, {sense: "S!B1"}, "S!A1:A3", wanted)
    assert found.status is Status.OPTIMAL, (objective.text, found.solution.message)
    assert found.objective == pytest.approx(best, abs=1e-6), (objective.text, line.text)


@pytest.mark.parametrize("seed", range(30, 45))
def test_no_point_of_a_grid_is_better_than_a_proved_optimum(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    objective = _any(rng, 3)
    grid = itertools.product(np.linspace(-2, 2, 17), repeat=3)
    best = min(objective.value(x) for x in grid)
    cells = {"A1": 0.0, "A2": 0.0, "A3": 0.0, "B1": f"={objective.text}+0*SUM(A1:A3)"}
    wanted = ["S!A1:A3>=-2", "S!A1:A3<=2"]
    found = solved(tmp_path, cells, {"minimize": "S!B1"}, "S!A1:A3", wanted)
    assert found.status is Status.OPTIMAL, (objective.text, found.solution.message)
    assert found.objective <= best + 1e-4, objective.text
    assert found.objective == pytest.approx(objective.value(found.weights), abs=1e-6)


@pytest.mark.parametrize(
    ("formula", "lines", "truth"),
    [
        ("=MAX(A1,10-A2)+0.1*A2", ["A1<=A2", "A2<=7", "A1>=0"], 3.7),
        ("=ABS(A1-5)+ABS(A2-3)+0.1*ABS(A1+A2)", ["C1<=C2"], 0.8),
        ("=ABS(A1-5)+ABS(A2-3)", ["C1:C2>=A1:A2", "A2<=1"], 2.0),
    ],
)
def test_kinks_beside_limits_that_move(
    formula: str, lines: list[str], truth: float, tmp_path: Path
) -> None:
    """A line with a variable on both sides is one row, of two values."""
    cells = {"A1": 1.0, "A2": 1.0, "B1": formula, "C1": "=A1+1", "C2": "=2*A2"}
    found = solved(tmp_path, cells, {"minimize": "S!B1"}, "S!A1:A2", [f"S!{one}" for one in lines])
    assert found.solution.method == "highs", found.solution.message
    assert found.status is Status.OPTIMAL
    assert found.solution.objective == pytest.approx(truth)
