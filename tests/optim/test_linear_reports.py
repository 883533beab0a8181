"""What a linear program tells besides its optimum: contradictions and ranges."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import linprog

from tests.optim.test_linear import linear_objective
from xlcollab.optim import Objective, Solution, Status, solve
from xlcollab.optim.linear.contradiction import Limit

Array = NDArray[np.float64]


def _infeasible(seed: int) -> tuple[Array, Array, Array]:
    """(matrix, limits, bounds) of 12 rows, some of which contradict each other."""
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-3, 4, (12, 5)).astype(float)
    point = rng.uniform(0, 3, 5)
    limits = np.stack([np.full(12, -math.inf), matrix @ point + rng.uniform(0, 2, 12)], axis=1)
    weights = rng.uniform(0.5, 2, 3)
    row = -(weights @ matrix[:3])
    most = -(weights @ limits[:3, 1]) - 1.0  # with the first three: 0 ≤ −1
    matrix, limits = np.vstack([matrix, row]), np.vstack([limits, [-math.inf, most]])
    return matrix, limits, np.stack([np.zeros(5), np.full(5, 10.0)], axis=1)


def _is_feasible(matrix: Array, limits: Array, bounds: Array) -> bool:
    found = linprog(np.zeros(5), A_ub=matrix, b_ub=limits[:, 1], bounds=bounds)
    return bool(found.status == 0)


def _with(kept: set[Limit], limits: Array, bounds: Array) -> tuple[Array, Array]:
    """The limits and bounds of which only `kept` are in force."""
    some, box = limits.copy(), bounds.copy()
    for place in range(len(limits)):
        some[place, 1] = limits[place, 1] if Limit(True, place, True) in kept else math.inf
    for place in range(len(bounds)):
        box[place, 0] = bounds[place, 0] if Limit(False, place, False) in kept else -math.inf
        box[place, 1] = bounds[place, 1] if Limit(False, place, True) in kept else math.inf
    some[np.isinf(some)] = 1e6
    return some, box


@pytest.mark.parametrize("seed", range(12))
def test_a_contradiction_is_one_and_none_of_it_can_be_spared(seed: int) -> None:
    matrix, limits, bounds = _infeasible(seed)
    assert not _is_feasible(matrix, limits, bounds)
    objective = linear_objective(np.ones(5), matrix, limits, bounds)
    solution = solve(objective, torch.zeros(5, dtype=torch.float64))
    assert solution.status is Status.INFEASIBLE
    assert solution.linear is not None
    found = solution.linear.contradiction
    assert found is not None
    kept = set(found.limits)
    assert not _is_feasible(matrix, *_with(kept, limits, bounds))
    for limit in kept:
        assert _is_feasible(matrix, *_with(kept - {limit}, limits, bounds)), limit


def test_whole_numbers_can_be_what_contradicts() -> None:
    objective = replace(
        linear_objective(
            np.ones(2),
            np.array([[2.0, 2.0], [1.0, 0.0]]),
            np.array([[3.0, 3.0], [-math.inf, 9.0]]),
            np.array([[0.0, math.inf], [0.0, math.inf]]),
        ),
        integer=torch.ones(2, dtype=torch.bool),
    )
    solution = solve(objective, torch.zeros(2, dtype=torch.float64))
    assert solution.linear is not None
    found = solution.linear.contradiction
    assert found is not None
    assert found.whole
    assert {limit.place for limit in found.limits if limit.of_row} == {0}


def test_the_ranges_of_a_textbook() -> None:
    """The Wyndor Glass Co. of Hillier and Lieberman, "Introduction to Operations Research"."""
    objective = replace(
        linear_objective(
            np.array([3.0, 5.0]),
            np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 2.0]]),
            np.array([[-math.inf, 4.0], [-math.inf, 12.0], [-math.inf, 18.0]]),
            np.array([[0.0, math.inf], [0.0, math.inf]]),
        ),
        maximize=True,
    )
    solution = solve(objective, torch.zeros(2, dtype=torch.float64))
    assert solution.linear is not None
    ranges = solution.linear.ranging
    assert ranges is not None
    assert solution.multipliers.tolist() == pytest.approx([0.0, 1.5, 1.0])
    assert ranges.costs.tolist() == [3.0, 5.0]
    assert ranges.cost_increase.tolist() == pytest.approx([4.5, math.inf])
    assert ranges.cost_decrease.tolist() == pytest.approx([3.0, 3.0])
    assert ranges.limit_increase.tolist() == pytest.approx([math.inf, 6.0, 6.0])
    assert ranges.limit_decrease.tolist() == pytest.approx([2.0, 6.0, 6.0])


def test_an_equation_that_others_imply_cannot_move() -> None:
    """Of a transport with equal sums one equation follows from the others: its price is 0, and
    with any other limit there is no point at all."""
    limits = np.array([[3.0, 3.0], [4.0, 4.0], [2.0, 2.0], [5.0, 5.0]])
    matrix = np.vstack([np.kron(np.eye(2), np.ones(2)), np.kron(np.ones(2), np.eye(2))])
    bounds = np.array([[0.0, math.inf]] * 4)
    objective = linear_objective(np.array([4.0, 6.0, 5.0, 3.0]), matrix, limits, bounds)
    solution = solve(objective, torch.zeros(4, dtype=torch.float64))
    assert solution.linear is not None
    assert solution.linear.ranging is not None
    assert solution.linear.ranging.limit_increase.tolist() == [0.0] * 4
    assert solution.linear.ranging.limit_decrease.tolist() == [0.0] * 4


def test_bounds_alone_have_ranges() -> None:
    """HiGHS makes no basis without a row: a cost may go to 0, and away from it for ever."""
    objective = replace(
        linear_objective(
            np.array([7.0, -2.0, 0.0]),
            np.zeros((1, 3)),
            np.array([[-math.inf, 4.0]]),
            np.array([[0.0, 12.0]] * 3),
        ),
        maximize=True,
    )
    solution = solve(objective, torch.ones(3, dtype=torch.float64))
    assert solution.linear is not None
    ranges = solution.linear.ranging
    assert ranges is not None
    assert ranges.cost_increase.tolist()[:2] == [math.inf, 2.0]
    assert ranges.cost_decrease.tolist()[:2] == [7.0, math.inf]
    assert ranges.limit_increase.tolist() == [math.inf]
    assert ranges.limit_decrease.tolist() == [4.0]


def _random(seed: int, *, maximize: bool) -> tuple[Array, Array, Array, Objective]:
    rng = np.random.default_rng(seed)
    matrix, c = rng.uniform(0.1, 3, (4, 6)), rng.uniform(1, 5, 6)
    right = rng.uniform(5, 20, 4)
    side = np.full(4, math.inf)
    limits = np.stack([-side, right] if maximize else [right, side], axis=1)
    bounds = np.stack([np.zeros(6), np.full(6, math.inf)], axis=1)
    return (
        c,
        matrix,
        limits,
        replace(linear_objective(c, matrix, limits, bounds), maximize=maximize),
    )


def _solved(objective: Objective) -> Solution:
    return solve(objective, torch.zeros(6, dtype=torch.float64))


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_within_its_range_a_cost_changes_no_variable(seed: int, maximize: bool) -> None:
    c, matrix, limits, objective = _random(seed, maximize=maximize)
    solution = _solved(objective)
    assert solution.linear is not None
    ranges = solution.linear.ranging
    assert ranges is not None
    bounds = np.stack([np.zeros(6), np.full(6, math.inf)], axis=1)
    for place in range(6):
        for sign, allowed in ((1, ranges.cost_increase), (-1, ranges.cost_decrease)):
            if not math.isfinite(allowed[place]):
                continue
            for share, same in ((0.99, True), (1.01, False)):
                other = c.copy()
                other[place] += sign * share * allowed[place]
                changed = linear_objective(other, matrix, limits, bounds)
                found = _solved(replace(changed, maximize=maximize))
                assert torch.allclose(found.x, solution.x, atol=1e-7) is same


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_within_its_range_a_limit_keeps_its_price(seed: int, maximize: bool) -> None:
    c, matrix, limits, objective = _random(seed, maximize=maximize)
    solution = _solved(objective)
    assert solution.linear is not None
    ranges = solution.linear.ranging
    assert ranges is not None
    bounds = np.stack([np.zeros(6), np.full(6, math.inf)], axis=1)
    for row in range(4):
        for sign, allowed in ((1, ranges.limit_increase), (-1, ranges.limit_decrease)):
            if not math.isfinite(allowed[row]):
                continue
            for share, same in ((0.99, True), (1.01, False)):
                other = limits.copy()
                other[row] += sign * share * allowed[row]
                changed = linear_objective(c, matrix, other, bounds)
                found = _solved(replace(changed, maximize=maximize))
                alike = torch.allclose(found.multipliers, solution.multipliers, atol=1e-7)
                assert alike is same, (row, sign, share)
