"""The rows that a training starts from: drawn, given, or those of a model."""

from __future__ import annotations

from xlcollab.errors import UsageError
from xlcollab.factor.models.initial import StartArrays, start_rows
from xlcollab.factor.models.model import FactorModel
from xlcollab.factor.passes.rows import Rows
from xlcollab.factor.training.trainable import Job
from xlcollab.settings.fitting import ModelSettings

Start = StartArrays | FactorModel | None


def rows_to_start(job: Job, start: Start) -> Rows:
    """Drawn or given rows. Drawn rows of ids without ratings are 0, and so stay: no noise there."""
    given = given_arrays(job, start)
    table = job.table
    rows = start_rows(job.model, table.n_users, table.n_items, job.rng, given)
    if given.user_factors is None:
        rows.user_factors[job.rated.user_counts == 0] = 0
    if given.item_factors is None:
        rows.item_factors[job.rated.item_counts(table.n_items) == 0] = 0
    return rows


def given_arrays(job: Job, start: Start) -> StartArrays:
    """`start` as arrays in the order of the job's ids; a model must know all of them, and be of
    the same kind. Raises UsageError and DataError where it is not."""
    if not isinstance(start, FactorModel):
        return job.scale.start_inward(start or StartArrays(), job.output)
    refuse_other_kind(start, job.model)
    users = start.user_ids.numbers(job.table.user_ids.index)
    items = start.item_ids.numbers(job.table.item_ids.index)
    found = StartArrays(
        start.user_factors[users],
        start.item_factors[items],
        start.user_bias[users],
        start.item_bias[items],
    )
    return job.scale.start_inward(found, job.output)


def refuse_other_kind(start: FactorModel, model: ModelSettings) -> None:
    """Raises UsageError where ratings would go on from what is taken up, or the other way: the
    factors of one say nothing of the other."""
    if start.settings.implicit and not model.implicit:
        raise UsageError("the start is an implicit model; one of ratings is needed")
    if model.implicit and not start.settings.implicit:
        raise UsageError("the start is a model of ratings; an implicit one is needed")
