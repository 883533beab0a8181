"""Every point of a small set of whole numbers, or every order of a few."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator

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


def best_of_all(scorer: Scorer, domain: Domain, seen: Callable[[Array], None]) -> bool:
    """Whether a point satisfies the rows; `seen` is told of the best one, (n,), and where time is
    up or a signal comes of the best by then. Raises TimeIsUpError."""
    best, value = domain.lower.copy(), (math.inf, math.inf)
    try:
        for points in _permutations(domain) if domain.groups else _combinations(domain):
            scores = scorer(points)
            place = int(scores.order()[0])
            found = (float(scores.violation[place]), float(scores.objective[place]))
            if found < value:
                best, value = points[place], found
    finally:
        if value[0] < math.inf:
            seen(best)
    return value[0] <= 0.0


def seconds_for_all(scorer: Scorer, domain: Domain) -> float:
    """About how long it takes to evaluate all points, by the machine's time for some; endless where
    there is no program that takes many at once. Raises TimeIsUpError."""
    size, generator = size_of(domain), np.random.default_rng(0)
    if not scorer.takes_many or size > _MOST_QUICKLY:
        return math.inf
    seconds = math.inf
    for count in _TRIED:
        points = domain.draw(count, generator)
        scorer(points)  # what is made ready at the first call
        began = time.process_time()
        scorer(points)
        seconds = (time.process_time() - began) / count * size
        if seconds > _HOPELESS:
            break
    return seconds


_MOST_QUICKLY = 20_000_000
"""Points that a machine evaluates in seconds if the sheet is small."""
_TRIED = (64, _AT_ONCE)
"""Points by which it is told how long all will take: few where each may take long."""
_HOPELESS = 600.0
"""Seconds, by few points: of many at once each takes less by far, but not so much less."""


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
