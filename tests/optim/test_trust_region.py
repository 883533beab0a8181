"""The parts of Levenberg-Marquardt, each against what it must satisfy (Moré 1978)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.problem import Objective
from xlcollab.optim.rules import trust
from xlcollab.optim.rules.lm import LevenbergMarquardt, LMState, _Subproblem
from xlcollab.optim.rules.trust import _next_radius, _too_small

RNG = np.random.default_rng(6)
JACOBIAN = torch.tensor(RNG.normal(size=(7, 3)) * [1.0, 30.0, 0.01])
TARGET = torch.tensor(RNG.normal(size=7))


def evaluator(start: torch.Tensor, **bounds: torch.Tensor) -> Evaluator:
    """Of straight residuals: r = J y + b."""

    def residuals(y: torch.Tensor) -> torch.Tensor:
        return JACOBIAN @ y + TARGET

    objective = Objective(
        function=lambda y: residuals(y).square().sum(), residuals=residuals, **bounds
    )
    return Evaluator(objective, start)


def begun(start: list[float]) -> tuple[Evaluator, LMState]:
    y = torch.tensor(start, dtype=torch.float64)
    one = evaluator(y)
    return one, LevenbergMarquardt().init(one, one.at(y))


def test_the_first_region_is_a_tenth_of_the_start_in_the_columns_norms() -> None:
    _, state = begun([1.0, 2.0, 3.0])
    norms = np.linalg.norm(JACOBIAN.numpy(), axis=0)
    np.testing.assert_allclose(state.scale.numpy(), norms, rtol=1e-12)
    assert state.radius == pytest.approx(0.1 * np.linalg.norm(norms * [1, 2, 3]), rel=1e-12)
    assert begun([0.0, 0.0, 0.0])[1].radius == 0.1
    small = begun([1e-9, 0.0, 0.0])[1].radius
    assert small == pytest.approx(1e-10 * norms[0], rel=1e-9)
    assert trust.cost(state.residuals) == pytest.approx(
        float((JACOBIAN @ torch.tensor([1.0, 2, 3]).double() + TARGET).square().sum())
    )


def test_a_column_of_zeros_counts_as_one() -> None:
    y = torch.zeros(2, dtype=torch.float64)
    objective = Objective(function=lambda x: (x[0] - 1).square(), residuals=lambda x: x[:1] - 1)
    one = Evaluator(objective, y)
    assert LevenbergMarquardt().init(one, one.at(y)).scale.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("share", [1e-6, 0.01, 0.3, 0.8, 0.95, 1.05, 5.0])
def test_a_step_solves_its_subproblem(share: float) -> None:
    """(JᵀJ + μD²) p = −Jᵀr with μ ≥ 0, on the border to a tenth, or the free step within it."""
    one, state = begun([1.0, 2.0, 3.0])
    found = _Subproblem.of(one, torch.tensor([1.0, 2.0, 3.0]).double(), state)
    free = found.step(math.inf)
    best, *_ = np.linalg.lstsq(JACOBIAN.numpy(), -state.residuals.numpy(), rcond=None)
    np.testing.assert_allclose(free.numpy(), best, rtol=1e-9)
    length = float((state.scale * free).norm())
    step, radius = found.step(share * length), share * length
    gradient = state.jacobian.T @ (state.residuals + state.jacobian @ step)
    along = state.scale.square() * step
    damping = -float(gradient @ along) / float(along @ along)
    size = float((state.jacobian.T @ state.residuals).norm())
    assert float((gradient + damping * along).norm()) <= 1e-9 * size
    assert damping >= -1e-9
    taken = float((state.scale * step).norm())
    assert taken <= 1.1 * radius * (1 + 1e-9)
    assert taken >= min(0.9 * radius, length * (1 - 1e-9))


def test_without_full_rank_the_step_is_the_shortest() -> None:
    y = torch.zeros(2, dtype=torch.float64)
    objective = Objective(
        function=lambda x: (x.sum() - 2).square(), residuals=lambda x: x.sum().reshape(1) - 2
    )
    one = Evaluator(objective, y)
    state = LevenbergMarquardt().init(one, one.at(y))
    step = _Subproblem.of(one, y, state).step(math.inf)
    np.testing.assert_allclose(step.numpy(), [1.0, 1.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("radius", "length", "ratio", "following"),
    [
        (8.0, 4.0, 0.2, 1.0),
        (2.0, 4.0, -1.0, 0.5),
        (8.0, 4.0, 0.25, 8.0),
        (8.0, 4.0, 0.75, 8.0),
        (8.0, 5.0, 0.8, 10.0),
        (8.0, 3.0, 0.8, 8.0),
    ],
)
def test_the_region_follows_what_was_gained(
    radius: float, length: float, ratio: float, following: float
) -> None:
    assert _next_radius(radius, length, ratio) == following


def test_what_rounding_hides_is_too_small() -> None:
    eps, here = 2.0**-52, torch.tensor([3.0, 4.0], dtype=torch.float64)
    assert not _too_small(1.0, 1.0, 1.0, here)
    assert _too_small(0.9e-3 * eps, 1.0, 1.0, here)
    assert not _too_small(1.1e-3 * eps, 1.0, 1.0, here)
    assert _too_small(1.0, 1.0, 0.45 * eps, here)
    assert not _too_small(1.0, 1.0, 0.55 * eps, here)
    assert _too_small(0.0, 0.0, 1.0, here)
    assert _too_small(-1.0, 1.0, 1.0, here)
