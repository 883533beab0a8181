"""Linear models: HiGHS through our form against scipy on the same numbers, and recognition."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from torch import Generator, Tensor

from xlcollab.optim import LinearModel, Objective, Settings, Status, detect_linear, solve

Array = NDArray[np.float64]
INF = math.inf


def linear_objective(
    c: Array, matrix: Array, limits: Array, bounds: Array, c0: float = 0.0
) -> Objective:
    """c·x + c0 with limits (k, 2) on matrix·x and bounds (n, 2) on x."""
    costs, rows = torch.tensor(c), torch.tensor(matrix)
    model = LinearModel(c=c, c0=c0, matrix=matrix, offset=np.zeros(len(matrix)))
    return Objective(
        function=lambda x: costs.dot(x) + c0,
        constraints=lambda x: rows @ x,
        constraint_lower=torch.tensor(limits[:, 0]),
        constraint_upper=torch.tensor(limits[:, 1]),
        lower=torch.tensor(bounds[:, 0]),
        upper=torch.tensor(bounds[:, 1]),
        linear=model,
    )


def random_model(seed: int, n: int = 8, k: int = 5) -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-3, 9, (k, n)).astype(float)
    limits = np.stack([np.full(k, -INF), rng.uniform(5, 30, k)], axis=1)
    limits[0] = 4.0
    limits[1, 0] = -5.0
    bounds = np.stack([np.zeros(n), rng.uniform(1, 6, n)], axis=1)
    return rng.normal(size=n), matrix, limits, bounds


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_continuous_models_agree_with_scipy(seed: int, maximize: bool) -> None:
    c, matrix, limits, bounds = random_model(seed)
    sign = -1.0 if maximize else 1.0
    expected = linprog(
        sign * c,
        A_ub=np.concatenate([matrix[1:], -matrix[1:2]]),
        b_ub=np.concatenate([limits[1:, 1], -limits[1:2, 0]]),
        A_eq=matrix[:1],
        b_eq=limits[:1, 0],
        bounds=bounds,
        method="highs",
    )
    objective = replace(linear_objective(c, matrix, limits, bounds, c0=7.0), maximize=maximize)
    solution = solve(objective, torch.zeros(len(c), dtype=torch.float64))
    assert solution.status is Status.OPTIMAL
    assert solution.objective == pytest.approx(sign * expected.fun + 7.0, abs=1e-9)
    assert solution.max_violation < 1e-9
    prices = expected.ineqlin.marginals
    shadow = [expected.eqlin.marginals[0], prices[0] - prices[-1], *prices[1:-1]]
    np.testing.assert_allclose(solution.multipliers.numpy(), sign * np.array(shadow), atol=1e-9)
    reduced = sign * (expected.lower.marginals + expected.upper.marginals)
    np.testing.assert_allclose(solution.reduced_gradient.numpy(), reduced, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_integer_models_agree_with_scipy(seed: int) -> None:
    c, matrix, limits, bounds = random_model(seed)
    limits[0, 0] = -INF
    integrality = np.arange(len(c)) % 2
    expected = milp(
        c,
        integrality=integrality,
        bounds=Bounds(bounds[:, 0], bounds[:, 1]),
        constraints=LinearConstraint(matrix, limits[:, 0], limits[:, 1]),
    )
    objective = replace(
        linear_objective(c, matrix, limits, bounds), integer=torch.tensor(integrality > 0)
    )
    solution = solve(objective, torch.zeros(len(c), dtype=torch.float64))
    assert solution.objective == pytest.approx(expected.fun, abs=1e-8)
    whole = solution.x[torch.tensor(integrality > 0)]
    assert torch.equal(whole, whole.round())
    assert "integers" in solution.message


NONE = np.zeros((0, 2))


@pytest.mark.parametrize("integer", [False, True])
def test_infeasible_and_unbounded_are_told_apart(integer: bool) -> None:
    flags = torch.tensor([integer, False])
    free = np.array([[0.0, INF], [0.0, INF]])
    rows = np.array([[1.0, 1.0]])
    impossible = linear_objective(np.ones(2), rows, np.array([[-INF, -1.0]]), free)
    endless = linear_objective(-np.ones(2), rows, np.array([[1.0, INF]]), free)
    start = torch.ones(2, dtype=torch.float64)
    assert solve(replace(impossible, integer=flags), start).status is Status.INFEASIBLE
    solution = solve(replace(endless, integer=flags), start)
    assert solution.status is Status.UNBOUNDED
    assert torch.equal(solution.x, start)


def test_bounds_alone_make_a_model() -> None:
    bounds = np.array([[-1.0, 2.0], [-3.0, 4.0]])
    objective = linear_objective(np.array([1.0, -2.0]), np.zeros((0, 2)), NONE, bounds)
    solution = solve(objective, torch.zeros(2, dtype=torch.float64))
    assert solution.x.tolist() == [-1.0, 4.0]
    assert solution.reduced_gradient.tolist() == [1.0, -2.0]


def test_a_penalty_makes_the_model_nonlinear() -> None:
    bounds = np.array([[-10.0, 10.0], [-10.0, 10.0]])
    objective = linear_objective(np.array([1.0, -2.0]), np.zeros((0, 2)), NONE, bounds)
    objective = replace(objective, constraints=None)
    solution = solve(objective, torch.ones(2, dtype=torch.float64), Settings(l2=0.5))
    assert solution.method == "lbfgs"
    torch.testing.assert_close(solution.x, torch.tensor([-2.0, 4.0], dtype=torch.float64))


def test_integers_in_a_nonlinear_model_are_refused_by_methods_that_know_none() -> None:
    objective = Objective(function=lambda x: x.dot(x), integer=torch.tensor([True, False]))
    start = torch.ones(2, dtype=torch.float64)
    solution = solve(objective, start, Settings(method="lbfgs"))
    assert solution.status is Status.REFUSED
    assert "whole numbers" in solution.message
    assert torch.equal(solution.x, start)
    assert solve(objective, start).status is Status.BEST_FOUND


MATRIX = torch.tensor([[1.0, -2.0, 3e4], [0.0, 1e-3, 2.0]], dtype=torch.float64)


def test_coefficients_are_found() -> None:
    costs = torch.tensor([3.0, 0.0, -1e5], dtype=torch.float64)
    model = detect_linear(
        lambda x: costs.dot(x) + 12.5, lambda x: MATRIX @ x - 4.0, 3, Generator().manual_seed(1)
    )
    assert model is not None
    np.testing.assert_allclose(model.c, costs.numpy())
    assert model.c0 == pytest.approx(12.5, abs=1e-6)
    np.testing.assert_allclose(model.matrix.toarray(), MATRIX.numpy())
    np.testing.assert_allclose(model.offset, [-4.0, -4.0], atol=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.dot(x),
        lambda x: x[0] * x[1],
        lambda x: x.sum() + 1e-4 * x[0] ** 2,
        lambda x: x.sum() / x[0],
        lambda x: x[0].log(),
        lambda x: x.abs().sum(),
        lambda x: torch.where(x[0] > 0, x[0], 2 * x[0]),
        lambda x: x.sin().sum(),
    ],
)
def test_nonlinear_functions_are_not_linear(function: Callable[[Tensor], Tensor]) -> None:
    def linear(x: Tensor) -> Tensor:
        return x.sum()

    generator = Generator().manual_seed(0)
    assert detect_linear(function, None, 3, generator) is None
    assert detect_linear(linear, lambda x: function(x).reshape(1), 3, generator) is None


def test_a_constant_is_linear() -> None:
    model = detect_linear(lambda x: x.new_full((), 2.5), None, 2, Generator().manual_seed(0))
    assert model is not None
    assert model.c.tolist() == [0.0, 0.0]
    assert model.c0 == 2.5
