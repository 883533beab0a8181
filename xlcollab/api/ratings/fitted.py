"""What a fit leaves: the trained model, where it is, what was measured, how long it took."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xlcollab.api.ratings.scores import Measured
from xlcollab.factor import TrainingResult
from xlcollab.factor.training.result import Status

INTERRUPTED = 130
"""The exit code of a shell command that Ctrl-C ended."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many training ratings there are, and of how many users and items."""

    ratings: int
    users: int
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A trained model, where it was written, and what was measured on the way.

    Of several processes the model in the result is the part of the first one.
    """

    result: TrainingResult
    counts: Counts
    output: Path
    seconds: Mapping[str, float]
    notes: tuple[str, ...]
    measured: Measured
    peaks: tuple[int, ...] = ()
    """The most memory that each process took, in bytes; none where the system does not tell."""

    @property
    def exit_code(self) -> int:
        return INTERRUPTED if self.result.status is Status.INTERRUPTED else 0

    @property
    def biases_alone(self) -> dict[str, float | None]:
        """Errors of the model without factors, by "train_rmse" and the like."""
        return {
            f"{name}_{measure}": _number(getattr(alone, measure))
            for name, alone in self.result.biases.items()
            for measure in ("rmse", "mae")
        }

    def as_json(self) -> dict[str, object]:
        """Errors of the kept model and what it was made of; what was not asked for is null."""
        result = self.result
        scores = {
            f"{name}_{measure}": _number(getattr(found, measure, None))
            for name, found in (
                ("train", result.train),
                ("validation", result.validation),
                ("test", result.test),
            )
            for measure in ("rmse", "mae")
        }
        if result.model.settings.implicit:
            watched = None if result.validation is None else _number(result.validation.ndcg)
            scores |= {"validation_ndcg": watched}
        return {
            **scores,
            "biases_alone": self.biases_alone,
            **self.measured.as_json(),
            "epochs": result.epochs_run,
            "best_epoch": result.best_epoch,
            "ratings": self.counts.ratings,
            "users": self.counts.users,
            "items": self.counts.items,
            "status": str(result.status),
            "seconds": dict(self.seconds),
            "peak_bytes": list(self.peaks) or None,
            "output": str(self.output),
            "notes": list(self.notes),
        }


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


class Stopwatch:
    """Seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts what happens inside."""
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began
