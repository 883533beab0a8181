"""Which limits contradict each other: an irreducible set of an infeasible program.

Of all limits those are kept without which the rest could be satisfied (the deletion filter of
Chinneck and Dravnieks, "Locating minimal infeasible constraint sets in linear programs", 1991). The
elastic program, which lets every row give way at a price, leaves few to try.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from xlcollab.optim.linear.highs import has_point, solved, status
from xlcollab.optim.linear.model import Program, Sparse
from xlcollab.optim.linear.scaling import scaled, scales

_MOST_TRIES = 2000
"""A model is solved for each."""
_SECONDS_A_TRY = 2.0
"""A model that is not shown to be infeasible by then counts as one that holds."""
_PRICE = 1e-7
"""HiGHS' own dual tolerance."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: of a row or of a column, from below or from above."""

    of_row: bool
    place: int
    upper: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Limits that cannot hold together, though any of them could be dropped; with the whole
    numbers of the program, where `whole` says that these are part of it."""

    limits: tuple[Limit, ...]
    whole: bool


def contradiction(program: Program, rows: int, columns: int) -> Contradiction | None:
    """An irreducible set among the limits of the first `rows` rows and `columns` columns; what
    lies behind them is given. None where the program is feasible or too large."""
    small = replace(scaled(program, scales(program)), hessian=None)
    relaxed = replace(small, integer=np.zeros(small.columns, np.bool_))
    whole = _holds(relaxed)
    asked = small if whole else relaxed
    candidates = _all_limits(asked, rows, columns)
    if not whole:
        few = _priced(relaxed, rows, columns)
        if not _holds(_only(relaxed, few, rows, columns)):
            candidates = few
    if len(candidates) > _MOST_TRIES or _holds(asked):
        return None
    kept = list(candidates)
    for limit in candidates:
        fewer = [one for one in kept if one != limit]
        if not _holds(_only(asked, fewer, rows, columns)):
            kept = fewer
    return Contradiction(tuple(kept), whole)


def _holds(program: Program) -> bool:
    """Whether there is a point, or none is known to be missing."""
    if program.crossed():
        return False
    free = replace(program, c=np.zeros(program.columns))
    highs = solved(free, time_limit=_SECONDS_A_TRY)
    return has_point(highs) or status(highs) not in ("Infeasible", "UnboundedOrInfeasible")


def _all_limits(program: Program, rows: int, columns: int) -> list[Limit]:
    """Bounds first: an explanation by rows says more, so bounds are dropped first."""
    found = []
    for of_row, low, high, count in (
        (False, program.lower, program.upper, columns),
        (True, program.row_lower, program.row_upper, rows),
    ):
        for place in range(count):
            found += [Limit(of_row, place, False)] if math.isfinite(low[place]) else []
            found += [Limit(of_row, place, True)] if math.isfinite(high[place]) else []
    return found


def _only(program: Program, limits: Iterable[Limit], rows: int, columns: int) -> Program:
    """The program with these limits alone on its first rows and columns."""
    lower, upper = program.lower.copy(), program.upper.copy()
    row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
    for values, count, none in (
        (lower, columns, -math.inf),
        (upper, columns, math.inf),
        (row_lower, rows, -math.inf),
        (row_upper, rows, math.inf),
    ):
        values[:count] = none
    for limit in limits:
        if limit.of_row:
            to, of = (
                (row_upper, program.row_upper) if limit.upper else (row_lower, program.row_lower)
            )
        else:
            to, of = (upper, program.upper) if limit.upper else (lower, program.lower)
        to[limit.place] = of[limit.place]
    return replace(program, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper)


def _priced(program: Program, rows: int, columns: int) -> list[Limit]:
    """The limits that have a price where the rows may give way: they contradict each other."""
    elastic = _elastic(program)
    highs = solved(elastic)
    if status(highs) != "Optimal":
        return _all_limits(program, rows, columns)
    solution = highs.getSolution()
    row_dual, col_dual = np.array(solution.row_dual), np.array(solution.col_dual)
    return [
        limit
        for limit in _all_limits(program, rows, columns)
        if _is_priced((row_dual if limit.of_row else col_dual)[limit.place], limit.upper)
    ]


def _is_priced(dual: float, upper: bool) -> bool:
    """A limit from above has a price below 0, one from below a price above it."""
    return dual < -_PRICE if upper else dual > _PRICE


def _elastic(program: Program) -> Program:
    count = program.rows
    unit: Sparse = csr_array(eye_array(count))
    free = 2 * count
    return Program(
        c=np.concatenate([np.zeros(program.columns), np.ones(free)]),
        matrix=hstack([program.matrix, unit, -unit], format="csr"),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        lower=np.concatenate([program.lower, np.zeros(free)]),
        upper=np.concatenate([program.upper, np.full(free, np.inf)]),
        integer=np.zeros(program.columns + free, np.bool_),
    )
