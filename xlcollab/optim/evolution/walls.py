"""Straight rows as walls: where the best lies in a corner of them, a step of one variable leaves
what is allowed, and a step of two that keeps to a row is drawn by nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.evolution.domain import Array, Domain
from xlcollab.optim.evolution.scorer import WORST, Scorer
from xlcollab.optim.linear.highs import has_point, point, solved
from xlcollab.optim.linear.model import Program, sparse

Places = NDArray[np.int64]

_PAIRS = 300
"""Pairs of variables that are looked at in a round: all of 17 variables."""
_DIRECTIONS, _SECONDS = 8, 0.2
"""Corners that are asked for, and for how long each: with whole numbers one may be hard."""
_ASIDE = 0.5
"""Of a slope: how far directions differ from that of the whole width."""
_FAR = 3
"""Power of a share of a variable's width: far steps are mostly short, and of both signs."""
_INSIDE = 1e-12
"""Of a limit: how far from it rounding may put a row that ends on it."""


@dataclass(frozen=True, slots=True)
class Walls:
    """Straight rows in the variables: least (m,) ≤ matrix (m, n) · x ≤ most (m,)."""

    matrix: Array
    least: Array
    most: Array

    def neighbours(
        self, x: Array, step: float, domain: Domain, random: np.random.Generator
    ) -> Array:
        """Points (k, n): each variable at the ends that rows and bounds leave it, as it is, a step
        of another away, and with another one on a whole number next to it or far away."""
        first, second = _pairs(domain.loose, random)
        moved = np.repeat(x[None], len(first), axis=0)
        rows = np.arange(len(first))
        width = (domain.upper - domain.lower)[first]
        size = np.where(domain.whole[first], np.maximum(1.0, np.round(step * width)), step * width)
        up, down = np.floor(x[first]) + 1.0, np.ceil(x[first]) - 1.0
        found = [self._at_ends(moved, second, domain)]
        far = np.round(x[first] + width * random.uniform(-1.0, 1.0, len(first)) ** _FAR)
        for values in (x[first] + size, x[first] - size, up, down, far):
            there = moved.copy()
            there[rows, first] = np.clip(values, domain.lower[first], domain.upper[first])
            found.append(self._at_ends(there, second, domain))
        return np.unique(np.concatenate(found), axis=0)

    def _at_ends(self, points: Array, places: Places, domain: Domain) -> Array:
        """Points (k, n) with one variable each (k,) as large, and as small, as can be."""
        rows = np.arange(len(points))
        values = points @ self.matrix.T
        slopes = self.matrix.T[places]
        slack = _INSIDE * (np.abs(points) @ np.abs(self.matrix.T))
        with np.errstate(all="ignore"):  # rows in which a variable does not stand
            ends = [(limit - values) / slopes for limit in (self.most - slack, self.least + slack)]
        stands = slopes != 0.0
        above = np.where(stands, np.where(slopes > 0.0, *ends), np.inf).min(axis=1, initial=np.inf)
        below = np.where(stands, np.where(slopes > 0.0, *ends[::-1]), -np.inf)
        below = below.max(axis=1, initial=-np.inf)
        found = []
        for way, whole in ((above, np.floor), (below, np.ceil)):
            there = points.copy()
            value = np.clip(points[rows, places] + way, domain.lower[places], domain.upper[places])
            there[rows, places] = np.where(domain.whole[places], whole(value), value)
            found.append(there[np.isfinite(value)])
        return np.concatenate(found)

    def corners(self, domain: Domain, scorer: Scorer, random: np.random.Generator) -> Array:
        """Points (k, n) in corners of the rows and bounds, in directions about that in which the
        objective falls from end to end of each variable."""
        middle = domain.settled(0.5 * (domain.lower + domain.upper)[None])
        ends = [
            np.where(np.eye(domain.n, dtype=np.bool_), end, middle)
            for end in (domain.lower, domain.upper)
        ]
        low, high = (scorer(end).objective for end in ends)
        width = np.maximum(domain.upper - domain.lower, 1e-300)
        fall = np.where(np.maximum(np.abs(low), np.abs(high)) < WORST, high - low, 0.0) / width
        size = np.abs(fall).max(initial=0.0)
        found = [
            self._corner(fall * (1.0 + aside) / size, domain)
            for aside in _ASIDE * random.standard_normal((_DIRECTIONS, domain.n))
            if size > 0.0
        ]
        known = [one for one in found if one is not None]
        return domain.settled(np.array(known).reshape(-1, domain.n))

    def _corner(self, c: Array, domain: Domain) -> Array | None:
        """Where c · x is least, (n,)."""
        program = Program(
            c=c,
            matrix=sparse(self.matrix),
            row_lower=self.least,
            row_upper=self.most,
            lower=domain.lower,
            upper=domain.upper,
            integer=domain.whole,
        )
        highs = solved(program, time_limit=_SECONDS)
        return point(highs) if has_point(highs) else None


def _pairs(loose: Places, random: np.random.Generator) -> tuple[Places, Places]:
    """Different variables, all pairs of them or as many as are looked at, and each with itself."""
    first, second = (places.ravel() for places in np.meshgrid(loose, loose, indexing="ij"))
    if len(first) > _PAIRS:
        taken = random.choice(len(first), _PAIRS, replace=False)
        first, second = first[taken], second[taken]
    return first, second
