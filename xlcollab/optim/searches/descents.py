"""Descents, begun again where something better lies around their ends, or elsewhere."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.optim.algebra.models import is_convex_model
from xlcollab.optim.attempt import Attempt, Task, at_last, attempt
from xlcollab.optim.auto import Choice
from xlcollab.optim.kept import keeps
from xlcollab.optim.loop import Outcome
from xlcollab.optim.nonlinear.engine import by_sqp
from xlcollab.optim.nonlinear.feasibility import least_violation
from xlcollab.optim.nonlinear.fitting import better_fit
from xlcollab.optim.nonlinear.kkt import conditions
from xlcollab.optim.nonlinear.probing import better_elsewhere, better_nearby
from xlcollab.optim.nonlinear.sampling import MOST, better_over_kinks
from xlcollab.optim.nonlinear.sized import SizedModel, TimeIsUpError
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

MOST_TO_LOOK_AROUND = 200
"""A second search costs as much as the first: for few variables that is nothing."""
_ESCAPES = 5
"""Each costs a whole search."""
GAIN = 1e-9
"""Above the rounding of the objective."""
_FEW = 20
"""Variables up to which a second search, from elsewhere, costs little."""
_STOPPED = frozenset(
    {Status.LOCALLY_OPTIMAL, Status.TOLERANCE, Status.BEST_FOUND, Status.ITERATION_LIMIT}
)


def room(task: Task, found: Attempt, share: float) -> float:
    """What values about an attempt's end may differ by and be one: a share of the objective, or
    where that is small of what brings it to size one there, or of 1."""
    unit = SizedModel(task, found.x, found.recorder).unit
    return share * max(min(1.0, unit), abs(found.value))


def descend(task: Task, choice: Choice, start: Tensor, recorder: Recorder) -> Attempt:
    """By a choice that follows slopes, from one start."""
    if choice.stages[0].method == "sqp":
        return _over_kinks(task, by_sqp(task, start, recorder))
    found = better_fit(task, choice, start, _escaping(task, choice, start, recorder))
    return _over_kinks(task, found)


def _over_kinks(task: Task, found: Attempt) -> Attempt:
    """What a method made for kinks comes to from the end of one that is not, as long as something
    better lies around."""
    objective, settings = task.objective, task.settings
    asked = settings.method == "auto" and settings.iterations is None and not settings.l2
    fits = objective.shape == "kinks" and objective.differentiable and found.x.numel() <= MOST
    if not asked or not fits:
        return _unsettled(task, found)
    for _ in range(_ESCAPES):
        if found.outcome.stop.status not in _STOPPED:
            break
        found = better_over_kinks(task, found)
        near = _better(task, found)
        if near is None or found.outcome.stop.status is Status.BEST_FOUND:
            break
        point = SizedModel(task, near, found.recorder).point_at(near)
        value = -point.objective if objective.maximize else point.objective
        found = replace(found, x=near, value=value, outcome=Outcome(point, found.outcome.stop))
    return found


def _unsettled(task: Task, found: Attempt) -> Attempt:
    """An end among kinks as no more than one where the objective no longer changes, unless the
    conditions of optimality hold: steps get short before a kink, too."""
    stop = found.outcome.stop
    if task.objective.shape != "kinks" or stop.status is not Status.LOCALLY_OPTIMAL:
        return found
    with contextlib.suppress(TimeIsUpError):
        model = SizedModel(task, found.x, found.recorder)
        if conditions(model, model.start).hold:
            return found
    return replace(found, outcome=replace(found.outcome, stop=Stop(Status.TOLERANCE, stop.message)))


def _escaping(task: Task, choice: Choice, start: Tensor, recorder: Recorder) -> Attempt:
    """A descent, begun again where something better lies around its end: a point without slope
    may be no optimum."""
    found = _reached(task, choice, attempt(task, choice, start, recorder))
    looks = task.settings.method == "auto" and start.numel() <= MOST_TO_LOOK_AROUND
    if not looks:
        return _looked_at(task, found)
    if _is_hard(task, found):
        found = _better_of(task, by_sqp(task, found.x, recorder), found)
    for _ in range(_ESCAPES):
        if found.outcome.stop.status not in (Status.LOCALLY_OPTIMAL, Status.TOLERANCE):
            return found
        near = _better(task, found)
        if near is None:
            return _elsewhere(task, _settled(task, found))
        found = attempt(task, choice, near, found.recorder)
    small = found.x.numel() <= _FEW and task.settings.iterations is None
    if small:
        last = by_sqp(task, found.x, found.recorder)
        if _better_of(task, last, found) is last:
            return last
    text = "Every time that the search was begun again, something better lay around its end."
    stop = Stop(Status.BEST_FOUND, text)
    return replace(found, outcome=Outcome(found.outcome.point, stop))


def _settled(task: Task, found: Attempt) -> Attempt:
    """A smooth end where the objective no longer changes as an optimum, where the conditions of
    optimality hold in the model's own sizes: a value near 0 has none that its slope could be
    compared with, nor has a sum from which a constant was taken."""
    stop = found.outcome.stop
    if task.objective.shape != "smooth" or stop.status is not Status.TOLERANCE:
        return found
    with contextlib.suppress(TimeIsUpError):
        model = SizedModel(task, found.x, found.recorder)
        if conditions(model, model.start).hold:
            stop = Stop(Status.LOCALLY_OPTIMAL, stop.message)
    return replace(found, outcome=replace(found.outcome, stop=stop))


def _looked_at(task: Task, found: Attempt) -> Attempt:
    """An end that a named method calls an optimum as no more than stationary, where something
    better lies near: on a saddle there is no slope either."""
    stop, few = found.outcome.stop, found.x.numel() <= MOST_TO_LOOK_AROUND
    if stop.status is not Status.LOCALLY_OPTIMAL or not few or _better(task, found) is None:
        return found
    text = f"{stop.message} Something better lies near it; --method auto goes on from there."
    return replace(found, outcome=replace(found.outcome, stop=Stop(Status.STATIONARY, text)))


def _reached(task: Task, choice: Choice, found: Attempt) -> Attempt:
    """Where a method gave the constraints up: its run from a point that holds them, or that point,
    if the violation alone leads to one."""
    if found.outcome.stop.status is not Status.INFEASIBLE:
        return found
    try:
        model = SizedModel(task, found.x, found.recorder)
        near = least_violation(model, model.start)
    except TimeIsUpError:
        return replace(found, outcome=replace(found.outcome, stop=Stop(Status.TIME_LIMIT, "")))
    if not near.feasible:
        return found
    x = model.x(near.y)
    again = attempt(task, choice, x, found.recorder)
    if again.outcome.stop.status.has_solution and keeps(task.objective, again.x):
        return again
    text = "The method came to no point that satisfies the constraints; the violation alone did."
    return at_last(task, x, Stop(Status.BEST_FOUND, text), found.method, found.recorder)


def _elsewhere(task: Task, found: Attempt) -> Attempt:
    """A better end of descents from seeded points of a small box that is closed on all sides."""
    ends = task.evaluator.lower, task.evaluator.upper
    closed = all(end is not None and bool(torch.isfinite(end).all()) for end in ends)
    small = found.x.numel() <= _FEW and task.settings.iterations is None
    if not closed or not small or is_convex_model(task.objective, found.x.numel()):
        return found
    try:
        model = SizedModel(task, found.x, found.recorder)
        y = better_elsewhere(model, model.start)
    except TimeIsUpError:
        return found
    return found if y is None else _better_of(task, by_sqp(task, model.x(y), found.recorder), found)


def _is_hard(task: Task, found: Attempt) -> bool:
    """Whether a descent ended on a bound of a small model: what does well in the open may stop
    short there, and there may be several such ends."""
    ends = task.evaluator.lower, task.evaluator.upper
    held = any(end is not None and bool((found.x == end).any()) for end in ends)
    done = found.outcome.stop.status in _STOPPED
    return held and done and found.x.numel() <= _FEW and task.settings.iterations is None


def _better_of(task: Task, second: Attempt, first: Attempt) -> Attempt:
    """The second, where it is better; else the first."""
    gain = room(task, first, GAIN)
    improved = second.outcome.stop.status.has_solution and second.value < first.value - gain
    return second if improved else first


def _better(task: Task, found: Attempt) -> Tensor | None:
    try:
        model = SizedModel(task, found.x, found.recorder)
        near = better_nearby(model, model.start)
    except TimeIsUpError:
        return None
    return None if near is None else model.x(near)
