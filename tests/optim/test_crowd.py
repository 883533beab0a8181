"""Many descents side by side: where they end, and that they are the same however they are asked."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.optim.hock_schittkowski import CASES
from tests.optim.test_settling import sized
from xlcollab.kernels.program.lower import lowered_plainly, residuals_plainly
from xlcollab.kernels.program.plain import PlainResiduals
from xlcollab.optim import Objective, TensorFunction
from xlcollab.optim.nonlinear.crowd import Crowd
from xlcollab.optim.nonlinear.kkt import conditions
from xlcollab.optim.nonlinear.multistart import STARTS, distinct_optima
from xlcollab.optim.nonlinear.sized import Array, SizedModel, TimeIsUpError
from xlcollab.optim.nonlinear.sqp import sqp

START = torch.tensor([0.5, -0.5], dtype=torch.float64)


def wells(x: Tensor) -> Tensor:
    """Minima at (±1, 0); the one on the left is lower."""
    return (x[0] ** 2 - 1) ** 2 + 0.1 * x[0] + x[1] ** 2


def drawn(model: SizedModel, count: int = 16) -> Array:
    return 2.0 * np.random.default_rng(0).standard_normal((count, model.n))


def _box(objective: Objective) -> Objective:
    side = torch.full((2,), 3.0, dtype=torch.float64)
    return replace(objective, lower=-side, upper=side)


BOX = _box(Objective(function=wells))
DISC = _box(
    Objective(
        function=wells,
        constraints=lambda x: x.dot(x).reshape(1),
        constraint_lower=torch.tensor([-math.inf], dtype=torch.float64),
        constraint_upper=torch.tensor([0.25], dtype=torch.float64),
    )
)
"""The wells lie outside of it: both optima are on its rim."""


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("objective", [BOX, DISC])
def test_each_ends_near_an_optimum(objective: Objective, maximize: bool) -> None:
    model = sized(replace(objective, maximize=maximize), START)
    crowd = Crowd(model, drawn(model))
    crowd.descend()
    for y in crowd.y:
        end, _ = sqp(model, y, 200, recorded=False)
        assert conditions(model, end).hold
        np.testing.assert_allclose(end, y, atol=0.05)
    assert crowd.missed.max() < 1e-2


@pytest.mark.parametrize("objective", [BOX, DISC])
def test_a_program_leads_where_the_functions_lead(objective: Objective) -> None:
    made = replace(
        objective,
        native=lowered_plainly(objective.function, START),
        machine_rows=lambda rows: residuals_plainly(rows, START, 10_000),
    )
    ends = []
    for one in (objective, made):
        model = sized(one, START)
        crowd = Crowd(model, drawn(model))
        crowd.descend()
        ends.append(crowd.y)
    np.testing.assert_allclose(*ends, atol=1e-5)


def test_a_start_without_a_number_stays_and_harms_none() -> None:
    objective = replace(BOX, function=lambda x: (x[0].log() - 0.5) ** 2 + x[1] ** 2)
    model = sized(objective, START.abs())
    y = np.array([[-1.0, 1.0], [1.0, 1.0]])
    crowd = Crowd(model, y)
    crowd.descend()
    assert crowd.y[0].tolist() == y[0].tolist()
    np.testing.assert_allclose(model.x(crowd.y[1]), [math.exp(0.5), 0.0], atol=1e-5)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_both_optima_are_told_with_the_starts_that_led_there(unit: float) -> None:
    def function(x: Tensor) -> Tensor:
        return unit * wells(x)

    made = replace(BOX, function=function, native=lowered_plainly(function, START))
    model = sized(made, START)
    ends = [3.0 / model.size, -3.0 / model.size]
    optima = distinct_optima(model, ends[1], ends[0])
    assert sum(one.starts for one in optima) == STARTS
    at = [model.x(one.y)[0].item() for one in optima]
    assert at == pytest.approx([-1.0125, 0.9874], abs=1e-3)
    again = distinct_optima(model, ends[1], ends[0])
    assert [one.y.tolist() for one in again] == [one.y.tolist() for one in optima]


def test_what_was_seen_before_the_time_was_up_is_kept() -> None:
    model = sized(BOX, START)
    crowd = Crowd(model, drawn(model))
    best = crowd.seen.merit.min()
    with model.no_longer_than(0.0), pytest.raises(TimeIsUpError):
        crowd.descend()
    assert model.best is not None
    assert model.best.objective <= best + 1e-12


@pytest.mark.parametrize("name", ["HS43", "HS71", "HS100"])
def test_published_problems_come_near_their_optimum(name: str) -> None:
    """From points around the published start, equations and inequalities among the rows."""
    case = CASES[name]

    def program(rows: TensorFunction) -> PlainResiduals | None:
        return residuals_plainly(rows, case.start, 10_000)

    model = sized(replace(case.objective, machine_rows=program), case.start)
    crowd = Crowd(model, model.start + 0.3 * drawn(model))
    crowd.descend()
    assert np.median(crowd.missed) < 1e-2
