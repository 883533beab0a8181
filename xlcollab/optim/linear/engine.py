"""The engine `highs` for a task: from the objective's coefficients to an attempt."""

from __future__ import annotations

import contextlib
import math
import time

import numpy as np
import torch
from torch import Tensor

from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.linear.model import Array, LinearModel
from xlcollab.optim.linear.program import program_of
from xlcollab.optim.linear.search import Limits
from xlcollab.optim.linear.solving import PROVED, Found, Sight, optimum
from xlcollab.optim.loop import Outcome
from xlcollab.optim.problem import Objective
from xlcollab.optim.rule import Stop
from xlcollab.optim.settings import Settings
from xlcollab.optim.solution import Status


def by_highs(task: Task, start: Tensor) -> Attempt:
    """Solve the linear form of the task's objective; the start is where the history begins, and
    the answer where no better point is found."""
    objective, evaluator = task.objective, task.evaluator
    assert objective.linear is not None
    recorder = task.recorder()
    recorder.begin(evaluator, evaluator.at(start))
    n, sign = start.numel(), -1.0 if objective.maximize else 1.0
    seen: list[Array] = []

    def tell(sight: Sight) -> None:
        recorder.bound = sign * sight.bound
        if sight.x is None or (seen and np.array_equal(sight.x, seen[-1])):
            recorder.repeat()
        else:
            seen.append(sight.x)
            recorder.step(evaluator, evaluator.at(_tensor(sight.x[:n], start)), math.nan)

    found = optimum(program_of(objective), limits_of(task.settings, task.began), tell)
    x = start if found.x is None else _tensor(found.x[:n], start)
    point = evaluator.at(x)
    recorder.bound = sign * found.bound
    if found.x is not None:
        with contextlib.suppress(KeyboardInterrupt):  # the search is over already
            recorder.step(evaluator, point, math.nan)
    return Attempt(
        outcome=Outcome(point, _stop(found, objective.linear)),
        x=x,
        value=sign * point.objective,
        multipliers=_multipliers(found, objective, start),
        method="highs",
        recorder=recorder,
    )


def _tensor(x: Array, like: Tensor) -> Tensor:
    return torch.as_tensor(x).to(like)


def limits_of(settings: Settings, began: float) -> Limits:
    """The limits of a run that began at `began` (perf_counter)."""
    seconds = settings.time_limit
    if seconds is not None:
        seconds = max(0.0, seconds - (time.perf_counter() - began))
    return Limits(
        seconds=seconds,
        gap=settings.gap,
        grace=settings.gap_grace,
        nodes=settings.node_limit,
        solutions=settings.solution_limit,
        iterations=settings.iterations,
    )


def _multipliers(found: Found, objective: Objective, like: Tensor) -> Tensor:
    limits = objective.constraint_lower
    count = 0 if limits is None else limits.numel()
    if found.multipliers is None or found.ending != "optimal":
        return like.new_zeros(count)
    sign = -1.0 if objective.maximize else 1.0
    return _tensor(sign * found.multipliers[:count] + 0.0, like)


_NO_POINT = "No point that satisfies all constraints was found before that; the start is unchanged."


def _stop(found: Found, model: LinearModel) -> Stop:
    """The ending as a status and a sentence."""
    if found.ending == "optimal":
        return Stop(Status.OPTIMAL, _proof(found, model))
    if found.ending in ("infeasible", "unbounded"):
        status = Status.INFEASIBLE if found.ending == "infeasible" else Status.UNBOUNDED
        return Stop(status, "HiGHS proved it.")
    if found.ending == "interrupted":
        text = _NO_POINT if found.x is None else f"{_best_found(found)}."
        return Stop(Status.INTERRUPTED, text)
    text = f"The limit of {found.limit} was reached."
    if found.x is None:
        return Stop(Status.INFEASIBLE, f"{text} {_NO_POINT}")
    if found.limit == "gap":
        return Stop(Status.BEST_FOUND, f"Within the tolerance asked for: {_best_found(found)}.")
    return Stop(_LIMITS.get(found.limit, Status.ITERATION_LIMIT), f"{text} {_best_found(found)}.")


_LIMITS = {"time": Status.TIME_LIMIT, "nodes or solutions": Status.BEST_FOUND}


def _proof(found: Found, model: LinearModel) -> str:
    edge = 0.0 if model.helpers is None else model.helpers.edge
    if edge:
        return f"HiGHS: optimal (proved), but for points within {edge:g} of a jump."
    return "HiGHS: optimal (proved)."


def _best_found(found: Found) -> str:
    if found.gap <= PROVED or not np.isfinite(found.gap):
        return "best found" if found.gap <= PROVED else "best found, without a bound"
    return f"best found, gap {100 * found.gap:.3g} %"
