"""Training on several processes: users sharded by ratings, items on every process.

A step needs the whole gradient of the items and of nothing else: each process adds up the gradients
of its own users' ratings, all of them sum the items' (n_items · (k + 2) numbers), and then take the
same step on the items and their own step on their users. Results equal those of one process up to
the order of summation. Start with

    torchrun --nproc-per-node 2 script.py

where every process of the script calls `train_distributed`. Only gradient rules on all ratings at
once run so.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlcollab.errors import UsageError
from xlcollab.factor.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from xlcollab.factor.compiled import enough_threads
from xlcollab.factor.engines.base import EpochLoss
from xlcollab.factor.engines.gradient import FullBatch, Stepper
from xlcollab.factor.loop import Loop
from xlcollab.factor.model import Rated
from xlcollab.factor.order import BySide, even_cuts
from xlcollab.factor.processes import Processes, joined
from xlcollab.factor.result import OnEpoch, TrainingResult
from xlcollab.factor.rows import Floats, Rows
from xlcollab.factor.settings import GRADIENT_RULES, ModelSettings, TrainingSettings
from xlcollab.factor.train import Clock, Start, Tables, finished, job_of, rows_to_start
from xlcollab.factor.trainable import FactorTrainable, Job
from xlcollab.ratings import RatingsTable


@dataclass(frozen=True, slots=True)
class Saving:
    """Where to save the state of the run and after how many epochs; whether to go on from there."""

    path: Path
    every: int = 10
    resume: bool = False


def train_distributed(
    tables: Tables | RatingsTable,
    model: ModelSettings | None = None,
    training: TrainingSettings | None = None,
    *,
    start: Start = None,
    saving: Saving | None = None,
    on_epoch: OnEpoch | None = None,
) -> TrainingResult | None:
    """Train across the processes of torchrun; the result on rank 0, None on the others.

    Every process passes the same arguments. `on_epoch` is called on rank 0 and cannot stop the run.
    Outside of torchrun this is one process, which can save and resume too. Raises UsageError where
    the settings have no distributed form, SolveError if a process is lost.
    """
    tables = tables if isinstance(tables, Tables) else Tables(tables)
    model = model or ModelSettings()
    settings = (training or TrainingSettings(optimizer="adam")).resolved()
    _check(tables, model, settings)
    clock = Clock()
    with joined() as processes, ExitStack() as threads:
        job = job_of(tables.train, model, settings, Rated.of(tables.train), settings.seed)
        shard = _shard(job, processes)
        threads.enter_context(enough_threads(job.work // processes.size))
        trainable = _trainable(job, rows_to_start(job, start), shard, processes)
        state = ShardState(trainable, shard, processes, saving)
        first = state.resume(job) if saving is not None and saving.resume else 0
        clock.lap("prepare")
        loop = Loop(state, settings, len(tables.train), on_epoch=_on_rank_0(on_epoch, processes))
        outcome = loop.run(first)
        clock.lap("train")
        if processes.rank > 0:
            return None
    return finished(tables, state, outcome, clock)


@dataclass(slots=True)
class ShardState:
    """What the loop trains: this process's shard, saved and put together when asked."""

    shard_engine: FactorTrainable
    shard: slice
    processes: Processes
    saving: Saving | None

    def run_epoch(self, epoch: int) -> EpochLoss:
        loss = self.shard_engine.run_epoch(epoch)
        if self.saving is not None and (epoch + 1) % self.saving.every == 0:
            self._save(self.saving.path, epoch + 1)
        return loss

    def predict(self, name: str, table: RatingsTable) -> Floats:
        return self.shard_engine.predict(name, table)

    def snapshot(self) -> Rows | None:
        """The whole model on rank 0, None elsewhere; every process must ask."""
        rows = self._stepper.rows
        users = self.processes.gathered(rows.users)
        return None if users is None else Rows(users, rows.items, rows.n_factors)

    def model(self, snapshot: Any) -> Any:
        return self.shard_engine.model(snapshot)

    def resume(self, job: Job) -> int:
        """Take up the checkpoint; the number of epochs it has seen."""
        assert self.saving is not None
        saved = read_checkpoint(self.saving.path, job)
        stepper = self._stepper
        stepper.rows.users[:] = saved.users[self.shard]
        stepper.rows.items[:] = saved.items
        for own, whole in zip(stepper.buffers[0], saved.user_buffers, strict=True):
            own[:] = whole[self.shard]
        for own, whole in zip(stepper.buffers[1], saved.item_buffers, strict=True):
            own[:] = whole
        stepper.n_steps = saved.epoch
        return saved.epoch

    @property
    def _stepper(self) -> Stepper:
        engine = self.shard_engine.engine
        assert isinstance(engine, FullBatch)
        return engine.stepper

    def _save(self, path: Path, epoch: int) -> None:
        stepper = self._stepper
        users = self.processes.gathered(stepper.rows.users)
        buffers = [self.processes.gathered(buffer) for buffer in stepper.buffers[0]]
        if users is None:
            return
        whole = [buffer for buffer in buffers if buffer is not None]
        saved = Checkpoint(epoch, users, stepper.rows.items, whole, stepper.buffers[1])
        write_checkpoint(path, saved, self.shard_engine.job)


def _trainable(job: Job, rows: Rows, shard: slice, processes: Processes) -> FactorTrainable:
    """The full-batch engine on this process's users, its sums taken over all processes."""
    n = len(job.table)
    own = job.table.take((job.table.users >= shard.start) & (job.table.users < shard.stop))
    by_user = BySide.users(own, job.model.dtype)
    mine = BySide(by_user.starts[shard.start : shard.stop + 1], by_user.others, by_user.ratings)
    rows = Rows(rows.users[shard].copy(), rows.items, rows.n_factors)
    stepper = Stepper.of(rows, job.model, job.training, job.epochs)
    stepper.total = processes.total

    def reduce(item_gradient: Floats, squared_error: float) -> tuple[Floats, float]:
        if processes.size == 1:
            return item_gradient, squared_error
        whole = processes.sum(item_gradient.sum(axis=0))[None]
        return whole, processes.total(squared_error)

    return FactorTrainable(job, FullBatch(mine, job.output, stepper, n, reduce))


def _shard(job: Job, processes: Processes) -> slice:
    """The users of this process: a run of numbers with an equal share of the ratings."""
    cuts = even_cuts(job.rated.starts, processes.size)
    return slice(int(cuts[processes.rank]), int(cuts[processes.rank + 1]))


def _on_rank_0(on_epoch: OnEpoch | None, processes: Processes) -> OnEpoch | None:
    if on_epoch is None or processes.rank > 0:
        return None
    told = on_epoch
    return lambda progress: told(progress) and None


def _check(tables: Tables, model: ModelSettings, settings: TrainingSettings) -> None:
    if settings.optimizer not in GRADIENT_RULES or settings.batch_size is not None:
        raise UsageError(
            "several processes train by a gradient rule on all ratings at once; choose one of "
            f"{', '.join(GRADIENT_RULES)} without batch_size"
        )
    if not model.is_closed_form:
        raise UsageError("several processes train the pure factor model; leave the net out")
    if tables.validation is not None or settings.restarts:
        raise UsageError("several processes run all epochs once: no validation, no restarts")
