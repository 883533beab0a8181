"""Descents from many starts spread over the bounds, and the distinct optima in which they end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch.quasirandom import SobolEngine

from xlcollab.optim.nonlinear.kkt import conditions
from xlcollab.optim.nonlinear.sized import Array, SizedModel
from xlcollab.optim.nonlinear.sqp import sqp

STARTS = 32
"""A power of two, in which Sobol's points are balanced."""
_STEPS = 200
"""From each start: one that takes longer is rarely near an optimum of its own."""
_SAME_VALUE = 1e-6
"""Relative; of two ends nearer than that the points are compared."""
_SAME_PLACE = 1e-3
"""Of the width of the box: two ends nearer than that are one."""
_SHOWN = 3
"""Optima that a sentence tells; the others are counted."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """An end at which the conditions of optimality hold, and how many starts led there."""

    y: Array
    objective: float
    """Of size one, minimised."""
    starts: int


def distinct_optima(model: SizedModel, lower: Array, upper: Array) -> list[Optimum]:
    """The optima that descents from quasi-random points of a box (in sized variables) end in, the
    best first. Raises TimeIsUpError."""
    drawn = SobolEngine(model.n, scramble=True, seed=model.task.settings.seed).draw(STARTS)
    found: list[Optimum] = []
    for start in lower + drawn.double().numpy() * (upper - lower):
        y, _ = sqp(model, start, _STEPS, recorded=False)
        if model.values(y).feasible and conditions(model, y).hold:
            _put(found, model.values(y).y, model.values(y).objective, upper - lower)
    return sorted(found, key=lambda one: one.objective)


def _put(found: list[Optimum], y: Array, objective: float, width: Array) -> None:
    """Count an end with the optimum that it is, or as a new one."""
    for place, other in enumerate(found):
        near = np.abs(other.y - y).max() <= _SAME_PLACE * max(float(width.max()), 1e-300)
        if near and abs(other.objective - objective) <= _SAME_VALUE * max(1.0, abs(objective)):
            best = min(other, Optimum(y, objective, 0), key=lambda one: one.objective)
            found[place] = Optimum(best.y, best.objective, other.starts + 1)
            return
    found.append(Optimum(y, objective, 1))


def told(optima: Sequence[Optimum], unit: float) -> str:
    """How many there are, and the values of the best; `unit` turns them into the model's own."""
    if not optima:
        return f"None of {STARTS} descents over the bounds ended in an optimum."
    led = sum(one.starts for one in optima)
    first = optima[: _SHOWN + 1]
    values = ", ".join(f"{unit * one.objective:.6g} ({one.starts})" for one in first)
    more = len(optima) - len(first)
    rest = f" and {more} more" if more else ""
    kind = "optimum" if len(optima) == 1 else "distinct optima"
    return (
        f"{led} of {STARTS} descents over the bounds ended in {len(optima)} {kind}, by value"
        f" (and how many led there): {values}{rest}."
    )
