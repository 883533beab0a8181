"""Evolution of a population, and steps around its best."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.evolution.domain import Array, Domain
from xlcollab.optim.evolution.scorer import WORST, Scorer, Scores
from xlcollab.optim.evolution.walls import Walls

Places = NDArray[np.int64]

_STALLED = 150
"""Generations without improvement after which a population has settled."""
_EVERY = 10
"""Generations between two searches around the best."""
_ACROSS, _LEAST_ACROSS = 10, 16
"""Points along all variables together, in populations, and along each."""
_MANY = 50
"""Variables from which on the best goes first to where single steps lead: a population alone comes
there late."""
_ROUNDS_OF_ANOTHER = 4
"""Rounds along straight rows: they are cheap for few variables alone."""
_LOCAL_ROUNDS = 40
"""Most rounds of the search around the best point with which a run ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a search ends: generations, generations and seconds without improvement."""

    generations: int
    patience: float
    size: int
    mutation: float
    stalled: int = _STALLED


class Evolution:
    """Differential evolution (Storn and Price 1997, current-to-best), Deb's rules for constraints,
    swaps, reversals and exchanged blocks for permutations, pattern steps around the best."""

    def __init__(
        self,
        scorer: Scorer,
        domain: Domain,
        limits: Limits,
        generator: np.random.Generator,
        walls: Walls | None = None,
    ) -> None:
        self.scorer, self.domain, self.limits, self._walls = scorer, domain, limits, walls
        self._random = generator
        self.points: Array = np.empty((0, domain.n))
        self.scores = Scores(np.empty(0), np.empty(0))

    def run(self, start: Array, seen: Callable[[Array], None]) -> Array:
        """The best point found; `seen` is told of each better one. Raises TimeIsUpError. The point
        is (n,)."""
        drawn = self.domain.draw(self.limits.size, self._random)
        known = np.concatenate([start[None], self.domain.corners(start)])
        if self._walls is not None:
            corners = self._walls.corners(self.domain, self.scorer, self._random)
            known = np.concatenate([known, corners])
        known = known[: len(drawn)]
        drawn[: len(known)] = self.domain.settled(known)
        self.points, self.scores = drawn, self.scorer(drawn)
        seen(self.points[self._best()])
        if self.domain.n >= _MANY:
            self._settle(seen)
        still, since = 0, time.perf_counter()
        for generation in range(self.limits.generations):
            before = self._value()
            self._next()
            if generation % _EVERY == 0:
                self._around(self._best())
                self._settle_another()
            if self._value() < before:
                still, since = 0, time.perf_counter()
                seen(self.points[self._best()])
                self.domain = self.domain.opened(self.points[self._best()])
            else:
                still += 1
            if still >= self.limits.stalled or time.perf_counter() - since > self.limits.patience:
                break
        self._settle(seen)
        found: Array = self.points[self._best()]
        return found

    def _settle(self, seen: Callable[[Array], None]) -> None:
        """The best goes on to where no step of one variable is better."""
        for _ in range(_LOCAL_ROUNDS):
            self._around(self._best(), _LOCAL_ROUNDS)
            seen(self.points[self._best()])
            if not self._across(self._best()):
                break

    def _best(self) -> int:
        return int(self.scores.order()[0])

    def _value(self) -> tuple[float, float]:
        best = self._best()
        return float(self.scores.violation[best]), float(self.scores.objective[best])

    def _next(self) -> None:
        """One generation: each point's child takes its place if it is better."""
        children = self.domain.settled(self._crossed())
        for group in self.domain.groups:
            self._shuffle(children, group)
        scores = self.scorer(children)
        wins = scores.better(self.scores)
        self.points[wins] = children[wins]
        self.scores.put(wins, scores)

    def _crossed(self) -> Array:
        random, points = self._random, self.points
        count, n = points.shape
        order = self.scores.order()
        elite = points[order[random.integers(0, max(2, count // 8), count)]]
        a, b = points[random.integers(0, count, count)], points[random.integers(0, count, count)]
        weight = random.uniform(0.4, 0.95, (count, 1))
        mutants = points + weight * (elite - points) + weight * (a - b)
        taken = random.random((count, n)) < random.choice([0.2, 0.9], (count, 1))
        taken[np.arange(count), random.integers(0, n, count)] = True
        children = np.where(taken, mutants, points)
        fresh = random.random((count, n)) < self.limits.mutation / max(n, 1)
        width = self.domain.upper - self.domain.lower
        children = np.where(fresh, self.domain.lower + random.random((count, n)) * width, children)
        return _reflected(children, self.domain)

    def _shuffle(self, children: Array, group: Places) -> None:
        """Children of a permutation: their parents with a part turned round or moved."""
        rows = np.flatnonzero(self._random.random(len(children)) < _SHUFFLED)
        parents = self.points[rows][:, group]
        sources = _changes(len(group), len(rows), self._random)
        children[np.ix_(rows, group)] = np.take_along_axis(parents, sources, axis=1)

    def _settle_another(self) -> None:
        """One more point of the population goes down to where no rearrangement, or no step along
        rows, is better: the best of many such ends is seldom the nearest one."""
        if self.domain.groups or self._walls is not None:
            rounds = _LOCAL_ROUNDS if self.domain.groups else _ROUNDS_OF_ANOTHER
            self._around(int(self._random.integers(len(self.points))), rounds)

    def _around(self, best: int, rounds: int = 2) -> None:
        """Better neighbours of the point at a place, as long as there are some."""
        step = 0.05
        for _ in range(rounds):
            if self._moved(best, self._neighbours(self.points[best], step)):
                continue
            if step < 1e-9 or not len(self.domain.loose):
                break
            step *= 0.2

    def _across(self, best: int) -> bool:
        """Whether the point at a place has moved along one variable, looked at in its whole width:
        what adds up out of single variables has its best value there, however many hills lie
        between."""
        loose = self.domain.loose
        if not len(loose):
            return False
        each = max(_LEAST_ACROSS, _ACROSS * self.limits.size // len(loose))
        lower, width = self.domain.lower[loose], (self.domain.upper - self.domain.lower)[loose]
        parts = (np.arange(each) + self._random.random((len(loose), 1))) / each
        near = self._along(best, np.arange(len(loose)), lower[:, None] + parts * width[:, None])
        scores = self.scorer(near)
        lines = scores.objective.reshape(len(loose), each)
        rows, bottoms = _bottoms(lines)
        found = lower[rows] + width[rows] * (parts[rows, 0] + bottoms / each)
        allowed = np.where(scores.violation.reshape(lines.shape) > 0.0, WORST, lines)
        lowest = near[np.arange(len(loose)) * each + allowed.argmin(axis=1)]
        return self._moved(best, np.concatenate([lowest, self._along(best, rows, found[:, None])]))

    def _along(self, best: int, rows: Places, values: Array) -> Array:
        """The point at a place with other values of one variable, those of a row (rows, k) of the
        `rows`-th that is loose."""
        near = np.repeat(self.points[best][None], values.size, axis=0)
        columns = np.repeat(self.domain.loose[rows], values.shape[1])
        near[np.arange(len(near)), columns] = values.ravel()
        return self.domain.settled(near)

    def _moved(self, best: int, near: Array) -> bool:
        """Whether the point at a place gave way to the best of others, or to one with several of
        their changes: of many variables each step of one alone is a small part of the way."""
        near = self.domain.settled(near)
        scores = self.scorer(near)
        gains = scores.better(self.scores.take(np.full(len(near), best)))
        order = scores.order()
        order = order[gains[order]]
        if not len(order):
            return False
        place, found = order[:1], near
        if len(order) > 1:
            found = _together(self.points[best], near[order], self.domain.loose)
            found = np.concatenate([near[place], found])
            scores = self.scorer(found)
            place = scores.order()[:1]
        self.points[best] = found[place[0]]
        self.scores.objective[best] = scores.objective[place[0]]
        self.scores.violation[best] = scores.violation[place[0]]
        return True

    def _neighbours(self, x: Array, step: float) -> Array:
        """Steps along each variable and along straight rows, and each reversal or swap within a
        permutation."""
        found = []
        width = self.domain.upper - self.domain.lower
        for place in self.domain.loose:
            size = step * width[place]
            for sign in (1.0, -1.0):
                near = x.copy()
                near[place] += sign * (max(1.0, size) if self.domain.whole[place] else size)
                found.append(near)
        single = np.array(found).reshape(-1, len(x))
        if self._walls is not None and len(single):
            along = self._walls.neighbours(x, step, self.domain, self._random)
            single = np.concatenate([single, along])
        orders = (_rearranged(x, group, self._random) for group in self.domain.groups)
        return np.concatenate([single, *orders])


def _together(x: Array, changed: Array, loose: Places) -> Array:
    """x with the first two, four, eight, … of the changes that others, the best first, make to it,
    each variable as the first says that changes it, (k, n)."""
    changed = changed[:, loose]
    other = changed != x[loose]
    first = other.argmax(axis=0)  # the first that changes each variable
    touched = np.flatnonzero(other.any(axis=0))
    found = []
    for count in 2 ** np.arange(1, 1 + math.ceil(math.log2(len(changed)))):
        there = x.copy()
        some = touched[first[touched] < count]
        there[loose[some]] = changed[first[some], some]
        found.append(there)
    return np.array(found)


def _bottoms(lines: Array) -> tuple[Places, Array]:
    """Where values along lines (m, k) have a bottom, by parabolas: its line, and its place in
    steps from the first value, each (bottoms,)."""
    with np.errstate(all="ignore"):  # flat lines, slopes, and cliffs without end
        left, right = lines[:, :-2] - lines[:, 1:-1], lines[:, 2:] - lines[:, 1:-1]
        shifts = 0.5 * (left - right) / (left + right)
    rows, places = np.nonzero((left >= 0.0) & (right >= 0.0) & np.isfinite(shifts))
    return rows, places + 1 + shifts[rows, places]


def _reflected(points: Array, domain: Domain) -> Array:
    """Points beyond an end of the box mirrored into it."""
    low = np.where(points < domain.lower, 2.0 * domain.lower - points, points)
    return np.where(low > domain.upper, 2.0 * domain.upper - low, low)


_SHUFFLED = 0.8
"""The share of children whose permutation comes from one parent."""


_TRIED = 700
"""The most rearrangements of one order that are looked at in a round: all of 14 places."""


def _rearranged(x: Array, group: Places, random: np.random.Generator) -> Array:
    """x with a part of its permutation reversed, two places of it swapped, or two neighbouring
    blocks exchanged: all of these, or as many drawn."""
    size = len(group)
    first, last = (ends[:, None] for ends in np.triu_indices(size, 1))
    changes = [_turned(first, last, size), _swapped(first, last, size)]
    sources = np.concatenate([*changes, _exchanged(*_cuts(size, random), size)])
    if len(sources) > _TRIED:
        sources = sources[random.choice(len(sources), _TRIED, replace=False)]
    found = np.repeat(x[None], len(sources), axis=0)
    found[:, group] = x[group][sources]
    return found


def _cuts(size: int, random: np.random.Generator) -> tuple[Places, Places, Places]:
    """Where the blocks to exchange begin, meet and end, each (pairs, 1)."""
    if math.comb(size + 1, 3) <= _TRIED:
        found = np.array(list(combinations(range(size + 1), 3)), np.int64).reshape(-1, 3)
    else:
        found = np.sort(random.integers(0, size + 1, (_TRIED, 3)), axis=1)
    return found[:, :1], found[:, 1:2], found[:, 2:]


def _changes(size: int, count: int, random: np.random.Generator) -> Places:
    """Where the places of permutations come from, (count, size): a part turned round, two places
    swapped, or two neighbouring blocks exchanged, of which one may be a single place."""
    ends = np.sort(random.integers(0, size, (count, 2)), axis=1)
    first, last = ends[:, :1], ends[:, 1:]
    kind = random.integers(4, size=(count, 1))
    middle = np.where(kind == 2, last, random.integers(first, last + 1))
    changes = (
        _turned(first, last, size),
        _swapped(first, last, size),
        _exchanged(first, middle, last + 1, size),
    )
    return np.choose(np.minimum(kind, 2), changes)


def _turned(first: Places, last: Places, size: int) -> Places:
    place = np.arange(size)
    return np.where((place >= first) & (place <= last), first + last - place, place)


def _swapped(first: Places, last: Places, size: int) -> Places:
    place = np.arange(size)
    return np.where(place == first, last, np.where(place == last, first, place))


def _exchanged(first: Places, middle: Places, end: Places, size: int) -> Places:
    """The blocks from `first` up to `middle` and from there up to `end` the other way round."""
    place = np.arange(size)
    front = place + middle - first
    shifted = np.where(front < end, front, front - (end - first))
    return np.where((place >= first) & (place < end), shifted, place)
