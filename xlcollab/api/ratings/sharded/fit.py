"""A fit in which no process holds all ratings: each reads its share of the source, is sent the
ratings of the users that it owns, and writes its part of the model.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.ratings.fitted import Counts, Fitted, Stopwatch
from xlcollab.api.ratings.memory import highest
from xlcollab.api.ratings.scores import Measured, Ranked, least_liked, ranked_over, users_ranked
from xlcollab.api.ratings.sharded.asked import Asked, asked_of, saving_of
from xlcollab.api.ratings.sharded.holding import ready_for, spread_said
from xlcollab.api.ratings.sharded.target import Target
from xlcollab.api.ratings.sharded.writing import write
from xlcollab.factor import (
    Tables,
)
from xlcollab.factor.models.model import scores as scores_of
from xlcollab.factor.models.recommend import mixed
from xlcollab.factor.several.processes import Processes, joined
from xlcollab.factor.sharded.popularity import Sample, learned_weight, sample_of
from xlcollab.factor.sharded.run import ShardedRun, train_sharded
from xlcollab.factor.training.result import OnEpoch
from xlcollab.interrupts import finished_first, raise_stopped, time_limit
from xlcollab.settings.requests.ratings import FitRequest, Measures

Say = Callable[[str], None]


def fit_sharded(
    request: FitRequest, target: Target, clock: Stopwatch, on_epoch: OnEpoch | None, say: Say
) -> Fitted | None:
    """Fit over the processes of torchrun, or in one process that keeps a checkpoint; what was
    fitted on rank 0, None on the others.

    Raises the same error on all processes; ProcessLostError where one is lost.
    """
    with joined(_advice(request)) as processes:
        alone = processes.size == 1
        limit = request.time_limit
        deadline = math.inf if limit is None or alone else time.monotonic() + limit
        with time_limit(limit if alone else None):
            with clock.phase("read"):
                asked = processes.agreed(lambda: asked_of(request, target, processes))
                ready, n = ready_for(asked, processes)
                sample = sample_of(ready, asked.training.seed)
            say(spread_said(request.place, ready, n))
            run = train_sharded(
                ready,
                asked.model,
                asked.training,
                start=asked.start,
                saving=saving_of(request),
                on_epoch=on_epoch,
                deadline=deadline,
            )
        if run.result.status.is_stop and not request.keep_partial:
            raise_stopped(run.result.status)
        return _finished(asked, run, sample, clock, processes)


def _advice(request: FitRequest) -> str:
    """What to do when a process was lost."""
    if request.checkpointing.checkpoint is None:
        return "start anew; a run that keeps a checkpoint can go on from it"
    return "go on from the last checkpoint with resume"


def _finished(
    asked: Asked, run: ShardedRun, sample: Sample, clock: Stopwatch, processes: Processes
) -> Fitted | None:
    """The model written by all processes; what is told, on the first one."""
    clock.seconds |= run.result.seconds
    with clock.phase("learn to rank"):
        weight = learned_weight(sample, processes)
        run = run.weighing(weight)
    with clock.phase("rank"):
        found = _ranked(run, asked.request.measures)
    table = run.job.ready.train.table
    counts = Counts(run.job.n_ratings, run.job.ready.n_users, table.n_items)
    measured = Measured(found, None, None)
    run.give_up_ratings()
    notes: list[str] = []
    with clock.phase("write"), finished_first():
        notes += write(asked, run, measured, processes)
    result = replace(run.result, seconds=dict(clock.seconds))
    peaks = [one for one in processes.told(highest()) if one is not None]
    if processes.rank:
        return None
    return Fitted(
        result=result,
        counts=counts,
        output=asked.target.path,
        seconds=clock.seconds,
        notes=(*result.notes, *notes),
        measured=measured,
        peaks=tuple(peaks),
    )


def _ranked(run: ShardedRun, measures: Measures) -> Ranked | None:
    """Rankings for our users among all items, and their means over all processes."""
    job, parts = run.job, run.job.ready.parts
    test = parts.get("test")
    if test is None:
        return None
    processes, model = job.processes, run.with_all_items()
    measures = replace(measures, relevant=least_liked(measures, job.seen))
    mine = job.ready.users[np.unique(test.table.users)]
    every = np.sort(np.concatenate(processes.exchanged([mine] * processes.size)))
    chosen = np.isin(job.ready.users, users_ranked(every, job.ready.n_items, job.training.seed))

    def scores(user: int) -> NDArray[np.float64]:
        predicted = scores_of(model, user).astype(np.float64)
        return mixed(predicted, job.item_counts, model.output.slope, model.popularity)

    unscaled = replace(test.table, ratings=job.scale.outward(test.table.ratings))
    tables = Tables(parts["train"].table, test=unscaled)
    return ranked_over(scores, tables, measures, chosen, processes.sum)
