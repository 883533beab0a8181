"""The engines as the loop sees them: which engine settings ask for, and the model it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xlcollab.factor.engines.base import Engine, EpochLoss
from xlcollab.factor.engines.draws import BURN_IN
from xlcollab.factor.engines.gibbs import Gibbs, averaged
from xlcollab.factor.engines.gradient import FullBatch, MiniBatch, Stepper
from xlcollab.factor.engines.least_squares import LeastSquares, Side
from xlcollab.factor.engines.per_rating import N_BLOCKS, PerRating
from xlcollab.factor.engines.schedules import learning_rates
from xlcollab.factor.models.model import FactorModel, Rated, clipped, raw_predictions
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.passes.order import Blocks, BySide
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Counts, Floats, Rows, weights_of_ratings
from xlcollab.factor.training.loop import Trainable
from xlcollab.factor.training.scale import Scale
from xlcollab.ratings import RatingsTable
from xlcollab.settings.fitting import ModelSettings, TrainingSettings
from xlcollab.settings.optimizers import GRADIENT_RULES


@dataclass(frozen=True, slots=True)
class Job:
    """What every engine is made from; training settings are resolved.

    `table` and `output` are on the inner scale of the training, `final` is the model's output.
    """

    table: RatingsTable
    model: ModelSettings
    training: TrainingSettings
    output: Output
    rated: Rated
    rng: np.random.Generator
    scale: Scale
    final: Output

    @property
    def epochs(self) -> int:
        return self.training.epochs or 0

    @property
    def counts(self) -> Counts:
        """The ratings of every user and of every item."""
        return self.rated.user_counts, self.rated.item_counts(self.table.n_items)

    @property
    def work(self) -> int:
        """About how many multiplications the threads do before they wait for one another."""
        n, k = len(self.table), self.model.n_factors + 2
        if self.training.optimizer == "sgd":
            return n * k // N_BLOCKS
        if self.training.optimizer in ("als", "gibbs"):
            return n * k * k
        return min(n, self.training.batch_size or n) * k


def _full_or_mini(job: Job, rows: Rows) -> Engine:
    n, size = len(job.table), job.training.batch_size
    steps = job.epochs * (1 if size is None else -(-n // size))
    if job.training.device != "cpu":
        return torch_batch(job, rows, steps)
    stepper = Stepper.of(rows, job.model, job.training, steps, job.counts)
    if size is None:
        return FullBatch(BySide.users(job.table, job.model.dtype), job.output, stepper, n)
    return MiniBatch(job.table, job.output, stepper, size, job.rng)


def torch_batch(job: Job, rows: Rows, n_steps: int) -> Engine:
    """The engine for another device than the CPU."""
    from xlcollab.factor.engines.torch_batch import TorchBatch  # torch only where it is needed
    from xlcollab.factor.engines.torch_rules import device_of

    return TorchBatch(
        job.table,
        job.output,
        rows,
        rows.columns(job.model, job.training, job.counts),
        job.training,
        learning_rates(job.training, n_steps),
        job.rng,
        device_of(job.training),
        len(job.table),
    )


def _per_rating(job: Job, rows: Rows) -> Engine:
    dtype, scaling = rows.users.dtype, job.training.l2_scaling
    of_users, of_items = (weights_of_ratings(scaling, n).astype(dtype) for n in job.counts)
    return PerRating(
        Blocks.shuffled(job.table, N_BLOCKS, job.model.dtype, job.rng),
        job.output,
        rows,
        rows.columns(job.model, job.training),
        (of_users, of_items),
        learning_rates(job.training, job.epochs),
    )


def _sides(job: Job, rows: Rows) -> tuple[Side, Side]:
    dtype = job.model.dtype
    by_user, by_item = BySide.users(job.table, dtype), BySide.items(job.table, dtype)
    return Side.both(by_user, by_item, rows, job.model.bias)


def _least_squares(job: Job, rows: Rows) -> Engine:
    columns = rows.columns(job.model, job.training)
    return LeastSquares(_sides(job, rows), rows, job.output, columns)


def _gibbs(job: Job, rows: Rows) -> Engine:
    return Gibbs(_sides(job, rows), rows, job.output, job.rng, job.epochs)


ENGINES: Mapping[str, Callable[[Job, Rows], Engine]] = {
    "sgd": _per_rating,
    "als": _least_squares,
    "gibbs": _gibbs,
    **dict.fromkeys(GRADIENT_RULES, _full_or_mini),
}


def factor_trainable(job: Job, rows: Rows) -> Trainable:
    """The engine that the job's settings ask for, training `rows` in place."""
    engine = ENGINES[job.training.optimizer](job, rows)
    return (
        BayesTrainable(job, engine) if isinstance(engine, Gibbs) else FactorTrainable(job, engine)
    )


@dataclass(slots=True)
class FactorTrainable:
    """A closed-form engine; its snapshots are rows, copied."""

    job: Job
    engine: Engine

    def run_epoch(self, epoch: int) -> EpochLoss:
        return self.engine.run_epoch(epoch)

    def predict(self, name: str, table: RatingsTable) -> Floats:
        """The ratings of a table as predicted, (n,)."""
        return clipped(
            raw_predictions(self.engine.rows, self.job.output, table.users, table.items),
            self.job.output,
        )

    def snapshot(self) -> Rows:
        return self.engine.rows.copy()

    def model(self, snapshot: Rows) -> FactorModel:
        return factor_model(self.job, snapshot)


@dataclass(slots=True)
class BayesTrainable:
    """The Gibbs sampler: its predictions are means over the draws since the burn-in."""

    job: Job
    engine: Gibbs
    _sums: dict[str, tuple[int, Any]] = field(default_factory=dict)
    _epoch: int = 0

    def run_epoch(self, epoch: int) -> EpochLoss:
        self._epoch = epoch
        return self.engine.run_epoch(epoch)

    def predict(self, name: str, table: RatingsTable) -> Floats:
        """The ratings of a table as predicted, (n,)."""
        rows = self.engine.rows
        one = raw_predictions(rows, self.job.output, table.users, table.items)
        count, total = self._sums.get(name, (0, 0.0))
        if self._epoch <= BURN_IN:
            count, total = 0, 0.0
        self._sums[name] = count + 1, total + one.astype(np.float64)
        return clipped(self._sums[name][1] / self._sums[name][0], self.job.output)

    def snapshot(self) -> list[Rows]:
        return list(self.engine.kept) or [self.engine.rows.copy()]

    def model(self, snapshot: list[Rows]) -> FactorModel:
        noise = self.engine.noise[: len(snapshot)]
        draws = Draws.of(snapshot, noise, self.job.scale.unit) if noise else None
        return replace(factor_model(self.job, averaged(snapshot)), draws=draws)


def factor_model(job: Job, rows: Rows) -> FactorModel:
    """`rows` on the ratings' own scale with the job's ids, ready to predict."""
    table = job.table
    whole = job.scale.rows_outward(rows, job.output)
    return FactorModel(
        job.model, table.user_ids, table.item_ids, whole, job.final, job.rated, table.titles
    )
