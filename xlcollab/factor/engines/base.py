"""What every engine is: rows that one more epoch improves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numba

from xlcollab.factor.passes.rows import Floats, Rows


@dataclass(frozen=True, slots=True)
class EpochLoss:
    """What an epoch saw of the training ratings, before each of its steps.

    `squared_error` is Σ error² over `n_ratings`, or the loss of what is taken up over its pairs;
    `learning_rate` that of the last step.
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


Buffers = tuple[list[Floats], list[Floats]]
"""What a rule remembers of the users' rows and of the items', in arrays as large as those."""


class Resumable(Engine, Protocol):
    """An engine whose whole state can be read and taken up again."""

    @property
    def buffers(self) -> Buffers:
        """The state of the rule; not a copy."""
        ...

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up rows and buffers as they were after `n_steps` steps."""
        ...


def n_parts() -> int:
    """Into how many parts the work on ratings is cut: one a thread."""
    return int(numba.get_num_threads())
