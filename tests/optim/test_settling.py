"""Variables that a search leaves within rounding of a bound sit on it, whatever the processor."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.optim.hock_schittkowski import CASES
from xlcollab.kernels.program.lower import residuals_plainly
from xlcollab.optim import Objective, Settings, solve
from xlcollab.optim.attempt import Task
from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.jacobian import jacobian
from xlcollab.optim.nonlinear.settling import on_bounds
from xlcollab.optim.nonlinear.sized import SizedModel


def sized(objective: Objective, start: torch.Tensor) -> SizedModel:
    evaluator = Evaluator(objective, start)
    task = Task(evaluator, Settings(), None, time.perf_counter())
    return SizedModel(task, start, task.recorder())


@pytest.mark.parametrize("off", [0.0, 2.3e-16, 1e-13, 3e-10, 4e-8])
def test_a_bound_that_presses_takes_its_variable(off: float) -> None:
    """HS71's x1 ends on its lower bound; the others are free."""
    case = CASES["HS71"]
    model = sized(case.objective, case.start)
    best = np.array([1.0 + off, 4.74299963762149, 3.82114998371854, 1.37940829323712])
    x = model.x(on_bounds(model, best / model.size))
    assert (x == 1.0).tolist() == [True, False, False, False]


def test_a_bound_that_is_left_lets_go() -> None:
    """The slope leads away from the bound, and so does a steep one from near it."""
    objective = Objective(
        function=lambda x: -(1e9 * x[0]) + x[1].square(),
        lower=torch.zeros(2, dtype=torch.float64),
        constraints=lambda x: x.sum().reshape(1),
        constraint_lower=torch.tensor([-math.inf], dtype=torch.float64),
        constraint_upper=torch.tensor([1.0], dtype=torch.float64),
    )
    model = sized(objective, torch.ones(2, dtype=torch.float64))
    y = np.array([5e-8, 5e-8])
    assert on_bounds(model, y)[0] == y[0]


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("name", ["HS43", "HS71"])
def test_a_program_in_sized_variables_says_what_the_functions_say(
    name: str, maximize: bool
) -> None:
    case, start = CASES[name], CASES[name].start + 0.37
    objective = replace(case.objective, maximize=maximize)
    by_tape = sized(objective, start)
    assert by_tape.program() is None
    made = replace(objective, machine_rows=lambda rows: residuals_plainly(rows, start, 10_000))
    program = sized(made, start).program()
    assert program is not None
    y = torch.linspace(0.4, 1.7, by_tape.n, dtype=torch.float64)
    values, slopes = jacobian(
        lambda y: torch.cat([by_tape.objective_function()(y)[None], by_tape.rows_function()(y)]), y
    )
    weights = torch.linspace(-2.0, 3.0, len(values), dtype=torch.float64)
    found = program.jacobian(y.numpy())
    assert found is not None
    for mine, other in (
        (program.values(y.numpy()), values),
        (found[0], values),
        (found[1], slopes),
        (program.pulled(y.numpy(), weights.numpy()), weights @ slopes),
    ):
        np.testing.assert_allclose(mine, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", [3.0, 0.1, 7e11, 1.7e-9])
@pytest.mark.parametrize("bound", [0.1, -0.7, 1e8, 3e-7])
def test_scaling_back_and_forth_keeps_a_variable_on_its_bound(size: float, bound: float) -> None:
    limit = torch.tensor([bound], dtype=torch.float64)
    for side in ({"lower": limit}, {"upper": limit}):
        evaluator = Evaluator(Objective(function=lambda x: x.sum(), **side), limit)
        assert evaluator.settled(limit / size * size).item() == bound
        away = limit * (1 + 1e-12) if ("lower" in side) == (bound > 0) else limit * (1 - 1e-12)
        assert evaluator.settled(away).item() != bound


def _no_further(
    rows: Callable[[Tensor], Tensor], limits: list[float], **bounds: Tensor
) -> Objective:
    most = torch.tensor(limits, dtype=torch.float64)
    return Objective(
        function=lambda x: x[0] + x[1] ** 2,
        constraints=rows,
        constraint_lower=torch.full_like(most, -math.inf),
        constraint_upper=most,
        **bounds,
    )


_FLAT = {
    "one point": (_no_further(lambda x: (x + 1).square().sum().reshape(1), [0.0]), (-1.0, -1.0)),
    "two discs that touch": (
        _no_further(
            lambda x: torch.stack([x.dot(x), (x[0] - 2).square() + x[1].square()]), [1.0, 1.0]
        ),
        (1.0, 0.0),
    ),
    "a cusp": (
        _no_further(
            lambda x: (x[1] - x[0] ** 3).reshape(1),
            [0.0],
            lower=torch.tensor([-math.inf, 0.0], dtype=torch.float64),
        ),
        (0.0, 0.0),
    ),
}
"""Sets in whose point the rows have no slopes, or opposite ones."""


@pytest.mark.parametrize("name", _FLAT)
def test_rows_without_slopes_are_held_to_more_than_their_tolerance(name: str) -> None:
    """A tolerance of 1e-6 is worth its root there, or its third."""
    objective, truth = _FLAT[name]
    found = solve(objective, torch.tensor([0.6, 0.8], dtype=torch.float64))
    assert found.usable
    assert found.x.tolist() == pytest.approx(truth, abs=1e-4)


def test_what_misses_constraints_says_by_how_much() -> None:
    objective = _no_further(lambda x: x.dot(x).reshape(1), [1.0])
    start = torch.tensor([30.0, 40.0], dtype=torch.float64)
    found = solve(objective, start, Settings(method="sqp", iterations=1))
    assert not found.feasible
    assert f"misses the constraints by at most {found.max_violation:.3g}" in found.message
