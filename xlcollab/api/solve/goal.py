"""The "value of" goal: an equation among the constraints, and what is told of it afterwards."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.errors import UnsupportedError
from xlcollab.optim import History, Objective, Solution, Status, gradient_of, missed_by

MET = 1e-6
"""A goal missed by no more than this is met: relative to the target, or to 1; where the cell itself
is smaller than that near the start, relative to the cell, so that its unit does not matter."""


def as_equation(objective: Objective, target: float) -> Objective:
    """The objective = target as the last constraint, and nothing to minimise."""
    function, lines = objective.function, objective.constraints
    limit = torch.full((1,), target, dtype=torch.float64)

    def constraints(x: Tensor) -> Tensor:
        value = function(x).reshape(1)
        return value if lines is None else torch.cat([lines(x), value])

    return replace(
        objective,
        function=lambda x: 0.0 * x.sum(),
        native=None,
        maximize=False,
        residuals=None,
        constraints=constraints,
        constraint_lower=_appended(objective.constraint_lower, limit),
        constraint_upper=_appended(objective.constraint_upper, limit),
    )


def _appended(limits: Tensor | None, limit: Tensor) -> Tensor:
    return limit if limits is None else torch.cat([limits, limit.to(limits)])


def as_squares(objective: Objective, target: float) -> Objective:
    """The squared gap, for a method that minimises."""
    function = objective.function
    return replace(
        objective,
        function=lambda x: (function(x) - target).square(),
        native=None,
        maximize=False,
        residuals=lambda x: (function(x) - target).reshape(1),
    )


def judged(
    solution: Solution, cell: Callable[[Tensor], Tensor], start: Tensor, target: float, rows: int
) -> Solution:
    """The solution in the units of the cell, with the status of its goal.

    `rows` counts the model's own constraints; the goal's own multiplier is left out.
    """
    history = solution.history
    size = _size(cell, start, target)
    with torch.no_grad():
        values = [float(cell(torch.as_tensor(x).double())) for x in history.weights]
        final = float(cell(solution.x.double().cpu()))
        initial = float(cell(start))
    shown = tuple(
        replace(row, objective=value) for row, value in zip(history.rows, values, strict=True)
    )
    room = max(MET * size, _last_digits(cell, solution.x.detach().double().cpu()))
    status, ending = _ending(solution, final, target, room)
    message = _without_equation(solution, rows)
    ended = solution.status.told(feasible=solution.feasible)
    if status is Status.OPTIMAL:
        met = "The goal was met, and all constraints are satisfied." if rows else _MET
        message = message.partition(ended)[0] + met
    return replace(
        solution,
        objective=final,
        initial=initial,
        status=status,
        message=message.replace(ended, status.told(feasible=solution.feasible)) + ending,
        multipliers=solution.multipliers[:rows],
        history=History(shown, history.weights),
    )


_MET = "The goal was met."


def _without_equation(solution: Solution, rows: int) -> str:
    """The message without the constraints that a model has only by its goal."""
    if rows:
        return solution.message
    message = solution.message.removesuffix(f" {missed_by(solution.max_violation)}")
    return message.replace(", with constraints", ", its goal an equation", 1)


def any_point(solution: Solution) -> Solution:
    """What came of a model without an objective: a point that satisfies the constraints is all
    that was asked for, however it was found."""
    if not solution.feasible or not solution.usable:
        return solution
    known = Status.OPTIMAL if solution.status is not Status.INTERRUPTED else solution.status
    text = "All constraints are satisfied; there was no objective to improve."
    return replace(solution, status=known, message=f"{text} ({solution.method})")


_UNJUDGED = frozenset({Status.INTERRUPTED, Status.DIVERGED, Status.REFUSED})


def _last_digits(cell: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """What the cell changes by where the last digit of each variable does: no nearer point can be
    written into the cells of a sum of billions."""
    slopes = _slopes(cell, x)
    return 0.0 if slopes is None else _DIGIT * float((slopes * x).abs().sum())


_DIGIT = 2.0**-52
"""The last digit of a number, in parts of it."""


def _slopes(cell: Callable[[Tensor], Tensor], x: Tensor) -> Tensor | None:
    """The cell's gradient, (n,), 0 where it is none; None where it has none anywhere."""
    leaf = x.clone().requires_grad_()
    with contextlib.suppress(UnsupportedError):
        return torch.nan_to_num(gradient_of(cell(leaf), leaf), posinf=0.0, neginf=0.0)
    return None


def _size(cell: Callable[[Tensor], Tensor], start: Tensor, target: float) -> float:
    """Of what a goal is judged by: the target's, or 1 where cell and slope at the start are no
    smaller than that."""
    leaf = start.detach().clone().requires_grad_()
    value = cell(leaf)
    known = [abs(float(value.detach()) - target)]
    with contextlib.suppress(UnsupportedError):
        slope = gradient_of(value, leaf) * start.abs().clamp(min=1.0)
        known.append(float(torch.linalg.vector_norm(slope)))
    own = max((one for one in known if math.isfinite(one)), default=0.0)
    return max(abs(target), min(1.0, own) if own > 0.0 else 1.0)


def _ending(solution: Solution, final: float, target: float, room: float) -> tuple[Status, str]:
    gap = abs(final - target)
    if gap <= room and solution.feasible:
        known = Status.OPTIMAL if solution.status is not Status.INTERRUPTED else solution.status
        return known, f" The objective has the value {target:g} that was asked for."
    missed = f" The target {target:g} was missed by {gap:.6g}; the objective came to {final:.6g}."
    if solution.status in _UNJUDGED:
        return solution.status, missed
    return Status.GOAL_NOT_MET, missed
