"""A descent from what a search without slopes found: its last digits."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.auto import choose
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.searches.descents import GAIN, descend, room


def descended(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """By the engine that a smooth model of this kind would get."""
    settings = replace(task.settings, method="auto", multistart=False)
    plain = replace(task.objective, shape="smooth", alldifferent=(), integer=None, linear=None)
    task = replace(task, evaluator=task.evaluator.of(plain, start), settings=settings)
    choice = choose(plain, start, settings)
    return descend(task, choice, start, recorder)


def held(task: Task, x: Tensor) -> Task:
    """The task with its whole numbers held where they are."""
    objective, whole = task.objective, task.objective.integer
    if whole is None:
        return task
    whole = whole.to(x.device)
    free = torch.full_like(x, torch.inf)
    lower = torch.where(whole, x, -free if objective.lower is None else objective.lower)
    upper = torch.where(whole, x, free if objective.upper is None else objective.upper)
    fixed = replace(objective, lower=lower, upper=upper)
    return replace(task, evaluator=task.evaluator.of(fixed, x))


def improves(task: Task, polished: Attempt, found: Attempt) -> bool:
    if not polished.outcome.stop.status.has_solution:
        return False
    allowed = max(1e-6, found.outcome.point.violation)
    gain = room(task, found, GAIN)
    return polished.outcome.point.violation <= allowed and polished.value < found.value - gain


def is_auto(task: Task) -> bool:
    return task.settings.method == "auto"


def all_whole(task: Task) -> bool:
    whole = task.objective.integer
    return whole is not None and bool(whole.all())
