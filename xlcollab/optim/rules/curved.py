"""A trust region around a sum of squares of many variables, with its whole Hessian near the end."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.active import free_to_move
from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.rule import Step, Stop
from xlcollab.optim.rules import trust
from xlcollab.optim.solution import Status

Numbers = NDArray[np.float64]

_EPS = float(np.finfo(np.float64).eps)
_MOST_DAMPINGS = 50
"""The bracket is halved on a logarithmic scale at worst: after so many it is below rounding."""
_SLOW = 0.1
"""A step that lowers the sum of squares by less of itself has the residuals' own curvature to
blame: what is left of them at the end, which JᵀJ does not know."""
_STANDSTILL = Stop(Status.TOLERANCE, "No step lowers the sum of squares at this precision.")


@dataclass(frozen=True, slots=True)
class CurvedState:
    """What the next step starts from, see `trust.Region`."""

    residuals: Tensor
    jacobian: Tensor
    scale: Tensor
    radius: float
    sums: Tensor | None = None
    """Σ rᵢ ∇²rᵢ, (n, n); None as long as it is left out."""


@dataclass(frozen=True, slots=True)
class CurvedSquares:
    """Levenberg-Marquardt's trust region, by the eigenvalues of JᵀJ instead of J's singular values,
    and from the first small gain on by those of the whole Hessian (as NL2SOL does, Dennis, Gay and
    Welsch 1981, here with exact second derivatives): where residuals remain, Gauss-Newton goes on
    by a constant factor a step, this doubles the digits.

    Of an eigenvalue below 0 the size counts (Greenstadt 1967): a Newton step away from a saddle,
    not one as long as the radius allows, which along the directions that a factorisation leaves
    open leads nowhere.

    Eigenvalues of JᵀJ know the singular values to half the digits only: an end is believed where
    the gradient is small, so that other methods may go on.
    """

    def init(self, evaluator: Evaluator, point: Point) -> CurvedState:
        """Residuals and Jacobian at the start."""
        return CurvedState(*trust.start(evaluator, point.y))

    def step(
        self, evaluator: Evaluator, point: Point, state: CurvedState, rate: float
    ) -> Step[CurvedState]:
        """One accepted step, after as many shorter trials as it takes."""
        del rate
        end = trust.without_derivative(point, state)
        if end is not None:
            return end
        model = _Quadratic.of(evaluator, point.y, state)
        if model is None:
            return Step(point, state, math.nan, _STANDSTILL)
        found = trust.reached(evaluator, point.y, state, model)
        if found is not None:
            before = trust.cost(state.residuals)
            curved = state.sums is not None or before - found.cost < _SLOW * before
            return _to(evaluator, found.y, replace(state, radius=found.radius), curved=curved)
        newton = trust.newton(evaluator, point.y, model)
        return trust.polished(point, state, _to(evaluator, newton, state, curved=True), _STANDSTILL)


def _to(evaluator: Evaluator, y: Tensor, old: CurvedState, *, curved: bool) -> Step[CurvedState]:
    sums = None
    if curved:
        residuals = evaluator.residuals(y)
        found = evaluator.curves(y, residuals)
        if found is not None:
            jacobian, sums = found
    if sums is None:
        residuals, jacobian = evaluator.residuals_and_jacobian(y)
    scale = torch.maximum(old.scale, trust.column_norms(jacobian))
    return trust.accepted(evaluator, y, CurvedState(residuals, jacobian, scale, old.radius, sums))


@dataclass(frozen=True, slots=True)
class _Quadratic:
    """2 gᵀp + pᵀH p with ‖D p‖ ≤ radius, g = Jᵀr, H = JᵀJ + sums, prepared for several radii."""

    gradient: Tensor
    hessian: Tensor
    scale: Tensor
    sizes: Numbers
    """Of the eigenvalues of D⁻¹ H D⁻¹, (n,)."""
    vectors: Tensor
    """Its eigenvectors as columns, (n, n)."""
    target: Numbers
    """-Vᵀ D⁻¹ g, 0 along directions without curvature, (n,)."""

    @staticmethod
    def of(evaluator: Evaluator, y: Tensor, state: CurvedState) -> _Quadratic | None:
        """None where slopes or curves are so large that their products are no numbers."""
        jacobian, scale = state.jacobian, state.scale
        gradient, hessian = jacobian.T @ state.residuals, jacobian.T @ jacobian
        if state.sums is not None:
            hessian = hessian + state.sums
        one, both = gradient / scale, hessian / (scale * scale[:, None])
        free = free_to_move(evaluator, y, gradient)
        if free is not None:
            one, both = one * free, both * (free * free[:, None])
        if not bool(torch.isfinite(both).all()):
            return None
        values, vectors = torch.linalg.eigh(both)
        sizes: Numbers = values.abs().numpy()
        kept = sizes > _EPS * len(sizes) * sizes.max()
        target = np.where(kept, -(vectors.T @ one).numpy(), 0.0)
        return _Quadratic(gradient, hessian, scale, np.where(kept, sizes, 1.0), vectors, target)

    def step(self, radius: float) -> Tensor:
        """p, (n,)."""
        coefficients = torch.from_numpy(self._coefficients(self._damping(radius)))
        return (self.vectors @ coefficients) / self.scale

    def promised(self, move: Tensor) -> float:
        """-(2 gᵀp + pᵀH p)."""
        return -(2.0 * self.gradient.dot(move) + move.dot(self.hessian @ move)).item()

    def _coefficients(self, damping: float) -> Numbers:
        return self.target / (self.sizes + damping)

    def _damping(self, radius: float) -> float:
        """μ with ‖p(μ)‖ = radius to a tenth; 0 when p fits. Newton on 1/‖p‖ within a bracket (Moré
        1978)."""
        if math.isinf(radius) or _length(self._coefficients(0.0)) <= 1.1 * radius:
            return 0.0
        least, most = 0.0, _length(self.target) / radius
        damping = most
        for _ in range(_MOST_DAMPINGS):
            coefficients = self._coefficients(damping)
            length = _length(coefficients)
            if abs(length - radius) <= 0.1 * radius:
                break
            least, most = (damping, most) if length > radius else (least, damping)
            slope = float((coefficients**2 / (self.sizes + damping)).sum()) / max(length, 1e-300)
            damping += (length - radius) / radius * length / max(slope, 1e-300)
            if not least < damping < most:
                damping = math.sqrt(max(least, 1e-3 * most) * most)
        return damping


def _length(vector: Numbers) -> float:
    """Without squares that no number holds."""
    return math.hypot(*vector.tolist())
