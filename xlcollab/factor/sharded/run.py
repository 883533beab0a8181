"""The run of a sharded training, from exchanged ratings to this process's part of the model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from xlcollab.errors import UsageError
from xlcollab.factor.models.folder import Shard
from xlcollab.factor.models.model import FactorModel, Rated
from xlcollab.factor.passes.compiled import enough_threads
from xlcollab.factor.passes.order import BySide
from xlcollab.factor.passes.rows import Rows
from xlcollab.factor.sharded import checkpoint
from xlcollab.factor.sharded.checkpoint import Saving
from xlcollab.factor.sharded.engine import ShardEngine, Sums
from xlcollab.factor.sharded.gradient import FullBatchShard
from xlcollab.factor.sharded.job import Ready, ShardJob, job_of
from xlcollab.factor.sharded.least_squares import LeastSquaresShard
from xlcollab.factor.sharded.notes import biases_alone, notes_on
from xlcollab.factor.sharded.per_rating import PerRatingShard
from xlcollab.factor.sharded.space import give_back
from xlcollab.factor.training.loop import Best, Loop
from xlcollab.factor.training.result import EpochRow, OnEpoch, Scores, Status, TrainingResult
from xlcollab.factor.training.train import Clock, worse_than_biases
from xlcollab.ratings import RatingsTable
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.optimizers import GRADIENT_RULES

Made = Callable[[ShardJob, FactorModel | None], ShardEngine]
ENGINES: Mapping[str, Made] = {
    "sgd": PerRatingShard.of,
    "als": LeastSquaresShard.of,
    **dict.fromkeys(GRADIENT_RULES, FullBatchShard.of),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardedRun:
    """What a process has when a run has ended: `result` holds the errors on all ratings and, as its
    model, our users with the items of our own; `items` are the numbers of these."""

    job: ShardJob
    result: TrainingResult
    items: np.ndarray
    engine: ShardEngine

    @property
    def model(self) -> FactorModel:
        """Our part of the model."""
        model = self.result.model
        assert isinstance(model, FactorModel)
        return model

    def weighing(self, popularity: float) -> ShardedRun:
        """The same whose model knows what popularity weighs."""
        model = replace(self.model, popularity=popularity)
        return replace(self, result=replace(self.result, model=model))

    def shard(self) -> Shard:
        """Our part of the model as it is written."""
        processes = self.job.processes
        users = self.job.ready.users
        return Shard(self.model, users, self.items, processes.rank, processes.size)

    def give_up_ratings(self) -> None:
        """What only training needed is no longer held."""
        self.job.ready.parts.clear()
        give_back()

    def with_all_items(self) -> FactorModel:
        """Our users with the rows of all items, which every process must ask for."""
        job, rows = (
            self.job,
            Rows(self.engine.rows().users, self.engine.all_items(), self.job.model.n_factors),
        )
        whole = job.scale.rows_outward(rows, job.output)
        ids = job.ready.train.table.item_ids
        return replace(self.model, rows=whole, item_ids=ids)


def check_sharded(model: ModelSettings, training: TrainingSettings, *, validated: bool) -> None:
    """Raises UsageError where settings have no form for several processes."""
    if not model.is_closed_form:
        raise UsageError(f"{_ONLY} train the pure factor model; leave the net out")
    if training.optimizer not in ENGINES:
        raise UsageError(
            f"{_ONLY} train by sgd, als or a gradient rule on all ratings at once, not by "
            f"{training.optimizer}; add --optimizer with one of {', '.join(ENGINES)}"
        )
    if training.batch_size is not None:
        raise UsageError(
            f"{_ONLY} train by a gradient rule on all ratings at once, or by sgd; leave batch_size "
            "out"
        )
    if training.restarts:
        raise UsageError(f"{_ONLY} run all epochs once; leave restarts out")
    if training.optimizer == "als" and model.kind == "range":
        raise UsageError("als has no output range; use sgd or adam")
    if training.patience is not None and not validated:
        raise UsageError("patience needs validation ratings to watch; split some off")


_ONLY = "several processes, and runs that keep a checkpoint,"


def train_sharded(
    ready: Ready,
    model: ModelSettings,
    training: TrainingSettings,
    *,
    start: FactorModel | None = None,
    saving: Saving | None = None,
    on_epoch: OnEpoch | None = None,
    deadline: float = math.inf,
) -> ShardedRun:
    """Train on what the processes hold; every one of them calls this with the same settings.

    `on_epoch` is heard on rank 0. An interrupt, True from `on_epoch`, or the `deadline` (of
    time.monotonic) on one process stops all of them after the same epoch. Raises UsageError,
    DataError and DivergedError on all processes alike.
    """
    clock = Clock()
    job = ready.processes.agreed(lambda: _checked_job(ready, model, training))
    with enough_threads(job.work):
        engine = ready.processes.agreed(lambda: ENGINES[job.training.optimizer](job, start))
        loop = ShardLoop.of(job, engine, on_epoch, deadline)
        if saving is not None:
            loop.save = _saver(saving, engine, job)
            if saving.resume:
                loop.first_epoch, loop.best = checkpoint.resume(saving.path, engine, job)
        clock.lap("prepare")
        outcome = loop.run()
        clock.lap("train")
        engine.restore(outcome.snapshot, engine.buffers, 0)
        scores = {name: _scores(loop.sums(name), job) for name in job.ready.parts}
    engine.give_up()
    give_back()
    part = _part(job, engine, outcome.snapshot)
    result = TrainingResult(
        model=part,
        status=outcome.status,
        history=outcome.history,
        best_epoch=outcome.best_epoch,
        train=scores["train"],
        validation=scores.get("validation"),
        test=scores.get("test"),
        notes=notes_on(job),
        seconds=clock.seconds,
        training=job.training,
        biases=biases_alone(job),
    )
    result = replace(result, notes=(*result.notes, *worse_than_biases(result)))
    clock.lap("evaluate")
    return ShardedRun(job=job, result=result, items=np.asarray(engine.items), engine=engine)


def _checked_job(ready: Ready, model: ModelSettings, training: TrainingSettings) -> ShardJob:
    check_sharded(model, training, validated="validation" in ready.parts)
    return job_of(ready, model, training)


def _saver(saving: Saving, engine: ShardEngine, job: ShardJob) -> Callable[[int, Best], None]:
    def save(epoch: int, best: Best) -> None:
        if epoch % saving.every == 0:
            checkpoint.save(saving, epoch, best, engine, job)

    return save


def _part(job: ShardJob, engine: ShardEngine, rows: Rows) -> FactorModel:
    """Our users and our items on the ratings' own scale, ready to be written."""
    table = job.ready.train.table
    by_user = BySide.users(table, np.float32)
    titles = {"item": _taken(table, engine.items)} if table.titles.get("item") else {}
    return FactorModel(
        job.model,
        table.user_ids,
        replace(table.item_ids, index=table.item_ids.index[engine.items]),
        job.scale.rows_outward(rows, job.output),
        job.final,
        Rated(by_user.starts, by_user.others),
        titles,  # type: ignore[arg-type]
    )


def _taken(table: RatingsTable, items: np.ndarray) -> tuple[str | None, ...]:
    return tuple(table.titles["item"][number] for number in items.tolist())


def _scores(sums: Sums, job: ShardJob) -> Scores:
    squared, absolute, n = sums.tolist()
    unit = job.scale.unit
    return Scores(unit * math.sqrt(squared / n), unit * absolute / n, int(n))


@dataclass(slots=True)
class _Trained:
    """An engine as the loop sees it."""

    job: ShardJob
    engine: ShardEngine
    run_epoch: Callable[[int], object] = field(init=False)

    def __post_init__(self) -> None:
        self.run_epoch = self.engine.run_epoch

    def snapshot(self) -> Rows:
        return self.engine.rows()

    def model(self, snapshot: Rows) -> FactorModel:
        """What this process holds of the model: its users and its items."""
        return _part(self.job, self.engine, snapshot)


@dataclass(slots=True)
class ShardLoop(Loop):
    """The loop over epochs, its errors and its end the same on all processes."""

    job: ShardJob = field(kw_only=True)
    engine: ShardEngine = field(kw_only=True)
    deadline: float = math.inf

    @staticmethod
    def of(
        job: ShardJob, engine: ShardEngine, on_epoch: OnEpoch | None, deadline: float
    ) -> ShardLoop:
        tables = {
            name: None if held is None else held.table
            for name in ("validation", "test")
            for held in [job.ready.parts.get(name)]
        }
        return ShardLoop(
            _Trained(job, engine),  # type: ignore[arg-type]
            job.training,
            job.n_ratings,
            tables["validation"],
            tables["test"],
            on_epoch if job.processes.rank == 0 else None,
            unit=job.scale.unit,
            job=job,
            engine=engine,
            deadline=deadline,
        )

    def sums(self, name: str) -> Sums:
        """The sums of a part of the ratings over all processes."""
        found: Sums = self.job.processes.sum(self.engine.errors(name))
        return found

    def _errors(self, name: str, table: RatingsTable | None) -> tuple[float, float]:
        if table is None:
            return math.nan, math.nan
        found = _scores(self.sums(name), self.job)
        return found.rmse, found.mae

    def _after(self, row: EpochRow) -> Status:
        own = Loop._after(self, row)
        processes = self.job.processes
        late = time.monotonic() > self.deadline
        if processes.total(late):
            return Status.TIME_LIMIT
        asked = own is Status.INTERRUPTED or processes.interrupt.asked
        return Status.INTERRUPTED if processes.total(asked) else own
