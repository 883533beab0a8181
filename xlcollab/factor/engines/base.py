"""What every engine is: rows that one more epoch improves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numba

from xlcollab.factor.rows import Rows


@dataclass(frozen=True, slots=True)
class EpochLoss:
    """What an epoch saw of the training ratings, before each of its steps.

    `squared_error` is Σ error² over `n_ratings`; `learning_rate` that of the last step.
    """

    squared_error: float
    n_ratings: int
    learning_rate: float


class Engine(Protocol):
    """Trains in place. `epoch` counts from 0."""

    def run_epoch(self, epoch: int) -> EpochLoss:
        """One pass over the ratings."""
        ...

    @property
    def rows(self) -> Rows:
        """The factor model as it stands; not a copy."""
        ...


def n_parts() -> int:
    """Into how many parts the work on ratings is cut: one a thread."""
    return int(numba.get_num_threads())
