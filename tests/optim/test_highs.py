"""Long searches of HiGHS: limits, gaps, interruptions; and programs of any size."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.optim.test_linear import INF, linear_objective, random_model
from xlcollab.optim import Objective, Row, Settings, Solution, Status, solve

ITEMS, ROWS = 40, 5


def market_split(seed: int = 0) -> tuple[Objective, torch.Tensor]:
    """40 binaries and the slacks of five equations: no bound but 0 for a long time (Cornuéjols and
    Dawande 1999)."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(1000, 9999, (ROWS, ITEMS)).astype(float)
    eye = np.eye(ROWS)
    matrix = np.concatenate([weights, eye, -eye], axis=1)
    half = np.floor(weights.sum(1) / 2)
    n = ITEMS + 2 * ROWS
    bounds = np.stack([np.zeros(n), np.where(np.arange(n) < ITEMS, 1.0, INF)], axis=1)
    costs = np.where(np.arange(n) < ITEMS, 0.0, 1.0)
    objective = linear_objective(costs, matrix, np.stack([half, half], axis=1), bounds)
    whole = torch.arange(n) < ITEMS
    return replace(objective, integer=whole), torch.zeros(n, dtype=torch.float64)


def assert_usable(solution: Solution) -> None:
    whole = solution.x[:ITEMS]
    assert torch.equal(whole, whole.round())
    assert solution.max_violation < 1e-6
    assert solution.objective > 0
    assert solution.bound <= solution.objective
    assert solution.gap == pytest.approx((solution.objective - solution.bound) / solution.objective)
    assert "HiGHS: best found, gap" in solution.message
    assert ". best found" not in solution.message


def test_a_search_ends_at_its_time_with_the_incumbent() -> None:
    objective, start = market_split()
    rows: list[Row] = []
    solution = solve(objective, start, Settings(time_limit=1.5), rows.append)
    assert solution.status is Status.TIME_LIMIT
    assert_usable(solution)
    assert [row.objective for row in solution.history.rows[1:]] == sorted(
        (row.objective for row in solution.history.rows[1:]), reverse=True
    )
    assert all(math.isfinite(row.bound) for row in rows[2:])


def test_an_interrupted_search_keeps_the_incumbent() -> None:
    objective, start = market_split()

    def stop(row: Row) -> None:
        if row.iteration:
            raise KeyboardInterrupt

    solution = solve(objective, start, on_step=stop)
    assert solution.status is Status.INTERRUPTED
    assert_usable(solution)


def test_an_interruption_before_the_first_point_says_so() -> None:
    objective, start = market_split()

    def stop(row: Row) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # the first row is told before there is a run to end
        solve(objective, start, on_step=stop)


@pytest.mark.parametrize("limits", [{"node_limit": 1}, {"solution_limit": 1}])
def test_nodes_and_solutions_are_limits(limits: dict[str, int]) -> None:
    objective, start = market_split()
    solution = solve(objective, start, Settings(**limits, time_limit=20.0))  # type: ignore[arg-type]
    assert solution.status is Status.BEST_FOUND
    assert_usable(solution)


def test_a_gap_is_enough_where_it_is_asked_for() -> None:
    rng = np.random.default_rng(3)
    values, weights = rng.integers(10, 99, 60).astype(float), rng.integers(10, 99, 60).astype(float)
    bounds = np.stack([np.zeros(60), np.ones(60)], axis=1)
    limits = np.array([[-INF, weights.sum() / 3]])
    knapsack = replace(
        linear_objective(values, weights[None], limits, bounds),
        maximize=True,
        integer=torch.ones(60, dtype=torch.bool),
    )
    start = torch.zeros(60, dtype=torch.float64)
    exact = solve(knapsack, start)
    judge = milp(
        -values,
        integrality=np.ones(60),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(weights[None], -INF, limits[0, 1]),
        options={"mip_rel_gap": 0.0},
    )
    assert exact.status is Status.OPTIMAL
    assert exact.objective == pytest.approx(-judge.fun)
    assert exact.bound == pytest.approx(exact.objective)
    near = solve(knapsack, start, Settings(gap=0.3))
    assert near.gap <= 0.3
    assert near.objective >= 0.7 * exact.objective
    graceful = solve(knapsack, start, Settings(gap=0.3, gap_grace=5.0))
    assert graceful.objective == pytest.approx(exact.objective)


@pytest.mark.parametrize("factor", [1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("what", ["objective", "a row", "all rows", "variables"])
@pytest.mark.parametrize("integer", [False, True])
def test_the_size_of_numbers_does_not_matter(factor: float, what: str, integer: bool) -> None:
    c, matrix, limits, bounds = random_model(4)
    limits[0] = [3.0, 40.0]
    flags = torch.tensor(np.arange(len(c)) % 2 > 0) if integer else None
    plain = replace(linear_objective(c, matrix, limits, bounds), integer=flags)
    start = torch.zeros(len(c), dtype=torch.float64)
    expected = solve(plain, start)
    unit = np.ones(len(c))
    if what == "objective":
        c = c * factor
    elif what == "a row":
        matrix[1], limits[1] = matrix[1] * factor, limits[1] * factor
    elif what == "all rows":
        matrix, limits = matrix * factor, limits * factor
    else:
        unit = np.where(np.arange(len(c)) % 2 > 0, 1.0, factor)
        c, matrix, bounds = c / unit, matrix / unit, bounds * unit[:, None]
    changed = replace(linear_objective(c, matrix, limits, bounds), integer=flags)
    found = solve(changed, start)
    assert found.status is Status.OPTIMAL
    np.testing.assert_allclose(found.x.numpy() / unit, expected.x.numpy(), atol=1e-8)
