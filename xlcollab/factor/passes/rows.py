"""How the kernels hold a model: factors and biases of a user, or an item, side by side in a row.

With k = n_factors a user's row is [p₁ … pₖ, user bias, 1, 0 …] and an item's [q₁ … qₖ, 1, item
bias, 0 …], so that one dot product of two rows is p·q + user bias + item bias, and the gradient of
a row is the error times the other row: biases need no code of their own. Rows are padded with zeros
to a multiple of 8 numbers, which keeps vector instructions busy to the end of a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from xlcollab.settings.fitting import ModelSettings, TrainingSettings

Floats = NDArray[np.floating]
Float = float
"""A NumPy scalar in the type of the rows: see `scalar`."""
PAD = 8
"""Floats of a row are a multiple of it: whole vectors of AVX2, and no loop over what is left."""
_LINE = 64
"""Bytes that a processor fetches at once."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What holds for each column of the rows of one side, all (width,), and for each row.

    `active` is 1 where the column is trained and 0 where it is constant; `share` is that of the
    learning rate which the column takes; `weights` (n_rows,) say how much L2 counts on each row.
    """

    active: Floats
    share: Floats
    l2: Floats
    weight_decay: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """The trained numbers of a factor model: `users` (n_users, width), `items` (n_items, width)."""

    users: Floats
    items: Floats
    n_factors: int

    @staticmethod
    def pack(
        user_factors: Floats, item_factors: Floats, user_bias: Floats, item_bias: Floats
    ) -> Rows:
        """From factors (n, k) and biases (n,), copied."""
        k = user_factors.shape[1]
        users = _padded(user_factors)
        items = _padded(item_factors)
        users[:, k], users[:, k + 1] = user_bias, 1
        items[:, k], items[:, k + 1] = 1, item_bias
        return Rows(users, items, k)

    @property
    def user_factors(self) -> Floats:
        """A view, (n_users, k)."""
        return self.users[:, : self.n_factors]

    @property
    def item_factors(self) -> Floats:
        """A view, (n_items, k)."""
        return self.items[:, : self.n_factors]

    @property
    def user_bias(self) -> Floats:
        """A view, (n_users,)."""
        return self.users[:, self.n_factors]

    @property
    def item_bias(self) -> Floats:
        """A view, (n_items,)."""
        return self.items[:, self.n_factors + 1]

    def copy(self) -> Rows:
        return Rows(self.users.copy(), self.items.copy(), self.n_factors)

    def columns(
        self, model: ModelSettings, training: TrainingSettings, counts: Counts | None = None
    ) -> tuple[Columns, Columns]:
        """The user side's and the item side's columns under resolved settings.

        `counts` are the ratings of every user and of every item, by which L2 may grow.
        """
        k = self.n_factors
        of_users, of_items = counts or (None, None)
        return (
            _columns(self.users, k, k, model, training, of_users),
            _columns(self.items, k, k + 1, model, training, of_items),
        )


def row_width(n_factors: int) -> int:
    """Numbers in a row: factors, two columns for biases, padding."""
    return -(-(n_factors + 2) // PAD) * PAD


def scalar(dtype: DTypeLike) -> Callable[[float], Float]:
    """Makes a number of the rows' type: one of another would make all that a kernel computes so."""
    return cast(Callable[[float], Float], np.dtype(dtype).type)


def aligned_zeros(shape: tuple[int, ...], dtype: DTypeLike) -> Floats:
    """As np.zeros, beginning where a line of the processor's cache begins.

    A row then lies in as few lines as it can, which saves up to a fifth of a pass. The rows have
    the shape asked for.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + _LINE, np.uint8)
    start = -memory.ctypes.data % _LINE
    rows: Floats = memory[start : start + size].view(dtype).reshape(shape)
    return rows


def _padded(factors: Floats) -> Floats:
    n, k = factors.shape
    rows = aligned_zeros((n, row_width(k)), factors.dtype)
    rows[:, :k] = factors
    return rows


Counts = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The ratings of every user (n_users,) and of every item (n_items,)."""

_POWERS = {"root": 0.5, "three-quarters": 0.75, "rating": 1.0}


def row_weights(scaling: str | None, counts: NDArray[np.int64] | None, n: int) -> Floats:
    """How much L2 counts on each of n rows: 1, or a power of the row's ratings. Shape (n,)."""
    power = _POWERS.get(scaling or "step")
    if power is None or counts is None:
        return np.ones(n)
    weights: Floats = counts.astype(np.float64) ** power
    return weights


def weights_of_ratings(scaling: str | None, counts: NDArray[np.int64]) -> Floats:
    """How much L2 counts on each row in a step on one of its ratings, which are n: n^(p − 1) where
    it counts as n^p in all. Shape (n,)."""
    each = np.maximum(counts, 1).astype(np.float64)
    power = _POWERS.get(scaling or "step", 1.0)
    weights: Floats = each ** (power - 1)
    return weights


def _columns(
    rows: Floats,
    n_factors: int,
    bias_at: int,
    model: ModelSettings,
    training: TrainingSettings,
    counts: NDArray[np.int64] | None,
) -> Columns:
    def column(factors: float | None, bias: float | None) -> Floats:
        values = np.zeros(rows.shape[1], rows.dtype)
        values[:n_factors] = factors or 0
        values[bias_at] = (bias or 0) if model.bias else 0
        return values

    of_biases = 1.0 if training.bias_rate is None else training.bias_rate
    return Columns(
        column(1, 1),
        column(1, of_biases),
        column(training.l2_factors, training.l2_biases),
        column(training.weight_decay_factors, training.weight_decay_biases),
        row_weights(training.l2_scaling, counts, len(rows)).astype(rows.dtype),
    )
