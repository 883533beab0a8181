"""Generated curved models whose optimum, or lack of one, is known by construction."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from xlcollab.optim import Objective, Solution, Status, solve

_FALSE = (Status.OPTIMAL, Status.LOCALLY_OPTIMAL)


def exponential(seed: int, *, feasible: bool) -> tuple[Objective, torch.Tensor, float]:
    """min Σ w e^(−x) with a·x ≤ b and, if it shall be infeasible, a·x ≥ b + 1 too.

    With w = λ a e^(x*) the conditions hold at x* with the multiplier λ; the model is convex.
    """
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 6))
    a = torch.as_tensor(random.uniform(0.2, 3.0, n))
    best = torch.as_tensor(random.uniform(-2.0, 2.0, n))
    factor = 10.0 ** random.integers(-6, 7)
    weight = factor * a * best.exp()
    limit = float(a @ best)
    low = [-math.inf] if feasible else [-math.inf, limit + 1.0]
    high = [limit] if feasible else [limit, math.inf]
    rows = 1 if feasible else 2
    objective = Objective(
        function=lambda x: weight @ torch.exp(-x),
        constraints=lambda x: (a @ x).repeat(rows),
        constraint_lower=torch.tensor(low, dtype=torch.float64),
        constraint_upper=torch.tensor(high, dtype=torch.float64),
    )
    start = torch.as_tensor(random.uniform(-1.0, 1.0, n))
    return objective, start, factor * float(a.sum())


def solved(seed: int, *, feasible: bool) -> tuple[Solution, float]:
    objective, start, value = exponential(seed, feasible=feasible)
    return solve(objective, start), value


def judge(seed: int) -> None:
    found, value = solved(seed, feasible=True)
    assert found.status in _FALSE, found.message
    assert found.objective == pytest.approx(value, rel=1e-6)
    found, _ = solved(seed, feasible=False)
    assert found.status is Status.INFEASIBLE, found.message


@pytest.mark.parametrize("seed", range(6))
def test_what_is_said_is_true(seed: int) -> None:
    judge(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 50))
def test_what_is_said_of_two_thousand_models_is_true(first: int) -> None:
    for seed in range(first, first + 50):
        judge(seed)
