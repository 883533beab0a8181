"""The one loop that runs every rule: step, record, decide whether to stop."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xlcollab.interrupts import unheard
from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.jacobian import SlopesTooLateError
from xlcollab.optim.native import steps
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Rule, Stop
from xlcollab.optim.solution import Status
from xlcollab.settings.schedules import Rate

_STEPS_WITHOUT_CHANGE = 5
"""One step may stand still by chance, five in a row do not."""
_RECENT = 100
"""Steps over which a value that still falls is told from one at rest."""
_UNBOUNDED = -1e20
"""No sheet means so much less than it began with."""
_SMALL_GRADIENT = 1e-6
"""In parts of the objective's size: where a run may be called stationary."""
_SMALL = 1e-4
"""An objective below this part of its start, or of 1, counts as small as this: near 0 nothing is
relative."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where one run of the loop ended, and why."""

    point: Point
    stop: Stop


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop."""

    iterations: int
    gradient: float
    """Tolerance on the projected gradient, relative to the value; 0 switches it off."""
    change: float
    """Tolerance on the relative change of the value; 0 switches it off."""
    deadline: float | None = None
    """When time is up, as perf_counter tells it."""

    @property
    def stop_early(self) -> bool:
        """Whether a run may end before its last iteration."""
        return self.gradient > 0.0


def descend(
    rule: Rule[Any],
    evaluator: Evaluator,
    start: Tensor,
    rate: Rate,
    limits: Limits,
    recorder: Recorder,
) -> Outcome:
    """Run `rule` from `start` (in the evaluator's variables, within the bounds).

    The schedule goes on from the recorder's count of iterations, whatever stage this run is. The
    weights of the last step are the outcome, as in torch.optim; after a divergence or an
    interruption, those of the lowest value.
    """
    point = best = evaluator.at(start)
    check = unheard()
    recorder.begin(evaluator, point)
    try:
        watch = _Watch(point, limits)
        made = steps(rule, evaluator, point, rate, recorder.iteration, limits.iterations)
        for _ in range(limits.iterations):
            check()
            stop = watch.stop(evaluator, point)
            if stop is not None:
                return Outcome(best if stop.status is Status.TIME_LIMIT else point, stop)
            step = next(made)
            if not step.point.is_finite:
                return Outcome(best, _diverged(step.point, recorder, step.rate))
            point = step.point
            if step.stop is not None:
                return Outcome(point, watch.judged(evaluator, point, step.stop))
            best = min(best, point, key=_value)
            recorder.step(evaluator, point, step.rate)
        stop = watch.stop(evaluator, point)
        return Outcome(point, stop or _limit(limits, point, best, watch.progress))
    except SlopesTooLateError:
        return Outcome(best, Stop(Status.TIME_LIMIT, ""))
    except KeyboardInterrupt:
        return Outcome(best, Stop(Status.INTERRUPTED, ""))


class _Watch:
    """Sees convergence, standstill and endless descent from point to point."""

    def __init__(self, start: Point, limits: Limits) -> None:
        self._limits = limits
        self._start = start.value
        self._unit = _SMALL * min(1.0, abs(start.value))
        self._values: deque[float] = deque(maxlen=_RECENT + 1)
        self._still = 0

    def stop(self, evaluator: Evaluator, point: Point) -> Stop | None:
        """A reason to stop at `point`, if there is one."""
        if point.value < _UNBOUNDED * max(1.0, abs(self._start)):
            return Stop(Status.UNBOUNDED, f"The objective reached {point.objective:.6g}.")
        deadline = self._limits.deadline
        if deadline is not None and time.perf_counter() > deadline:
            return Stop(Status.TIME_LIMIT, "")
        gradient, change = self._limits.gradient, self._limits.change
        if gradient and (left := optimality(evaluator, point)) <= gradient * self._size(point):
            return Stop(Status.LOCALLY_OPTIMAL, _flat(evaluator, point, left))
        self._count(point.value)
        if self._still >= _STEPS_WITHOUT_CHANGE:
            text = f"It changed by less than {change:.3g} of itself in five steps."
            return self.judged(evaluator, point, Stop(Status.TOLERANCE, text))
        return None

    def judged(self, evaluator: Evaluator, point: Point, stop: Stop) -> Stop:
        """A standstill counts as convergence where the gradient is small as well."""
        small = _SMALL_GRADIENT * self._size(point)
        if stop.status is not Status.TOLERANCE or optimality(evaluator, point) > small:
            return stop
        return Stop(Status.LOCALLY_OPTIMAL, stop.message)

    def _size(self, point: Point) -> float:
        return max(abs(point.value), self._unit)

    def _count(self, value: float) -> None:
        if self._values:
            change = abs(value - self._values[-1])
            small = self._limits.change > 0.0 and change <= self._limits.change * abs(value)
            self._still = self._still + 1 if small else 0
        self._values.append(value)

    @property
    def progress(self) -> str:
        """How much the last steps gained, for runs that may end early."""
        steps = len(self._values) - 1
        if not self._limits.stop_early or steps < 1 or self._values[-1] == 0.0:
            return ""
        gain = (self._values[0] - self._values[-1]) / abs(self._values[-1])
        return f" The last {steps} improved it by {gain:.2g} of itself."


def optimality(evaluator: Evaluator, point: Point) -> float:
    """Euclidean norm of the projected gradient, in the variables that the rules move."""
    if not evaluator.has_bounds:
        return point.gradient_norm if evaluator.scale is None else _norm(point.gradient)
    return _norm(evaluator.project(point.y - point.gradient) - point.y)


def _flat(evaluator: Evaluator, point: Point, left: float) -> str:
    """How flat it is: what presses on bounds is no slope that could be followed."""
    if evaluator.has_bounds:
        return f"Projected gradient norm {left:.3g}."
    return f"Gradient norm {point.gradient_norm:.3g}."


def _norm(vector: Tensor) -> float:
    return float(torch.linalg.vector_norm(vector))


def _value(point: Point) -> float:
    return point.value


def _diverged(point: Point, recorder: Recorder, rate: float) -> Stop:
    text = (
        f"Iteration {recorder.iteration + 1} gave the objective {point.objective:.6g} and the "
        f"gradient norm {point.gradient_norm:.6g}"
    )
    kept = "; the best weights before it are kept."
    if math.isnan(rate):
        return Stop(Status.DIVERGED, text + kept)
    advice = f" Try a learning rate of {rate / 10:.3g}, or limit the gradient with clip."
    return Stop(Status.DIVERGED, f"{text} with learning rate {rate:.6g}{kept}{advice}")


def _limit(limits: Limits, point: Point, best: Point, progress: str) -> Stop:
    ending = Status.ITERATION_LIMIT if limits.stop_early else Status.DONE
    lowest, last = f"{best.objective:.10g}", f"{point.objective:.10g}"
    worse = point.value - point.penalty > best.value - best.penalty
    if best.value < point.value and worse and lowest != last:
        return Stop(
            ending,
            f"The objective was {lowest} on the way and got worse, to {last}; a lower learning "
            "rate or a falling schedule avoids that.",
        )
    return Stop(ending, progress.strip())
