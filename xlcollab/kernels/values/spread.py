"""The shape that several shapes broadcast to.

`torch.broadcast_shapes` loads its symbolic shapes and SymPy behind them when it is first
called, which takes as long as reading and solving a small workbook.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


def spread_shape(*shapes: Sequence[int]) -> torch.Size:
    """The shape of what broadcasts these together. Raises ValueError where they do not."""
    length = max(map(len, shapes), default=0)
    found = [1] * length
    for shape in shapes:
        for axis, size in enumerate(shape, length - len(shape)):
            if size != 1:
                if found[axis] not in (1, size):
                    raise ValueError(f"these shapes do not go together: {[*map(tuple, shapes)]}")
                found[axis] = size
    return torch.Size(found)
