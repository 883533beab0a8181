"""Which limits contradict each other: an irreducible set of an infeasible program.

Of all limits those are kept without which the rest could be satisfied (the deletion filter of
Chinneck and Dravnieks, "Locating minimal infeasible constraint sets in linear programs", 1991). The
elastic program, which lets every row give way at a price, leaves few to try.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack

from xlcollab.optim.linear.highs import has_point, solved, status
from xlcollab.optim.linear.model import Program, Sparse
from xlcollab.optim.linear.scaling import scaled, scales

_MOST_TRIES = 2000
"""A model is solved for each."""
_SECONDS_A_TRY = 1.0
"""A model of whole numbers without bounds may be searched for ever."""
_SECONDS = 4.0
"""For all of them: an explanation is no answer, and nobody waits long for it."""
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
    """Limits that cannot hold together; with the whole numbers of the program, where `whole` says
    that these are part of it."""

    limits: tuple[Limit, ...]
    whole: bool
    within: bool = False
    """Whether they contradict each other within the bounds of all variables alone."""
    irreducible: bool = True
    """Whether any of them could be dropped, and the others would hold."""


def contradiction(
    program: Program, rows: int, columns: int, *, within: bool = False, seconds: float = math.inf
) -> Contradiction | None:
    """An irreducible set among the limits of the first `rows` rows and `columns` columns; what
    lies behind them is given. So are all columns, whole numbers included, where the program stands
    for the model `within` them alone. None where the program is feasible, too large, or not known
    to be infeasible after so many `seconds`.
    """
    tries = _Tries(time.perf_counter() + min(seconds, _SECONDS))
    small = replace(scaled(program, scales(program)), hessian=None)
    if within:
        whole, asked = bool(small.integer[:columns].any()), small
        candidates = _all_limits(small, rows, 0)
    else:
        whole, asked, candidates = _whole_and_candidates(small, tries)
    if len(candidates) > _MOST_TRIES or tries.holds(asked) is not False:
        return None
    free = 0 if within else columns
    kept, sure = list(candidates), True
    for limit in candidates:
        fewer = [one for one in kept if one != limit]
        held = tries.holds(_only(asked, fewer, rows, free))
        kept = fewer if held is False else kept
        sure &= held is not None
    return Contradiction(tuple(kept), whole, within, sure)


def _whole_and_candidates(program: Program, tries: _Tries) -> tuple[bool, Program, list[Limit]]:
    """Whether whole numbers are part of it, the program to ask of, and the limits to try: those
    that have a price, where these contradict each other already."""
    rows, columns = program.rows, program.columns
    relaxed = replace(program, integer=np.zeros(columns, np.bool_))
    if tries.holds(relaxed) is not False:
        return True, program, _all_limits(program, rows, columns)
    few = _priced(relaxed, rows, columns)
    enough = tries.holds(_only(relaxed, few, rows, columns)) is False
    return False, relaxed, few if enough else _all_limits(relaxed, rows, columns)


class _Tries:
    """Questions with one answer of three, until the time for all of them is over."""

    def __init__(self, until: float) -> None:
        self._until = until

    def holds(self, program: Program) -> bool | None:
        """Whether there is a point; None where that is not known in time."""
        if program.crossed():
            return False
        left = min(_SECONDS_A_TRY, self._until - time.perf_counter())
        if left <= 0.0:
            return None
        free = replace(program, c=np.zeros(program.columns))
        highs = solved(free, time_limit=left)
        if has_point(highs):
            return True
        return False if status(highs) in ("Infeasible", "UnboundedOrInfeasible") else None


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
