"""Whole numbers in curved models of a workbook."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook

from tests.solver.models import Model

CELLS = {
    "A1": 1.0, "A2": 1.0, "A3": 1.0,
    "B1": "=(A1-61.4)^2+(A2-45.7)^2+(A1-A2-A3)^2+EXP((A3-40)/9)",
    "B2": "=A1+A2+A3",
}  # fmt: skip
AREA = "S!$A$1:$A$3"


def portfolio(**more: str) -> Model:
    lines = [(AREA, "int", ""), (AREA, "<=", "200"), ("S!$B$2", "<=", "120")]
    return Model(CELLS, "B1", AREA, lines=lines, more=more)


def value(a: int, b: int, c: int) -> float:
    return float(
        (a - 61.4) ** 2 + (b - 45.7) ** 2 + (a - b - c) ** 2 + 2.718281828459045 ** ((c - 40) / 9)
    )


BEST = min(
    value(a, b, c)
    for a, b, c in itertools.product(range(40, 80), range(20, 60), range(40))
    if a + b + c <= 120
)


@pytest.mark.parametrize("options", [(), ("--engine", "grg"), ("--method", "branch")])
def test_a_convex_model_is_proved(options: tuple[str, ...], tmp_path: Path) -> None:
    found = portfolio().solve(tmp_path, *options, "--gap", "0")
    (told,) = found.json["models"]
    assert (found.code, told["status"], told["method"]) == (0, "optimal", "branch")
    assert told["final"] == pytest.approx(BEST, rel=1e-6)
    cells = load_workbook(found.json["output"])["S"]
    assert all(cells[f"A{row}"].value == round(cells[f"A{row}"].value) for row in (1, 2, 3))


def test_the_limit_of_nodes_from_the_file(tmp_path: Path) -> None:
    found = portfolio(nod="1").solve(tmp_path, "--gap", "0")
    (told,) = found.json["models"]
    assert told["status"] == "best_found"
    assert "limit of nodes" in told["message"]


@pytest.mark.parametrize("n", [3, 12])
@pytest.mark.parametrize(("with_a_product", "method"), [(False, "highs"), (True, "branch")])
def test_what_is_affine_at_zeros_and_ones_is_linear(
    n: int, with_a_product: bool, method: str, tmp_path: Path
) -> None:
    """x² is x where x is 0 or 1, whatever it is between them; of many variables those are looked at
    that a formula brings together."""
    worths = [(-1) ** row * row for row in range(1, n + 1)]
    terms = [f"{worth}*A{row}^2" for row, worth in enumerate(worths, 1)]
    formula = "=" + "+".join([*terms, *(["EXP(A2-A3)", "A1*A3"] if with_a_product else [])])
    cells: dict[str, object] = {f"A{row}": 0.0 for row in range(1, n + 1)} | {"B1": formula}
    area = f"S!$A$1:$A${n}"
    found = Model(cells, "B1", area, lines=[(area, "bin", "")]).solve(tmp_path)
    (told,) = found.json["models"]
    assert told["method"] == method
    if not with_a_product:
        assert (told["status"], told["final"]) == ("optimal", -sum(range(1, n + 1, 2)))


WHEELS = "S!$A$1:$A$4"


def gears(formula: str, most: int, **more: str) -> Model:
    """Two pairs of wheels for a ratio; a tree over them has no end."""
    lines = [(WHEELS, "int", ""), (WHEELS, ">=", "12"), (WHEELS, "<=", str(most))]
    cells = {f"A{row}": 12.0 for row in range(1, 5)} | {"B1": formula}
    return Model(cells, "B1", WHEELS, lines=lines, more=more)


@pytest.mark.parametrize("formula", ["=ABS(1/1.931-A1*A2/(A3*A4))", "=(1/1.931-A1*A2/(A3*A4))^2"])
def test_a_model_that_is_not_convex_is_proved_by_trying_all(formula: str, tmp_path: Path) -> None:
    """Of 160,000 combinations, which take a tenth of a second together."""
    pairs = np.outer(np.arange(12, 32), np.arange(12, 32)).ravel()
    missed = np.abs(1 / 1.931 - pairs[:, None] / pairs[None, :]).min()
    found = gears(formula, 31).solve(tmp_path)
    (told,) = found.json["models"]
    assert (found.code, told["status"], told["method"]) == (0, "optimal", "branch")
    assert "All 160000 combinations" in told["message"]
    assert told["final"] == pytest.approx(missed if "ABS" in formula else missed**2, rel=1e-9)


WEIGHTS = [1 + (3 * i + 5 * j) % 9 for i in range(9) for j in range(i + 1, 9)]
ENDS = list(itertools.combinations(range(9), 2))


@pytest.mark.parametrize("least", [0, 100_000])
def test_a_cut_of_few_corners_is_proved_by_trying_all(least: int, tmp_path: Path) -> None:
    """Each edge is a piece, and so a choice in a row: a tree over those took a hundred times as
    long, and where nothing satisfies a row no end was seen."""
    edges = zip(WEIGHTS, ENDS, strict=True)
    text = "+".join(f"{weight}*ABS(A{i + 1}-A{j + 1})" for weight, (i, j) in edges)
    cells = {f"A{row}": 0.0 for row in range(1, 10)} | {"B1": f"={text}"}
    lines = [("S!$A$1:$A$9", "bin", ""), ("S!$B$1", ">=", str(least))]
    found = Model(cells, "B1", "S!$A$1:$A$9", "1", lines).solve(tmp_path)
    (told,) = found.json["models"]
    assert "All 512 combinations" in told["message"]
    if least:
        assert (found.code, told["status"]) == (4, "infeasible")
        return
    corners = np.array(list(itertools.product((0, 1), repeat=9)))
    first, second = np.array(ENDS).T
    best = (np.abs(corners[:, first] - corners[:, second]) @ np.array(WEIGHTS)).max()
    assert (found.code, told["status"], told["final"]) == (0, "optimal", best)
