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
from xlcollab.optim.rules.normal import Normal, Spectrum, within
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


def factored(users: int, items: int, share: float) -> torch.Tensor:
    """The Jacobian of the ratings u·v of 5 factors, of which a share is there: rotations of the
    factors change none, so 25 of its singular values are 0."""
    draws = np.random.default_rng(8)
    u, v = draws.normal(size=(users, 5)), draws.normal(size=(items, 5))
    rows = [
        np.concatenate([np.kron(np.eye(users)[i], v[j]), np.kron(np.eye(items)[j], u[i])])
        for i in range(users)
        for j in range(items)
        if draws.random() < share
    ]
    scaled = np.array(rows)
    return torch.tensor(scaled / np.maximum(np.linalg.norm(scaled, axis=0), 1e-9))


def graded(least: float) -> torch.Tensor:
    """Singular values from 1 down."""
    draws = np.random.default_rng(9)
    left, _ = np.linalg.qr(draws.normal(size=(90, 70)))
    right, _ = np.linalg.qr(draws.normal(size=(70, 70)))
    return torch.tensor(left * np.geomspace(1.0, least, 70) @ right)


NORMAL = {
    "as the lesson": factored(15, 15, 0.9),
    "more variables than ratings": factored(20, 20, 0.3),
    "full rank": graded(0.1),
    "full rank, wide": graded(0.1).T.contiguous(),
    "held": graded(0.1) * (torch.arange(70) % 7 > 0),
}


@pytest.mark.parametrize("share", [1e-3, 0.3, 0.8, math.inf])
@pytest.mark.parametrize("name", NORMAL)
def test_normal_equations_and_singular_values_take_the_same_step(name: str, share: float) -> None:
    scaled = NORMAL[name]
    residuals = torch.tensor(np.random.default_rng(10).normal(size=len(scaled)))
    best, *_ = np.linalg.lstsq(scaled.numpy(), -residuals.numpy(), rcond=1e-10)
    radius = share * float(np.linalg.norm(best))
    equations = Normal.of(scaled, residuals)
    assert equations is not None
    found, judge = within(equations, radius), within(Spectrum.of(scaled, residuals), radius)
    assert found is not None
    assert judge is not None
    assert float((found - judge).norm()) <= 1e-9 * float(judge.norm())
    if math.isinf(share):
        assert float(np.linalg.norm(found.numpy() - best)) <= 1e-9 * float(np.linalg.norm(best))


@pytest.mark.parametrize("least", [1e-5, 1e-7, 1e-10])
def test_what_squaring_would_lose_goes_by_singular_values(least: float) -> None:
    scaled = graded(least)
    residuals = torch.tensor(np.random.default_rng(11).normal(size=len(scaled)))
    equations = Normal.of(scaled, residuals)
    assert equations is not None
    assert equations.at(0.0) is None
    state = LMState(residuals, scaled, torch.ones(70).double(), math.inf)
    start = torch.zeros(70, dtype=torch.float64)
    step = _Subproblem.of(evaluator(start), start, state).step(math.inf)
    best, *_ = np.linalg.lstsq(scaled.numpy(), -residuals.numpy(), rcond=None)
    np.testing.assert_allclose(step.numpy(), best, atol=1e-4 * float(np.abs(best).max()))


def test_singular_values_that_one_way_does_not_find_are_found_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """torch's way ended in an error for 40 users and 40 items of which all ratings are there."""
    residuals = torch.tensor(np.random.default_rng(12).normal(size=len(JACOBIAN)))
    before = within(Spectrum.of(JACOBIAN, residuals), math.inf)

    def fails(*_: object, **__: object) -> None:
        raise torch.linalg.LinAlgError("failed to converge")  # type: ignore[attr-defined]

    monkeypatch.setattr(torch.linalg, "svd", fails)
    after = within(Spectrum.of(JACOBIAN, residuals), math.inf)
    assert before is not None
    assert after is not None
    np.testing.assert_allclose(after.numpy(), before.numpy(), rtol=1e-9)


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
