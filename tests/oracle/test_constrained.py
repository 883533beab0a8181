"""Curved models with curved constraints: published optima, and scipy's SLSQP on our own function.

SLSQP gets value and gradient from the workbook too, so that the two searches differ and the
model does not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

import xlcollab as xc
from tests.build import build
from tests.oracle.hock_schittkowski import CASES, Case
from xlcollab.optim import Status

Array = NDArray[np.float64]


def typed(case: Case, path: Path) -> Path:
    cells: dict[str, object] = {f"A{i}": float(value) for i, value in enumerate(case.start, 1)}
    cells["B1"] = case.objective
    cells |= {f"C{i}": formula for i, (formula, _) in enumerate(case.lines, 1)}
    return build(path, {"S": cells})


FOUND = (Status.OPTIMAL, Status.LOCALLY_OPTIMAL, Status.TOLERANCE)


@pytest.mark.parametrize("name", CASES)
def test_the_published_optimum_is_reached(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    book = xc.open(typed(case, tmp_path / "hs.xlsx"))
    lines = [f"C{i}{limit}" for i, (_, limit) in enumerate(case.lines, 1)]
    model = book.model(
        minimize="B1", by_changing=f"A1:A{len(case.start)}", subject_to=[*lines, *case.bounds]
    )
    solved = book.solve(model, history=False)
    assert solved.status in FOUND, solved.solution.message
    assert solved.objective == pytest.approx(case.optimum, rel=1e-6, abs=1e-6)
    assert solved.solution.max_violation < 1e-6


@pytest.mark.parametrize("name", ["HS12", "HS35", "HS43", "HS71", "HS100"])
def test_slsqp_on_the_same_functions_ends_there_too(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    book = xc.open(typed(case, tmp_path / "hs.xlsx"))
    cells = f"A1:A{len(case.start)}"
    objective = book.function("B1", by_changing=cells)
    found = minimize(
        objective.value_and_gradient,
        objective.start.numpy(),
        jac=True,
        method="SLSQP",
        bounds=_bounds(case),
        constraints=[
            _line(book.function(f"C{i}", by_changing=cells), limit)
            for i, (_, limit) in enumerate(case.lines, 1)
        ],
        options={"ftol": 1e-9, "maxiter": 300},
    )
    assert found.status in (0, 8)  # 8: rounding lets no line search go further down
    assert found.fun == pytest.approx(case.optimum, rel=1e-6, abs=1e-6)


def _line(function: xc.api.gradients.CellFunction, limit: str) -> dict[str, object]:
    sign = -1.0 if limit == "<=0" else 1.0

    def value(x: Array) -> float:
        return sign * function.value_and_gradient(x)[0]

    def slope(x: Array) -> Array:
        return sign * function.value_and_gradient(x)[1]

    return {"type": "eq" if limit == "=0" else "ineq", "fun": value, "jac": slope}


def _bounds(case: Case) -> list[tuple[float | None, float | None]]:
    lower = upper = None
    for text in case.bounds:
        _, sign, number = text.partition(">=" if ">=" in text else "<=")
        lower = float(number) if sign == ">=" else lower
        upper = float(number) if sign == "<=" else upper
    return [(lower, upper)] * len(case.start)


def test_multipliers_and_slack_stand_in_the_answer(tmp_path: Path) -> None:
    """HS12: d optimum / d limit of 4a² + b² ≤ 25 by moving the limit a little."""
    case = CASES["HS12"]
    ends = []
    for limit in (0.0, 1e-3):
        book = xc.open(typed(case, tmp_path / "hs.xlsx"))
        model = book.model(minimize="B1", by_changing="A1:A2", subject_to=[f"C1>={limit}"])
        solved = book.solve(model, history=False)
        ends.append(solved.objective)
    slope = (ends[1] - ends[0]) / 1e-3
    assert solved.solution.multipliers.tolist() == pytest.approx([slope], rel=1e-2)
