"""Slopes of ordered numbers where some are equal.

Which of several equals stands at a place is an accident of sorting: they share the slope of all
their places evenly, as the largest of equals do. That is the mean over all orders in which the
equals could stand, a generalised gradient (Clarke, Optimization and Nonsmooth Analysis, 1983).
"""

from __future__ import annotations

from xlcollab.kernels.numbers.later import Tensor, torch

_FEW = 64
"""Up to so many numbers each is compared with each: a program needs no branch for that."""


def shared(ordered: Tensor) -> Tensor:
    """The same values, ascending along the last axis; equals share their slopes.

    Of the same shape.
    """
    if not ordered.requires_grad or ordered.shape[-1] < 2:
        return ordered
    fixed = ordered.detach()
    finite = torch.isfinite(fixed)
    moved = torch.where(finite, ordered, 0.0) - torch.where(finite, fixed, 0.0)
    mean = _mean_of_equals if ordered.shape[-1] <= _FEW else _mean_of_runs
    return fixed + mean(fixed, moved)


def _mean_of_equals(fixed: Tensor, moved: Tensor) -> Tensor:
    equal = (fixed[..., :, None] == fixed[..., None, :]).to(fixed.dtype)
    return (equal * moved[..., None, :]).sum(-1) / equal.sum(-1).clamp(min=1.0)


def _mean_of_runs(fixed: Tensor, moved: Tensor) -> Tensor:
    borders = (fixed[..., 1:] != fixed[..., :-1]).long()
    run = torch.nn.functional.pad(borders.cumsum(-1), (1, 0))
    total = torch.zeros_like(fixed).scatter_add(-1, run, moved)
    often = torch.zeros_like(fixed).scatter_add(-1, run, torch.ones_like(fixed))
    return (total / often.clamp(min=1.0)).gather(-1, run)
