"""The end of a run as the sheet sees it, which compares 15 digits.

A run compares numbers as they are. Beside a jump the two may differ: of 3.0000000000000004 > 3 the
run says TRUE and the sheet, whose cells are what a person gets, FALSE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from xlcollab.optim import FEASIBLE, SAID_OF_RUNS, Solution, Status, missed_by

if TYPE_CHECKING:
    from xlcollab.api.solve.compiling import Compiled

_PARTS = 10.0 ** np.arange(-14, -6)
"""Of a number: from the digits that a sheet does not compare to what float32 can be moved by."""
_ALONE, _ONE_BY_ONE = 1e-13, 20
"""The part by which variables are moved by themselves, too, and how many: each way is two
evaluations."""
_ALIKE = 1e-6
"""Of the objective, or where that is small of what it is made up of, or of 1."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is seen at a point."""

    objective: float
    missed: float
    """By how much a constraint is broken at most."""

    def is_like(self, other: _Seen, size: float) -> bool:
        """Whether a person would call the two the same result of a model whose objective is of
        this size."""
        far = abs(self.objective - other.objective)
        return (
            far <= _ALIKE * max(size, abs(other.objective))
            and self.missed <= other.missed + FEASIBLE
        )


def as_the_sheet_compares(compiled: Compiled, ended: Solution) -> Solution:
    """The solution in its own units; where the sheet does not see there what the run saw, a point
    beside it where it does; where there is none, what the sheet sees."""
    solution = compiled.in_its_own_units(ended)
    if not solution.usable or not _may_jump(compiled):
        return solution
    x = solution.x.detach().cpu().double().numpy()
    ran, seen = _seen(compiled, x, exactly=False), _seen(compiled, x, exactly=True)
    size = _size(solution, x)
    if seen.is_like(ran, size):
        return solution
    for beside in _beside(compiled, x):
        if compiled.run.seconds <= 0.0:
            break
        given = torch.as_tensor(beside).to(solution.x)
        now = _seen(compiled, given.cpu().double().numpy(), exactly=True)
        if now.is_like(ran, size):
            return replace(
                solution, x=given, objective=now.objective, max_violation=max(0.0, now.missed)
            )
    return _told(solution, seen)


def _size(solution: Solution, x: NDArray[np.float64]) -> float:
    """Below which digits of the objective are rounding: its value at the start, and what it is
    made up of as far as slopes tell; 1 at most."""
    slope = solution.gradient.detach().cpu().double().numpy()
    parts = np.abs(np.append(slope * x, solution.initial))
    return float(np.nan_to_num(parts, nan=1.0, posinf=1.0).clip(0.0, 1.0).max())


def _may_jump(compiled: Compiled) -> bool:
    lines = compiled.constraints
    return compiled.cell.steps or (lines is not None and lines.sheet_function.steps)


def _seen(compiled: Compiled, x: NDArray[np.float64], *, exactly: bool) -> _Seen:
    point, cell, lines = torch.as_tensor(x), compiled.cell, compiled.constraints
    with torch.no_grad():
        value = (cell.exactly() if exactly else cell).scalar(point).item()
        if lines is None:
            return _Seen(value, 0.0)
        rows = lines.exactly() if exactly else lines
        sides = rows.reference(point).numpy()
    missed = np.maximum(lines.lower - sides, sides - lines.upper)
    return _Seen(value, float(max(0.0, np.nan_to_num(missed, nan=np.inf).max(initial=0.0))))


def _beside(compiled: Compiled, x: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Points a little further on: all numbers larger or smaller, the nearest first, and then one;
    within the bounds, whole numbers held."""
    limits, size = compiled.limits, np.abs(x)
    size[limits.integer] = 0.0
    for group in limits.alldifferent:
        size[group] = 0.0
    ways = [part * size for part in _PARTS]
    ways += [_ALONE * np.eye(len(x))[i] * size for i in np.flatnonzero(size)[:_ONE_BY_ONE]]
    for way in ways:
        for sign in (1.0, -1.0):
            yield np.clip(x + sign * way, limits.lower, limits.upper)


def _told(solution: Solution, seen: _Seen) -> Solution:
    """What is said where the sheet sees something else than the run, all around."""
    feasible, status = seen.missed <= FEASIBLE, solution.status
    word = "" if feasible else f" {missed_by(seen.missed)}"
    told = (
        "The run ended at a jump, where the sheet, which compares 15 digits, is on the other side:"
        f" there it has {seen.objective:.10g}.{word}"
    )
    now = status if status in SAID_OF_RUNS else Status.BEST_FOUND
    ended, ending = status.told(feasible=solution.feasible), now.told(feasible=feasible)
    return replace(
        solution,
        objective=seen.objective,
        max_violation=seen.missed,
        feasible=feasible,
        status=now,
        message=f"{solution.message.replace(ended, ending, 1)} {told}",
    )
