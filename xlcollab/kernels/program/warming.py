"""Running every part of the machine once, which compiles what is not compiled yet."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from xlcollab.kernels.program.lower import lowered, lowered_residuals


def run_every_part() -> None:
    """Value and gradient, a batch, a descent and a Jacobian of a tiny function."""
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


def _square(x: Tensor) -> Tensor:
    return (x * x).sum()


def _doubled(x: Tensor) -> Tensor:
    return x + x
