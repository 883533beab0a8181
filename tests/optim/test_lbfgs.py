"""L-BFGS: its direction against dense BFGS, its line search, its bounds against scipy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import line_search, minimize
from torch import Generator, Tensor

from tests.optim.test_constrained import with_gradient
from xlcollab.optim import Objective, Settings, Status, solve
from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.line_search import strong_wolfe
from xlcollab.optim.rules.lbfgs import Pair, inverse_hessian_times


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def rosenbrock(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def beale(x: Tensor) -> Tensor:
    a, b = x
    return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2


def trigonometric(x: Tensor) -> Tensor:
    return (x.cos().sum() - x.numel() + x.sin() * 0.3).square().sum() + 0.01 * x.dot(x)


def test_two_loops_are_the_dense_update() -> None:
    """H ← (I - ρ s zᵀ) H (I - ρ z sᵀ) + ρ s sᵀ, equation 7.16, from H = γ I."""
    n = 6
    spd = normal(n, n)
    spd = spd @ spd.T + torch.eye(n, dtype=torch.float64)
    moves = normal(4, n, seed=1)
    pairs = tuple(Pair(s, spd @ s) for s in moves)
    last = pairs[-1]
    identity = torch.eye(n, dtype=torch.float64)
    dense = identity * (last.s.dot(last.z) / last.z.dot(last.z))
    for pair in pairs:
        rho = 1.0 / pair.s.dot(pair.z)
        left = identity - rho * torch.outer(pair.s, pair.z)
        dense = left @ dense @ left.T + rho * torch.outer(pair.s, pair.s)
    gradient = normal(n, seed=2)
    torch.testing.assert_close(inverse_hessian_times(gradient, pairs), dense @ gradient)


@pytest.mark.parametrize("function", [rosenbrock, beale, trigonometric])
@pytest.mark.parametrize("first", [1e-4, 1.0, 50.0])
def test_the_line_search_ends_on_the_strong_wolfe_conditions(
    function: Callable[[Tensor], Tensor], first: float
) -> None:
    x = torch.tensor([-1.2, 0.9], dtype=torch.float64)
    evaluator = Evaluator(Objective(function=function), x)
    point = evaluator.at(x)
    direction = -point.gradient
    trial = strong_wolfe(evaluator, point, direction, first)
    assert trial is not None
    slope = -point.gradient.dot(point.gradient).item()
    assert trial.point.value <= point.value + 1e-4 * trial.length * slope
    assert abs(trial.slope) <= 0.9 * abs(slope)
    judge = with_gradient(function)
    assert line_search(
        lambda z: judge(z)[0],
        lambda z: judge(z)[1],
        x.numpy(),
        trial.length * direction.numpy(),
        amax=1.0,
        maxiter=1,
    )[0] == pytest.approx(1.0)


def test_the_line_search_steps_back_from_where_there_is_no_value() -> None:
    x = torch.tensor([0.1], dtype=torch.float64)
    evaluator = Evaluator(Objective(function=lambda x: (x - x.log()).sum()), x)
    point = evaluator.at(x)
    trial = strong_wolfe(evaluator, point, point.gradient, 1.0)
    assert trial is None
    trial = strong_wolfe(evaluator, point, -point.gradient, 1000.0)
    assert trial is not None
    assert trial.value < point.value


@pytest.mark.parametrize(("above", "accepted"), [(4e-8, True), (1e-6, False)])
def test_where_rounding_hides_the_decrease_a_flat_slope_is_enough(
    above: float, accepted: bool
) -> None:
    """The bottom of a bowl upon 1e8 lies within rounding (1e-7) of the start, or seems above it."""

    def bowl(x: Tensor) -> Tensor:
        return (0.5 * (x - 1.0).square() + 1e8 + above * (x < 1.0 + 5e-7)).sum()

    x = torch.tensor([1.0 + 1e-6], dtype=torch.float64)
    evaluator = Evaluator(Objective(function=bowl), x)
    point = evaluator.at(x)
    trial = strong_wolfe(evaluator, point, -point.gradient, 1.0)
    assert (trial is not None and trial.length == 1.0) is accepted


@pytest.mark.parametrize("n", [2, 10, 30])
def test_rosenbrock_in_many_dimensions(n: int) -> None:
    start = torch.full((n,), -1.0, dtype=torch.float64)
    solution = solve(Objective(function=rosenbrock), start, Settings(method="lbfgs"))
    expected = minimize(with_gradient(rosenbrock), start.numpy(), jac=True, method="BFGS")
    assert solution.objective <= expected.fun + 1e-9
    assert solution.evaluations <= 3 * expected.nfev


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("function", [rosenbrock, trigonometric])
def test_bounded_minima_are_those_of_scipy(function: Callable[[Tensor], Tensor], seed: int) -> None:
    n = 8
    ends = normal(2, n, seed=seed)
    lower, upper = ends.min(dim=0).values - 0.1, ends.max(dim=0).values + 0.1
    start = (lower + upper) / 2
    objective = Objective(function=function, lower=lower, upper=upper)
    solution = solve(objective, start, Settings(method="lbfgs"))
    expected = minimize(
        with_gradient(function),
        start.numpy(),
        jac=True,
        method="L-BFGS-B",
        bounds=np.stack([lower.numpy(), upper.numpy()], axis=1),
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000},
    )
    assert solution.objective == pytest.approx(expected.fun, rel=1e-8)
    np.testing.assert_allclose(solution.x.numpy(), expected.x, atol=1e-5)
    assert solution.status in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE)


def test_a_start_outside_the_bounds_is_moved_onto_them() -> None:
    objective = Objective(function=lambda x: x.dot(x), lower=torch.tensor([1.0, -1.0]))
    start = torch.tensor([-5.0, 3.0], dtype=torch.float64)
    solution = solve(objective, start)
    assert solution.x[0].item() == 1.0
    assert solution.x[1].item() == pytest.approx(0.0, abs=1e-6)
    assert solution.initial == 34.0
    assert solution.history.rows[0].objective == 10.0


def test_badly_scaled_variables_are_measured_by_their_start() -> None:
    sizes = torch.tensor([1e-6, 1.0, 1e6], dtype=torch.float64)
    objective = Objective(function=lambda x: rosenbrock(x / sizes))
    scaled = solve(objective, 0.5 * sizes, Settings(method="lbfgs"))
    plain = solve(objective, 0.5 * sizes, Settings(method="lbfgs", scale=False))
    torch.testing.assert_close(scaled.x / sizes, torch.ones_like(sizes), rtol=1e-6, atol=0)
    assert scaled.objective < 1e-9 < plain.objective  # which stops short of it


def test_descent_without_end_is_unbounded() -> None:
    solution = solve(Objective(function=lambda x: x.sum()), torch.ones(2, dtype=torch.float64))
    assert solution.status is Status.UNBOUNDED
    assert not solution.status.has_solution
