"""What the trust regions around sums of squares share: a step that is shortened until it gains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from xlcollab.optim.evaluator import Evaluator, Point, without_gradient
from xlcollab.optim.rule import Step, Stop
from xlcollab.optim.solution import Status

_NAN = float("nan")
_MOST_TRIALS = 60
"""Each shortens the radius: after so many it is below rounding."""
_FIRST_RADIUS = 0.1
"""Moré 1978 takes 0.1 to 100 times the length of the start."""


class Region(Protocol):
    """What the next step starts from."""

    @property
    def residuals(self) -> Tensor:
        """(m,)"""
        ...

    @property
    def jacobian(self) -> Tensor:
        """(m, n)"""
        ...

    @property
    def scale(self) -> Tensor:
        """Moré's D: the largest norm of each column so far, (n,)."""
        ...

    @property
    def radius(self) -> float:
        """Of the trust region, in the norm ‖D step‖."""
        ...


R = TypeVar("R", bound=Region)


class Model(Protocol):
    """The sum of squares near a point, prepared for several radii."""

    def step(self, radius: float) -> Tensor:
        """Where the model is lowest within ‖D p‖ ≤ radius, (n,)."""
        ...

    def promised(self, move: Tensor) -> float:
        """By how much the sum of squares should fall."""
        ...


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a trial led: the point y (n,), its residuals' sum of squares, the radius after it, and
    how much of what was promised was gained."""

    y: Tensor
    cost: float
    radius: float
    ratio: float


def cost(residuals: Tensor) -> float:
    """‖r‖², +inf where it is no number."""
    found = residuals.square().sum().item()
    return found if math.isfinite(found) else math.inf


def first_scale(jacobian: Tensor) -> Tensor:
    """D at the start, (n,)."""
    norms = column_norms(jacobian)
    return torch.where(norms > 0, norms, 1.0)


def first_radius(scale: Tensor, y: Tensor) -> float:
    """The radius at the start."""
    size = torch.linalg.vector_norm(scale * y).item()
    return _FIRST_RADIUS * size if size > 0 else _FIRST_RADIUS


def column_norms(jacobian: Tensor) -> Tensor:
    """(n,)"""
    norms: Tensor = torch.linalg.vector_norm(jacobian, dim=0)
    return norms


def reached(evaluator: Evaluator, y: Tensor, state: Region, model: Model) -> Reached | None:
    """The first trial that gains, after as many shorter ones as it takes; None where the model
    promises nothing that rounding would not hide."""
    radius, before = state.radius, cost(state.residuals)
    for _ in range(_MOST_TRIALS):
        trial = evaluator.project(y + model.step(radius))
        move = trial - y
        after = cost(evaluator.residuals(trial))
        promised = model.promised(move)
        length = torch.linalg.vector_norm(state.scale * move).item()
        if _too_small(promised, before, length, state.scale * y):
            return None
        ratio = (before - after) / promised if promised > 0 else -1.0
        radius = _next_radius(radius, length, ratio)
        if ratio > 1e-4:
            return Reached(trial, after, radius, ratio)
    return None


def start(evaluator: Evaluator, y: Tensor) -> tuple[Tensor, Tensor, Tensor, float]:
    """What a `Region` holds at the first point: residuals (m,), Jacobian (m, n), scale (n,) and
    radius."""
    residuals, jacobian = evaluator.residuals_and_jacobian(y)
    scale = first_scale(jacobian)
    return residuals, jacobian, scale, first_radius(scale, y)


def newton(evaluator: Evaluator, y: Tensor, model: Model) -> Tensor:
    """Where the model is lowest of all, within the bounds, (n,)."""
    return evaluator.project(y + model.step(math.inf))


def accepted(evaluator: Evaluator, y: Tensor, state: R) -> Step[R]:
    """The step to y, with the state there."""
    point = evaluator.at(y)
    if not bool(state.residuals.any()):
        point = without_gradient(point)
    return Step(point, state, _NAN)


_STANDSTILL = Stop(Status.LOCALLY_OPTIMAL, "No step lowers the sum of squares at this precision.")
_NO_DERIVATIVE = Stop(Status.DIVERGED, "A derivative of the residuals is no finite number there.")


def polished(point: Point, state: R, found: Step[R], standstill: Stop = _STANDSTILL) -> Step[R]:
    """The step that the model takes without a radius where rounding hides its gain, if it halves
    the gradient; else a stop.

    The gradient Jᵀr still tells a better point from a worse one when ‖r‖² no longer does.
    """
    slack = 1.0 + math.sqrt(torch.finfo(point.y.dtype).eps)
    new = found.state
    if found.point.is_finite and cost(new.residuals) <= slack * cost(state.residuals):
        before = torch.linalg.vector_norm(state.residuals @ (state.jacobian / state.scale))
        after = torch.linalg.vector_norm(new.residuals @ (new.jacobian / state.scale))
        if after < 0.5 * before:
            return found
    return Step(point, state, _NAN, standstill)


def without_derivative(point: Point, state: R) -> Step[R] | None:
    """The end of a run whose Jacobian is no number."""
    if bool(torch.isfinite(state.jacobian).all()):
        return None
    return Step(point, state, _NAN, _NO_DERIVATIVE)


def _next_radius(radius: float, length: float, ratio: float) -> float:
    """Moré 1978, section 4: shrink below a ratio of 1/4, grow above 3/4."""
    if ratio < 0.25:
        return 0.25 * min(radius, length)
    return max(radius, 2.0 * length) if ratio > 0.75 else radius


def _too_small(promised: float, cost: float, length: float, scaled: Tensor) -> bool:
    """Whether the model promises nothing that rounding would not hide."""
    eps = torch.finfo(scaled.dtype).eps
    size = torch.linalg.vector_norm(scaled).item()
    return promised <= 1e-3 * eps * cost or length <= 0.1 * eps * size
