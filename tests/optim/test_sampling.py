"""Kinks that no row can stand for: a descent over slopes sampled around a point."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.optim.written import INF, model
from xlcollab.optim import Objective, Settings, Status, solve
from xlcollab.optim.nonlinear.sampling import _shortest


def test_the_shortest_vector_of_a_hull() -> None:
    """Between (1, 1) and (1, −1) it is (1, 0); with (−1, 0) besides, nothing; a bound's normal
    takes what presses against it."""
    pair = np.array([[1.0, 1.0], [1.0, -1.0]])
    none = np.zeros((0, 2))
    assert _shortest(pair, none) == pytest.approx([1.0, 0.0], abs=1e-6)
    three = np.concatenate([pair, [[-1.0, 0.0]]])
    assert _shortest(three, none) == pytest.approx([0.0, 0.0], abs=1e-6)
    assert _shortest(pair, np.array([[-1.0, 0.0]])) == pytest.approx([0.0, 0.0], abs=1e-6)


POINTS = torch.tensor([[0.0, 0.0], [4.0, 0.0], [1.0, 3.0]], dtype=torch.float64)


def farthest(x: torch.Tensor) -> torch.Tensor:
    return (x - POINTS).square().sum(dim=1).max()


def kinked(objective: Objective) -> Objective:
    from dataclasses import replace

    return replace(objective, shape="kinks")


def test_the_smallest_circle_around_points() -> None:
    """Its centre is (2, 1) and its squared radius 5, in a model that no rule shows convex."""
    objective, start = model(farthest, [7.0, -3.0])
    found = solve(kinked(objective), start)
    assert found.status is Status.LOCALLY_OPTIMAL, found.message
    assert found.objective == pytest.approx(5.0, rel=1e-6)
    assert found.x.tolist() == pytest.approx([2.0, 1.0], abs=1e-4)


def test_rows_and_bounds_hold_it() -> None:
    """Within x ≤ 1 and y − x ≥ 1 the best centre is (1, 2): 9 + 4 to the second point."""
    row = lambda x: x[1] - x[0]  # noqa: E731
    objective, start = model(
        farthest, [0.0, 3.0], [(row, 1.0, INF)], box=[(-9.0, 1.0), (-9.0, 9.0)]
    )
    found = solve(kinked(objective), start, Settings())
    assert found.objective == pytest.approx(13.0, rel=1e-6), found.message
    assert found.feasible
