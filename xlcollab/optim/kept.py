"""What a run comes back with, however it ended: no point that breaks the constraints where one was
seen that keeps them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from xlcollab.optim.attempt import Attempt, Task, at_last, unknown_multipliers
from xlcollab.optim.evaluator import Point
from xlcollab.optim.jacobian import jacobian
from xlcollab.optim.loop import Outcome
from xlcollab.optim.problem import FEASIBLE, Objective
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status
from xlcollab.settings.methods import METHODS

_SEARCHES = frozenset(name for name, method in METHODS.items() if method.remembers)
EARLY = frozenset({Status.INTERRUPTED, Status.TIME_LIMIT})
SAID_OF_RUNS = EARLY | {Status.ITERATION_LIMIT, Status.DONE, Status.DIVERGED, Status.UNBOUNDED}
"""Said of a run; the other words are said of the point where it ended."""
_CLEARLY = 1e-6
"""Of the objective's size: what a tolerance may gain."""


def interrupted(task: Task, method: str, start: Tensor, recorder: Recorder) -> Attempt:
    """A run that was ended where nothing of its own heard it: between two stages, or in a look
    around its end."""
    x = task.evaluator.project(start) if recorder.x is None else recorder.x
    found = at_last(task, x, Stop(Status.INTERRUPTED, ""), method, recorder)
    recorder.begin(task.evaluator, found.outcome.point)
    return found


def at_its_best(found: Attempt, task: Task, start: Tensor) -> Attempt:
    """The best point that keeps all constraints, of those seen and the start, where a run ended at
    one that breaks them, or before its time or by a search at a worse one."""
    status, searched = found.outcome.stop.status, found.method in _SEARCHES
    holds = status is not Status.INFEASIBLE and keeps(task.objective, found.x)
    if status is Status.REFUSED or (holds and status not in EARLY and not searched):
        return found
    best, value = start, _value_of(task, start)
    seen = None if holds and searched else _seen(found, task)
    if seen is not None and not value <= seen[0]:
        value, best = seen
    if value == torch.inf or (holds and not _is_lower(value, found)):
        return found
    return _ending_at(found, task, best, holds=holds, is_start=best is start)


def _value_of(task: Task, start: Tensor) -> float:
    """The signed objective and its penalty at the start; infinite where it is not allowed."""
    return task.evaluator.at(start).value if is_allowed(task.objective, start) else torch.inf


def _seen(found: Attempt, task: Task) -> tuple[float, Tensor] | None:
    """The best point on the way, and its value."""
    objective, best = task.objective, found.recorder.best
    if best is None or objective.has_integers or objective.alldifferent:
        return None
    x = task.evaluator.settled(best[1])
    return (best[0], x) if keeps(objective, x) else None


def _is_lower(value: float, found: Attempt) -> bool:
    least = 1.0 if found.outcome.stop.status is Status.OPTIMAL else 1e-300
    return value < found.value - _CLEARLY * max(least, abs(value), abs(found.value))


def _ending_at(found: Attempt, task: Task, x: Tensor, *, holds: bool, is_start: bool) -> Attempt:
    """The run, ending at x."""
    asked, stop = task.settings.iterations, found.outcome.stop
    point = _point(task, x)
    may_step = asked is None or found.recorder.iteration < asked
    found.recorder.end(task.evaluator, point, may_step=may_step)
    status = stop.status if stop.status in SAID_OF_RUNS else Status.BEST_FOUND
    told = stop.message
    if not holds and stop.status is not status:
        missed = found.outcome.point.violation
        where = f"The search ended where the constraints are missed by at most {missed:.3g}."
        told = where if missed else ""
    kept = "The best point on the way that satisfies them is kept." if not holds else ""
    kept = "Nothing better than the start was found." if is_start else kept
    outcome = Outcome(point, Stop(status, f"{told} {kept}".strip()))
    value, unknown = task.evaluator.worth(point), unknown_multipliers(task.objective, x)
    return replace(found, x=x, value=value, outcome=outcome, multipliers=unknown)


def _point(task: Task, x: Tensor) -> Point:
    point = task.evaluator.at(x)
    missed = misses(task.objective, x)
    return replace(point, violation=missed.max().item() if missed.numel() else 0.0, missed=0.0)


def is_allowed(objective: Objective, x: Tensor) -> bool:
    """Whether a point keeps the bounds, the whole numbers and the constraints, all exactly."""
    for bound, over in ((objective.lower, -1.0), (objective.upper, 1.0)):
        if bound is not None and bool((over * (x - bound.to(x)) > 0).any()):
            return False
    if objective.alldifferent:
        return False
    if objective.integer is not None and bool((x != x.round())[objective.integer].any()):
        return False
    if objective.constraints is None:
        return True
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    with torch.no_grad():
        values = objective.constraints(x)
    low, high = objective.constraint_lower.to(values), objective.constraint_upper.to(values)
    return bool(((values >= low) & (values <= high)).all())


def misses(objective: Objective, x: Tensor) -> Tensor:
    """By how much each constraint misses its limits at x, (k,)."""
    if objective.constraints is None:
        return x.new_zeros(0)
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    with torch.no_grad():
        values = objective.constraints(x)
    held = torch.clamp(
        values, objective.constraint_lower.to(values), objective.constraint_upper.to(values)
    )
    return (values - held).abs()


def slopes(objective: Objective, x: Tensor, places: Tensor) -> Tensor:
    """Derivatives of the constraints at these places, each a row of (m, n): of large models one
    takes long. 0 where the model has none."""
    rows = objective.constraints
    if rows is None or not objective.differentiable:
        return x.new_zeros(len(places), x.numel())
    return jacobian(lambda x: rows(x)[places], x)[1]


def keeps(objective: Objective, x: Tensor) -> bool:
    """Whether every constraint holds at x within the tolerance."""
    return within_tolerance(objective, misses(objective, x), x)


def within_tolerance(objective: Objective, missed: Tensor, x: Tensor) -> bool:
    """Whether every constraint misses its limit by no more than the tolerance times its size. Of
    those that miss by less than the tolerance itself a few are asked for their size."""
    broken = (~(missed <= 0.0)).nonzero().flatten()
    worst = broken[missed[broken].argsort(descending=True)]
    clearly = int((~(missed[worst] <= _TOLERANCE)).sum())
    for places in worst[: max(clearly, _SMALL_ONES)].split(_AT_ONCE):
        size = _sizes(objective, x, places)
        places = places[~(missed[places] <= _TOLERANCE * torch.where(size > 0.0, size, 1.0))]
        if not _hold_for_all_that(objective, missed, x, places):
            return False
    return True


def _hold_for_all_that(objective: Objective, missed: Tensor, x: Tensor, places: Tensor) -> bool:
    """Whether constraints that miss by more than their slopes at x allow do so by less than a sheet
    compares, or are flat there alone."""
    if not len(places):
        return True
    if not bool((missed[places] <= _TOLERANCE).all()):
        return False
    places = places[~(missed[places] <= _digits(objective, x)[places])]
    return bool((missed[places] <= _TOLERANCE * _around(objective, x, places)).all())


def _sizes(objective: Objective, x: Tensor, places: Tensor) -> Tensor:
    """The slopes of constraints at these places by variables of size one, (m,)."""
    rows = torch.nan_to_num(slopes(objective, x, places))
    found: Tensor = torch.linalg.vector_norm(rows * x.abs().clamp(min=1.0), dim=1)
    return found


def _digits(objective: Objective, x: Tensor) -> Tensor:
    """By how much rows may miss what they are nearest to, (k,), and be the same to a sheet."""
    assert objective.constraints is not None
    with torch.no_grad():
        return _FIFTEEN_DIGITS * objective.constraints(x).abs()


def _around(objective: Objective, x: Tensor, places: Tensor) -> Tensor:
    """The sizes, (m,), of constraints not at x but as far from it as it is from 0, 1 at most: one
    that is flat at its limit, as a power of a difference, is not in small units."""
    most = x.new_zeros(len(places), dtype=torch.float64)
    generator = Generator().manual_seed(0)
    for _ in range(_PROBES if len(places) else 0):
        noise = torch.randn(x.shape, generator=generator, dtype=torch.float64).to(x)
        there = _sizes(objective, x + x.abs().clamp(min=1.0) * noise, places)
        most = torch.fmax(most, torch.where(torch.isfinite(there), there, 0.0))
    return most.clamp(max=1.0)


_TOLERANCE = 1.001 * FEASIBLE
"""With room for the rounding of what was brought within it."""
_FIFTEEN_DIGITS = 1e-15
"""What Excel compares of a number, in parts of it."""
_PROBES = 3
"""Points around: one may be where a row is flat."""
_AT_ONCE = 32
"""Constraints whose sizes are asked for together, the ones that are missed by most first: mostly
these tell."""
_SMALL_ONES = 128
"""Of those in small units that many are looked at; the others of thousands of rows miss by less,
which is mostly rounding."""
