"""What the engines of a sharded run have in common."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xlcollab.factor.engines.base import Buffers, EpochLoss
from xlcollab.factor.models.model import clipped, raw_predictions
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Floats, Rows

_PART = 1 << 20
"""Ratings predicted at once: temporary arrays stay at some megabytes."""
Sums = NDArray[np.float64]
"""Σ error², Σ |error| and the count of some ratings, (3,)."""


class ShardEngine(Protocol):
    """Trains the rows of our users and of our items, in place."""

    items: NDArray[np.integer]
    """The numbers of our items, ascending: those whose rows this process keeps and writes."""

    def run_epoch(self, epoch: int) -> EpochLoss:
        """One pass over the ratings of all processes; every one of them must call it."""
        ...

    def errors(self, name: str) -> Sums:
        """The sums over our ratings of a part of the table; every process must call it."""
        ...

    def rows(self) -> Rows:
        """Our users' rows and those of our items, copied."""
        ...

    def restore(self, rows: Rows, buffers: Buffers, n_steps: int) -> None:
        """Take up such rows, and the state of the rule, as after `n_steps` epochs."""
        ...

    @property
    def buffers(self) -> Buffers:
        """The state of the rule, of our users and our items; not a copy."""
        ...

    def give_up(self) -> None:
        """Let go of the ratings: nothing is trained any more."""
        ...

    def all_items(self) -> Floats:
        """The rows of all items (n_items, width) on every process, which all must call."""
        ...


def error_sums(
    rows: Rows,
    output: Output,
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    ratings: Floats,
) -> Sums:
    """The sums over ratings whose users and items are rows here."""
    found = np.zeros(3)
    for begin in range(0, len(users), _PART):
        part = slice(begin, begin + _PART)
        predicted = raw_predictions(rows, output, users[part], items[part])
        errors = clipped(predicted, output).astype(np.float64) - ratings[part]
        found += float(errors @ errors), float(np.abs(errors).sum()), len(errors)
    return found
