"""Orders of a population: how they are rearranged, and that tours one way end at the best one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from xlcollab.optim.evolution.domain import Domain
from xlcollab.optim.evolution.scorer import Scores
from xlcollab.optim.evolution.search import _TRIED, Evolution, Limits, _changes, _rearranged

Array = NDArray[np.float64]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 12, 40])
def test_what_is_rearranged_is_an_order_still(size: int) -> None:
    random = np.random.default_rng(size)
    x = np.concatenate([random.permutation(size) + 1.0, [7.5]])
    found = _rearranged(x, np.arange(size), random)
    assert len(found) <= _TRIED
    assert np.array_equal(
        np.sort(found[:, :size], axis=1), np.tile(np.arange(1, size + 1), (len(found), 1))
    )
    assert (found[:, size] == 7.5).all()
    drawn = _changes(size, 300, random)
    assert np.array_equal(np.sort(drawn, axis=1), np.tile(np.arange(size), (300, 1)))


class _Tours:
    """The lengths of closed tours through a table; those of an evolution's points."""

    def __init__(self, table: Array) -> None:
        self._table = table

    def __call__(self, points: Array) -> Scores:
        places = points.astype(int) - 1
        lengths = self._table[places, np.roll(places, -1, axis=1)].sum(axis=1)
        return Scores(lengths, np.zeros(len(points)))


def _shortest(table: Array) -> float:
    """By the dynamic program of Held and Karp (1962)."""
    n = len(table)
    best = {(1, 0): 0.0}
    for visited in range(1, 1 << n, 2):
        for last in range(n):
            here = best.get((visited, last))
            for other in range(n) if here is not None else ():
                if not visited >> other & 1:
                    key = (visited | 1 << other, other)
                    best[key] = min(best.get(key, np.inf), here + table[last, other])
    return min(best[(1 << n) - 1, last] + table[last, 0] for last in range(1, n))


@pytest.mark.parametrize("seed", range(6))
def test_tours_that_differ_by_direction(seed: int) -> None:
    """A part turned round is no neighbour there: its roads are others."""
    n = 9
    table = np.random.default_rng(seed).integers(1, 100, (n, n)).astype(float)
    free = np.zeros(n, np.bool_)
    box = (np.ones(n), np.full(n, float(n)))
    domain = Domain(*box, ~free, (np.arange(n),), free, free)
    limits = Limits(generations=2000, patience=60.0, size=60, mutation=0.075)
    tours = _Tours(table)
    search = Evolution(tours, domain, limits, np.random.default_rng(0))  # type: ignore[arg-type]
    found = search.run(np.arange(1.0, n + 1), lambda _: None)
    assert tours(found[None]).objective[0] == _shortest(table)
