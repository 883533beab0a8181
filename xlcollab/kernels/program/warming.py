"""Running every part of the machine once, which compiles what is not compiled yet."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from xlcollab.kernels.program.lower import lowered, lowered_residuals
from xlcollab.kernels.program.machine.native import native
from xlcollab.kernels.program.machine.threads import using
from xlcollab.kernels.program.recording.record import record

_ROWS = 50_000
"""Enough for a band."""


def run_every_part() -> None:
    """Value and gradient, a batch, a descent and a Jacobian of a tiny function, and a large one
    shared by two threads."""
    start = torch.tensor([1.0, 2.0], dtype=torch.float64)
    program, squares = lowered(_square, start), lowered_residuals(_doubled, start, 100)
    assert program is not None
    assert squares is not None
    x = start.numpy()
    program.batch(x[None])
    found = program.value_and_gradient(x)
    assert found is not None
    program.descent("gd", {}).advance(x, found[1], np.array([0.1]))
    squares.jacobian(x)
    table = native(record(lambda x: [_of_a_table(x)], start))
    table.by_threads(x, 2)
    table.shares = 2
    with using(2):
        table.descent("gd", {}).advance(x, x, np.array([0.1]))


def _square(x: Tensor) -> Tensor:
    return (x * x).sum()


def _of_a_table(x: Tensor) -> Tensor:
    table = torch.ones(_ROWS, len(x), dtype=torch.float64)
    return (table @ x).exp().sum()


def _doubled(x: Tensor) -> Tensor:
    return x + x
