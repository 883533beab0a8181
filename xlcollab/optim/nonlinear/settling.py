"""A point within rounding of its bounds, put on them; within the tolerance of its rows, on these.

How many of the last digits an iterative search leaves between a variable and its bound depends on
the processor; whether the bound holds the variable does not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.kept import keeps
from xlcollab.optim.nonlinear.kkt import STATIONARY, conditions
from xlcollab.optim.nonlinear.probing import newton, restored
from xlcollab.optim.nonlinear.sized import Array, SizedModel, TimeIsUpError
from xlcollab.optim.problem import FEASIBLE

_NEAR = 1e-7
"""Nearer than a search tells from the bound itself."""
_MISSED = 1e-8
"""A hundredth of Excel's precision."""
_WORSE = 1e-9
"""Rounding of the objective."""
_MOST_ALONE = 20
"""One evaluation each."""


def on_bounds(model: SizedModel, y: Array) -> Array:
    """y with every variable on a bound that is near and presses, where rows and objective allow it:
    all of them at once, else one after the other. Shape (n,)."""
    reach = _NEAR * (1.0 + np.abs(y))
    low = (y > model.lower) & (y <= model.lower + reach)
    high = (y < model.upper) & (y >= model.upper - reach)
    places = np.flatnonzero(low | high)
    try:
        if not places.size or _holds(model, y, moved := _on(model, y, low, high)):
            return moved if places.size else y
        for place in places[:_MOST_ALONE]:
            one = np.arange(model.n) == place
            if _holds(model, y, moved := _on(model, y, low & one, high & one)):
                y = moved
    except (TimeIsUpError, KeyboardInterrupt):
        return y
    return y


def on_rows(model: SizedModel, y: Array, *, regular: bool = True) -> Array:
    """y moved onto the rows that it misses within the tolerance, where that costs next to nothing.
    Shape (n,).

    Where the conditions of optimality are not shown to hold, rows may have lost their slopes at the
    point they allow, as a sum of squares that may not be above 0: there Newton's steps halve what
    is left, many are made, and a tolerance gains as much as its root.
    """
    try:
        here = model.values(y)
        if not (_TIGHT if regular else _HELD) < here.missed <= FEASIBLE:
            return y
        there = model.values(restored(model, y) if regular else _far_restored(model, y))
        broken = not keeps(model.task.objective, model.x(y))
    except (TimeIsUpError, KeyboardInterrupt):
        return y
    cost = math.inf if broken else _COST if regular else _FLAT_COST
    lost = there.objective - here.objective
    dear = lost > cost * max(1.0, abs(here.objective))
    return y if there.missed > _TIGHT or there.missed >= here.missed or dear else there.y


def _far_restored(model: SizedModel, y: Array) -> Array:
    """The same by many steps in which no row that binds may be left for another."""
    for _ in range(_MANY_STEPS):
        values, _, matrix = model.derivatives(y)
        if values.missed <= _HELD:
            break
        low, high = values.rows - model.row_lower, values.rows - model.row_upper
        gaps = np.where(low <= _BINDS, low, np.where(high >= -_BINDS, high, 0.0))
        step = newton(model, y, matrix, gaps, gaps != 0.0)
        if not np.isfinite(step).all():
            break
        y = model.clip(y + step)
    return y


_TIGHT = 1e-9
"""A row of size one that is missed by no more is held."""
_BINDS = 1e-6
"""So near a limit a row of size one is kept on it."""
_HELD = 1e-15
"""The square of a distance that is within the tolerance by far."""
_MANY_STEPS = 60
"""Each takes a quarter off a fourth power, three quarters of a square."""
_COST, _FLAT_COST = 1e-4, 1e-2
"""On an objective of size one: what a tolerance may have gained, where rows have slopes, and where
they have none."""


def _on(model: SizedModel, y: Array, low: NDArray[np.bool_], high: NDArray[np.bool_]) -> Array:
    return np.where(low, model.lower, np.where(high, model.upper, y))


def _holds(model: SizedModel, y: Array, moved: Array) -> bool:
    """Whether the moved point is as good, and the conditions hold there no less than at y: with the
    signs that multipliers may have, they do where the bound presses."""
    before, after = conditions(model, y), conditions(model, moved)
    old, new = model.values(y), model.values(moved)
    worse = new.objective > old.objective + _WORSE * max(1.0, abs(old.objective))
    missed = after.missed > max(_MISSED, 1.01 * before.missed)
    return not worse and not missed and after.residual <= max(STATIONARY, 1.01 * before.residual)
