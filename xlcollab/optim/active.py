"""Which variables are held by a bound."""

from __future__ import annotations

import torch
from torch import Tensor

from xlcollab.optim.evaluator import Evaluator, Point


def free_variables(evaluator: Evaluator, point: Point) -> Tensor | None:
    """1 where a variable may move downhill, 0 where it presses against its bound, (n,).

    None when there are no bounds.
    """
    return free_to_move(evaluator, point.y, point.gradient)


def free_to_move(evaluator: Evaluator, y: Tensor, gradient: Tensor) -> Tensor | None:
    """The same for any downhill direction -gradient at y. Shape (n,)."""
    if not evaluator.has_bounds:
        return None
    held = torch.zeros_like(y, dtype=torch.bool)
    if evaluator.lower is not None:
        held |= (y <= evaluator.lower) & (gradient > 0)
    if evaluator.upper is not None:
        held |= (y >= evaluator.upper) & (gradient < 0)
    return (~held).to(y)
