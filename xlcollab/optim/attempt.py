"""One run from one start, through the methods of a choice."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.augmented import descend_constrained
from xlcollab.optim.auto import Choice, Stage
from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.linear.report import LinearReport
from xlcollab.optim.loop import Limits, Outcome, descend
from xlcollab.optim.methods import rate_of, rule_of
from xlcollab.optim.problem import FEASIBLE, Objective
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.rules.curved import CurvedSquares
from xlcollab.optim.solution import Status, StepCallback, WeightsCallback
from xlcollab.settings.methods import METHODS
from xlcollab.settings.solving import Settings


@dataclass(frozen=True, slots=True)
class Task:
    """What all attempts of one call of `solve` share."""

    evaluator: Evaluator
    settings: Settings
    on_step: StepCallback | None
    began: float
    on_weights: WeightsCallback | None = None

    @property
    def objective(self) -> Objective:
        """The model's objective."""
        return self.evaluator.objective

    def recorder(self) -> Recorder:
        """A fresh record for one attempt."""
        return Recorder(self.settings.history_every, self.on_step, self.began, self.on_weights)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Where one start led."""

    outcome: Outcome
    x: Tensor
    """(n,)"""
    value: float
    """The signed objective and its penalty there."""
    multipliers: Tensor
    """(k,), in the sign of `Solution.multipliers`."""
    method: str
    recorder: Recorder
    linear: LinearReport | None = None
    population: NDArray[np.float64] | None = None
    """(P, n): where a population stood at the end."""


def refused(task: Task, x: Tensor, stop: Stop) -> Attempt:
    """An attempt that ends where it begins."""
    recorder = task.recorder()
    recorder.begin(task.evaluator, task.evaluator.at(x))
    return at_last(task, x, stop, task.settings.method, recorder)


def at_last(task: Task, x: Tensor, stop: Stop, method: str, recorder: Recorder) -> Attempt:
    """An attempt that ends at x, about which nothing more is known."""
    unknown = unknown_multipliers(task.objective, x)
    return _attempt(task, Outcome(task.evaluator.at(x), stop), x, unknown, method, recorder)


def unknown_multipliers(objective: Objective, x: Tensor) -> Tensor:
    """(k,), not a number: of methods that do not learn what the limits of constraints are worth."""
    rows = objective.constraint_lower
    return x.new_full((0 if rows is None else rows.numel(),), math.nan)


def attempt(task: Task, choice: Choice, start: Tensor, recorder: Recorder | None = None) -> Attempt:
    """Run the methods of `choice` one after the other, each from the end of the last, until one
    ends well. A recorder that is given goes on."""
    x = task.evaluator.project(start)
    stop = bad_start(task.evaluator.at(x))
    if stop is not None:
        return refused(task, x, stop)
    recorder = task.recorder() if recorder is None else recorder
    for stage in choice.stages:
        found = _descent(task, stage, x, recorder)
        x = found.x
        if _is_end(stage, found.outcome.stop.status) and not _left_early(task, found):
            break
    return found


def _left_early(task: Task, found: Attempt) -> bool:
    """Whether a method gave up since its derivatives would come too late: one that asks for fewer
    still has time."""
    limit = task.settings.time_limit
    if limit is None or found.outcome.stop.status is not Status.TIME_LIMIT:
        return False
    return time.perf_counter() - task.began < limit


_ENDS = frozenset({Status.OPTIMAL, Status.LOCALLY_OPTIMAL, Status.TOLERANCE})


def _is_end(stage: Stage, status: Status) -> bool:
    if status in (Status.INTERRUPTED, Status.UNBOUNDED, Status.TIME_LIMIT):
        return True
    if stage.curved:
        return status is Status.LOCALLY_OPTIMAL
    return stage.tolerance is None and status in _ENDS


def better(first: Attempt, second: Attempt) -> Attempt:
    """The one with a solution, feasible, and of lower value; the first of equals."""
    return min(first, second, key=_rank)


def _rank(found: Attempt) -> tuple[bool, bool, float]:
    solved = found.outcome.stop.status.has_solution
    return (not solved, found.outcome.point.missed > FEASIBLE, found.value)


def bad_start(point: Point) -> Stop | None:
    """Why no search can begin at a point, or None."""
    if not math.isfinite(point.value):
        text = f"The objective is {point.objective} at the start; begin where it is a number."
        return Stop(Status.REFUSED, text)
    if not point.is_finite:
        text = "The objective has no gradient at the start; move the start a little."
        return Stop(Status.REFUSED, text)
    return None


def _descent(task: Task, stage: Stage, x: Tensor, recorder: Recorder) -> Attempt:
    """One of the iterative methods."""
    settings = task.settings
    evaluator = _scaled(task.evaluator, stage.method, settings, x)
    limits = _limits(stage, settings, recorder)
    if settings.time_limit is not None:
        limits = replace(limits, deadline=task.began + settings.time_limit)
        evaluator.end_at(task.began + settings.time_limit)
    rule = CurvedSquares() if stage.curved else rule_of(stage.method, settings)
    rate = rate_of(stage.method, settings, max(1, limits.iterations))
    y = evaluator.project(evaluator.to_y(x))
    multipliers = x.new_zeros(0)
    if task.objective.constraints is None:
        outcome = descend(rule, evaluator, y, rate, limits, recorder)
    else:
        found = descend_constrained(rule, evaluator, y, rate, limits, recorder)
        outcome = found.outcome
        # λ is minus the gain per unit of the limit; a maximised objective turns it once more.
        multipliers = found.multipliers * (1.0 if task.objective.maximize else -1.0) + 0.0
    x = task.evaluator.settled(evaluator.to_x(outcome.point.y))
    return _attempt(task, outcome, x, multipliers, stage.method, recorder)


def _limits(stage: Stage, settings: Settings, recorder: Recorder) -> Limits:
    """The method's defaults, unless set; a stage that only prepares stops no later than asked."""
    method = METHODS[stage.method]
    tolerance = method.tolerance if settings.tolerance is None else settings.tolerance
    if stage.tolerance is not None:
        tolerance = max(stage.tolerance, settings.tolerance or 0.0)
    if settings.iterations is None:
        most = method.iterations if stage.iterations is None else stage.iterations
        return Limits(most, tolerance, tolerance)
    return Limits(settings.iterations - recorder.iteration, tolerance, tolerance)


def _scaled(evaluator: Evaluator, name: str, settings: Settings, x: Tensor) -> Evaluator:
    wanted = METHODS[name].scales if settings.scale is None else settings.scale
    if not wanted:
        return evaluator
    size = x.abs()
    return evaluator.scaled(torch.where(size > 0, size, 1.0))


def _attempt(
    task: Task,
    outcome: Outcome,
    x: Tensor,
    multipliers: Tensor,
    method: str,
    recorder: Recorder,
) -> Attempt:
    value = task.evaluator.worth(outcome.point)
    return Attempt(outcome, x, value, multipliers, method, recorder)
