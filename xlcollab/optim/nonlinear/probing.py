"""Looking around a point: is there a better one near it?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Generator

from xlcollab.optim.nonlinear.sized import Array, SizedModel
from xlcollab.optim.nonlinear.sqp import sqp
from xlcollab.optim.starts import within

Mask = NDArray[np.bool_]

_WIDTHS = (1e-2, 0.5)
"""Near, where slopes count, and as far as half of the range."""
_AXES = 6
"""Single variables tried; all where there are so few."""
_RANDOM = 4
"""Random directions beside them."""
_TIGHT = 1e-10
"""Nearby points may gain by leaving the rows a little: they may not."""
_RESTORING_STEPS = 4
"""Newton's steps back onto the rows: each doubles the digits."""
_HELD_ROUNDS = 3
"""Variables that are held turn others against their bounds: rarely more than once."""
_GAIN = 1e-8
"""Above the rounding of the objective and the tolerance of the search."""


def better_nearby(model: SizedModel, y: Array) -> Array | None:
    """A feasible point of lower objective among seeded ones near y; None when none is.

    Along single variables and along random directions, near and far; a point that misses the
    rows is moved back onto them by Gauss-Newton. Raises TimeIsUpError. Shape (n,).
    """
    here = model.values(y)
    strict = max(_TIGHT, here.missed)
    best = here.objective - _GAIN * max(1.0, abs(here.objective))
    found: Array | None = None
    for direction in _directions(model):
        for width in _WIDTHS:
            there = restored(model, model.clip(y + width * direction))
            values = model.values(there)
            if values.missed <= strict and values.objective < best:
                best, found = values.objective, there
        if found is not None:
            return found
    return found


def _directions(model: SizedModel) -> Array:
    generator = np.random.default_rng(model.task.settings.seed)
    axes = np.eye(model.n)
    if model.n > _AXES:
        axes = axes[generator.choice(model.n, _AXES, replace=False)]
    random = generator.standard_normal((_RANDOM, model.n))
    random = np.concatenate([random, np.ones((1, model.n))])
    return np.concatenate([axes, -axes, random, -random])


def restored(model: SizedModel, y: Array) -> Array:
    """The point moved onto the rows it misses, as far as a few steps go. Shape (n,).

    Raises TimeIsUpError.
    """
    for _ in range(_RESTORING_STEPS if len(model.weight) else 0):
        if model.values(y).missed <= 1e-10:
            break
        values, _, matrix = model.derivatives(y)
        gaps = model.missed_by(values.rows)
        step = newton(model, y, matrix, gaps, gaps != 0)
        if not np.isfinite(step).all():
            break
        y = model.clip(y + step)
    return y


def newton(model: SizedModel, y: Array, matrix: Array, gaps: Array, rows: Mask) -> Array:
    """The shortest step, (n,), that closes the gaps of some rows, as far as slopes (k, n) tell;
    variables that would leave the bounds they stand on are held."""
    step, free = np.zeros(model.n), np.ones(model.n, np.bool_)
    for _ in range(_HELD_ROUNDS):
        step[:] = 0.0
        step[free] = np.linalg.lstsq(matrix[rows][:, free], -gaps[rows], rcond=1e-10)[0]
        out = ((y <= model.lower) & (step < 0.0)) | ((y >= model.upper) & (step > 0.0))
        if not out.any():
            break
        free &= ~out
    return step


_STARTS = 8
"""Points of a box that are tried: few, for each costs a search."""
_STEPS_FROM_A_START = 200
"""As in a multistart: one that takes longer is rarely near an optimum of its own."""
_MUCH = 1e-6
"""Relative: a gain below it is what two searches for one optimum differ by."""


def better_elsewhere(model: SizedModel, y: Array) -> Array | None:
    """The best end, (n,), of a few searches from seeded points within the bounds that is better
    than y; None when none is. Raises TimeIsUpError."""
    here = model.values(y)
    best = here.objective - _MUCH * max(1.0, abs(here.objective))
    generator = Generator().manual_seed(model.task.settings.seed)
    found: Array | None = None
    for _ in range(_STARTS):
        start = within(model.start, model.lower, model.upper, generator)
        there, _ = sqp(model, start, _STEPS_FROM_A_START, recorded=False)
        values = model.values(there)
        if values.missed <= max(_TIGHT, here.missed) and _UNBOUNDED < values.objective < best:
            best, found = values.objective, there
    return found


_UNBOUNDED = -1e13
"""Of an objective brought to size one: what falls below it has no end."""
