"""Which models the native machine works for."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.kernels.program.lower import lowered, lowered_residuals
from xlcollab.optim import Objective

_LARGE = 1_000_000
_MANY_THREADS = 4
"""A sheet that reads so many numbers runs quicker on more than so many of torch's threads than on
the one of the machine."""
_MOST_WORK = 20_000_000
"""Rows of a Jacobian times what each of them costs, up to which the machine makes them one by
one."""


def with_machine(objective: Objective, start: Tensor, size: int, method: str) -> Objective:
    """The objective with its programs, as far as it has them.

    `size` is how many constants one evaluation reads.
    """
    if size >= _LARGE and torch.get_num_threads() > _MANY_THREADS:
        return objective
    squares = None
    if objective.residuals is not None and method in ("auto", "lm"):
        squares = lowered_residuals(objective.residuals, start, _MOST_WORK)
    native = lowered(objective.function, start)
    return replace(objective, native=native, native_residuals=squares)
