"""The optimum of a convex quadratic program to the last digits.

HiGHS regularises the hessian a little and stops at its tolerances. Which rows and bounds hold the
optimum is known by then; with those as equations it is the solution of one linear system (Nocedal
and Wright, "Numerical Optimization", section 16.1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.linear.model import Array, Program

_ACTIVE = 1e-5
"""Above HiGHS' tolerances: what it calls active lies within."""
_MOST_UNKNOWNS = 2000
"""A dense system of so many is solved in the order of a second."""
_NO_WORSE = 1e-9
"""Rounding of the objective."""


def polished(program: Program, x: Array) -> Array:
    """x, or the point that its active rows and bounds fix exactly, where that is no worse. Shape
    (n,)."""
    assert program.hessian is not None
    held = (x <= program.lower + _near(program.lower)) | (x >= program.upper - _near(program.upper))
    values = program.matrix @ x
    low = values <= program.row_lower + _near(program.row_lower)
    high = values >= program.row_upper - _near(program.row_upper)
    rows = np.flatnonzero(low | high)
    free = np.flatnonzero(~held)
    if not free.size or free.size + rows.size > _MOST_UNKNOWNS:
        return x
    base = np.where(held, np.clip(x, program.lower, program.upper), x)
    at_lower = np.abs(x - program.lower) <= np.abs(program.upper - x)
    base = np.where(held, np.where(at_lower, program.lower, program.upper), base)
    limits = np.where(low, program.row_lower, program.row_upper)[rows]
    found = _on_rows(program, base, free, rows, limits)
    return found if _no_worse(program, x, found) else x


def _near(limit: Array) -> Array:
    return np.asarray(_ACTIVE * (1.0 + np.abs(np.where(np.isfinite(limit), limit, 0.0))))


def _on_rows(
    program: Program,
    x: Array,
    free: NDArray[np.int64],
    rows: NDArray[np.int64],
    limits: Array,
) -> Array:
    """The least of the objective in the `free` columns with the rows at their limits."""
    assert program.hessian is not None
    hessian = program.hessian.toarray()
    matrix = program.matrix[rows].toarray()
    slopes = hessian @ x + program.c
    inner = matrix[:, free]
    size, count = len(free), len(rows)
    system = np.zeros((size + count, size + count))
    system[:size, :size] = hessian[np.ix_(free, free)]
    system[:size, size:] = inner.T
    system[size:, :size] = inner
    right = np.concatenate([-slopes[free], limits - matrix @ x])
    step = np.linalg.lstsq(system, right, rcond=None)[0][:size]
    found = x.copy()
    found[free] += step
    return found


def _no_worse(program: Program, x: Array, other: Array) -> bool:
    if not np.isfinite(other).all():
        return False
    before, after = program.value(x), program.value(other)
    missed = program.violation(other)
    if missed > max(_NO_WORSE, program.violation(x)):
        return False
    return after <= before + _NO_WORSE * (1.0 + abs(before)) + 10.0 * program.violation(x)
