"""The door of the room: objective, start and settings in, solution out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.interrupts import OutOfTime, finished_first, is_out_of_time, time_limit
from xlcollab.optim.algebra.models import forget_formulas
from xlcollab.optim.attempt import Attempt, Task, better, refused
from xlcollab.optim.auto import Choice, choose
from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.fleeing import fled
from xlcollab.optim.kept import (
    EARLY,
    at_its_best,
    interrupted,
    is_allowed,
    misses,
    slopes,
    within_tolerance,
)
from xlcollab.optim.linear.engine import by_highs
from xlcollab.optim.problem import Objective
from xlcollab.optim.proving import proved
from xlcollab.optim.rule import Stop
from xlcollab.optim.searches.engine import run
from xlcollab.optim.solution import (
    Solution,
    Status,
    StepCallback,
    WeightsCallback,
    missed_by,
)
from xlcollab.optim.starts import starts
from xlcollab.settings.counting import counted
from xlcollab.settings.methods import METHODS
from xlcollab.settings.serving import check_options
from xlcollab.settings.solving import Settings


def solve(
    objective: Objective,
    start: Tensor,
    settings: Settings | None = None,
    on_step: StepCallback | None = None,
    on_weights: WeightsCallback | None = None,
) -> Solution:
    """Optimise `objective` from `start`, a vector (n,) of any float dtype on any device.

    A start outside the bounds is moved onto them. A model that cannot be optimised (integers in
    a nonlinear model, an objective that is no number at the start) gives a solution with status
    `refused`. `on_step` sees the row of every iteration of every start, `on_weights` its
    weights just before. Ctrl-C gives the best
    weights so far with status `interrupted`.

    Raises:
        UsageError: settings that contradict each other or the model, or wrong shapes.
    """
    settings = Settings() if settings is None else settings
    check_options(settings)
    _check_shapes(objective, start)
    objective = _without_empty_constraints(objective)
    evaluator = Evaluator(objective, start, settings.l2)
    task = Task(evaluator, settings, on_step, time.perf_counter(), on_weights)
    choice = choose(objective, start, settings)
    stop = _hindrance(objective, choice)
    if stop is not None:
        return _solution(_End(refused(task, start, stop), choice, 0), task, start)
    try:
        end = _in_time(task, start.detach(), choice)
    finally:
        forget_formulas()
    with finished_first():  # a signal that comes now costs nobody what was found
        return _solution(end, task, start)


def _in_time(task: Task, start: Tensor, choice: Choice) -> _End:
    """Where the run ends, at the latest when the time limit rings."""
    limit = task.settings.time_limit
    end = None
    try:
        with time_limit(None if limit is None else limit + _PATIENCE):
            end = _best_of_starts(task, start, choice)
            return _late(end) if is_out_of_time() else end
    except OutOfTime:  # which may be while the clock is put away
        if end is None:
            raise
        return end


_PATIENCE = 0.15
"""Seconds beyond a time limit that engines have to end by themselves, which they do between two
evaluations; of large sheets one takes longer than that."""


class _End(NamedTuple):
    """Where a run ended, by which choice, and after how many iterations of all starts."""

    best: Attempt
    choice: Choice
    iterations: int


def _late(end: _End) -> _End:
    """The same, where what ended it was the time limit."""
    stop = end.best.outcome.stop
    if stop.status is not Status.INTERRUPTED:
        return end
    stop = replace(stop, status=Status.TIME_LIMIT)
    return end._replace(best=replace(end.best, outcome=replace(end.best.outcome, stop=stop)))


def _best_of_starts(task: Task, start: Tensor, choice: Choice) -> _End:
    if choice.stages[0].method == "highs":
        linear = by_highs(task, task.evaluator.project(start))
        if linear is not None:
            count = linear.recorder.iteration
            linear = _once_more(_at_rest, linear, task, start)
            return _End(linear, choice, count)
        choice = _without_linear_form(task, start)
        stop = _hindrance(task.objective, choice)
        if stop is not None:
            return _End(refused(task, start, stop), choice, 0)
    best: Attempt | None = None
    iterations = 0
    for drawn in starts(start, task.objective, task.settings):
        recorder = task.recorder()
        try:
            found = run(task, choice, drawn, recorder)
        except KeyboardInterrupt:
            if best is None and recorder.iteration == 0 and not is_out_of_time():
                raise
            found = interrupted(task, choice.stages[0].method, drawn, recorder)
        iterations += found.recorder.iteration
        found = _once_more(at_its_best, found, task, start)
        best = found if best is None else better(best, found)
        if found.outcome.stop.status in EARLY:
            best = replace(best, outcome=replace(best.outcome, stop=found.outcome.stop))
            break
    assert best is not None
    return _End(_judged(best, task, start), choice, iterations)


def _at_rest(found: Attempt, task: Task, start: Tensor) -> Attempt:
    return _unmoved(at_its_best(found, task, start), task, start)


def _once_more(
    ending: Callable[[Attempt, Task, Tensor], Attempt], found: Attempt, task: Task, start: Tensor
) -> Attempt:
    """An ending that is made from its beginning where the run is ended in its midst: what was found
    is not lost."""
    try:
        return ending(found, task, start)
    except KeyboardInterrupt:
        found = ending(found, task, start)
    stop = Stop(Status.INTERRUPTED, found.outcome.stop.message)
    return replace(found, outcome=replace(found.outcome, stop=stop))


def _judged(best: Attempt, task: Task, start: Tensor) -> Attempt:
    """What is known of the end of a run, as far as there is time to find out."""
    try:
        return proved(_modest(_unmoved(best, task, start), task, start), task, start)
    except KeyboardInterrupt:
        stop = Stop(Status.INTERRUPTED, best.outcome.stop.message)
        return replace(best, outcome=replace(best.outcome, stop=stop))


_SAME = 1e-12
"""Values that differ by less of their size are the same."""


def _unmoved(best: Attempt, task: Task, start: Tensor) -> Attempt:
    """The start, where it keeps all constraints, is as good, and has no slope: an objective that
    is constant moves no variable."""
    if not best.outcome.stop.status.has_solution or task.settings.l2:
        return best
    objective = task.objective
    point, reached = task.evaluator.at(start), best.outcome.point
    size = _SAME * max(abs(point.objective), abs(reached.objective))
    if not abs(point.objective - reached.objective) <= size:
        return best
    flat = bool((torch.nan_to_num(point.gradient).abs() <= size).all())
    if not flat or not is_allowed(objective, start):
        return best
    best.recorder.close(task.evaluator, point)
    return replace(best, x=start, outcome=replace(best.outcome, point=point))


def _modest(best: Attempt, task: Task, start: Tensor) -> Attempt:
    """No more said than is known: without a slope, on a step or at a start that never moved, a
    point is stationary and no more; on the way to infinity it is none at all."""
    best = fled(best, task, start)
    stop = best.outcome.stop
    asked = task.settings.method != "auto" and best.recorder.iteration == 0
    blind = task.objective.shape == "steps" or asked
    if stop.status is not Status.LOCALLY_OPTIMAL or not blind:
        return best
    return replace(best, outcome=replace(best.outcome, stop=Stop(Status.STATIONARY, stop.message)))


def _without_linear_form(task: Task, start: Tensor) -> Choice:
    """The next engine, where the formulas are not what their linear form made of them."""
    if task.settings.method == "highs":
        raise UsageError(
            "the formulas are not linear at the point that HiGHS found; use --method auto"
        )
    choice = choose(replace(task.objective, linear=None), start, task.settings)
    return replace(choice, reason=f"{choice.reason} (it is not as linear as it looked)")


def _check_shapes(objective: Objective, start: Tensor) -> None:
    if start.dim() != 1 or start.numel() == 0 or not start.is_floating_point():
        raise UsageError(
            f"the start has shape {tuple(start.shape)} and type {start.dtype}; expected a vector "
            "of at least one floating-point number"
        )
    for name in ("lower", "upper", "integer", "fan_in"):
        values = getattr(objective, name)
        if values is not None and values.shape != start.shape:
            shapes = f"{tuple(values.shape)}; expected that of the start, {tuple(start.shape)}"
            raise UsageError(f"{name} has shape {shapes}")


def _without_empty_constraints(objective: Objective) -> Objective:
    limits = objective.constraint_lower
    if limits is not None and limits.numel() == 0:
        return replace(objective, constraints=None, constraint_lower=None, constraint_upper=None)
    return objective


def _hindrance(objective: Objective, choice: Choice) -> Stop | None:
    """Why the model cannot be optimised at all."""
    method = choice.stages[0].method
    if objective.alldifferent and not METHODS[method].takes_alldifferent:
        text = f"Some variables must be all different, which method {method} does not know"
        return Stop(Status.REFUSED, f"{text}; use auto or evolutionary.")
    if objective.has_integers and not METHODS[method].takes_integers:
        text = f"Some variables must be whole numbers, which method {method} does not know"
        return Stop(Status.REFUSED, f"{text}; use auto, branch or evolutionary.")
    crossed = _crossed(objective.lower, objective.upper)
    if crossed is not None:
        return Stop(
            Status.INFEASIBLE, f"The lower bound of variable {crossed} lies above its upper bound."
        )
    crossed = _crossed(objective.constraint_lower, objective.constraint_upper)
    if crossed is not None:
        return Stop(
            Status.INFEASIBLE,
            f"The lower limit of constraint {crossed} lies above its upper limit.",
        )
    return None


def _crossed(lower: Tensor | None, upper: Tensor | None) -> int | None:
    """The first place, from 1, where lower > upper."""
    if lower is None or upper is None or not bool((lower > upper).any()):
        return None
    return int((lower > upper).nonzero()[0, 0]) + 1


def _solution(end: _End, task: Task, start: Tensor) -> Solution:
    best, choice, iterations = end
    judge = task.evaluator.judging(start)
    point = judge.at(best.x)
    missed = misses(task.objective, best.x)
    multipliers = best.multipliers if missed.numel() else start.new_zeros(0)
    violation = missed.max().item() if missed.numel() else 0.0
    feasible = within_tolerance(task.objective, missed, best.x)
    if not feasible and best.outcome.stop.status in _OPTIMA:
        stop = Stop(Status.BEST_FOUND, "")  # no optimum is one that breaks constraints
        best = replace(best, outcome=replace(best.outcome, stop=stop))
    stop = best.outcome.stop
    message = _told(best, choice, iterations, feasible=feasible)
    if stop.status.has_solution and not feasible:
        message = f"{message} {missed_by(violation)}"
    return Solution(
        x=best.x,
        objective=point.objective,
        initial=judge.at(start).objective,
        status=stop.status,
        message=message,
        method=best.method,
        iterations=iterations,
        evaluations=task.evaluator.evaluations,
        gradient=point.gradient,
        multipliers=multipliers,
        reduced_gradient=_reduced(best, task.objective, point.gradient, multipliers),
        max_violation=violation,
        feasible=feasible,
        seconds=time.perf_counter() - task.began,
        bound=best.recorder.bound,
        linear=best.linear,
        limit=stop.limit,
        population=best.population,
        history=best.recorder.history(),
    )


_OPTIMA = frozenset({Status.OPTIMAL, Status.LOCALLY_OPTIMAL, Status.STATIONARY})

_DUST = 1e-12
"""Of the sizes of what is added up: a difference below it is rounding, that of multipliers which
were solved for included."""


def _reduced(best: Attempt, objective: Objective, gradient: Tensor, multipliers: Tensor) -> Tensor:
    """The gradient less what the constraints push, (n,); 0 where only rounding is left. Of kinks
    that were rewritten what the rewritten rows say."""
    if best.linear is not None and best.linear.reduced is not None:
        return torch.as_tensor(best.linear.reduced).to(gradient)
    if bool(multipliers.isnan().any()):
        return torch.full_like(gradient, torch.nan)
    pushing = multipliers.nonzero().flatten()
    rows, multipliers = slopes(objective, best.x, pushing), multipliers[pushing]
    found = gradient - rows.T @ multipliers
    size = gradient.abs() + rows.T.abs() @ multipliers.abs()
    return torch.where(found.abs() <= _DUST * size, 0.0, found)


_COUNTED = frozenset({Status.DONE, Status.ITERATION_LIMIT})
_OWN_COUNT = frozenset(name for name, method in METHODS.items() if method.own_count)


def _told(best: Attempt, choice: Choice, iterations: int, *, feasible: bool) -> str:
    """The method and why, how it ended, and after how many iterations of all stages together."""
    stop = best.outcome.stop
    counts = stop.status in _COUNTED
    counts |= stop.status is Status.INTERRUPTED and best.method not in _OWN_COUNT
    count = f"{counted(iterations, 'iteration', done='made')}." if counts else ""
    sentence = stop.status.told(feasible=feasible)
    ending = " ".join(part for part in (sentence, count, stop.message) if part)
    return f"{best.method}: {choice.reason}. {ending}"
