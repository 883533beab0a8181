"""What the engines of a sharded run are made from, and the sums over all processes it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.factor.models.initial import StartArrays, start_rows
from xlcollab.factor.models.model import FactorModel
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.cut import Cut
from xlcollab.factor.sharded.drawn import drawn_rows
from xlcollab.factor.sharded.held import Held
from xlcollab.factor.sharded.space import counted
from xlcollab.factor.training.scale import Leaning, Scale
from xlcollab.factor.training.starting import refuse_other_kind
from xlcollab.factor.training.train import filled_in
from xlcollab.ratings.places import parts
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.recipes import Profile

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a process holds when ratings are exchanged and split: `parts` by "train" and, where
    there are such, "validation" and "test"; `users` are the numbers of its users (ascending) among
    all `n_users`.

    Ratings are the most of what a process holds: `parts` is changed in place by who puts them on
    another scale or in another order, so that they are there once.
    """

    processes: Processes
    cut: Cut
    parts: dict[str, Held]
    users: NDArray[np.int32]
    n_users: int
    n_items: int

    @property
    def train(self) -> Held:
        return self.parts["train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """Settings are resolved; the tables of `ready` and `output` are on the inner scale.

    `user_counts` are the training ratings of our users, `item_counts` those that all processes
    have of each item; `seen` is the range of all training ratings on their own scale.
    """

    ready: Ready
    model: ModelSettings
    training: TrainingSettings
    output: Output
    scale: Scale
    final: Output
    user_counts: Counts
    item_counts: Counts
    seen: tuple[float, float]

    @property
    def processes(self) -> Processes:
        return self.ready.processes

    @property
    def n_ratings(self) -> int:
        """Training ratings of all processes."""
        return self.ready.train.n

    @property
    def work(self) -> int:
        """About how many multiplications the threads do before they wait for one another."""
        n, k = len(self.ready.train.table), self.model.n_factors + 2
        return n * k * k if self.training.optimizer == "als" else n * k // self.ready.cut.n


def job_of(ready: Ready, model: ModelSettings, training: TrainingSettings) -> ShardJob:
    """The job of these ratings, its settings resolved on those of all processes. Raises DataError
    where none are left to train on."""
    processes, table = ready.processes, ready.train.table
    if not ready.train.n:
        raise DataError("there are no training ratings")
    ends = processes.told(
        (float(table.ratings.min()), float(table.ratings.max())) if len(table) else None
    )
    there = [one for one in ends if one is not None]
    seen = min(low for low, _ in there), max(high for _, high in there)
    users = counted(table.users, table.n_users)
    items = processes.sum(counted(table.items, table.n_items))
    most = max(*processes.told(int(users.max(initial=0))), int(items.max()))
    profile = Profile(ready.train.n, most, ready.n_users, ready.n_items)
    model, settings = filled_in(model, training, seen, profile)
    mean, spread = _moments(ready.train, processes)
    final = Output.of(model, mean, seen, spread)
    centred = model.global_bias or model.output_range is not None
    scale = Scale()
    if settings.standardize and settings.epochs:
        scale = _scale(ready, mean, spread, centred=centred)
    for name, one in ready.parts.items():
        ready.parts[name] = replace(one, table=scale.inward(one.table))
    return ShardJob(
        ready=ready,
        model=model,
        training=settings,
        output=scale.output_inward(final),
        scale=scale,
        final=final,
        user_counts=users,
        item_counts=items,
        seen=seen,
    )


def _moments(train: Held, processes: Processes) -> tuple[float, float]:
    """The mean and the deviation of all ratings; 1 where there is none."""
    ratings = train.table.ratings
    total = sum(float(ratings[part].sum(dtype=np.float64)) for part in parts(len(ratings)))
    mean = processes.total(total) / train.n
    squares = 0.0
    for part in parts(len(ratings)):
        apart = ratings[part].astype(np.float64) - mean
        squares += float(apart @ apart)
    return mean, math.sqrt(processes.total(squares) / train.n) or 1.0


def _scale(ready: Ready, mean: float, spread: float, *, centred: bool) -> Scale:
    """That of a run in one process: the way round in which all ratings lean."""
    leaning = Leaning(ready.train.table, mean, spread, ready.users, ready.processes.total)
    return Scale(mean if centred else 0.0, -spread if leaning.is_upward() else spread)


def start_of(job: ShardJob, start: FactorModel | None, items: NDArray[np.integer]) -> Rows:
    """The rows of our users and of `items` (ascending) to begin with: those that a run in one
    process would draw, or those of a model, which must know all ids."""
    table, model = job.ready.train.table, job.model
    if start is not None:
        return _given(job, start, items)
    rng = np.random.default_rng(job.training.seed)
    users = drawn_rows(model, job.ready.n_users, rng, job.ready.users)
    users[job.user_counts == 0] = 0
    of_items = drawn_rows(model, table.n_items, rng, items)
    of_items[job.item_counts[items] == 0] = 0
    return Rows.pack(users, of_items, _zeros(len(users), users), _zeros(len(items), users))


def _zeros(n: int, like: Floats) -> Floats:
    return np.zeros(n, like.dtype)


def _given(job: ShardJob, start: FactorModel, items: NDArray[np.integer]) -> Rows:
    refuse_other_kind(start, job.model)
    table = job.ready.train.table
    users = start.user_ids.numbers(table.user_ids.index)
    chosen = start.item_ids.numbers(table.item_ids.index[items])
    if start.rows.n_factors != job.model.n_factors:
        raise UsageError(
            f"the start has {start.rows.n_factors} factors, the model {job.model.n_factors}; "
            "leave --n-factors out"
        )
    given = StartArrays(
        start.user_factors[users],
        start.item_factors[chosen],
        start.user_bias[users],
        start.item_bias[chosen],
    )
    inner = job.scale.start_inward(given, job.output)
    rng = np.random.default_rng(job.training.seed)
    return start_rows(job.model, len(users), len(chosen), rng, inner)
