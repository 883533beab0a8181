"""Whole numbers in curved models: branch and bound, against every combination."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor

from tests.optim.written import INF, model
from xlcollab.optim import Objective, Row, Settings, Status, solve
from xlcollab.optim.attempt import Task
from xlcollab.optim.branching.early import by_population, in_time
from xlcollab.optim.branching.tree import Node, Relaxed
from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.nonlinear.sized import SizedModel


def convex(seed: int, n: int, *, mixed: bool = False) -> tuple[Objective, Tensor, np.ndarray]:
    """Σ (a·x − b)² with a ball around the start; the numbers of a row are whole."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(n + 1, n)), random.uniform(-9, 9, n + 1)
    rows, wanted = torch.as_tensor(a), torch.as_tensor(b)
    whole = torch.tensor([not (mixed and place % 2) for place in range(n)])
    objective, start = model(
        lambda x: ((rows * x).sum(1) - wanted).square().sum(),
        [0.0] * n,
        [(lambda x: x.square().sum(), -INF, 7.5**2)],
        [(-60.0, 60.0)] * n,
        integer=whole,
    )
    return objective, start, np.concatenate([a, b[:, None]], axis=1)


def value(table: np.ndarray, x: np.ndarray) -> float:
    return float(np.square(table[:, :-1] @ x - table[:, -1]).sum())


@pytest.mark.parametrize("seed", range(4))
def test_a_finished_tree_of_a_convex_model_is_a_proof(seed: int) -> None:
    objective, start, table = convex(seed, 3)
    found = solve(objective, start)
    points = np.array(list(itertools.product(range(-7, 8), repeat=3)), np.float64)
    inside = points[np.square(points).sum(axis=1) <= 7.5**2]
    assert (found.status, found.method) == (Status.OPTIMAL, "branch"), found.message
    assert found.objective == pytest.approx(min(value(table, x) for x in inside), abs=1e-6)
    assert torch.equal(found.x, found.x.round())
    assert found.bound == pytest.approx(found.objective)


@pytest.mark.parametrize("seed", range(3))
def test_mixed_whole_and_other_numbers(seed: int) -> None:
    objective, start, table = convex(seed, 2, mixed=True)
    found = solve(objective, start)
    assert found.status is Status.OPTIMAL, found.message

    def best(a: int) -> float:
        room = math.sqrt(max(7.5**2 - a * a, 0.0))
        told = minimize(lambda z: value(table, np.array([a, z[0]])), [0.0], bounds=[(-room, room)])
        return float(told.fun)

    assert found.objective == pytest.approx(min(map(best, range(-7, 8))), rel=1e-6)
    assert found.x[0].item() == round(found.x[0].item())


def test_a_quadratic_with_straight_rows_goes_through_highs() -> None:
    random = np.random.default_rng(5)
    square = torch.as_tensor(random.normal(size=(6, 6)))
    costs = torch.as_tensor(random.uniform(-20, 20, 6))
    objective, start = model(
        lambda x: (square * x).sum(1).square().sum() + (costs * x).sum(),
        [0.0] * 6,
        [(lambda x: x.sum(), -5.0, 5.0)],
        [(-40.0, 40.0)] * 6,
        integer=torch.tensor([True] * 4 + [False] * 2),
    )
    found = solve(objective, start)
    assert found.status is Status.OPTIMAL, found.message
    worse = []
    for place, step in itertools.product(range(4), (1.0, -1.0)):  # no neighbour is better
        x = found.x.clone()
        x[place] += step
        ends = torch.stack([x, x]).T.clone()
        ends[4:, 0], ends[4:, 1] = -40.0, 40.0
        near, _ = model(
            objective.function, [0.0] * 6, [(lambda x: x.sum(), -5.0, 5.0)], ends.tolist()
        )
        told = solve(near, x)
        if told.feasible:
            worse.append(told.objective)
    assert worse
    assert min(worse) >= found.objective - 1e-6


def test_without_a_proof_no_optimum_is_told() -> None:
    objective, start = model(
        lambda x: torch.sin(x[0]) * x[1] + 0.1 * x[0] ** 2,
        [1.0, 1.0],
        [(lambda x: x[0] * x[1], -INF, 30.0)],
        [(-20.0, 20.0)] * 2,
        integer=torch.tensor([True, False]),
    )
    found = solve(objective, start)
    assert found.status is Status.BEST_FOUND
    assert "no proof" in found.message
    assert math.isnan(found.bound)
    assert found.objective == pytest.approx(-math.sin(2) * 20 + 0.4, abs=1e-6)


def test_no_whole_point_in_a_ring_is_infeasible() -> None:
    objective, start = model(
        lambda x: x.sum(),
        [0.4, 0.5],
        [(lambda x: x.square().sum(), -INF, 0.9), (lambda x: x[0] + x[1], 0.1, INF)],
        [(-300.0, 300.0)] * 2,
        integer=torch.tensor([True, True]),
    )
    found = solve(objective, start, Settings(method="branch"))
    assert found.status is Status.INFEASIBLE, found.message


@pytest.mark.parametrize("limit", ["node_limit", "solution_limit", "gap", "iterations"])
def test_limits_end_it_with_what_it_has(limit: str) -> None:
    objective, start, _ = convex(7, 6)
    amount = {"gap": 0.5}.get(limit, 2)
    found = solve(objective, start, Settings(method="branch", **{limit: amount}))
    assert found.status in (Status.BEST_FOUND, Status.ITERATION_LIMIT), found.message
    assert found.feasible
    assert torch.equal(found.x, found.x.round())
    if limit == "gap":
        assert found.gap <= 0.5


def test_an_interrupted_search_keeps_its_best() -> None:
    objective, start, _ = convex(7, 6)

    def stop(row: Row) -> None:
        if row.iteration == 1:
            raise KeyboardInterrupt

    found = solve(objective, start, Settings(method="branch"), on_step=stop)
    assert found.status is Status.INTERRUPTED
    assert torch.equal(found.x, found.x.round())
    assert found.objective <= found.initial


def test_sqp_with_whole_numbers_branches() -> None:
    objective, start, _ = convex(1, 3)
    found = solve(objective, start, Settings(method="sqp"))
    assert (found.method, found.status) == ("branch", Status.OPTIMAL)


def pressed(objective: Objective, n: int, seconds: float = 60.0) -> SizedModel:
    """A model under a time limit."""
    start = torch.zeros(n, dtype=torch.float64)
    settings = Settings(time_limit=seconds)
    task = Task(Evaluator(objective, start), settings, None, time.perf_counter())
    return SizedModel(task, start, task.recorder())


def budget(n: int, least: float, most: float) -> Objective:
    """n whole numbers whose weighted squares lie between limits."""
    weight = torch.arange(1, n + 1, dtype=torch.float64)
    return Objective(
        function=lambda x: (weight / (1.0 + x.square())).sum(),
        integer=torch.ones(n, dtype=torch.bool),
        constraints=lambda x: (weight * x.square()).sum().reshape(1),
        constraint_lower=torch.tensor([least], dtype=torch.float64),
        constraint_upper=torch.tensor([most], dtype=torch.float64),
    )


@pytest.mark.parametrize("reach", [0.4, 20.0])
def test_a_population_finds_a_first_solution(reach: float) -> None:
    """Around the end of a relaxation; where there is none, anywhere."""
    sized = pressed(budget(9, 80.0, 90.0), 9)
    ends = np.full(9, -30.0), np.full(9, 30.0)
    found = by_population(sized, np.full(9, reach), ends)
    assert found is not None
    assert (found == found.round()).all()
    assert sized.values_at(torch.as_tensor(found)).feasible


def test_the_first_relaxation_takes_only_its_share_of_a_time_limit() -> None:
    """It ends where it had come to, and whoever comes next has time."""
    sized = pressed(budget(3, 0.0, 9.0), 3, seconds=1.0)
    node = Node(-math.inf, 0, np.zeros(3), np.ones(3), np.ones(3))

    def endless(node: Node) -> Relaxed:
        while True:
            sized.values(node.y)

    assert in_time(sized, endless, node).ending == "unknown"
    sized.values(node.y)
