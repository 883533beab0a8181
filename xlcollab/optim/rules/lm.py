"""Levenberg-Marquardt."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from xlcollab.optim.active import free_to_move
from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.rule import Step
from xlcollab.optim.rules import trust


@dataclass(frozen=True, slots=True)
class LMState:
    """What the next step starts from, see `trust.Region`."""

    residuals: Tensor
    jacobian: Tensor
    scale: Tensor
    radius: float


@dataclass(frozen=True, slots=True)
class LevenbergMarquardt:
    """Levenberg-Marquardt as a scaled trust region (Moré 1978), Jacobian by autograd.

    The step solves min ‖r + J p‖ with ‖D p‖ ≤ radius, exactly, through the singular values of
    J D⁻¹; a Jacobian without full rank (factors that may be rotated) gives the shortest step.
    Variables that press against a bound are held, the others are projected.
    """

    def init(self, evaluator: Evaluator, point: Point) -> LMState:
        """Residuals and Jacobian at the start."""
        return LMState(*trust.start(evaluator, point.y))

    def step(
        self, evaluator: Evaluator, point: Point, state: LMState, rate: float
    ) -> Step[LMState]:
        """One accepted step, after as many shorter trials as it takes."""
        del rate
        end = trust.without_derivative(point, state)
        if end is not None:
            return end
        model = _Subproblem.of(evaluator, point.y, state)
        found = trust.reached(evaluator, point.y, state, model)
        if found is not None:
            return _to(evaluator, found.y, state, found.radius)
        newton = trust.newton(evaluator, point.y, model)
        return trust.polished(point, state, _to(evaluator, newton, state, state.radius))


def _to(evaluator: Evaluator, y: Tensor, old: LMState, radius: float) -> Step[LMState]:
    residuals, jacobian = evaluator.residuals_and_jacobian(y)
    scale = torch.maximum(old.scale, trust.column_norms(jacobian))
    return trust.accepted(evaluator, y, LMState(residuals, jacobian, scale, radius))


@dataclass(frozen=True, slots=True)
class _Subproblem:
    """min ‖r + J p‖ with ‖D p‖ ≤ radius, prepared for several radii."""

    state: LMState
    right: Tensor
    """Right singular vectors of J D⁻¹ as rows, (q, n)."""
    values: Tensor
    """Its singular values, (q,)."""
    target: Tensor
    """-Uᵀ r, (q,)."""

    @staticmethod
    def of(evaluator: Evaluator, y: Tensor, state: LMState) -> _Subproblem:
        scaled = state.jacobian / state.scale
        free = free_to_move(evaluator, y, state.jacobian.T @ state.residuals)
        if free is not None:
            scaled = scaled * free
        left, values, right = torch.linalg.svd(scaled, full_matrices=False)
        return _Subproblem(state, right, values, -(left.T @ state.residuals))

    def step(self, radius: float) -> Tensor:
        """p, (n,)."""
        coefficients = self._coefficients(self._damping(radius))
        return (coefficients @ self.right) / self.state.scale

    def promised(self, move: Tensor) -> float:
        """‖r‖² - ‖r + J p‖²."""
        residuals = self.state.residuals
        ahead = (residuals + self.state.jacobian @ move).square().sum().item()
        return trust.cost(residuals) - ahead

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
