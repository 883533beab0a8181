"""Every point of a small set of whole numbers, or every order of a few."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from xlcollab.optim.evolution.domain import Array, Domain
from xlcollab.optim.evolution.scorer import Scorer

MOST = 20_000
"""Few enough that all are evaluated: the best is then proved to be so."""
_AT_ONCE = 4096
"""Points of a batch: memory grows with them."""
_LONG = 20
"""Permutations of so many places are beyond counting."""


def size_of(domain: Domain) -> float:
    """How many points the domain holds; inf where it is no finite set."""
    if not domain.whole.all() or (domain.open_below | domain.open_above).any():
        return math.inf
    if domain.groups:
        whole = len(domain.groups) == 1 and not len(domain.loose)
        return float(math.factorial(domain.n)) if whole and domain.n < _LONG else math.inf
    return float(np.prod(domain.upper - domain.lower + 1.0))


def best_of_all(scorer: Scorer, domain: Domain) -> tuple[Array, bool]:
    """The best point of all, and whether it satisfies the rows. Raises TimeIsUpError. The point is
    (n,)."""
    best, value = domain.lower.copy(), (math.inf, math.inf)
    for points in _permutations(domain) if domain.groups else _combinations(domain):
        scores = scorer(points)
        place = int(scores.order()[0])
        found = (float(scores.violation[place]), float(scores.objective[place]))
        if found < value:
            best, value = points[place], found
    return best, value[0] <= 0.0


def _combinations(domain: Domain) -> Iterator[Array]:
    """Every combination of whole numbers in a box, in parts (P, n)."""
    sides = (domain.upper - domain.lower + 1.0).astype(np.int64)
    total = int(np.prod(sides))
    for first in range(0, total, _AT_ONCE):
        places = np.arange(first, min(first + _AT_ONCE, total))
        yield domain.lower + np.stack(np.unravel_index(places, sides), axis=1)


def _permutations(domain: Domain) -> Iterator[Array]:
    """Every order of the one group, in parts (P, n)."""
    orders = itertools.permutations(range(1, domain.n + 1))
    while part := list(itertools.islice(orders, _AT_ONCE)):
        points = np.empty((len(part), domain.n))
        points[:, domain.groups[0]] = part
        yield points
