"""Training on several processes: users sharded by ratings, items on every process.

A step needs the whole gradient of the items and of nothing else: each process adds up the gradients
of its own users' ratings, all of them sum the items' (n_items · (k + 2) numbers), and then take the
same step on the items and their own step on their users. Results equal those of one process up to
the order of summation. On GPUs every process has one of its own where there are as many, and only
the sums travel, by NCCL. Start with

    torchrun --nproc-per-node 2 script.py

where every process of the script calls `train_distributed`. Only gradient rules on all ratings at
once run so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace

import numpy as np

from xlcollab.errors import UsageError
from xlcollab.factor.engines.base import EpochLoss, Resumable
from xlcollab.factor.engines.gradient import FullBatch, Stepper
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.engines.torch_batch import TorchBatch
from xlcollab.factor.engines.torch_rules import device_of
from xlcollab.factor.models.model import FactorModel, Model, Rated, clipped, raw_predictions
from xlcollab.factor.passes.compiled import enough_threads
from xlcollab.factor.passes.order import BySide, even_cuts
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.factor.several.processes import Processes, joined
from xlcollab.factor.several.tensor_sums import device_here, tensor_sums
from xlcollab.factor.training.checkpoint import (
    Checkpoint,
    Saving,
    read_checkpoint,
    write_checkpoint,
)
from xlcollab.factor.training.loop import Best, Save
from xlcollab.factor.training.result import OnEpoch, Progress, TrainingResult
from xlcollab.factor.training.train import (
    Clock,
    Start,
    Tables,
    finished,
    job_of,
    loop_of,
    resolved,
    rows_to_start,
)
from xlcollab.factor.training.trainable import Job, factor_model
from xlcollab.ratings import RatingsTable
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.optimizers import GRADIENT_RULES


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

    Every process passes the same arguments. `on_epoch` is called on rank 0. An interrupt from the
    keyboard, or True from `on_epoch`, stops all processes after the same epoch. Outside of torchrun
    this is one process, which can save and resume too. Raises UsageError where the settings have no
    distributed form, ProcessLostError if a process is lost.
    """
    tables = tables if isinstance(tables, Tables) else Tables(tables)
    training = training or TrainingSettings(optimizer="adam")
    model, settings = resolved(tables.train, model or ModelSettings(), training)
    _check(tables, model, settings)
    clock = Clock()
    with joined(_advice(saving)) as processes, ExitStack() as stack:
        job = job_of(tables.train, model, settings, Rated.of(tables.train), settings.seed)
        shard = _shard(job, processes)
        stack.enter_context(enough_threads(job.work // processes.size))
        made = SHARD_ENGINES[settings.device]
        engine = stack.enter_context(made(job, rows_to_start(job, start), shard, processes))
        state = ShardState(job, engine, shard, processes)
        told = _on_rank_0(on_epoch, processes)
        loop = loop_of(state, job, tables, told)
        if saving is not None:
            loop.save = _saver(state, saving, job)
            if saving.resume:
                saved = read_checkpoint(saving.path, job)
                loop.first_epoch, loop.best = saved.epoch, state.resume(saved)
        clock.lap("prepare")
        outcome = loop.run()
        whole = state.whole(outcome.snapshot)
        clock.lap("train")
    if whole is None:
        return None
    return finished(tables, state, replace(outcome, snapshot=whole), clock, settings)


@dataclass(slots=True)
class ShardState:
    """What the loop trains: this process's shard, put together when asked."""

    job: Job
    engine: Resumable
    shard: slice
    processes: Processes

    def run_epoch(self, epoch: int) -> EpochLoss:
        return self.engine.run_epoch(epoch)

    def predict(self, name: str, table: RatingsTable) -> Floats:
        """The same on every process: each predicts for its own users, all others add 0. Shape
        (n,)."""
        rows, output = self.engine.rows, self.job.output
        own = (table.users >= self.shard.start) & (table.users < self.shard.stop)
        users = table.users[own] - np.int32(self.shard.start)
        predictions = np.zeros(len(table), rows.users.dtype)
        predictions[own] = clipped(raw_predictions(rows, output, users, table.items[own]), output)
        return self.processes.sum(predictions)

    def snapshot(self) -> Rows:
        """The rows of this process."""
        return self.engine.rows.copy()

    def whole(self, snapshot: Rows) -> Rows | None:
        """The rows of all users on rank 0, None elsewhere; every process must ask."""
        users = self.processes.gathered(snapshot.users)
        return None if users is None else Rows(users, snapshot.items, snapshot.n_factors)

    def model(self, snapshot: Rows) -> FactorModel:
        """The model of rows that are whole."""
        return factor_model(self.job, snapshot)

    def checkpoint(self, epoch: int, best: Best) -> Checkpoint | None:
        """The state of the whole run on rank 0, None elsewhere; every process must ask."""
        rows = self.whole(self.engine.rows)
        of_users, of_items = self.engine.buffers
        buffers = [self.processes.gathered(buffer) for buffer in of_users]
        if best.epoch:
            best = replace(best, snapshot=self.whole(best.snapshot))
        if rows is None:
            return None
        whole = [buffer for buffer in buffers if buffer is not None]
        return Checkpoint(epoch, rows, whole, of_items, best)

    def resume(self, saved: Checkpoint) -> Best:
        """Take up a checkpoint; the best until then, in the rows of this process."""
        of_users = [whole[self.shard] for whole in saved.user_buffers]
        rows = _of_shard(saved.rows, self.shard)
        self.engine.restore(rows, (of_users, saved.item_buffers), saved.epoch)
        best = saved.best
        if not best.epoch:
            return best
        return replace(best, snapshot=_of_shard(best.snapshot, self.shard))


def _saver(state: ShardState, saving: Saving, job: Job) -> Save:
    def save(epoch: int, best: Best) -> None:
        if epoch % saving.every == 0:
            saved = state.checkpoint(epoch, best)
            if saved is not None:
                write_checkpoint(saving.path, saved, job)

    return save


def _of_shard(rows: Rows, shard: slice) -> Rows:
    return replace(rows, users=rows.users[shard].copy())


def _own_ratings(job: Job, shard: slice) -> RatingsTable:
    """The ratings of this process's users."""
    return job.table.take((job.table.users >= shard.start) & (job.table.users < shard.stop))


@contextmanager
def _on_cpu(job: Job, rows: Rows, shard: slice, processes: Processes) -> Iterator[Resumable]:
    """The fused engine on this process's users, its sums taken over all processes."""
    by_user = BySide.users(_own_ratings(job, shard), job.model.dtype)
    mine = BySide(by_user.starts[shard.start : shard.stop + 1], by_user.others, by_user.ratings)
    counts = job.counts[0][shard], job.counts[1]
    stepper = Stepper.of(_of_shard(rows, shard), job.model, job.training, job.epochs, counts)
    stepper.total = processes.total

    def reduce(item_gradient: Floats, squared_error: float) -> tuple[Floats, float]:
        if processes.size == 1:
            return item_gradient, squared_error
        whole = processes.sum(item_gradient.sum(axis=0))[None]
        return whole, processes.total(squared_error)

    yield FullBatch(mine, job.output, stepper, len(job.table), reduce)


@contextmanager
def _on_gpu(job: Job, rows: Rows, shard: slice, processes: Processes) -> Iterator[Resumable]:
    """The same on this process's GPU; only there does a sum leave the device."""
    own, mine = _own_ratings(job, shard), _of_shard(rows, shard)
    with tensor_sums(processes) as sums:
        yield TorchBatch(
            replace(own, users=own.users - np.int32(shard.start)),
            job.output,
            mine,
            mine.columns(job.model, job.training, (job.counts[0][shard], job.counts[1])),
            job.training,
            learning_rates(job.training, job.epochs),
            job.rng,
            device_here(device_of(job.training)),
            len(job.table),
            sums,
        )


Made = Callable[[Job, Rows, slice, Processes], AbstractContextManager[Resumable]]
SHARD_ENGINES: Mapping[str, Made] = {
    "cpu": _on_cpu,
    "cuda": _on_gpu,
}


def _shard(job: Job, processes: Processes) -> slice:
    """The users of this process: a run of numbers with an equal share of the ratings."""
    cuts = even_cuts(job.rated.starts, processes.size)
    return slice(int(cuts[processes.rank]), int(cuts[processes.rank + 1]))


def _on_rank_0(on_epoch: OnEpoch | None, processes: Processes) -> OnEpoch | None:
    """Tells rank 0 alone, and all processes whether one of them is to stop."""
    if processes.size == 1:
        return on_epoch

    def told(progress: Progress) -> bool:
        whole = replace(progress, model=_of_a_shard)
        asked = processes.rank == 0 and on_epoch is not None and on_epoch(whole)
        return processes.stop(bool(asked))

    return told


def _of_a_shard() -> Model:
    raise UsageError("several processes have a model when they are done; keep a checkpoint instead")


def _advice(saving: Saving | None) -> str:
    """What to do when a process was lost."""
    if saving is None:
        return "start anew; a run that keeps a checkpoint can go on from it"
    return "go on from the last checkpoint with resume"


_ONLY = "several processes, and runs that keep a checkpoint,"


def _check(tables: Tables, model: ModelSettings, settings: TrainingSettings) -> None:
    if not model.is_closed_form:
        raise UsageError(f"{_ONLY} train the pure factor model; leave the net out")
    if settings.optimizer not in GRADIENT_RULES or settings.batch_size is not None:
        raise UsageError(
            f"{_ONLY} train by a gradient rule on all ratings at once; choose one of "
            f"{', '.join(GRADIENT_RULES)} without batch_size"
        )
    if settings.restarts:
        raise UsageError(f"{_ONLY} run all epochs once; leave restarts out")
    if settings.patience is not None and tables.validation is None:
        raise UsageError("patience needs validation ratings to watch; split some off")
