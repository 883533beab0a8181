"""How the kernels hold a model: factors and biases of a user, or an item, side by side in a row.

With k = n_factors a user's row is [p₁ … pₖ, user bias, 1, 0 …] and an item's [q₁ … qₖ, 1, item
bias, 0 …], so that one dot product of two rows is p·q + user bias + item bias, and the gradient of
a row is the error times the other row: biases need no code of their own. Rows are padded with zeros
to a multiple of 8 numbers, which keeps vector instructions busy to the end of a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.settings.fitting import ModelSettings, TrainingSettings

Floats = NDArray[np.floating[Any]]
PAD = 8
_LINE = 64
"""Bytes that a processor fetches at once."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What holds for each column of the rows of one side, all (width,).

    `active` is 1 where the column is trained and 0 where it is constant.
    """

    active: Floats
    l2: Floats
    weight_decay: Floats


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
        return self.users[:, : self.n_factors]

    @property
    def item_factors(self) -> Floats:
        return self.items[:, : self.n_factors]

    @property
    def user_bias(self) -> Floats:
        return self.users[:, self.n_factors]

    @property
    def item_bias(self) -> Floats:
        return self.items[:, self.n_factors + 1]

    def copy(self) -> Rows:
        return Rows(self.users.copy(), self.items.copy(), self.n_factors)

    def columns(self, model: ModelSettings, training: TrainingSettings) -> tuple[Columns, Columns]:
        """The user side's and the item side's columns under resolved settings."""
        k = self.n_factors
        return (
            _columns(self.users.shape[1], k, k, self.users.dtype, model, training),
            _columns(self.items.shape[1], k, k + 1, self.items.dtype, model, training),
        )


def row_width(n_factors: int) -> int:
    """Numbers in a row: factors, two columns for biases, padding."""
    return -(-(n_factors + 2) // PAD) * PAD


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> Floats:
    """As np.zeros, beginning where a line of the processor's cache begins.

    A row then lies in as few lines as it can, which saves up to a fifth of a pass.
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


def _columns(
    width: int,
    n_factors: int,
    bias_at: int,
    dtype: Any,
    model: ModelSettings,
    training: TrainingSettings,
) -> Columns:
    def column(factors: float | None, bias: float | None) -> Floats:
        values = np.zeros(width, dtype)
        values[:n_factors] = factors or 0
        values[bias_at] = (bias or 0) if model.bias else 0
        return values

    return Columns(
        column(1, 1),
        column(training.l2_factors, training.l2_biases),
        column(training.weight_decay_factors, training.weight_decay_biases),
    )
