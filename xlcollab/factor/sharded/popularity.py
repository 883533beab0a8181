"""What popularity weighs in a recommendation, learned by the first process from a few users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xlcollab.factor.models.model import POPULARITY
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.job import Ready
from xlcollab.factor.training.popularity import FEWEST, MOST, some_users, weight_from
from xlcollab.ratings import RatingsTable, Vocabulary

_MOST_IDS = 1 << 21
"""Users and items of which a small model is trained beside the run."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some users' ratings of all processes, on the first one, and the draws to go on with."""

    table: RatingsTable | None
    rng: np.random.Generator
    seed: int


def sample_of(ready: Ready, seed: int) -> Sample:
    """The users that `learned_weight` would draw of the whole table, before it is trained on.

    No ratings where there are too few to learn from, or too many ids for a model beside the run.
    Every process must ask.
    """
    processes, held, rng = ready.processes, ready.train, np.random.default_rng(seed)
    if held.n < FEWEST or ready.n_users + ready.n_items > _MOST_IDS:
        return Sample(None, rng, seed)
    drawn = np.ones(ready.n_users, bool)
    if held.n > MOST:
        drawn = some_users(ready.n_users, held.n, rng)
    table = held.table
    own = np.flatnonzero(drawn[ready.users][table.users])
    columns = (ready.users[table.users[own]], table.items[own], table.ratings[own], held.rows[own])
    on_first = [
        np.concatenate(processes.exchanged([one, *[one[:0]] * (processes.size - 1)]))
        for one in columns
    ]
    if processes.rank:
        return Sample(None, rng, seed)
    users, items, ratings, rows = on_first
    order = np.argsort(rows)
    one, other = (Vocabulary(pd.RangeIndex(n)) for n in (ready.n_users, ready.n_items))
    whole = RatingsTable(users[order], items[order], ratings[order], one, other)
    return Sample(whole, rng, seed)


def learned_weight(sample: Sample, processes: Processes) -> float:
    """What `training.popularity` learns from the sample, on every process, which must all ask."""

    def weight() -> float:
        if sample.table is None:
            return POPULARITY
        return weight_from(sample.table, sample.rng, sample.seed)

    return processes.from_first(weight)
