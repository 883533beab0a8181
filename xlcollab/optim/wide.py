"""Searches that look further than one descent: around its end, and by a population."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.optim.algebra.models import is_convex_model
from xlcollab.optim.attempt import Attempt, Task, at_last, attempt
from xlcollab.optim.auto import Choice, choose
from xlcollab.optim.branching.engine import by_branching
from xlcollab.optim.evolution.domain import domain_of
from xlcollab.optim.evolution.engine import by_evolution, can_enumerate
from xlcollab.optim.kept import keeps
from xlcollab.optim.loop import Outcome
from xlcollab.optim.nonlinear.engine import by_sqp
from xlcollab.optim.nonlinear.feasibility import least_violation
from xlcollab.optim.nonlinear.fitting import better_fit
from xlcollab.optim.nonlinear.kkt import conditions
from xlcollab.optim.nonlinear.multistart import distinct_optima, told
from xlcollab.optim.nonlinear.probing import better_elsewhere, better_nearby
from xlcollab.optim.nonlinear.sampling import MOST, better_over_kinks
from xlcollab.optim.nonlinear.sized import SizedModel, TimeIsUpError
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.scip.engine import by_scip
from xlcollab.optim.solution import Status

_MOST_TO_LOOK_AROUND = 200
"""A second search costs as much as the first: for few variables that is nothing."""
_ESCAPES = 5
"""Each costs a whole search."""
_GAIN = 1e-9
"""Above the rounding of the objective."""


def _room(task: Task, found: Attempt, share: float) -> float:
    """What values about an attempt's end may differ by and be one: a share of the objective, or
    where that is small of what brings it to size one there, or of 1."""
    unit = SizedModel(task, found.x, found.recorder).unit
    return share * max(min(1.0, unit), abs(found.value))


def run(task: Task, choice: Choice, start: Tensor, recorder: Recorder | None = None) -> Attempt:
    """One run from one start by the choice's engine; a recorder that is given goes on."""
    recorder = task.recorder() if recorder is None else recorder
    method = choice.stages[0].method
    if method == "branch" and not task.objective.has_integers:
        return replace(by_sqp(task, start, recorder), method="branch")  # the one relaxation
    if method == "sqp":
        return _over_kinks(task, by_sqp(task, start, recorder))
    if method == "evolutionary":
        return _evolved(task, start, recorder)
    if method == "global":
        return _global(task, start, recorder)
    if method == "branch":
        return _branched(task, start, recorder)
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
    stop, few = found.outcome.stop, found.x.numel() <= _MOST_TO_LOOK_AROUND
    if stop.status is not Status.LOCALLY_OPTIMAL or not few or _better(task, found) is None:
        return found
    text = f"{stop.message} Something better lies near it; --method auto goes on from there."
    return replace(found, outcome=replace(found.outcome, stop=Stop(Status.STATIONARY, text)))


def _escaping(task: Task, choice: Choice, start: Tensor, recorder: Recorder) -> Attempt:
    """A descent, begun again where something better lies around its end: a point without slope
    may be no optimum."""
    found = _reached(task, choice, attempt(task, choice, start, recorder))
    looks = task.settings.method == "auto" and start.numel() <= _MOST_TO_LOOK_AROUND
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


_FEW = 20
"""Variables up to which a second search, from elsewhere, costs little."""
_STOPPED = frozenset(
    {Status.LOCALLY_OPTIMAL, Status.TOLERANCE, Status.BEST_FOUND, Status.ITERATION_LIMIT}
)


def _better_of(task: Task, second: Attempt, first: Attempt) -> Attempt:
    """The second, where it is better; else the first."""
    gain = _room(task, first, _GAIN)
    improved = second.outcome.stop.status.has_solution and second.value < first.value - gain
    return second if improved else first


def _better(task: Task, found: Attempt) -> Tensor | None:
    try:
        model = SizedModel(task, found.x, found.recorder)
        near = better_nearby(model, model.start)
    except TimeIsUpError:
        return None
    return None if near is None else model.x(near)


def _evolved(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """A descent where there is one, a population from its end, and a descent from the best."""
    objective = task.objective
    if objective.differentiable and not objective.has_integers and _is_auto(task):
        first = _descended(task, start, recorder)
        start = first.x if first.outcome.stop.status.has_solution else start
        if task.settings.multistart and not objective.alldifferent:
            return _of_many(task, start, recorder)
    return _by_population(task, start, recorder)


def _of_many(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """A population that begins at the best of many descents, and what those ended in."""
    model = SizedModel(task, start, recorder)
    x = model.start * model.size
    domain = domain_of(task.objective, x, model.lower * model.size, model.upper * model.size)
    try:
        optima = distinct_optima(model, domain.lower / model.size, domain.upper / model.size)
    except TimeIsUpError:
        return _by_population(task, _best_seen(model, start), recorder)
    found = _by_population(task, _best_seen(model, start), recorder)
    sign = -1.0 if task.objective.maximize else 1.0
    stop = found.outcome.stop
    text = f"{stop.message} {told(optima, sign * model.unit)}".strip()
    return replace(found, outcome=replace(found.outcome, stop=replace(stop, message=text)))


def _best_seen(model: SizedModel, start: Tensor) -> Tensor:
    """The best feasible point that searches of a model from its start saw, the start if none."""
    here, best = model.look(model.start), model.best
    better = best is not None and (not here.feasible or best.objective < here.objective)
    return model.x(best.y) if best is not None and better else start


def _by_population(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """A population, and a descent from its best."""
    objective = task.objective
    found = by_evolution(task, start, recorder)
    status = found.outcome.stop.status
    if status is not Status.BEST_FOUND or not objective.differentiable or _all_whole(task):
        return found
    polished = _descended(_held(task, found.x), found.x, recorder)
    if _improves(task, polished, found):
        return _finished(polished, found)
    recorder.close(task.evaluator, found.outcome.point)
    return found


def _branched(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """Every combination where they are few; else branch and bound, and where that is no proof, a
    population from its best as well."""
    if can_enumerate(task, start):
        return replace(by_evolution(task, start, recorder), method="branch")
    found = by_branching(task, start, recorder)
    if not _is_auto(task) or start.numel() > _MOST_TO_LOOK_AROUND:
        return found
    if found.outcome.stop.status is Status.INFEASIBLE:
        return _doubted(task, found)
    if found.outcome.stop.status is not Status.BEST_FOUND or not math.isnan(recorder.bound):
        return found
    drawn = by_evolution(task, found.x, recorder)
    polished = _descended(_held(task, drawn.x), drawn.x, recorder)
    best = polished if _improves(task, polished, drawn) else drawn
    if not _improves(task, best, found):
        recorder.close(task.evaluator, found.outcome.point)
        return found
    text = f"{found.outcome.stop.message} A population from there found better."
    stop = Stop(_ended_early(drawn) or Status.BEST_FOUND, text)
    return replace(
        best,
        outcome=Outcome(best.outcome.point, stop),
        method="branch",
        population=drawn.population,
    )


def _doubted(task: Task, found: Attempt) -> Attempt:
    """A model in which a tree found no point: of curved rows that are not convex that is no proof,
    and a population may."""
    if is_convex_model(task.objective, found.x.numel()):
        return found
    drawn = by_evolution(task, found.x, found.recorder)
    if drawn.outcome.stop.status is Status.INFEASIBLE:
        text = f"{found.outcome.stop.message} Nor does a point of a population satisfy them."
        return replace(found, outcome=replace(found.outcome, stop=Stop(Status.INFEASIBLE, text)))
    polished = _descended(_held(task, drawn.x), drawn.x, found.recorder)
    best = polished if _improves(task, polished, drawn) else drawn
    text = f"{found.outcome.stop.message} A population found some, and this is its best."
    stop = Stop(_ended_early(drawn) or Status.BEST_FOUND, text)
    outcome = Outcome(best.outcome.point, stop)
    return replace(best, outcome=outcome, method="branch", population=drawn.population)


def _is_at_a_jump(task: Task, found: Attempt, polished: Attempt) -> bool:
    """Whether all would be otherwise a little further on, where a sheet that compares 15 digits
    may be already."""
    x = polished.x + _FURTHER * (polished.x - found.x)
    here, there = polished.outcome.point.objective, task.evaluator.at(x).objective
    alike = abs(there - here) <= _room(task, polished, _POLISHED)
    return not (alike and keeps(task.objective, x))


_FURTHER = 1e-6
"""Of the way that a descent went: more than the digits that Excel leaves out."""


def _global(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """SCIP's solution, its last digits by a descent with the whole numbers held."""
    found = by_scip(task, start, recorder)
    status = found.outcome.stop.status
    if status not in (Status.OPTIMAL, Status.BEST_FOUND) or not task.objective.differentiable:
        return found
    if _all_whole(task) or task.objective.alldifferent or start.numel() > _MOST_TO_LOOK_AROUND:
        return found
    polished = _descended(_held(task, found.x), found.x, task.recorder())
    point = polished.outcome.point
    if not polished.outcome.stop.status.has_solution or point.violation > 1e-9:
        return found
    room = _room(task, found, _POLISHED)
    far = abs(polished.value - found.value) > room
    if far or _is_at_a_jump(task, found, polished):
        return found
    recorder.end(task.evaluator, point, may_step=True)
    return replace(
        found, x=polished.x, value=polished.value, outcome=Outcome(point, found.outcome.stop)
    )


_POLISHED = 1e-5
"""Relative: a descent that ends farther off has left the valley that was proved."""


def _ended_early(found: Attempt) -> Status | None:
    status = found.outcome.stop.status
    return status if status in (Status.INTERRUPTED, Status.TIME_LIMIT) else None


def _is_auto(task: Task) -> bool:
    return task.settings.method == "auto"


def _all_whole(task: Task) -> bool:
    whole = task.objective.integer
    return whole is not None and bool(whole.all())


def _descended(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """By the engine that a smooth model of this kind would get."""
    settings = replace(task.settings, method="auto", multistart=False)
    plain = replace(task.objective, shape="smooth", alldifferent=(), integer=None, linear=None)
    task = replace(task, evaluator=task.evaluator.of(plain, start), settings=settings)
    choice = choose(plain, start, settings)
    return run(task, choice, start, recorder)


def _held(task: Task, x: Tensor) -> Task:
    """The task with its whole numbers held where they are."""
    objective, whole = task.objective, task.objective.integer
    if whole is None:
        return task
    whole = whole.to(x.device)
    free = torch.full_like(x, torch.inf)
    lower = torch.where(whole, x, -free if objective.lower is None else objective.lower)
    upper = torch.where(whole, x, free if objective.upper is None else objective.upper)
    held = replace(objective, lower=lower, upper=upper)
    return replace(task, evaluator=task.evaluator.of(held, x))


def _improves(task: Task, polished: Attempt, found: Attempt) -> bool:
    if not polished.outcome.stop.status.has_solution:
        return False
    allowed = max(1e-6, found.outcome.point.violation)
    gain = _room(task, found, _GAIN)
    return polished.outcome.point.violation <= allowed and polished.value < found.value - gain


def _finished(polished: Attempt, found: Attempt) -> Attempt:
    """The polished point, told as the population's."""
    text = f"{found.outcome.stop.message} The best was polished by {polished.method}."
    stop = Stop(Status.BEST_FOUND, text)
    return replace(
        polished,
        outcome=Outcome(polished.outcome.point, stop),
        method="evolutionary",
        population=found.population,
    )
