"""Going on from a trained model with new ratings, which may bring new users and items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from xlcollab.factor.models.initial import draw
from xlcollab.factor.models.model import FactorModel, Rated, Titles
from xlcollab.factor.passes.compiled import enough_threads
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.factor.training.result import TrainingResult
from xlcollab.factor.training.scale import Scale
from xlcollab.factor.training.train import Clock, Tables, finished, loop_of, resolved
from xlcollab.factor.training.trainable import Job, factor_trainable
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.table import Side
from xlcollab.settings.fitting import TrainingSettings


def extended(model: FactorModel, table: RatingsTable, training: TrainingSettings) -> TrainingResult:
    """`model` trained further on `table` alone; new ids are numbered after the known ones.

    The global bias stays, and what popularity weighs; the range that predictions are cut to grows
    with the new ratings.
    """
    clock = Clock()
    users = with_new_ids(model.user_ids, table.user_ids)
    items = with_new_ids(model.item_ids, table.item_ids)
    new = table.renumbered(users, items)
    new = replace(new, titles=_longer_titles(model, len(users), len(items)))
    _, settings = resolved(new, model.settings, training)
    scale = _scale_of(model, new) if settings.standardize else Scale()
    seen = tuple(zip(model.output.seen, new.range, strict=True))
    output = replace(model.output, seen=(min(seen[0]), max(seen[1])))
    job = Job(
        scale.inward(new),
        model.settings,
        settings,
        scale.output_inward(output),
        _all_rated(model, new),
        np.random.default_rng(settings.seed),
        scale,
        output,
    )
    start = replace(model, rows=scale.rows_inward(model.rows, output))
    with enough_threads(job.work):
        trainable = factor_trainable(job, _grown(start, len(users), len(items), job.rng))
        clock.lap("prepare")
        outcome = loop_of(trainable, job, Tables(new), None).run()
    clock.lap("train")
    result = finished(Tables(new), trainable, outcome, clock, settings)
    gone_on = replace(result.model, popularity=model.popularity)  # type: ignore[type-var]
    return replace(result, model=gone_on)


def _longer_titles(model: FactorModel, n_users: int, n_items: int) -> Titles:
    """The titles that are known, None for new ids."""
    sizes: dict[Side, int] = {"user": n_users, "item": n_items}
    return {
        side: (*titles, *[None] * (sizes[side] - len(titles)))
        for side, titles in model.titles.items()
    }


def _scale_of(model: FactorModel, new: RatingsTable) -> Scale:
    """The inner scale of a trained model's further training on `new`."""
    output = model.output
    mean = output.low + output.span / 2 if output.span else output.centre
    return Scale.of(new, mean, output.spread)


def with_new_ids(known: Vocabulary, other: Vocabulary) -> Vocabulary:
    """The ids of `known`, then those of `other` that are not among them."""
    unknown = known.numbers(other.index, "negative") < 0
    if not unknown.any():
        return known
    both: pd.Index = known.index.append(other.index[unknown])
    return Vocabulary(both, known.kind)


def _grown(model: FactorModel, n_users: int, n_items: int, rng: np.random.Generator) -> Rows:
    def factors(known: Floats, n: int) -> Floats:
        return np.concatenate([known, draw(model.settings, n - len(known), rng, known.shape[1])])

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
