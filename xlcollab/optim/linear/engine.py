"""The engine `highs` for a task: from the objective's coefficients to an attempt."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from xlcollab.optim.attempt import Attempt, Task, unknown_multipliers
from xlcollab.optim.linear.contradiction import Contradiction, contradiction
from xlcollab.optim.linear.model import Array, LinearModel, Sparse
from xlcollab.optim.linear.program import program_of
from xlcollab.optim.linear.ranging import ranging
from xlcollab.optim.linear.report import LinearReport
from xlcollab.optim.linear.search import Limits
from xlcollab.optim.linear.solving import PROVED, Found, Sight, optimum
from xlcollab.optim.loop import Outcome
from xlcollab.optim.problem import Objective
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status
from xlcollab.settings.solving import Settings


def by_highs(task: Task, start: Tensor) -> Attempt | None:
    """Solve the linear form of the task's objective; the start is where the history begins, and
    the answer where no better point is found.

    None where the objective itself says otherwise than its linear form at the point found: a form
    recognised by sampling is not believed without that.
    """
    assert task.objective.linear is not None
    recorder = task.recorder()
    recorder.begin(task.evaluator, task.evaluator.at(start))
    model: LinearModel | None = task.objective.linear
    while model is not None:
        found = _searched(task, model, start, recorder)
        if model.hessian is not None and found.ending == "limit" and found.limit != "time":
            return None  # HiGHS gave up on it; others need not
        attempt = _attempt(task, model, found, start, recorder)
        if found.x is None or _agrees(task, model, found, attempt):
            return attempt
        model = None if model.stricter is None else model.stricter()
    return None


def _searched(task: Task, model: LinearModel, start: Tensor, recorder: Recorder) -> Found:
    evaluator = task.evaluator
    n, sign = start.numel(), -1.0 if task.objective.maximize else 1.0
    own_units = model.measure == "value"
    seen: list[Array] = []

    def tell(sight: Sight) -> None:
        if own_units:
            recorder.bound = sign * sight.bound
        if sight.x is None or (seen and np.array_equal(sight.x, seen[-1])):
            recorder.repeat()
        else:
            seen.append(sight.x)
            recorder.step(evaluator, evaluator.at(_tensor(sight.x[:n], start)), math.nan)

    program = program_of(replace(task.objective, linear=model))
    found = optimum(program, limits_of(task.settings, task.began), tell)
    if own_units:
        recorder.bound = sign * found.bound
    return found


def _attempt(
    task: Task, model: LinearModel, found: Found, start: Tensor, recorder: Recorder
) -> Attempt:
    evaluator, objective = task.evaluator, task.objective
    x = start if found.x is None else _tensor(found.x[: start.numel()], start)
    x = evaluator.project(x)
    point = evaluator.at(x)
    if found.x is not None:
        with contextlib.suppress(KeyboardInterrupt):  # the search is over already
            if task.settings.iterations == 0:  # found before the first step, or not at all
                recorder.end(evaluator, point, may_step=False)
            else:
                recorder.step(evaluator, point, math.nan)
    return Attempt(
        outcome=Outcome(point, _stop(found, model)),
        x=x,
        value=-point.objective if objective.maximize else point.objective,
        multipliers=_multipliers(found, objective, start) / _slope(model, point.objective),
        method="highs",
        recorder=recorder,
        linear=_report(task, model, found),
    )


def _slope(model: LinearModel, objective: float) -> float:
    """How fast what was minimised rises with the sheet's own objective: its square, where that
    stands for it. Where that does not rise, limits have no price."""
    if model.measure != "square":
        return 1.0
    return 2.0 * objective if objective else math.nan


def _report(task: Task, model: LinearModel, found: Found) -> LinearReport:
    objective = task.objective
    if found.ending == "infeasible":
        return LinearReport(contradiction=_contradiction(task, model))
    if model.helpers is not None:
        return LinearReport(reduced=_reduced(objective, model, found))
    program = program_of(replace(objective, linear=model))
    plain = model.hessian is None and found.ending == "optimal"
    if not plain or found.x is None or found.highs is None or found.scales is None:
        return LinearReport()
    return LinearReport(
        ranging=ranging(found.highs, found.scales, program, found.x, objective.maximize)
    )


def _contradiction(task: Task, model: LinearModel) -> Contradiction | None:
    free = model if model.loose is None else model.loose()
    if free is None:
        return None
    program, helpers = program_of(replace(task.objective, linear=free)), free.helpers
    rows = program.rows - (0 if helpers is None else len(helpers.row_lower))
    columns = program.columns - (0 if helpers is None else len(helpers.lower))
    seconds = limits_of(task.settings, task.began).seconds
    within = free.inside or helpers is not None
    left = math.inf if seconds is None else seconds
    return contradiction(program, rows, columns, within=within, seconds=left)


_AGREEMENT = 1e-6
"""HiGHS' tolerance on whole numbers, on rows brought to size one."""
_ROUNDING = 1e-9
"""What the sheet's own sums may be off by, in parts of their terms."""


def _agrees(task: Task, model: LinearModel, found: Found, attempt: Attempt) -> bool:
    """Whether the objective and the constraints are at the point what their linear form says."""
    assert found.x is not None
    objective = task.objective
    program = program_of(replace(objective, linear=model))
    value = program.value(found.x) * (-1.0 if objective.maximize else 1.0)
    if model.measure == "square":
        value = math.sqrt(max(value, 0.0))
    elif model.measure == "distance":
        value = value * value
    costs, sizes = np.abs(program.c), np.abs(found.x)
    size = abs(value) + abs(program.offset) + float(costs @ sizes)
    noise = costs.max(initial=0.0) * (1.0 + sizes.max(initial=0.0))
    missed = abs(attempt.outcome.point.objective - value)
    if not missed <= _AGREEMENT * size + _ROUNDING * noise:
        return False
    return _kept(objective, attempt.x, program.matrix, found.x)


def _kept(objective: Objective, x: Tensor, matrix: Sparse, point: Array) -> bool:
    """Whether the constraints hold, to the size of what is added up in them."""
    if objective.constraints is None:
        return True
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    with torch.no_grad():
        values = objective.constraints(x).double().cpu()
    low, high = objective.constraint_lower, objective.constraint_upper
    missed = torch.maximum(values - high.double().cpu(), low.double().cpu() - values).numpy()
    size = (abs(matrix) @ np.abs(point))[: len(missed)]
    return bool((missed <= _AGREEMENT * (1.0 + size)).all())


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
    unknown = unknown_multipliers(objective, like)
    if found.multipliers is None or found.ending != "optimal":
        return unknown
    sign = -1.0 if objective.maximize else 1.0
    return _tensor(sign * found.multipliers[: len(unknown)] + 0.0, like)


def _reduced(objective: Objective, model: LinearModel, found: Found) -> Array | None:
    """Those of the model's own variables, in its own sign."""
    if found.reduced is None or found.ending != "optimal" or model.measure != "value":
        return None
    sign, helpers = -1.0 if objective.maximize else 1.0, model.helpers
    own = len(found.reduced) - (0 if helpers is None else len(helpers.lower))
    return np.asarray(sign * found.reduced[:own] + 0.0)


_NO_POINT = "Nothing better than the start was found before that, which is unchanged."


_REACHED = 1e-6
"""Of the size of the target: a value nearer to it has reached it."""


def _stop(found: Found, model: LinearModel) -> Stop:
    """The ending as a status and a sentence."""
    if found.ending == "optimal":
        if model.measure == "distance" and found.value > _REACHED * model.unit:
            return Stop(
                Status.GOAL_NOT_MET, f"HiGHS proved that {found.value:.6g} is missing at least."
            )
        return Stop(Status.OPTIMAL, _proof(found, model))
    if found.ending in ("infeasible", "unbounded"):
        status = Status.INFEASIBLE if found.ending == "infeasible" else Status.UNBOUNDED
        return Stop(status, "HiGHS proved it.")
    if found.ending == "interrupted":
        text = _NO_POINT if found.x is None else f"HiGHS: {_best_found(found)}."
        return Stop(Status.INTERRUPTED, text)
    text = "" if found.limit == "time" else f"The limit of {found.limit} was reached."
    status = _LIMITS.get(found.limit, Status.ITERATION_LIMIT)
    if found.x is None:
        return Stop(status, f"{text} {_NO_POINT}".strip(), found.limit)
    if found.limit == "gap":
        within = f"Within the tolerance asked for: {_best_found(found)}."
        return Stop(Status.BEST_FOUND, within, found.limit)
    return Stop(status, f"{text} HiGHS: {_best_found(found)}.".strip(), found.limit)


_LIMITS = {
    "time": Status.TIME_LIMIT,
    "nodes": Status.BEST_FOUND,
    "solutions": Status.BEST_FOUND,
}


def _proof(found: Found, model: LinearModel) -> str:
    edge = 0.0 if model.helpers is None else model.helpers.edge
    if edge:
        return f"HiGHS: optimal (proved), but for points within {edge:g} of a jump."
    return "HiGHS: optimal (proved)."


def _best_found(found: Found) -> str:
    if found.gap <= PROVED or not np.isfinite(found.gap):
        return "best found" if found.gap <= PROVED else "best found, without a bound"
    return f"best found, gap {100 * found.gap:.3g} %"
