"""Going on from a trained model with new ratings, which may bring new users and items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.factor.models.initial import draw
from xlcollab.factor.models.model import FactorModel, Rated
from xlcollab.factor.passes.compiled import enough_threads
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.factor.training.loop import Loop
from xlcollab.factor.training.result import TrainingResult
from xlcollab.factor.training.train import Clock, Tables, finished
from xlcollab.factor.training.trainable import Job, factor_trainable
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.settings.fitting import TrainingSettings


def extended(model: FactorModel, table: RatingsTable, training: TrainingSettings) -> TrainingResult:
    """`model` trained further on `table` alone; new ids are numbered after the known ones.

    The global bias stays; the range that predictions are cut to grows with the new ratings.
    """
    clock = Clock()
    settings = training.resolved()
    users = with_new_ids(model.user_ids, table.user_ids)
    items = with_new_ids(model.item_ids, table.item_ids)
    new = table.renumbered(users, items)
    seen = tuple(zip(model.output.seen, new.range, strict=True))
    output = replace(model.output, seen=(min(seen[0]), max(seen[1])))
    rng = np.random.default_rng(settings.seed)
    job = Job(new, model.settings, settings, output, _all_rated(model, new), rng)
    with enough_threads(job.work):
        trainable = factor_trainable(job, _grown(model, len(users), len(items), rng))
        clock.lap("prepare")
        outcome = Loop(trainable, settings, len(new)).run()
    clock.lap("train")
    return finished(Tables(new), trainable, outcome, clock)


def with_new_ids(known: Vocabulary, other: Vocabulary) -> Vocabulary:
    """The ids of `known`, then those of `other` that are not among them."""
    unknown = known.numbers(other.index, "negative") < 0
    if not unknown.any():
        return known
    both: pd.Index[Any] = known.index.append(other.index[unknown])
    return Vocabulary(both, known.kind)


def _grown(model: FactorModel, n_users: int, n_items: int, rng: np.random.Generator) -> Rows:
    def factors(known: Floats, n: int) -> Floats:
        return np.concatenate([known, draw(model.settings, n - len(known), rng)])

    def bias(known: Floats, n: int) -> Floats:
        return np.concatenate([known, np.zeros(n - len(known), known.dtype)])

    return Rows.pack(
        factors(model.user_factors, n_users),
        factors(model.item_factors, n_items),
        bias(model.user_bias, n_users),
        bias(model.item_bias, n_items),
    )


def _all_rated(model: FactorModel, new: RatingsTable) -> Rated:
    """What was rated before and now, each pair once."""
    users, items = model.rated.pairs()
    pairs = np.concatenate(
        [
            users.astype(np.int64) * new.n_items + items,
            new.users * np.int64(new.n_items) + new.items,
        ]
    )
    both = np.unique(pairs)
    starts = np.searchsorted(both, np.arange(new.n_users + 1, dtype=np.int64) * new.n_items)
    return Rated(starts.astype(np.int64), (both % new.n_items).astype(np.int32))
