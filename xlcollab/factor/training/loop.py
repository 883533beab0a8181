"""The one loop over epochs: measures, keeps the best, stops early, reports."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from xlcollab.errors import DivergedError
from xlcollab.factor.engines.base import EpochLoss
from xlcollab.factor.models.model import Model
from xlcollab.factor.passes.rows import Floats
from xlcollab.factor.training.record import Record
from xlcollab.factor.training.result import EpochRow, OnEpoch, Progress, Status
from xlcollab.interrupts import reason, unheard
from xlcollab.ratings import RatingsTable, mae, rmse
from xlcollab.settings.fitting import TrainingSettings
from xlcollab.settings.optimizers import OPTIMIZERS


class Trainable(Protocol):
    """An engine with what the loop needs besides epochs."""

    def run_epoch(self, epoch: int) -> EpochLoss:
        """One pass over the ratings."""
        ...

    def predict(self, name: str, table: RatingsTable) -> Floats:
        """Predictions (n,) for the table as trained so far; `name` tells tables apart."""
        ...

    def snapshot(self) -> Any:
        """The state as it stands, copied."""
        ...

    def model(self, snapshot: Any) -> Model:
        """The model that a snapshot makes."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the loop ended; `snapshot` is that of `best_epoch`, whose error was `best_error`."""

    snapshot: Any
    best_epoch: int
    best_error: float
    status: Status
    history: tuple[EpochRow, ...]


Trained = TypeVar("Trained", bound=Trainable)


def best_run(
    settings: TrainingSettings, run: Callable[[int], tuple[Trained, Outcome]]
) -> tuple[Trained, Outcome]:
    """The best of 1 + restarts runs, each from a seed of its own; one that is stopped is the last,
    and how it ended is how all did."""
    best = run(settings.seed)
    for restart in range(1, settings.restarts + 1):
        if best[1].status.is_stop:
            break
        found = run(settings.seed + restart)
        if found[1].best_error < best[1].best_error:
            best = found
        elif found[1].status.is_stop:
            best = best[0], replace(best[1], status=found[1].status)
    return best


@dataclass(frozen=True, slots=True)
class Best:
    """The lowest validation error so far, its epoch (0 before any), and the state that had it."""

    error: float = math.inf
    epoch: int = 0
    snapshot: Any = None


Save = Callable[[int, Best], None]
"""Called after every epoch with its number, from 1, and the best so far."""


@dataclass(slots=True)
class Loop:
    """Runs the epochs of resolved settings. Without `validation` the last state is kept.

    With `validation` the state of the lowest validation RMSE is kept, and `patience` ends the run
    after so many epochs without a better one. A run that is gone on with begins at its
    `first_epoch` with its `best`. Errors are told in units of the ratings, `unit` of the inner.
    """

    trainable: Trainable
    settings: TrainingSettings
    n_ratings: int
    validation: RatingsTable | None = None
    test: RatingsTable | None = None
    on_epoch: OnEpoch | None = None
    save: Save | None = None
    first_epoch: int = 0
    best: Best = field(default_factory=Best)
    unit: float = 1.0
    began: float = field(default_factory=time.perf_counter)
    _record: Record = field(default_factory=Record)

    def run(self) -> Outcome:
        """All epochs; an interrupt from the keyboard ends them like a callback."""
        status, check = Status.EPOCH_LIMIT, unheard()
        try:
            for epoch in range(self.first_epoch, self.settings.epochs or 0):
                check()
                row = self._epoch(epoch)
                if self.save is not None:
                    self.save(row.epoch, self.best)
                status = self._after(row)
                if status is not Status.EPOCH_LIMIT:
                    break
        except KeyboardInterrupt as stop:
            status = Status(reason(stop))
        return self._outcome(status)

    def _epoch(self, epoch: int) -> EpochRow:
        loss = self.trainable.run_epoch(epoch)
        if not math.isfinite(loss.squared_error):
            raise DivergedError(
                f"the training error became {loss.squared_error} in epoch {epoch + 1} at learning "
                f"rate {loss.learning_rate:g}; {self._advice()}"
            )
        row = self._measured(epoch, loss)
        self._record.add(row)
        error = self._watched(row)
        if error < self.best.error:
            self.best = Best(error, row.epoch, self.trainable.snapshot())
        return row

    def _measured(self, epoch: int, loss: EpochLoss) -> EpochRow:
        return EpochRow(
            epoch + 1,
            loss.learning_rate,
            self.unit * math.sqrt(loss.squared_error / loss.n_ratings),
            *self._errors("validation", self.validation),
            *self._errors("test", self.test),
            time.perf_counter() - self.began,
        )

    def _watched(self, row: EpochRow) -> float:
        """What is lowest in the epoch to keep; NaN where nothing is watched."""
        return row.validation_rmse

    def _trained(self, row: EpochRow) -> float:
        """What tells runs without validation apart."""
        return row.train_rmse

    def _advice(self) -> str:
        """What may help against divergence."""
        used = OPTIMIZERS[self.settings.optimizer].uses
        ways = {"learning_rate": "lower the learning rate", "clip": "set clip"}
        found = [way for name, way in ways.items() if name in used]
        return " or ".join([*found, "look for ratings far off the others"])

    def _after(self, row: EpochRow) -> Status:
        if self.on_epoch is not None and self.on_epoch(self._progress(row)):
            return Status.INTERRUPTED
        patience = self.settings.patience
        if self.validation is None or patience is None:
            return Status.EPOCH_LIMIT
        waited = row.epoch - self.best.epoch
        return Status.EARLY_STOPPED if waited >= patience else Status.EPOCH_LIMIT

    def _errors(self, name: str, table: RatingsTable | None) -> tuple[float, float]:
        if table is None:
            return math.nan, math.nan
        predictions = self.trainable.predict(name, table)
        errors = rmse(predictions, table.ratings), mae(predictions, table.ratings)
        return self.unit * errors[0], self.unit * errors[1]

    def _progress(self, row: EpochRow) -> Progress:
        epochs, a_epoch = self.settings.epochs or 0, row.seconds / (row.epoch - self.first_epoch)
        return Progress(
            row,
            epochs,
            self.n_ratings / a_epoch,
            a_epoch * (epochs - row.epoch),
            self.best.epoch,
            self.best.error,
            lambda: self.trainable.model(self.trainable.snapshot()),
        )

    def _outcome(self, status: Status) -> Outcome:
        best, last = self.best, self._record.last
        if not best.epoch:
            first = math.inf, self.first_epoch
            error, epoch = (self._trained(last), last.epoch) if last else first
            best = Best(error, epoch, self.trainable.snapshot())
        return Outcome(best.snapshot, best.epoch, best.error, status, self._record.rows())
