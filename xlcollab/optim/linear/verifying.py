"""What HiGHS says of a quadratic program, looked at again.

Its solver regularises the hessian and takes steps of active sets whose tolerances are absolute: it
called bounded programs unbounded, and points optimal that are none. What it says of linear programs
needs no such look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from xlcollab.optim.linear.highs import has_point, point, solved
from xlcollab.optim.linear.model import Array, Program, Sparse

_ACTIVE = 1e-6
"""HiGHS' tolerance on rows of size one, ten times."""
_HOLDS = 1e-6
"""Of the terms of the gradient: Excel's precision."""
_FALLS = 1e-7
"""Of the costs: a direction of size one that gains less gains nothing."""
_FLAT = 1e-12
"""Of the hessian's largest bend: less of it is what rounding makes of none."""
_MOST_BENT = 2000
"""Beyond, eigenvectors take longer than the search: what then has no end is told as in doubt."""
_LEAVES = 1e-6
"""Of a direction: HiGHS' tolerance is absolute, and a short one leaves rows within it."""
_MOST_ACTIVE = 2000
"""Beyond, fitting the multipliers takes more than a second; HiGHS' own word is taken."""


_JUDGED = frozenset({"optimal", "unbounded", "infeasible"})


def confirmed(program: Program, ending: str, x: Array | None) -> str:
    """The ending that holds: "infeasible" where there is no point without an objective either,
    "unbounded" where a way falls for ever, "optimal" by the conditions of optimality; "doubt" where
    none of these is so."""
    if ending not in _JUDGED:
        return ending
    if x is None and not is_feasible(program):
        return "infeasible"
    if _falls_for_ever(program):
        return "unbounded"
    return "optimal" if x is not None and _is_stationary(program, x) else "doubt"


def is_feasible(program: Program) -> bool:
    """Whether a program without costs has a point."""
    return has_point(solved(replace(program, c=np.zeros(program.columns), hessian=None)))


def _is_stationary(program: Program, x: Array) -> bool:
    """Whether the slope is held by rows and bounds that press, each from its own side."""
    assert program.hessian is not None
    found = held(program, x)
    size = float(np.linalg.norm(abs(program.hessian) @ np.abs(x) + np.abs(program.c)))
    return found is None or bool(np.linalg.norm(found.rest) <= _HOLDS * max(size, 1e-300))


@dataclass(frozen=True, slots=True)
class Held:
    """The multipliers of the rows that fit the slope at a point best, and what they leave of it."""

    rows: Array
    rest: Array


def held(program: Program, x: Array) -> Held | None:
    """How rows and bounds hold the slope of a quadratic program; None where too many press.

    HiGHS' own multipliers belong to the program that it regularised: they have three digits.
    """
    assert program.hessian is not None
    values = program.matrix @ x
    low, high = _near(values, program.row_lower), _near(values, program.row_upper)
    below, above = _near(x, program.lower), _near(x, program.upper)
    rows, bounds = np.flatnonzero(low | high), np.flatnonzero(below | above)
    if len(rows) + len(bounds) > _MOST_ACTIVE:
        return None
    slope = program.hessian @ x + program.c
    multipliers = np.zeros(len(values))
    if len(rows) + len(bounds):
        from scipy.optimize import lsq_linear  # a quarter of a second, which most runs never need

        eye = np.zeros((len(bounds), len(x)))
        eye[np.arange(len(bounds)), bounds] = 1.0
        columns = np.concatenate([program.matrix[rows].toarray(), eye]).T
        # a lower limit presses upwards, with a multiplier of 0 or more; an upper one downwards
        least = np.where(np.concatenate([high[rows], above[bounds]]), -np.inf, 0.0)
        most = np.where(np.concatenate([low[rows], below[bounds]]), np.inf, 0.0)
        with np.errstate(over="ignore", invalid="ignore"):  # limits of very different sizes
            fit = np.nan_to_num(lsq_linear(columns, slope, (least, most), tol=1e-14).x)
        multipliers[rows] = fit[: len(rows)]
        slope = slope - columns @ fit
    return Held(multipliers, slope)


def _near(values: Array, limits: Array) -> NDArray[np.bool_]:
    known = np.isfinite(limits)
    size = np.where(known, limits, 0.0)
    return known & (np.abs(values - size) <= _ACTIVE * (1.0 + np.abs(size)))


def _falls_for_ever(program: Program) -> bool:
    """Whether a direction without curvature leads down and leaves no row and no bound."""
    assert program.hessian is not None
    flat = _flat_directions(program.hessian)
    if not flat.shape[1]:
        return False
    rows = csr_array(np.concatenate([program.matrix @ flat, flat]))
    low = np.concatenate([_closed(program.row_lower, -np.inf), _closed(program.lower, -1.0)])
    high = np.concatenate([_closed(program.row_upper, np.inf), _closed(program.upper, 1.0)])
    nothing = np.full(flat.shape[1], np.inf)
    ways = Program(
        c=program.c @ flat,
        matrix=rows,
        row_lower=low,
        row_upper=high,
        lower=-nothing,
        upper=nothing,
        integer=np.zeros(flat.shape[1], np.bool_),
    )
    highs = solved(ways)
    if not has_point(highs):
        return False
    way = point(highs)
    size = np.abs(flat @ way).max(initial=0.0)
    left = np.maximum(low - rows @ way, rows @ way - high).max(initial=0.0)
    gain = -float(ways.c @ way)
    falls = gain > _FALLS * np.abs(program.c).max(initial=0.0)
    return bool(falls and left <= _LEAVES * size)


def _flat_directions(hessian: Sparse) -> Array:
    """A basis, (n, k), of the directions along which a positive semidefinite hessian does not bend
    but for rounding: asked of HiGHS as rows, its tolerance let a valley pass that bends by a
    ten-thousandth of its sides."""
    n = hessian.shape[0]
    bent = np.flatnonzero(np.diff(hessian.indptr))
    straight = np.setdiff1d(np.arange(n), bent)
    flat = np.zeros((len(bent), 0))
    if len(bent) <= _MOST_BENT:
        sizes, ways = np.linalg.eigh(hessian[bent][:, bent].toarray())
        flat = ways[:, sizes <= _FLAT * sizes.max(initial=0.0)]
    found = np.zeros((n, len(straight) + flat.shape[1]))
    found[straight, np.arange(len(straight))] = 1.0
    found[bent, len(straight) :] = flat
    return found


def _closed(limits: Array, otherwise: float) -> Array:
    """0 where there is a limit: a direction must not lead beyond it."""
    return np.where(np.isfinite(limits), 0.0, otherwise)
