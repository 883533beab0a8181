"""General constraints: published optima, scipy's SLSQP and trust-constr, shadow prices."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import NonlinearConstraint, minimize
from torch import Tensor

from tests.optim.hock_schittkowski import CASES
from xlcollab.kernels.program.lower import residuals_plainly
from xlcollab.optim import Objective, Settings, Status, solve

Array = NDArray[np.float64]


def with_gradient(function: Callable[[Tensor], Tensor]) -> Callable[[Array], tuple[float, Array]]:
    def both(z: Array) -> tuple[float, Array]:
        x = torch.tensor(z, requires_grad=True)
        value = function(x)
        (gradient,) = torch.autograd.grad(value, x)
        return value.item(), gradient.numpy()

    return both


def by_scipy(objective: Objective, start: Tensor, method: str, **options: Any) -> Any:
    assert objective.constraints is not None
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    constraints = objective.constraints
    bounds = None
    if objective.lower is not None and objective.upper is not None:
        bounds = np.stack([objective.lower.numpy(), objective.upper.numpy()], axis=1)
    with warnings.catch_warnings():  # scipy's remarks on its own form of the constraints
        warnings.simplefilter("ignore")
        return minimize(
            with_gradient(objective.function),
            start.numpy(),
            jac=True,
            method=method,
            bounds=bounds,
            constraints=NonlinearConstraint(
                lambda z: constraints(torch.tensor(z)).numpy(),
                objective.constraint_lower.numpy(),
                objective.constraint_upper.numpy(),
            ),
            options=options,
        )


@pytest.mark.parametrize("name", CASES)
def test_published_optima(name: str) -> None:
    case = CASES[name]
    solution = solve(case.objective, case.start)
    assert solution.objective == pytest.approx(case.optimum, rel=1e-7, abs=1e-8)
    assert solution.max_violation < 1e-7
    assert solution.status in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE)


@pytest.mark.parametrize("name", ["HS14", "HS35", "HS43", "HS71", "HS76"])
def test_agrees_with_slsqp(name: str) -> None:
    case = CASES[name]
    expected = by_scipy(case.objective, case.start, "SLSQP", ftol=1e-13, maxiter=500)
    solution = solve(case.objective, case.start)
    np.testing.assert_allclose(solution.x.numpy(), expected.x, rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", ["HS12", "HS39"])
def test_agrees_with_trust_constr(name: str) -> None:
    case = CASES[name]
    expected = by_scipy(case.objective, case.start, "trust-constr", gtol=1e-9, xtol=1e-12)
    solution = solve(case.objective, case.start)
    np.testing.assert_allclose(solution.x.numpy(), expected.x, rtol=0, atol=2e-5)


@pytest.mark.parametrize(("name", "sign"), [("HS14", 1.0), ("HS71", -1.0)])
def test_multipliers_are_shadow_prices(name: str, sign: float) -> None:
    """The change of the optimum per unit of each limit, by finite differences; also when the
    negative is maximised."""
    case = CASES[name]
    objective = case.objective
    function = objective.function
    if sign < 0:
        objective = replace(objective, function=lambda x: -function(x), maximize=True)
    multipliers = solve(objective, case.start).multipliers
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    for place, multiplier in enumerate(multipliers.tolist()):
        step = torch.zeros_like(multipliers)
        step[place] = 1e-4
        values = [
            solve(
                replace(
                    objective,
                    constraint_lower=objective.constraint_lower + side * step,
                    constraint_upper=objective.constraint_upper + side * step,
                ),
                case.start,
            ).objective
            for side in (1, -1)
        ]
        assert multiplier == pytest.approx((values[0] - values[1]) / 2e-4, abs=2e-3)


def test_reduced_gradient_vanishes_for_free_variables() -> None:
    solution = solve(CASES["HS71"].objective, CASES["HS71"].start)
    held = solution.x == 1.0
    assert held.tolist() == [True, False, False, False]
    assert solution.reduced_gradient[~held].abs().max().item() < 1e-4
    assert solution.reduced_gradient[0].item() == pytest.approx(1.0879, abs=1e-3)


def disc(least: float, most: float, **options: Any) -> Objective:
    return Objective(
        function=lambda x: x.sum(),
        constraints=lambda x: x.dot(x).reshape(1),
        constraint_lower=torch.tensor([least]),
        constraint_upper=torch.tensor([most]),
        **options,
    )


def test_contradicting_constraints_are_infeasible() -> None:
    start = torch.tensor([1.0, 2.0], dtype=torch.float64)
    solution = solve(disc(-math.inf, -1.0), start)
    assert solution.status is Status.INFEASIBLE
    assert "missed by at most" in solution.message
    assert solution.max_violation >= 1.0


def test_constraints_outside_the_bounds_are_infeasible() -> None:
    start = torch.tensor([0.5, 0.5], dtype=torch.float64)
    box = {"lower": torch.zeros(2), "upper": torch.ones(2)}
    solution = solve(disc(3.0, 4.0, **box), start)
    assert solution.status is Status.INFEASIBLE
    torch.testing.assert_close(solution.x, torch.ones_like(start))


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (disc(2.0, 1.0), "limit of constraint 1"),
        (
            Objective(
                function=lambda x: x.dot(x),
                lower=torch.tensor([0.0, 3.0]),
                upper=torch.tensor([1.0, 2.0]),
            ),
            "bound of variable 2",
        ),
    ],
)
def test_crossed_limits_are_infeasible_at_once(objective: Objective, words: str) -> None:
    solution = solve(objective, torch.ones(2, dtype=torch.float64))
    assert solution.status is Status.INFEASIBLE
    assert words in solution.message
    assert solution.iterations == 0


def test_a_range_holds_at_both_ends() -> None:
    start = torch.tensor([1.0, 0.5], dtype=torch.float64)
    low = solve(disc(1.0, 4.0), start)
    high = solve(disc(1.0, 4.0, maximize=True), start)
    assert low.objective == pytest.approx(-2 * math.sqrt(2), abs=1e-6)
    assert high.objective == pytest.approx(2 * math.sqrt(2), abs=1e-6)
    assert low.multipliers.item() == pytest.approx(-1 / (2 * math.sqrt(2)), abs=1e-6)
    assert high.multipliers.item() == pytest.approx(1 / (2 * math.sqrt(2)), abs=1e-6)


def test_badly_scaled_constraints_hold() -> None:
    """x ~ 1e6, y ~ 1e-3: y = 1e9 / x² on the way to the least of x + 1e9 · y."""
    objective = Objective(
        function=lambda x: x[0] + 1e9 * x[1],
        constraints=lambda x: (x[0] ** 2 * x[1]).reshape(1),
        constraint_lower=torch.tensor([1e9], dtype=torch.float64),
        constraint_upper=torch.tensor([math.inf], dtype=torch.float64),
        lower=torch.tensor([1.0, 0.0], dtype=torch.float64),
        upper=torch.tensor([1e9, 1e9], dtype=torch.float64),
    )
    solution = solve(objective, torch.tensor([1e6, 2e-3], dtype=torch.float64))
    best = (2e18) ** (1 / 3)
    assert solution.x[0].item() == pytest.approx(best, rel=1e-5)
    assert solution.objective == pytest.approx(1.5 * best, rel=1e-8)


@pytest.mark.parametrize("unit", [1.0, 1e-7, 1e-10])
def test_small_rows_hold_by_their_own_size(unit: float) -> None:
    """x + y <= 10 in any unit: what ends 0.03 beyond it does not hold."""
    objective = Objective(
        function=lambda x: (x[0] - 9) ** 2 + (x[1] - 7) ** 2,
        constraints=lambda x: unit * x.sum().reshape(1),
        constraint_lower=torch.tensor([-math.inf], dtype=torch.float64),
        constraint_upper=torch.tensor([10 * unit], dtype=torch.float64),
    )
    start = torch.tensor([8.0, 8.0], dtype=torch.float64)
    short = Settings(method="momentum", learning_rate=0.05, iterations=200)
    assert not solve(objective, start, short).feasible
    assert solve(objective, start, Settings(method="lbfgs")).feasible


@pytest.mark.parametrize(("power", "place"), [(4, 0.0), (6, 0.3), (4, -40.0)])
def test_a_row_that_is_flat_at_its_limit_is_in_no_small_units(power: int, place: float) -> None:
    """(x - a)^p = 0 within 1e-6, as every Solver has it: there, and pressed again."""
    objective = Objective(
        function=lambda x: (x[0] - place - 1.0) ** 2,
        constraints=lambda x: (x - place) ** power,
        constraint_lower=torch.tensor([0.0], dtype=torch.float64),
        constraint_upper=torch.tensor([0.0], dtype=torch.float64),
    )
    first = solve(objective, torch.tensor([place + 3.0], dtype=torch.float64))
    again = solve(objective, first.x)
    assert first.feasible
    assert again.feasible
    assert first.max_violation <= 1.001e-6
    assert first.status is not Status.INFEASIBLE


def test_the_history_shows_the_violation() -> None:
    case = CASES["HS71"]
    history = solve(case.objective, case.start).history
    assert history.rows[0].violation == pytest.approx(12.0)
    assert history.rows[-1].violation < 1e-7


@pytest.mark.parametrize("name", ["HS43", "HS71"])
@pytest.mark.parametrize("method", ["adam", "gd"])
def test_steps_of_the_first_order_are_the_same_by_a_program(name: str, method: str) -> None:
    case = CASES[name]
    start = case.start
    rate = Settings(method=method, iterations=40, learning_rate=0.001)
    by_tape = solve(case.objective, start, rate)
    made = replace(case.objective, machine_rows=lambda rows: residuals_plainly(rows, start, 10_000))
    by_program = solve(made, start, rate)
    torch.testing.assert_close(by_program.x, by_tape.x, rtol=1e-9, atol=1e-9)
    assert by_program.max_violation == pytest.approx(by_tape.max_violation, abs=1e-8)


def test_iterations_count_over_all_stages() -> None:
    case = CASES["HS43"]
    solution = solve(case.objective, case.start, Settings(iterations=7))
    assert solution.iterations == 7
    assert solution.status is Status.ITERATION_LIMIT
    assert "7 iterations" in solution.message


@pytest.mark.parametrize("method", ["auto", "adam", "lm", "lbfgs"])
def test_no_constraints_in_the_form_of_some_are_none(method: str) -> None:
    """A model whose lines are all bounds has limits of size 0; no method needs to know lines."""
    none = torch.empty(0, dtype=torch.float64)
    goal = torch.tensor([3.0, -1.0], dtype=torch.float64)
    objective = Objective(
        function=lambda x: (x - goal).square().sum(),
        residuals=lambda x: x - goal,
        constraints=lambda x: x[:0],
        constraint_lower=none,
        constraint_upper=none,
    )
    asked = {"learning_rate": 0.1, "iterations": 1000} if method == "adam" else {}
    found = solve(objective, torch.zeros(2, dtype=torch.float64), Settings(method=method, **asked))
    assert found.x.tolist() == pytest.approx(goal.tolist(), abs=1e-5)
    if method == "auto":
        assert found.method == "lm"
