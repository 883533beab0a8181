"""Ends on the way to infinity: what improves for ever, and what comes ever closer to a value."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.kept import keeps, misses, slopes
from xlcollab.optim.problem import FEASIBLE, Objective
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

_RUNAWAY = 1e15
"""A variable that grew by this factor follows an objective without an end, however slowly."""
_BEYOND = 1e6
"""Times the way from the start: a logarithm gains there as much again for each power of ten."""
_LEVEL = 1e-6
"""Of all that was gained: who gains less beyond has come to where the objective levels off."""
_FARTHER = (1.0, 1.01, 1.1, 2.0, 10.0)
"""Times the way from the start: what improves at each of them has no optimum at its end."""
_SEEN = 2
"""Of these steps: the gains of the farther ones may be less than rounding."""
_MOST_AXES = 200
"""Variables that are sent away from 0 one by one: each costs a few values."""
_ROUNDED = 1e-3
"""Of a gain: values near the end of what a number can tell are coarse."""


def fled(best: Attempt, task: Task, start: Tensor) -> Attempt:
    """The attempt, with the word that fits where its variables are on their way to infinity."""
    stop = best.outcome.stop
    if not stop.status.has_solution or not keeps(task.objective, best.x):
        return best
    away = bool((best.x.abs() > _RUNAWAY * start.abs().clamp(min=1.0)).any())
    if away and _value(task, start, best.x, 1.0) >= _value(task, start, best.x, 0.0):
        return best  # steps that were too long left for nothing
    if away:
        far = f"A variable reached {best.x.abs().max().item():.3g}"
        if not _has_a_floor(task.objective) and not _levels_off(best, task, start):
            return _with(best, Stop(Status.UNBOUNDED, f"{far}."))
        return _with(best, Stop(Status.TOLERANCE, f"{far}, and {_COMES_CLOSER}"))
    if stop.status is Status.LOCALLY_OPTIMAL and _improves_for_ever(best, task, start):
        text = f"Farther out it improves still, by next to nothing: {_COMES_CLOSER}"
        return _with(best, Stop(Status.TOLERANCE, text))
    return best


_COMES_CLOSER = (
    "the objective comes ever closer to a value that no point may have; a bound may be missing."
)


def _with(best: Attempt, stop: Stop) -> Attempt:
    return replace(best, outcome=replace(best.outcome, stop=stop))


def _has_a_floor(objective: Objective) -> bool:
    """Whether no value is below that of residuals that are all 0."""
    return objective.residuals is not None and not objective.maximize


def _levels_off(best: Attempt, task: Task, start: Tensor) -> bool:
    """Whether next to nothing is gained beyond the end, in parts of what was gained up to it."""
    first, here, there = (_value(task, start, best.x, times) for times in (0.0, 1.0, _BEYOND))
    return abs(there - here) <= _LEVEL * abs(here - first)


def _improves_for_ever(best: Attempt, task: Task, start: Tensor) -> bool:
    """Whether each farther point is allowed and better: on the way from the start, or, since a run
    may have begun far out, away from 0 where the slope leads."""
    return any(
        _falls_on(best, task, origin, slope)
        for origin, slope in _ways(best, task, start)
        if slope > 0.0
    )


def _ways(best: Attempt, task: Task, start: Tensor) -> Iterator[tuple[Tensor, float]]:
    """Points to go away from, and how much the slope at the end says that as much again of the way
    gains; infinite where that is not asked."""
    x = best.x
    if not torch.equal(x, start):
        yield start, math.inf
    gradient = task.evaluator.at(x).gradient
    yield torch.zeros_like(x), _slope(gradient, x)
    for place in range(x.numel() if x.numel() <= _MOST_AXES else 0):
        way = torch.zeros_like(x)
        way[place] = x[place]
        yield x - way, _slope(gradient, way)


def _slope(gradient: Tensor, way: Tensor) -> float:
    """What the signed objective falls by on a way, as its slope tells; 0 where it grows."""
    return max(0.0, -float(torch.nan_to_num(gradient.to(way)) @ way))


def _falls_on(best: Attempt, task: Task, origin: Tensor, slope: float) -> bool:
    """Whether it falls at each of the farther points, and as one that levels off: by no more than
    the slope tells. A valley's other side, or another valley, falls by more."""
    values = [_value(task, origin, best.x, times) for times in _FARTHER]
    gains = [before - after for before, after in itertools.pairwise(values)]
    falls = min(gains[:_SEEN]) > 0.0 and min(gains) >= 0.0
    most = slope * (_FARTHER[1] - _FARTHER[0]) * (1.0 + _ROUNDED)
    if not falls or gains[0] > most:
        return False
    known = slope < math.inf  # a way that nobody went, maybe a short one: tolerances are no room
    room = misses(task.objective, best.x) if known else None
    points = [_point(task, origin, best.x, times) for times in _FARTHER]
    return all(_keeps_closely(task.objective, x, room) for x in points)


def _keeps_closely(objective: Objective, x: Tensor, room: Tensor | None) -> bool:
    """Whether each constraint holds to the tolerance in units of its own: one in thousandths holds
    far beyond its limit by an absolute tolerance; or to what it is missed by already."""
    missed = misses(objective, x)
    if room is not None:
        return bool((missed <= room).all())
    broken = (~(missed <= 0.0)).nonzero().flatten()
    size = torch.linalg.vector_norm(torch.nan_to_num(slopes(objective, x, broken)) * x, dim=1)
    return bool((missed[broken] <= FEASIBLE * size).all())


def _point(task: Task, start: Tensor, x: Tensor, times: float) -> Tensor:
    return task.evaluator.project(start + times * (x - start))


def _value(task: Task, start: Tensor, x: Tensor, times: float) -> float:
    """The signed objective and its penalty so many times as far from the start as x."""
    return task.evaluator.at(_point(task, start, x, times)).value
