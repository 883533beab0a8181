"""From a function of torch tensors to a native program, judged against the function itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import XlcollabError
from xlcollab.kernels.program.graph import NotLoweredError
from xlcollab.kernels.program.native import NativeProgram, native
from xlcollab.kernels.program.record import record
from xlcollab.kernels.values.block import HiddenError

TOLERANCE = 1e-12
"""How far value and gradient may lie from those of the function, relative to their size."""

Scalar = Callable[[Tensor], Tensor]
"""(n,) → scalar, differentiable by autograd."""


def lowered(function: Scalar, start: Tensor) -> NativeProgram | None:
    """`function` as a native program, or None where it cannot be one.

    It is recorded at `start`, and believed if it gives the function's value and gradient there and
    at a point beside it, where what depends on the variables unseen would show.
    """
    try:
        recording = record(lambda x: [function(x)], start)
        program = native(recording)
    except (NotLoweredError, HiddenError, XlcollabError):
        return None
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(start.shape, generator=generator, dtype=torch.float64)
    beside = start + 1e-3 * (1.0 + start.abs()) * noise
    return program if all(_agree(program, function, x) for x in (start, beside)) else None


def _agree(program: NativeProgram, function: Scalar, x: Tensor) -> bool:
    """Whether both give the same at x; where the function has no numbers, the program must not."""
    leaf = x.detach().double().clone().requires_grad_()
    value = function(leaf)
    (slope,) = torch.autograd.grad(value, leaf, allow_unused=True)
    gradient = np.zeros(len(x)) if slope is None else slope.numpy()
    found = program.value_and_gradient(leaf.detach().numpy())
    right = float(value.detach())
    if found is None:
        return True
    return _close(np.array([found[0]]), np.array([right])) and _close(found[1], gradient)


def _close(found: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    size = float(np.abs(right).max(initial=0.0))
    return bool((np.abs(found - right) <= TOLERANCE * max(size, 1e-300)).all())
