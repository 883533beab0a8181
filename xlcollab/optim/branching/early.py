"""A first solution while there is time: a tree whose relaxations take long may come to none."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable

import numpy as np

from xlcollab.optim.branching.tree import Array, Node, Relaxed
from xlcollab.optim.evolution.domain import Domain, domain_of
from xlcollab.optim.evolution.scorer import Scorer
from xlcollab.optim.evolution.search import Evolution, Limits
from xlcollab.optim.nonlinear.sized import SizedModel, TimeIsUpError

_FOR_THE_ROOT, _FOR_THE_FIRST = 0.35, 0.5
"""Of what is left of a time limit: for the relaxation of the whole box, and then for a population
where its point stands for no solution."""
_NEAR = 0.2
"""Of a variable, or of 10: how far from a relaxation's point is looked at first."""
_STALLED = 40
"""Generations without improvement, after which it is looked farther away."""
_GENERATIONS, _SIZE, _MUTATION = 400, 60, 0.075
"""Of the population: a first solution is asked for, and no optimum."""


def in_time(model: SizedModel, relax: Callable[[Node], Relaxed], node: Node) -> Relaxed:
    """The relaxation of the first node, or where it had come to when its share of a time limit
    was used up. Raises TimeIsUpError at the limit itself."""
    try:
        with model.no_longer_than(_FOR_THE_ROOT * model.seconds_left()):
            return relax(node)
    except TimeIsUpError:
        model.watch_time()
    seen = model.best or model.nearest
    return Relaxed("unknown", node.y if seen is None else seen.y * model.size)


def by_population(model: SizedModel, y: Array, box: tuple[Array, Array]) -> Array | None:
    """A point (n,) of whole numbers that satisfies the rows, from around y; None where none was
    found in its share of the time limit. Raises TimeIsUpError at the limit itself."""
    scorer, (lower, upper) = Scorer(model), box
    for reach in (_NEAR * np.maximum(10.0, np.abs(y)), np.inf):
        near = np.maximum(lower, np.floor(y - reach)), np.minimum(upper, np.ceil(y + reach))
        domain = domain_of(model.task.objective, y, *near)
        found = _evolved(scorer, domain, domain.settled(y[None])[0])
        if found is not None:
            return found
    return None


def _evolved(scorer: Scorer, domain: Domain, start: Array) -> Array | None:
    model, best = scorer.model, [start]
    seconds = _FOR_THE_FIRST * model.seconds_left()
    limits = Limits(_GENERATIONS, seconds, _SIZE, _MUTATION, stalled=_STALLED)
    generator = np.random.default_rng(model.task.settings.seed)
    evolution = Evolution(scorer, domain, limits, generator)
    with contextlib.suppress(TimeIsUpError), model.no_longer_than(seconds):
        evolution.run(start, lambda x: best.append(x.copy()))
    model.watch_time()
    return best[-1] if scorer(best[-1][None]).violation[0] <= 0.0 else None


def is_pressed(model: SizedModel) -> bool:
    """Whether there is a time limit at all."""
    return math.isfinite(model.seconds_left())
