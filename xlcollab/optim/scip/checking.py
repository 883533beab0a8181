"""A proof is looked at twice: a short search of another kind that would contradict it."""

from __future__ import annotations

import numpy as np
import torch

from xlcollab.optim.evolution.domain import domain_of
from xlcollab.optim.evolution.scorer import Scorer
from xlcollab.optim.evolution.search import Evolution, Limits
from xlcollab.optim.nonlinear.sized import Array, SizedModel, TimeIsUpError

_GENERATIONS, _POINTS, _SECONDS = 30, 30, 2.0
"""Hundreds of points tell a wrong optimum soon; a proof may not cost more than the search."""


def better_than(model: SizedModel, x: Array, bound: float) -> Array | None:
    """A feasible point, (n,), whose value (of size one, minimised) lies below `bound`, if a short
    evolution from x finds one; None also where time is up."""
    scorer = Scorer(model)
    domain = domain_of(model.task.objective, x, model.lower * model.size, model.upper * model.size)
    limits = Limits(_GENERATIONS, _SECONDS, _POINTS, 0.1, stalled=_GENERATIONS)
    generator = np.random.default_rng(model.task.settings.seed)
    found = x
    try:
        found = Evolution(scorer, domain, limits, generator).run(x, lambda _: None)
    except (TimeIsUpError, KeyboardInterrupt):
        return None
    there = model.values_at(torch.as_tensor(found))
    return found if there.feasible and there.objective < bound else None
