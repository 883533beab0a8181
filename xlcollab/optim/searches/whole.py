"""Whole numbers in a curved model: every combination, a tree, and a population from its best."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor

from xlcollab.optim.algebra.models import is_convex_model
from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.branching.engine import by_branching
from xlcollab.optim.evolution.engine import by_evolution, enumerable
from xlcollab.optim.loop import Outcome
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.searches.descents import MOST_TO_LOOK_AROUND
from xlcollab.optim.searches.polishing import descended, held, improves, is_auto
from xlcollab.optim.solution import Status


def branched(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """Every combination where they are few or soon tried; else branch and bound, and where that is
    no proof, a population from its best as well."""
    count = enumerable(task, start)
    if count:
        return replace(by_evolution(task, start, recorder, count), method="branch")
    found = by_branching(task, start, recorder)
    if not is_auto(task) or start.numel() > MOST_TO_LOOK_AROUND:
        return found
    if found.outcome.stop.status is Status.INFEASIBLE:
        return _doubted(task, found)
    if found.outcome.stop.status is not Status.BEST_FOUND or not math.isnan(recorder.bound):
        return found
    drawn, best = _drawn(task, found)
    if not improves(task, best, found):
        recorder.close(task.evaluator, found.outcome.point)
        return found
    return _told(drawn, best, f"{found.outcome.stop.message} A population from there found better.")


def _doubted(task: Task, found: Attempt) -> Attempt:
    """A model in which a tree found no point: of curved rows that are not convex that is no proof,
    and a population may."""
    if is_convex_model(task.objective, found.x.numel()):
        return found
    drawn, best = _drawn(task, found)
    before = found.outcome.stop.message
    if drawn.outcome.stop.status is Status.INFEASIBLE:
        stop = Stop(Status.INFEASIBLE, f"{before} Nor does a point of a population satisfy them.")
        return replace(found, outcome=replace(found.outcome, stop=stop))
    return _told(drawn, best, f"{before} A population found some, and this is its best.")


def _drawn(task: Task, found: Attempt) -> tuple[Attempt, Attempt]:
    """A population from a tree's best, and the end of a descent from its best, where that is
    better."""
    drawn = by_evolution(task, found.x, found.recorder)
    if not drawn.outcome.stop.status.has_solution:
        return drawn, drawn
    polished = descended(held(task, drawn.x), drawn.x, found.recorder)
    return drawn, polished if improves(task, polished, drawn) else drawn


def _told(drawn: Attempt, best: Attempt, text: str) -> Attempt:
    """The best of a population, as what a tree came to."""
    early = drawn.outcome.stop.status in (Status.INTERRUPTED, Status.TIME_LIMIT)
    stop = Stop(drawn.outcome.stop.status if early else Status.BEST_FOUND, text)
    outcome = Outcome(best.outcome.point, stop)
    return replace(best, outcome=outcome, method="branch", population=drawn.population)
