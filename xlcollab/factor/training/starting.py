"""The rows that a training starts from: drawn, given, or those of a model."""

from __future__ import annotations

from xlcollab.factor.models.initial import StartArrays, start_rows
from xlcollab.factor.models.model import FactorModel
from xlcollab.factor.passes.rows import Rows
from xlcollab.factor.training.trainable import Job

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
    """`start` as arrays in the order of the job's ids; a model must know all of them."""
    if not isinstance(start, FactorModel):
        return job.scale.start_inward(start or StartArrays(), job.output)
    users = start.user_ids.numbers(job.table.user_ids.index)
    items = start.item_ids.numbers(job.table.item_ids.index)
    found = StartArrays(
        start.user_factors[users],
        start.item_factors[items],
        start.user_bias[users],
        start.item_bias[items],
    )
    return job.scale.start_inward(found, job.output)
