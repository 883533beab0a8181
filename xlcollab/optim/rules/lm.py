"""Levenberg-Marquardt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from xlcollab.optim.active import free_to_move
from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.rule import Step
from xlcollab.optim.rules import trust
from xlcollab.optim.rules.normal import Normal, Spectrum, within


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

    The step solves min ‖r + J p‖ with ‖D p‖ ≤ radius, exactly; a Jacobian without full rank
    (factors that may be rotated) gives the shortest step.
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


@dataclass(frozen=True)
class _Subproblem:
    """min ‖r + J p‖ with ‖D p‖ ≤ radius, prepared for several radii."""

    state: LMState
    scaled: Tensor
    """J D⁻¹, without the columns of variables that are held, (m, n)."""

    @staticmethod
    def of(evaluator: Evaluator, y: Tensor, state: LMState) -> _Subproblem:
        scaled = state.jacobian / state.scale
        free = free_to_move(evaluator, y, state.jacobian.T @ state.residuals)
        return _Subproblem(state, scaled if free is None else scaled * free)

    def step(self, radius: float) -> Tensor:
        """p, (n,)."""
        found = None if self._normal is None else within(self._normal, radius)
        if found is None:
            found = within(self._spectrum, radius)
        assert found is not None  # singular values always answer
        return found / self.state.scale

    def promised(self, move: Tensor) -> float:
        """‖r‖² - ‖r + J p‖²."""
        residuals = self.state.residuals
        ahead = (residuals + self.state.jacobian @ move).square().sum().item()
        return trust.cost(residuals) - ahead

    @cached_property
    def _normal(self) -> Normal | None:
        return Normal.of(self.scaled, self.state.residuals)

    @cached_property
    def _spectrum(self) -> Spectrum:
        return Spectrum.of(self.scaled, self.state.residuals)
