"""Equal rows of several columns, found by sorting."""

from __future__ import annotations

from collections.abc import Sequence

from xlcollab.kernels.numbers.later import Tensor, torch


def grouped(columns: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(place of the first row of each group, group of each row) for columns of shape (n,).

    Rows are in one group where all columns are equal.
    """
    group = torch.zeros_like(columns[0], dtype=torch.int64)
    for column in columns:
        values, inverse = torch.unique(column, return_inverse=True)
        _, group = torch.unique(group * len(values) + inverse, return_inverse=True)
    count = int(group.max()) + 1 if len(group) else 0
    steps = torch.arange(len(group), device=group.device)
    first = torch.full((count,), len(group), device=group.device)
    return first.scatter_reduce(0, group, steps, "amin"), group
