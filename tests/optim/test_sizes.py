"""The same model in other units is the same model: objective and constraints times 1e-9 … 1e9."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.optim.hock_schittkowski import CASES
from xlcollab.optim import Objective, Status, solve

INF = math.inf
FACTORS = (1e-9, 1e-4, 1e5, 1e9)


def model(
    function: Callable[[Tensor], Tensor],
    rows: Callable[[Tensor], list[Tensor]],
    lower: list[float],
    upper: list[float],
    *,
    maximize: bool = False,
    bounded: bool = True,
    n: int = 2,
) -> Objective:
    return Objective(
        function=function,
        maximize=maximize,
        constraints=lambda x: torch.stack(rows(x)),
        constraint_lower=torch.tensor(lower, dtype=torch.float64),
        constraint_upper=torch.tensor(upper, dtype=torch.float64),
        lower=torch.zeros(n, dtype=torch.float64) if bounded else None,
    )


SMALL: Mapping[str, tuple[Objective, list[float], list[float]]] = {
    "bowl on a line": (
        model(lambda x: x[0] ** 2 + 2 * x[1] ** 2, lambda x: [x.sum()], [10], [10]),
        [1.0, 2.0],
        [20 / 3, 10 / 3],
    ),
    "bowl on a line, free": (
        model(lambda x: x[0] ** 2 + 2 * x[1] ** 2, lambda x: [x.sum()], [10], [10], bounded=False),
        [1.0, 2.0],
        [20 / 3, 10 / 3],
    ),
    "largest rectangle": (
        model(lambda x: x[0] * x[1], lambda x: [2 * x[0] + x[1]], [-INF], [8], maximize=True),
        [1.0, 1.0],
        [2.0, 4.0],
    ),
    "a circle's corner": (
        model(
            lambda x: x.sum(), lambda x: [x.dot(x), x[0] - x[1]], [-INF, 0], [2, 0], maximize=True
        ),
        [0.5, 0.1],
        [1.0, 1.0],
    ),
}


def scaled(objective: Objective, f: float, c: float) -> Objective:
    function, rows = objective.function, objective.constraints
    assert rows is not None
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    factors = torch.ones_like(objective.constraint_lower)
    factors[0] = c
    return replace(
        objective,
        function=lambda x: f * function(x),
        constraints=lambda x: factors * rows(x),
        constraint_lower=factors * objective.constraint_lower,
        constraint_upper=factors * objective.constraint_upper,
    )


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("which", ["objective", "constraint", "both"])
@pytest.mark.parametrize("name", SMALL)
def test_units_do_not_matter(name: str, which: str, factor: float) -> None:
    objective, start, expected = SMALL[name]
    f = factor if which != "constraint" else 1.0
    c = factor if which != "objective" else 1.0
    solution = solve(scaled(objective, f, c), torch.tensor(start, dtype=torch.float64))
    assert solution.status is Status.LOCALLY_OPTIMAL, solution.message
    torch.testing.assert_close(
        solution.x, torch.tensor(expected, dtype=torch.float64), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("factor", [1e-9, 1e3, 1e9])
@pytest.mark.parametrize(
    "name", ["HS12", "HS43", "HS71", "HS76", pytest.param("HS100", marks=pytest.mark.slow)]
)
def test_published_problems_in_other_units(name: str, factor: float) -> None:
    case = CASES[name]
    solution = solve(scaled(case.objective, factor, 1.0), case.start)
    assert solution.status is Status.LOCALLY_OPTIMAL, solution.message
    assert solution.objective == pytest.approx(factor * case.optimum, rel=1e-7)
    changed = solve(scaled(case.objective, 1.0, factor), case.start)
    assert changed.objective == pytest.approx(case.optimum, rel=1e-6)


def test_a_maximised_sum_in_units_of_millions() -> None:
    objective = model(
        lambda x: 1e6 * x[0] * x[1], lambda x: [2 * x[0] + x[1]], [-INF], [8], maximize=True
    )
    solution = solve(objective, torch.ones(2, dtype=torch.float64))
    assert solution.objective == pytest.approx(8e6, rel=1e-9)
    assert solution.multipliers.item() == pytest.approx(2e6, rel=1e-5)
