"""What a run reports while it goes on and when it ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.models.model import Model
from xlcollab.settings.fitting import TrainingSettings


class Status(StrEnum):
    """Why a run ended; the value is the word that programs see."""

    EPOCH_LIMIT = "epoch_limit"
    EARLY_STOPPED = "early_stopped"
    INTERRUPTED = "interrupted"
    TIME_LIMIT = "time_limit"

    @property
    def is_stop(self) -> bool:
        """Whether somebody, or the clock, ended the run before its end."""
        return self in (Status.INTERRUPTED, Status.TIME_LIMIT)

    @property
    def sentence(self) -> str:
        """The status in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.EPOCH_LIMIT: "All epochs were run.",
    Status.EARLY_STOPPED: "The validation error stopped falling; the best epoch's model is kept.",
    Status.INTERRUPTED: "The run was stopped; the best model so far is kept.",
    Status.TIME_LIMIT: "The time limit was reached; the best model so far is kept.",
}


@dataclass(frozen=True, slots=True)
class EpochRow:
    """The numbers of one epoch; NaN where there is no such table or rate.

    `train_rmse` is measured during the epoch, before each step; the others after it.
    """

    epoch: int
    learning_rate: float
    train_rmse: float
    validation_rmse: float
    validation_mae: float
    test_rmse: float
    test_mae: float
    seconds: float
    """Since the start of the run."""
    train_loss: float = math.nan
    """Of an implicit model, in place of errors: its loss over the pairs that were taken up."""
    validation_ndcg: float = math.nan
    """Of an implicit model: how well it ranks what was set aside, at 10."""

    @staticmethod
    def columns() -> tuple[str, ...]:
        """The names of the numbers, in order."""
        return tuple(field.name for field in fields(EpochRow))


@dataclass(frozen=True, slots=True)
class Progress:
    """What a progress callback is told after every epoch."""

    row: EpochRow
    epochs: int
    """Asked for."""
    ratings_per_second: float
    seconds_left: float
    best_epoch: int
    """The epoch (from 1) with the best validation so far; 0 where nothing is watched."""
    best_error: float
    """Its validation RMSE, of an implicit model 1 − NDCG; infinite where nothing is watched."""
    model: Callable[[], Model]
    """Makes the model as it stands after this epoch; its own copy."""

    @property
    def is_best(self) -> bool:
        """Whether no epoch before had as good a validation."""
        return self.best_epoch == self.row.epoch


OnEpoch = Callable[[Progress], bool | None]
"""Called after every epoch; True stops the run, and the best model so far is kept."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Final errors of the kept model on one table."""

    rmse: float
    mae: float
    n_ratings: int
    ndcg: float = math.nan
    """Of an implicit model, which has no errors: how well it ranks the table, at 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """The kept model and how it came about."""

    model: Model
    status: Status
    history: tuple[EpochRow, ...]
    """A row an epoch; of more than 65,536 epochs every 2nd, every 4th … and the last."""
    best_epoch: int
    """The epoch (from 1) whose model is kept; 0 is the start."""
    train: Scores
    validation: Scores | None
    test: Scores | None
    notes: tuple[str, ...]
    """Sentences a user should read: cold ids, ratings that are all equal …"""
    seconds: dict[str, float]
    """By phase: prepare, train, evaluate."""
    training: TrainingSettings | None = None
    """How it was trained, the recipe filled in."""
    biases: Mapping[str, Scores] = field(default_factory=dict)
    """The errors of biases alone on "train" and, where there are such, "validation" and "test"."""

    @property
    def epochs_run(self) -> int:
        """How many epochs this run went through."""
        return self.history[-1].epoch - self.history[0].epoch + 1 if self.history else 0

    def column(self, name: str) -> NDArray[np.float64]:
        """One named number over the epochs, e.g. `column("train_rmse")`. Shape (epochs,)."""
        return np.array([getattr(row, name) for row in self.history], np.float64)
