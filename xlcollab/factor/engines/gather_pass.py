"""The pass over ratings in torch's own operations: where there is no Triton (Windows, the CPU).

The same sums as the fused kernels, in parts of ratings that bound the memory: gather both rows, one
dot product, and two additions by index.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from xlcollab.factor.passes.output import Output

PART = 1 << 21
"""Ratings whose rows are gathered at once: 0.5 GB a side at 62 factors in float32."""


@dataclass(frozen=True, slots=True)
class GatherPass:
    """Gradients of ½ Σ error² over given ratings, for rows of users and items on one device."""

    users: Tensor
    items: Tensor
    ratings: Tensor
    output: Output

    @staticmethod
    def of(
        users: Tensor, items: Tensor, ratings: Tensor, shape: tuple[int, int], output: Output
    ) -> GatherPass:
        """For ratings (n,) of `shape` users and items."""
        del shape
        return GatherPass(users, items, ratings, output)

    def gradients(self, users: Tensor, items: Tensor) -> tuple[list[Tensor], Tensor]:
        """Both sides' gradients and Σ error². The gradients have the shape of the rows, (n,
        width)."""
        gradients = [torch.zeros_like(users), torch.zeros_like(items)]
        total = torch.zeros((), dtype=torch.float64, device=users.device)
        columns = (torch.split(c, PART) for c in (self.users, self.items, self.ratings))
        with _in_order():
            for numbers, others, ratings in zip(*columns, strict=True):
                a, b = users.index_select(0, numbers), items.index_select(0, others)
                error, slope = self._residual((a * b).sum(1) + self.output.centre, ratings)
                total += (error * error).sum(dtype=torch.float64)
                gradients[0].index_add_(0, numbers, b * slope[:, None])
                gradients[1].index_add_(0, others, a * slope[:, None])
        return gradients, total

    def _residual(self, z: Tensor, ratings: Tensor) -> tuple[Tensor, Tensor]:
        """The error and the slope: error · d prediction / dz."""
        low, span = self.output.low, self.output.span
        if span == 0:
            error = z - ratings
            return error, error
        share = torch.sigmoid(z)
        error = low + span * share - ratings
        return error, error * span * share * (1 - share)


@contextmanager
def _in_order() -> Iterator[None]:
    """Additions by index in one order, which on CUDA is torch's choice only if asked for."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
