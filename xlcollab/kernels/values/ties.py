"""Slopes of ordered numbers where some are equal.

Which of several equals stands at a place is an accident of sorting: they share the slope of all
their places evenly, as the largest of equals do. That is a generalised gradient (F. H. Clarke,
Optimization and Nonsmooth Analysis, 1983): the mean over all orders in which the equals could stand.
"""

from __future__ import annotations

import torch
from torch import Tensor


def shared(ordered: Tensor) -> Tensor:
    """The same values, ascending along the last axis (..., n); equals share their slopes."""
    if not ordered.requires_grad or ordered.shape[-1] < 2:
        return ordered
    fixed = ordered.detach()
    borders = fixed[..., 1:] != fixed[..., :-1]
    if bool(borders.all()):
        return ordered
    run = torch.nn.functional.pad(borders.long().cumsum(-1), (1, 0))
    finite = torch.isfinite(fixed)
    moved = torch.where(finite, ordered, 0.0) - torch.where(finite, fixed, 0.0)
    total = torch.zeros_like(fixed).scatter_add(-1, run, moved)
    often = torch.zeros_like(fixed).scatter_add(-1, run, torch.ones_like(fixed))
    return fixed + (total / often.clamp(min=1.0)).gather(-1, run)
