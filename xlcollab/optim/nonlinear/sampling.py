"""A descent over kinks: the shortest vector in the hull of slopes sampled around a point.

J. V. Burke, A. S. Lewis and M. L. Overton, "A robust gradient sampling algorithm for nonsmooth,
nonconvex optimization", 2005. Rows are held by an exact penalty, bounds by their normals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from xlcollab.optim.attempt import Attempt, Task, unknown_multipliers
from xlcollab.optim.loop import Outcome
from xlcollab.optim.nonlinear.sized import Array, SizedModel, TimeIsUpError
from xlcollab.optim.problem import FEASIBLE
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

MOST = 30
"""Variables up to which it is tried: each step takes twice as many slopes."""
_RADII = tuple(10.0**-k for k in range(1, 9))
"""Of the ball in which slopes are sampled, in variables of size one."""
_STEPS = 60
"""With one radius; a few dozen are usual."""
_SHORT = 0.1
"""A hull that comes so near to 0, in parts of the radius, holds it: a smaller ball tells more."""
_STATIONARY = 1e-5
"""The shortest vector with the smallest radius, in parts of the slope."""
_ARMIJO = 1e-4
"""The usual share of the promised gain that a step must bring (Nocedal and Wright, 3.1)."""
_HALVINGS = 45
"""Of one step: 2^-45 of it is below the digits that the variables have."""
_PENALTIES = (10.0, 1e3, 1e5)
"""Of rows of size one: beyond every multiplier that a sensible model has."""


def over_kinks(task: Task, start: torch.Tensor, recorder: Recorder) -> Attempt:
    """The descent from one start; Ctrl-C and the time limit keep the best feasible point."""
    model = SizedModel(task, task.evaluator.project(start), recorder)
    descent = _Descent(model)
    try:
        stop = descent.run()
    except TimeIsUpError:
        stop = Stop(Status.TIME_LIMIT, "")
    except KeyboardInterrupt:
        stop = Stop(Status.INTERRUPTED, "")
    best = model.best
    y = descent.y if best is None else best.y
    point = model.point(y)
    value = point.penalty + (-point.objective if task.objective.maximize else point.objective)
    unknown = unknown_multipliers(task.objective, start)
    return Attempt(Outcome(point, stop), model.x(y), value, unknown, "sampling", recorder)


@dataclass(frozen=True, slots=True)
class _Place:
    """The merit and one of its slopes, (n,)."""

    y: Array
    merit: float
    slope: Array


class _Descent:
    """Balls that shrink; in each, steps along the shortest vector of the hull."""

    def __init__(self, model: SizedModel) -> None:
        self.model = model
        self.y: Array = model.start
        self._penalty = 0.0
        self._random = np.random.default_rng(model.task.settings.seed)
        self._shortest = math.inf

    def run(self) -> Stop:
        """Raises TimeIsUpError."""
        for penalty in _PENALTIES if len(self.model.weight) else (0.0,):
            self._penalty = penalty
            here = self._at(self.y)
            for radius in _RADII:
                here = self._in_ball(here, radius)
            self.y = here.y
            if self.model.values(here.y).missed <= FEASIBLE:
                break
        if self._shortest <= _STATIONARY:
            text = f"No slope sampled around it leads down (to {self._shortest:.2g})."
            return Stop(Status.LOCALLY_OPTIMAL, text)
        return Stop(Status.BEST_FOUND, "Slopes sampled around it still lead down a little.")

    def _at(self, y: Array) -> _Place:
        values, slope, matrix = self.model.derivatives(self.model.clip(y))
        gaps = self.model.missed_by(values.rows)
        merit = values.objective + self._penalty * float(np.abs(gaps).sum())
        return _Place(values.y, merit, slope + self._penalty * (np.sign(gaps) @ matrix))

    def _in_ball(self, here: _Place, radius: float) -> _Place:
        """Steps until the hull of a ball around the point holds 0, or none leads down."""
        length = radius
        for _ in range(_STEPS):
            slopes, unit = self._sampled(here, radius)
            way = _shortest(slopes, self._normals(here.y, radius))
            size = float(np.linalg.norm(way))
            self._shortest = size / max(unit, 1e-300)
            if size <= _SHORT * min(1.0, radius) * unit:
                return here
            found = self._step(here, way / size, size, min(1.0, 8.0 * length))
            if found is None:
                return here
            length = float(np.linalg.norm(found.y - here.y))
            here = found
            self.model.record(here.y)
        return here

    def _sampled(self, here: _Place, radius: float) -> tuple[Array, float]:
        """Slopes at the point and around it, (m, n), and the size of the longest."""
        n = self.model.n
        ways = self._random.standard_normal((2 * n + 2, n))
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        lengths = radius * self._random.random((len(ways), 1)) ** (1.0 / n)
        around = [self._at(here.y + step).slope for step in lengths * ways]
        slopes = np.array([here.slope, *around])
        return slopes, float(np.linalg.norm(slopes, axis=1).max())

    def _normals(self, y: Array, radius: float) -> Array:
        """The outward normals of the bounds within reach, negated, (k, n)."""
        eye = np.eye(self.model.n)
        low, high = y - self.model.lower <= radius, self.model.upper - y <= radius
        return np.concatenate([-eye[low], eye[high]])

    def _step(self, here: _Place, way: Array, slope: float, length: float) -> _Place | None:
        for _ in range(_HALVINGS):
            found = self._at(here.y - length * way)
            if found.merit < here.merit - _ARMIJO * length * slope:
                return found
            length *= 0.5
        return None


def _shortest(slopes: Array, normals: Array) -> Array:
    """The shortest vector Σ λ slope + Σ μ normal with λ, μ ≥ 0 and Σ λ = 1, (n,)."""
    from scipy.optimize import nnls  # a quarter of a second, which most runs never need

    size = float(np.abs(slopes).max()) or 1.0
    columns = np.concatenate([slopes / size, normals]).T
    weight = 1e3
    sums = np.concatenate([np.full(len(slopes), weight), np.zeros(len(normals))])
    target = np.zeros(len(columns) + 1)
    target[-1] = weight
    found, _ = nnls(np.vstack([columns, sums]), target, maxiter=50 * len(sums))
    total = float(found[: len(slopes)].sum()) or 1.0
    return np.asarray(size * (columns @ found) / total)


def better_over_kinks(task: Task, found: Attempt) -> Attempt:
    """The attempt, or what a descent over kinks from its end comes to, where that is better or
    knows more."""
    drawn = over_kinks(task, found.x, found.recorder)
    point, old = drawn.outcome.point, found.outcome.point
    unit = SizedModel(task, found.x, found.recorder).unit
    room = _SAME * max(min(1.0, unit), abs(found.value))
    if not point.is_finite or point.violation > max(FEASIBLE, old.violation):
        return found
    if drawn.value > found.value + room:
        return found
    told = f"{drawn.outcome.stop.message} Slopes were sampled over the kinks."
    stop = replace(drawn.outcome.stop, message=told.strip())
    return replace(drawn, method=found.method, outcome=Outcome(point, stop))


_SAME = 1e-9
"""Relative: an end that is worse by no more is taken, for more is known of it."""
