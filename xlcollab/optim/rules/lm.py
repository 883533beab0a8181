"""Levenberg-Marquardt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xlcollab.optim.active import free_to_move
from xlcollab.optim.evaluator import Evaluator, Point, without_gradient
from xlcollab.optim.rule import Step, Stop
from xlcollab.optim.solution import Status

_NAN = float("nan")
_MOST_TRIALS = 60
"""Each shortens the radius: after so many it is below rounding."""
_FIRST_RADIUS = 0.1
"""Moré 1978 takes 0.1 to 100 times the length of the start."""


@dataclass(frozen=True, slots=True)
class LMState:
    """What the next step starts from."""

    residuals: Tensor
    """(m,)"""
    jacobian: Tensor
    """(m, n)"""
    scale: Tensor
    """Moré's D: the largest norm of each column so far, (n,)."""
    radius: float
    """Of the trust region, in the norm ‖D step‖."""

    @property
    def cost(self) -> float:
        """‖r‖²."""
        return self.residuals.square().sum().item()


@dataclass(frozen=True, slots=True)
class LevenbergMarquardt:
    """Levenberg-Marquardt as a scaled trust region (Moré 1978), Jacobian by autograd.

    The step solves min ‖r + J p‖ with ‖D p‖ ≤ radius, exactly, through the singular values of
    J D⁻¹; a Jacobian without full rank (factors that may be rotated) gives the shortest step.
    Variables that press against a bound are held, the others are projected.
    """

    def init(self, evaluator: Evaluator, point: Point) -> LMState:
        """Residuals and Jacobian at the start."""
        residuals, jacobian = evaluator.residuals_and_jacobian(point.y)
        scale = _column_norms(jacobian)
        scale = torch.where(scale > 0, scale, 1.0)
        size = torch.linalg.vector_norm(scale * point.y).item()
        radius = _FIRST_RADIUS * size if size > 0 else _FIRST_RADIUS
        return LMState(residuals, jacobian, scale, radius)

    def step(
        self, evaluator: Evaluator, point: Point, state: LMState, rate: float
    ) -> Step[LMState]:
        """One accepted step, after as many shorter trials as it takes."""
        del rate
        if not bool(torch.isfinite(state.jacobian).all()):
            return Step(point, state, _NAN, _NO_DERIVATIVE)
        subproblem = _Subproblem.of(evaluator, point.y, state)
        radius, cost = state.radius, state.cost
        for _ in range(_MOST_TRIALS):
            trial = evaluator.project(point.y + subproblem.step(radius))
            move = trial - point.y
            gained = cost - _finite(evaluator.residuals(trial).square().sum().item())
            promised = cost - (state.residuals + state.jacobian @ move).square().sum().item()
            length = torch.linalg.vector_norm(state.scale * move).item()
            if _too_small(promised, cost, length, state.scale * point.y):
                break
            ratio = gained / promised if promised > 0 else -1.0
            radius = _next_radius(radius, length, ratio)
            if ratio > 1e-4:
                return _accepted(evaluator, trial, state, radius)
        return _polished(evaluator, point, state, subproblem.step(math.inf))


_STANDSTILL = Stop(Status.LOCALLY_OPTIMAL, "No step lowers the sum of squares at this precision.")
_NO_DERIVATIVE = Stop(Status.DIVERGED, "A derivative of the residuals is no finite number there.")


def _accepted(evaluator: Evaluator, y: Tensor, old: LMState, radius: float) -> Step[LMState]:
    residuals, jacobian = evaluator.residuals_and_jacobian(y)
    scale = torch.maximum(old.scale, _column_norms(jacobian))
    state = LMState(residuals, jacobian, scale, radius)
    point = evaluator.at(y)
    if not bool(residuals.any()):
        point = without_gradient(point)
    return Step(point, state, _NAN)


def _polished(evaluator: Evaluator, point: Point, state: LMState, newton: Tensor) -> Step[LMState]:
    """The Gauss-Newton step where rounding hides its gain, if it halves the gradient; else a stop.

    The gradient Jᵀr still tells a better point from a worse one when ‖r‖² no longer does.
    """
    found = _accepted(evaluator, evaluator.project(point.y + newton), state, state.radius)
    slack = 1.0 + math.sqrt(torch.finfo(newton.dtype).eps)
    if found.point.is_finite and found.state.cost <= slack * state.cost:
        before = torch.linalg.vector_norm(state.residuals @ (state.jacobian / state.scale))
        after = found.state.residuals @ (found.state.jacobian / state.scale)
        if torch.linalg.vector_norm(after) < 0.5 * before:
            return found
    return Step(point, state, _NAN, _STANDSTILL)


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


@dataclass(frozen=True, slots=True)
class _Subproblem:
    """min ‖r + J p‖ with ‖D p‖ ≤ radius, prepared for several radii."""

    right: Tensor
    """Right singular vectors of J D⁻¹ as rows, (q, n)."""
    values: Tensor
    """Its singular values, (q,)."""
    target: Tensor
    """-Uᵀ r, (q,)."""
    scale: Tensor

    @staticmethod
    def of(evaluator: Evaluator, y: Tensor, state: LMState) -> _Subproblem:
        scaled = state.jacobian / state.scale
        free = free_to_move(evaluator, y, state.jacobian.T @ state.residuals)
        if free is not None:
            scaled = scaled * free
        left, values, right = torch.linalg.svd(scaled, full_matrices=False)
        return _Subproblem(right, values, -(left.T @ state.residuals), state.scale)

    def step(self, radius: float) -> Tensor:
        """p, (n,)."""
        coefficients = self._coefficients(self._damping(radius))
        return (coefficients @ self.right) / self.scale

    def _coefficients(self, damping: float) -> Tensor:
        cut = torch.finfo(self.values.dtype).eps * len(self.values)
        kept = self.values > cut * self.values.max()
        below = torch.where(kept, self.values.square() + damping, 1.0)
        return torch.where(kept, self.values * self.target / below, 0.0)

    def _damping(self, radius: float) -> float:
        """μ with ‖p(μ)‖ = radius to a tenth, by Newton on 1/‖p‖ (Hebden 1973); 0 when p fits."""
        length = torch.linalg.vector_norm(self._coefficients(0.0)).item()
        if length <= 1.1 * radius:
            return 0.0
        damping = 0.0
        for _ in range(50):
            coefficients = self._coefficients(damping)
            length = torch.linalg.vector_norm(coefficients).item()
            if abs(length - radius) <= 0.1 * radius:
                break
            below = torch.clamp(self.values.square() + damping, min=1e-300)
            slope = (coefficients.square() / below).sum().item() / length
            damping += (length - radius) / radius * length / max(slope, 1e-300)
        return damping


def _column_norms(jacobian: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(jacobian, dim=0)
    return norms


def _finite(cost: float) -> float:
    return cost if math.isfinite(cost) else math.inf
