"""What the variables may be: numbers, whole numbers, and permutations; each in a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.problem import Objective

Array = NDArray[np.float64]
_WIDE = 1e3
"""How far a variable without a bound is looked for at first: this many times its start."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A box (n,), which variables are whole, and the groups that are permutations of 1 … k."""

    lower: Array
    upper: Array
    whole: NDArray[np.bool_]
    groups: tuple[NDArray[np.int64], ...]
    open_below: NDArray[np.bool_]
    open_above: NDArray[np.bool_]

    @property
    def n(self) -> int:
        return len(self.lower)

    @property
    def loose(self) -> NDArray[np.int64]:
        """The variables that belong to no group. Their numbers, (k,)."""
        free = np.ones(self.n, np.bool_)
        for group in self.groups:
            free[group] = False
        return np.flatnonzero(free)

    def settled(self, points: Array) -> Array:
        """Points (P, n) moved into the domain: clipped, rounded, ranked within each group."""
        found = np.clip(points, self.lower, self.upper)
        found[:, self.whole] = np.round(found[:, self.whole])
        for group in self.groups:
            order = np.argsort(points[:, group], axis=1, kind="stable")
            ranks = np.empty_like(order)
            np.put_along_axis(ranks, order, np.arange(len(group))[None], axis=1)
            found[:, group] = ranks + 1.0
        return found

    def draw(self, count: int, generator: np.random.Generator) -> Array:
        """Points (count, n) spread over the domain, one in each of `count` layers per variable."""
        layers = np.argsort(generator.random((count, self.n)), axis=0)
        shares = (layers + generator.random((count, self.n))) / count
        return self.settled(self.lower + shares * (self.upper - self.lower))

    def corners(self, start: Array) -> Array:
        """All variables at their lower bounds, and all at their upper ones; where there is no
        bound, at their start. A product of many is elsewhere 0, and no draw meets it. (2, n)."""
        low = np.where(self.open_below, start, self.lower)
        high = np.where(self.open_above, start, self.upper)
        return np.stack([low, high])

    def opened(self, best: Array) -> Domain:
        """The domain ten times as wide where the best point nears an end that is no bound."""
        width = self.upper - self.lower
        low = self.open_below & (best < self.lower + 0.05 * width)
        high = self.open_above & (best > self.upper - 0.05 * width)
        if not (low | high).any():
            return self
        lower = np.where(low, self.lower - 9.0 * width, self.lower)
        upper = np.where(high, self.upper + 9.0 * width, self.upper)
        return Domain(lower, upper, self.whole, self.groups, self.open_below, self.open_above)


def domain_of(objective: Objective, start: Array, lower: Array, upper: Array) -> Domain:
    """The domain of a model from bounds that may be infinite."""
    whole = np.zeros(len(start), np.bool_)
    if objective.integer is not None:
        whole = objective.integer.cpu().numpy().astype(np.bool_)
    lower, upper = (
        np.where(whole, np.ceil(lower - 1e-9), lower),
        np.where(whole, np.floor(upper + 1e-9), upper),
    )
    reach = _WIDE * np.maximum(np.abs(start), 1.0)
    reach = np.where(whole, np.ceil(np.maximum(0.1 * reach, 10.0)), reach)
    low = np.where(np.isfinite(lower), lower, np.minimum(start, _or(upper, start)) - reach)
    high = np.where(np.isfinite(upper), upper, np.maximum(start, _or(lower, start)) + reach)
    groups = tuple(np.asarray(group, np.int64) for group in objective.alldifferent)
    return Domain(low, high, whole, groups, ~np.isfinite(lower), ~np.isfinite(upper))


def _or(limit: Array, start: Array) -> Array:
    return np.where(np.isfinite(limit), limit, start)


def propagated(
    rows: Array, row_lower: Array, row_upper: Array, lower: Array, upper: Array
) -> tuple[Array, Array]:
    """Bounds that follow from linear rows (m, n): each row leaves a variable what the others, at
    their ends, leave it. Those that were given, where rows and bounds leave nothing."""
    low, high = lower.copy(), upper.copy()
    for _ in range(3):
        for row, least, most in zip(rows, row_lower, row_upper, strict=True):
            for sign, limit in ((1.0, most), (-1.0, -least)):
                if np.isfinite(limit):
                    _narrow(sign * row, limit, low, high)
    with np.errstate(invalid="ignore"):
        crossed = low - high > _CROSSED * np.maximum(1.0, np.abs(low))
    return (lower, upper) if crossed.any() else (np.minimum(low, high), np.maximum(low, high))


_CROSSED = 1e-9
"""Relative: more than what rounding makes of ends that meet."""


def _narrow(row: Array, limit: float, lower: Array, upper: Array) -> None:
    """row · x ≤ limit."""
    with np.errstate(invalid="ignore"):
        least = np.where(row > 0, row * lower, np.where(row < 0, row * upper, 0.0))
    for place in np.flatnonzero(row):
        others = least.sum() - least[place] if np.isfinite(least).all() else _rest(least, place)
        if not np.isfinite(others):
            continue
        end = (limit - others) / row[place]
        if row[place] > 0:
            upper[place] = min(upper[place], end)
        else:
            lower[place] = max(lower[place], end)


def _rest(least: Array, place: np.intp) -> float:
    return float(np.delete(least, place).sum())
