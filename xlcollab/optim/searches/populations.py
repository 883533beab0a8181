"""A population, with a descent before it and after it."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.evolution.domain import domain_of
from xlcollab.optim.evolution.engine import by_evolution
from xlcollab.optim.loop import Outcome
from xlcollab.optim.nonlinear.multistart import distinct_optima, told
from xlcollab.optim.nonlinear.sized import SizedModel, TimeIsUpError
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.searches.polishing import all_whole, descended, held, improves, is_auto
from xlcollab.optim.solution import Status

_STEPS = 100
"""Of a descent before or after a population, where values step: at an edge nothing shows the end,
and searches for one went on for ten seconds."""


def evolved(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """A descent where there is one, a population from its end, and a descent from the best."""
    objective = task.objective
    if objective.differentiable and not objective.has_integers and is_auto(task):
        first = descended(_briefly(task, recorder), start, recorder)
        start = first.x if first.outcome.stop.status.has_solution else start
        if task.settings.multistart and not objective.alldifferent:
            return _of_many(task, start, recorder)
    return _by_population(task, start, recorder)


def _briefly(task: Task, recorder: Recorder) -> Task:
    """The task with fewer steps, where there are steps in its values."""
    settings = task.settings
    if task.objective.shape != "steps" or settings.iterations is not None:
        return task
    return replace(task, settings=replace(settings, iterations=recorder.iteration + _STEPS))


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
    if status is not Status.BEST_FOUND or not objective.differentiable or all_whole(task):
        return found
    polished = descended(_briefly(held(task, found.x), recorder), found.x, recorder)
    if improves(task, polished, found):
        return _finished(polished, found)
    recorder.close(task.evaluator, found.outcome.point)
    return found


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
