"""Whether what is said of a model is true."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.random import Generator

import xlcollab as xc
from tests.solver.battery import broken, curved, straight, wider
from tests.solver.battery.case import Array, Case

# The place in this table is part of the seed: new kinds come last.
MAKERS: dict[str, Callable[[Generator], Case]] = {
    "lp": straight.lp,
    "mip": straight.mip,
    "quadratic": straight.quadratic,
    "exponential": curved.exponential,
    "barrier": curved.barrier,
    "projection": curved.projection,
    "wavy": curved.wavy,
    "valley": broken.valley,
    "endless": curved.endless,
    "disjoint": curved.disjoint,
    "some_point": curved.some_point,
    "least_deviations": broken.least_deviations,
    "worst_case": broken.worst_case,
    "curved_kinks": broken.curved_kinks,
    "brackets": broken.brackets,
    "discount": broken.discount,
    "staircase": broken.staircase,
    "orders": broken.orders,
    "goals": broken.goals,
    "whole_goals": broken.whole_goals,
    "whole_curved": broken.whole_curved,
    "binary_products": wider.binary_products,
    "look_ups": wider.look_ups,
    "counted": wider.counted,
    "surface": wider.surface,
    "degenerate": wider.degenerate,
    "indefinite": wider.indefinite,
    "ratio": wider.ratio,
    "cone": wider.cone,
    "fixed_charge": wider.fixed_charge,
    "epigraph": wider.epigraph,
    "whole_point": wider.whole_point,
    "equations": wider.equations,
    "posynomial": wider.posynomial,
}
HELD = 2e-6
"""A constraint that is missed by no more, relative to max(1, its right side), holds; a row of
several variables is allowed its weights besides."""
CLOSE = 1e-5
"""Of max(1, |truth|): within it an objective is the true one."""


def case(kind: str, seed: int) -> Case:
    """The model of a kind with a seed."""
    return MAKERS[kind](np.random.default_rng([seed, list(MAKERS).index(kind)]))


def faults(one: Case, folder: Path, **settings: object) -> tuple[str, list[str]]:
    """The status, and what was said that is not true."""
    book, model = one.open(folder)
    found = book.solve(model, history=False, **settings)
    status = str(found.status)
    told = list(_faults(one, found, status))
    return status, [f"{text} [{status}: {found.solution.message}]" for text in told]


def _faults(one: Case, found: xc.Solved, status: str) -> Iterator[str]:
    known = one.truth.known
    if "smooth" in found.solution.message.replace("smooth but for kinks", "") and not one.smooth:
        yield "not smooth"
    if status == "infeasible" and known != "infeasible":
        yield f"there are points: {known}"
    if status == "unbounded" and known != "unbounded":
        yield f"it has an end: {known} {one.truth.value:g}"
    if status == "goal_not_met" and known == "met":
        yield "the goal is in reach"
    if status in ("refused", "diverged"):
        yield "it can be used"
    if found.kept and known in ("infeasible", "not met"):
        yield "nothing may be kept"
    if found.kept:
        yield from _of_points(one, found, status)


def _of_points(one: Case, found: xc.Solved, status: str) -> Iterator[str]:
    x = found.weights / np.array(list(one.scales) or [1.0] * one.n)
    missed = one.missed(x)
    if missed > HELD * (1.0 + float(np.abs(x).max())):
        yield f"a constraint is missed by {missed:.3g}"
        return
    if one.objective is None:
        return
    beside = [
        one.objective.at([float(v) * grow for v in x]) for grow in (1.0, 1 - 1e-12, 1 + 1e-12)
    ]
    # at a jump the units of the cells decide by their last digit on which side a point lies
    value = min(beside, key=lambda told: abs(told * one.size - found.objective))
    if one.sense == "target":
        if abs(value - one.target) > CLOSE * max(1.0, abs(one.target)):
            yield f"the goal {one.target:g} is {value:g}"
        return
    sign = -1.0 if one.sense == "maximize" else 1.0
    if one.truth.known == "unbounded":
        if status in ("optimal", "locally_optimal", "tolerance"):
            yield "it has no end"
        return
    worse = sign * (value - one.truth.value)
    room = CLOSE * max(1.0, abs(one.truth.value))
    if one.truth.is_global and worse < -room:
        yield f"better than the truth by {-worse:.3g}: the judge is wrong"
    if status == "optimal" and worse > room:
        yield f"{value:.9g} is not the optimum {one.truth.value:.9g}"
    if status == "locally_optimal" and worse > room:
        better = _nearby(one, x, value, sign)
        if better is not None:
            yield f"{value:.9g}, nearby is {better:.9g} (optimum {one.truth.value:.9g})"
    same = math.isclose(value * one.size, found.objective, rel_tol=1e-6, abs_tol=1e-6 * one.size)
    if not same:
        yield f"the objective is said to be {found.objective:g}, and is {value * one.size:g}"


def _nearby(one: Case, x: Array, value: float, sign: float) -> float | None:
    """A better point within a thousandth that satisfies all constraints, or None."""
    assert one.objective is not None
    random = np.random.default_rng(0)
    for radius in (1e-3, 1e-2):
        for _ in range(400):
            there = x + radius * random.normal(size=one.n)
            if one.missed(there) > 0.0:
                continue
            try:
                other = one.objective.at([float(v) for v in there])
            except (ValueError, OverflowError, ZeroDivisionError):
                continue
            if sign * (other - value) < -1e-3 * radius * max(1.0, abs(value)):
                return other
    return None


def is_reached(one: Case, found: xc.Solved) -> bool:
    """Whether the run came as far as the truth."""
    if one.truth.known != "optimum" or not found.kept:
        return False
    x = found.weights / np.array(list(one.scales) or [1.0] * one.n)
    assert one.objective is not None
    sign = -1.0 if one.sense == "maximize" else 1.0
    worse = sign * (one.objective.at([float(v) for v in x]) - one.truth.value)
    return worse <= CLOSE * max(1.0, abs(one.truth.value))
