"""A program to its optimum, or to the best that the limits allow."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xlcollab.optim.linear.highs import point, solved, status
from xlcollab.optim.linear.model import Array, Program, Scales
from xlcollab.optim.linear.polishing import polished
from xlcollab.optim.linear.scaling import scaled, scales
from xlcollab.optim.linear.search import Ending, Limits, News, relative_gap, search, search_here
from xlcollab.optim.linear.verifying import confirmed, held, is_feasible


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a program, in its own units and its own sense, which is to minimise.

    `ending` is "optimal", "infeasible", "unbounded", "limit" or "interrupted". Without a point x is
    None. `multipliers` belong to the rows; None for whole numbers. `reduced` are the reduced costs
    of the columns; None for whole numbers and for quadratic programs.
    """

    ending: str
    limit: str = ""
    """Which limit ended it: "time", "nodes", "solutions", "gap", …"""
    x: Array | None = None
    multipliers: Array | None = None
    reduced: Array | None = None
    value: float = math.inf
    bound: float = -math.inf
    """No point is better than this."""
    gap: float = math.inf
    steps: int = 0
    highs: Any = None
    """The instance, for questions about its basis; in the units of `scales`."""
    scales: Scales | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A run while it goes on: the incumbent (None: not yet one), value, bound and nodes."""

    x: Array | None
    value: float
    bound: float
    nodes: int


_ENDINGS = {
    "Optimal": ("optimal", ""),
    "Infeasible": ("infeasible", ""),
    "Unbounded": ("unbounded", ""),
    "UnboundedOrInfeasible": ("either", ""),
    "TimeLimit": ("limit", "time"),
    "IterationLimit": ("limit", "iterations"),
    "SolutionLimit": ("limit", "solutions"),
    "Interrupt": ("limit", "time"),
}
PROVED = 1e-9
"""A relative gap below this is rounding."""


def optimum(
    program: Program, limits: Limits, tell: Callable[[Sight], None] = lambda sight: None
) -> Found:
    """The optimum of `program`, or what was found within `limits`."""
    if program.crossed():
        return Found(ending="infeasible")
    by = scales(program)
    small = scaled(program, by)

    def told(news: News) -> None:
        x = None if news.incumbent is None else news.incumbent * by.columns
        tell(
            Sight(
                x=x,
                value=news.value / by.objective,
                bound=news.bound / by.objective,
                nodes=news.nodes,
            )
        )

    began = time.perf_counter()
    ending = search(small, limits, told)
    if ending.status in ("Unknown", "SolveError", "Unset"):  # numbers of very different sizes
        ending = _more_loosely(small, limits, told)
    elif ending.status == "Infeasible":
        took = time.perf_counter() - began
        ending = _doubted(ending, _more_loosely(small, _within(limits, took), told))
    return _found(program, small, by, limits, ending)


def _more_loosely(program: Program, limits: Limits, tell: Callable[[News], None]) -> Ending:
    loose = dict.fromkeys(_FEASIBILITY, 1e-7)
    return search(program, limits, tell, presolve="off", **loose)


def _doubted(first: Ending, second: Ending) -> Ending:
    """The second opinion on a program that was called infeasible, where it knows a point: presolve
    has called some so that come as near to a bound as its own tolerance."""
    return first if second.x is None and not second.interrupted else second


_MORE = 1.0
"""Seconds more than the first opinion took that the second may take."""


def _within(limits: Limits, took: float) -> Limits:
    left = math.inf if limits.seconds is None else max(0.0, limits.seconds - took)
    return replace(limits, seconds=min(left, 2.0 * took + _MORE))


class Repeated:
    """One program in many boxes: scaled once, run on this thread, unwatched."""

    def __init__(self, program: Program) -> None:
        self._program, self._by = program, scales(program)
        self._small = scaled(program, self._by)

    def optimum(self, lower: Array, upper: Array, limits: Limits) -> Found:
        """The optimum within a box, or what was found within `limits`."""
        by = self._by
        program = replace(self._program, lower=lower, upper=upper)
        if program.crossed():
            return Found(ending="infeasible")
        small = replace(self._small, lower=lower / by.columns, upper=upper / by.columns)
        return _found(program, small, by, limits, search_here(small, limits))


_FEASIBILITY = (
    "primal_feasibility_tolerance",
    "dual_feasibility_tolerance",
    "mip_feasibility_tolerance",
)


def _found(program: Program, small: Program, by: Scales, limits: Limits, end: Ending) -> Found:
    ending, limit = _ENDINGS.get(end.status, ("limit", end.status))
    if limit == "solutions" and _is_at_nodes(limits, end):
        limit = "nodes"
    if ending == "either":
        ending = "unbounded" if is_feasible(small) else "infeasible"
    if end.interrupted:
        ending, limit = "interrupted", ""
    x = None
    if end.x is not None and ending not in ("infeasible", "unbounded"):
        x = _cleaned(small, end.x)
    if small.hessian is not None:
        ending = confirmed(small, ending, x)
        x = x if ending in ("optimal", "limit", "interrupted") else None
        ending, limit = ("limit", "doubt") if ending == "doubt" else (ending, limit)
    whole = bool(program.integer.any())
    value = small.value(x) if x is not None else math.inf
    bound = end.bound if whole else value if ending == "optimal" else -math.inf
    bound = min(bound, value)
    gap = relative_gap(value, bound)
    if ending == "limit" and limit == "time" and limits.gap is not None and gap <= limits.gap:
        limit = "gap"
    if ending == "optimal" and whole and gap > PROVED:
        ending, limit = "limit", "gap"
    return Found(
        ending=ending,
        limit=limit,
        x=None if x is None else x * by.columns,
        multipliers=_multipliers(small, end.highs, x, by) if x is not None and not whole else None,
        reduced=_reduced(small, end, by) if x is not None and not whole else None,
        value=value / by.objective,
        bound=bound / by.objective,
        gap=gap,
        steps=end.nodes,
        highs=None if whole else end.highs,
        scales=by,
    )


def _is_at_nodes(limits: Limits, end: Ending) -> bool:
    """HiGHS has one word for both limits."""
    return limits.solutions is None or (limits.nodes is not None and end.nodes >= limits.nodes)


def _cleaned(program: Program, x: Array) -> Array:
    """The point with its whole numbers whole, and the others fitted to them."""
    if program.hessian is not None:
        return polished(program, x)
    if not program.integer.any():
        return x
    x = np.where(program.integer, np.round(x), x)
    if program.violation(x) <= _CLEAN or program.integer.all():
        return x
    held = replace(
        program,
        lower=np.where(program.integer, x, program.lower),
        upper=np.where(program.integer, x, program.upper),
        integer=np.zeros(program.columns, np.bool_),
    )
    highs = solved(held, time_limit=1.0)
    if status(highs) != "Optimal":
        return x
    return np.where(program.integer, x, point(highs))


_CLEAN = 1e-12
"""The rounding of a row of size one."""


def _multipliers(program: Program, highs: Any, x: Array, by: Scales) -> Array:
    known = held(program, x) if program.hessian is not None else None
    duals = np.array(highs.getSolution().row_dual, np.float64) if known is None else known.rows
    return np.asarray(duals * by.rows / by.objective)


def _reduced(program: Program, end: Ending, by: Scales) -> Array | None:
    if program.hessian is not None:
        return None
    duals = np.array(end.highs.getSolution().col_dual, np.float64)
    return np.asarray(duals / (by.columns * by.objective))
