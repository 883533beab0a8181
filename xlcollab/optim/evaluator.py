"""The one place where the objective is called: value, gradient, penalty and violation at a point.

Rules move y; the model sees x = scale · y. A maximised objective changes its sign here, so that
every rule minimises.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.jacobian import Differentiator, gradient_of
from xlcollab.optim.lagrangian import Lagrangian
from xlcollab.optim.problem import Native, Objective
from xlcollab.optim.raw import Raw

_ROUNDING = 2e-15
"""What multiplying by a scale and dividing by it may leave of a number, relative."""


@dataclass(frozen=True, slots=True)
class Point:
    """What is known at one place of the variables that the rules move."""

    y: Tensor
    """(n,)"""
    value: float
    """What is minimised: the signed objective, its penalty and the Lagrangian's terms."""
    gradient: Tensor
    """Of `value` by y, (n,)."""
    gradient_norm: float
    """Euclidean, of `value` by x."""
    objective: float
    """The model's own value in its own sign."""
    penalty: float
    violation: float
    missed: float = 0.0
    """The violation with each constraint brought to size one, which `FEASIBLE` bounds; NaN where
    constraints were not looked at."""

    @property
    def is_finite(self) -> bool:
        """Whether value and gradient are numbers."""
        return math.isfinite(self.value) and math.isfinite(self.gradient_norm)


@dataclass(slots=True)
class _Tally:
    evaluations: int = 0


class _Seen:
    """The first point that was evaluated, which a run comes back to, and the last.

    What another has seen in variables that are `scale` times as large counts, too.
    """

    def __init__(self, other: _Seen | None = None, scale: Tensor | None = None) -> None:
        self._first: Point | None = None
        self._last: Point | None = None
        self._other, self._scale = other, scale

    def keep(self, point: Point) -> None:
        """Another point."""
        self._first = self._first or point
        self._last = point

    def at(self, y: Tensor) -> Point | None:
        """What is known at y."""
        for point in (self._last, self._first):
            if point is not None and torch.equal(point.y, y):
                return point
        if self._other is None or self._scale is None:
            return None
        point = self._other.at(y * self._scale)
        return None if point is None else replace(point, y=y, gradient=point.gradient * self._scale)


class Evaluator:
    """Evaluates an objective and counts; its scaled and constrained views share the count."""

    def __init__(
        self, objective: Objective, start: Tensor, l2: float = 0.0, raw: Raw | None = None
    ) -> None:
        self.objective = objective
        self.l2 = l2
        self.scale: Tensor | None = None
        self.lagrangian: Lagrangian | None = None
        self.lower = _like(start, objective.lower)
        self.upper = _like(start, objective.upper)
        self._sign = -1.0 if objective.maximize else 1.0
        self._unseen = 0.0 if objective.constraints is None else math.nan
        self._tally = _Tally()
        self._seen = _Seen()
        self._differentiator = Differentiator()
        self.raw = Raw(objective, l2) if raw is None else raw

    @property
    def evaluations(self) -> int:
        """How often the objective or its residuals were computed."""
        return self._tally.evaluations

    def of(self, objective: Objective, start: Tensor) -> Evaluator:
        """An evaluator, with a tally of its own, of a model that may be this one with other
        bounds."""
        return Evaluator(objective, start, self.l2, self.raw.of(objective))

    def scaled(self, scale: Tensor) -> Evaluator:
        """The same evaluator in the variables y = x / scale, all scales above 0."""
        view = copy.copy(self)
        view.scale, view._seen = scale, _Seen(self._seen, scale)
        view.lower = None if self.lower is None else self.lower / scale
        view.upper = None if self.upper is None else self.upper / scale
        return view

    def constrained(self, lagrangian: Lagrangian) -> Evaluator:
        """The same evaluator with the terms of an augmented Lagrangian."""
        view = copy.copy(self)
        view.lagrangian, view._seen = lagrangian, _Seen()
        return view

    def judging(self, start: Tensor) -> Evaluator:
        """The same by the functions themselves, in the objective's own sign: they are the judge of
        what a machine found, which is not counted."""
        objective = self.objective
        if objective.native is None and not objective.maximize and not self.l2:
            view = copy.copy(self)
            view._tally = _Tally()
            return view
        return Evaluator(replace(objective, maximize=False, native=None), start)

    def end_at(self, until: float) -> None:
        """From `until` on (perf_counter) no Jacobian is worth waiting for."""
        self._differentiator.until = until

    @property
    def has_bounds(self) -> bool:
        """Whether `project` may move a point."""
        return self.lower is not None or self.upper is not None

    def project(self, y: Tensor) -> Tensor:
        """The nearest point within the bounds. Shape (n,)."""
        return torch.clamp(y, self.lower, self.upper) if self.has_bounds else y

    def settled(self, x: Tensor) -> Tensor:
        """x within the bounds, and on them where only rounding keeps it off. Shape (n,)."""
        for bound in (self.lower, self.upper):
            if bound is not None:
                x = torch.where(torch.isclose(x, bound, _ROUNDING, 0.0), bound, x)
        return self.project(x)

    def to_x(self, y: Tensor) -> Tensor:
        """The model's variables, (n,)."""
        return y if self.scale is None else y * self.scale

    def to_y(self, x: Tensor) -> Tensor:
        """The variables that the rules move, (n,)."""
        return x if self.scale is None else x / self.scale

    def worth(self, point: Point) -> float:
        """The signed objective and its penalty at a point, without the terms of constraints."""
        return point.penalty + self._sign * point.objective

    def count(self, more: int = 1) -> None:
        """So many evaluations more."""
        self._tally.evaluations += more

    @property
    def native(self) -> Native | None:
        """The machine that gives what is minimised here, constraints aside."""
        return None if self.lagrangian is not None else self.objective.native

    def at(self, y: Tensor) -> Point:
        """Value and gradient at y."""
        y = y.detach()
        known = self._seen.at(y)
        if known is not None:
            return known
        point = self._at(y)
        self._seen.keep(point)
        return point

    def _at(self, y: Tensor) -> Point:
        self._tally.evaluations += 1
        if self.native is not None:
            found = self.native.value_and_gradient(self.to_x(y).numpy())
            if found is not None:
                return self._of_native(y, *found)
        if self.lagrangian is not None and not self.l2:
            held = self._of_rows(y, self.lagrangian)
            if held is not None:
                return held
        leaf = y.clone().requires_grad_()
        with torch.set_grad_enabled(self.objective.differentiable):
            x = self.to_x(leaf)
            objective = self.objective.function(x)
            merit = objective * self._sign
            penalty = violation = 0.0
            missed = self._unseen
            if self.lagrangian is not None and self.objective.constraints is not None:
                constraints = self.objective.constraints(x)
                merit = merit + self.lagrangian.term(constraints)
                violation, missed = self.lagrangian.misses(constraints.detach())
            gradient = gradient_of(merit, leaf)
        value = merit.item()
        if self.l2:
            x = x.detach()
            penalty = 0.5 * self.l2 * x.dot(x).item()
            value += penalty
            by_y = x if self.scale is None else x * self.scale
            gradient = gradient.add(by_y, alpha=self.l2)
        by_x = gradient if self.scale is None else gradient / self.scale
        return Point(
            y=y,
            value=value,
            gradient=gradient,
            gradient_norm=torch.linalg.vector_norm(by_x).item(),
            objective=objective.item(),
            penalty=penalty,
            violation=violation,
            missed=missed,
        )

    def _of_native(self, y: Tensor, objective: float, slope: NDArray[np.float64]) -> Point:
        """The same from the machine's value and gradient by x."""
        by_x = torch.from_numpy(slope)
        value, penalty = objective, 0.0
        if self.objective.maximize:
            value, by_x = -value, -by_x
        if self.l2:
            x = self.to_x(y)
            penalty = 0.5 * self.l2 * x.dot(x).item()
            value, by_x = value + penalty, by_x.add(x, alpha=self.l2)
        return Point(
            y=y,
            value=value,
            gradient=by_x if self.scale is None else by_x * self.scale,
            gradient_norm=torch.linalg.vector_norm(by_x).item(),
            objective=objective,
            penalty=penalty,
            violation=0.0,
            missed=self._unseen,
        )

    def _of_rows(self, y: Tensor, lagrangian: Lagrangian) -> Point | None:
        """The same with the terms of constraints, from the program of objective and constraints;
        None where there is none."""
        if not self.objective.differentiable:
            return None

        def weights(values: NDArray[np.float64]) -> NDArray[np.float64]:
            slopes = lagrangian.slopes(torch.from_numpy(values[1:])).numpy()
            return np.concatenate([np.ones(1), slopes])

        found = self.raw.pulled(self.to_x(y), weights)
        if found is None:
            return None
        rows, by_x = torch.from_numpy(found[0][1:]), torch.from_numpy(found[1])
        violation, missed = lagrangian.misses(rows)
        value = float(found[0][0])
        return Point(
            y=y,
            value=value + float(lagrangian.term(rows)),
            gradient=by_x if self.scale is None else by_x * self.scale,
            gradient_norm=float(torch.linalg.vector_norm(by_x)),
            objective=self._sign * value,
            penalty=0.0,
            violation=violation,
            missed=missed,
        )

    def residuals(self, y: Tensor) -> Tensor:
        """The residuals at y, (m,), without derivatives."""
        self._tally.evaluations += 1
        if self.objective.native_residuals is not None:
            found = self.objective.native_residuals.values(self.to_x(y.detach()).numpy())
            if found is not None:
                return torch.from_numpy(found)
        with torch.no_grad():
            return self._residuals(self.to_x(y.detach()))

    def residuals_and_jacobian(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The residuals at y, (m,), and their derivatives by y, (m, n). Raises
        SlopesTooLateError."""
        self._tally.evaluations += 1
        if self.objective.native_residuals is not None:
            found = self.objective.native_residuals.jacobian(self.to_x(y.detach()).numpy())
            if found is not None:
                by_x = torch.from_numpy(found[1])
                return torch.from_numpy(found[0]), by_x if self.scale is None else by_x * self.scale
        return self._differentiator.jacobian(lambda y: self._residuals(self.to_x(y)), y)

    def curves(self, y: Tensor, residuals: Tensor) -> tuple[Tensor, Tensor] | None:
        """The residuals' derivatives by y, (m, n), and what their own curvature adds to half the
        Hessian of the sum of their squares, (n, n); None where no machine tells."""
        if self.objective.native_curves is None:
            return None
        self._tally.evaluations += 1
        found = self.objective.native_curves.at(self.to_x(y.detach()).numpy(), residuals.numpy())
        if found is None:
            return None
        jacobian, sums = map(torch.from_numpy, found)
        if self.scale is None:
            return jacobian, sums
        return jacobian * self.scale, sums * self.scale * self.scale[:, None]

    def _residuals(self, x: Tensor) -> Tensor:
        assert self.objective.residuals is not None
        return self.objective.residuals(x)


def without_gradient(point: Point) -> Point:
    """The point with its gradient set to 0: at an exact fit a root has none."""
    return replace(point, gradient=torch.zeros_like(point.gradient), gradient_norm=0.0)


def _like(start: Tensor, values: Tensor | None) -> Tensor | None:
    return None if values is None else values.to(start)
