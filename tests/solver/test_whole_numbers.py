"""Whole numbers in curved models of a workbook."""

from __future__ import annotations

import itertools
from pathlib import Path

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
