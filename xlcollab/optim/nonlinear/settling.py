"""A point within rounding of its bounds, put on them; within the tolerance of its rows, on these.

How many of the last digits an iterative search leaves between a variable and its bound depends on
the processor; whether the bound holds the variable does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.nonlinear.kkt import STATIONARY, conditions
from xlcollab.optim.nonlinear.probing import restored
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


def on_rows(model: SizedModel, y: Array) -> Array:
    """y moved onto the rows that it misses within the tolerance, where that costs next to nothing.
    Shape (n,)."""
    try:
        here = model.values(y)
        if not _TIGHT < here.missed <= FEASIBLE:
            return y
        there = model.values(restored(model, y))
    except (TimeIsUpError, KeyboardInterrupt):
        return y
    lost = there.objective - here.objective
    return (
        there.y if there.missed <= _TIGHT and lost <= _COST * max(1.0, abs(here.objective)) else y
    )


_TIGHT = 1e-9
"""A row of size one that is missed by no more is held."""
_COST = 1e-4
"""On an objective of size one: what a tolerance may have gained."""


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
