"""Picking cells of a block by place. Gradients flow to the cells that were picked."""

from __future__ import annotations

from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block


def taken(block: Block, rows: Tensor, columns: Tensor) -> Block:
    """The values at zero-based places (R, C, h, w) inside each copy's operand."""
    height, width = block.shape[2:]
    place = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    kind = _picked(block.kinds(), place) if isinstance(block.kind, torch.Tensor) else block.kind
    return Block(_picked(block.number.expand(block.shape), place), kind, cells=block.cells)


def _picked(values: Tensor, place: Tensor) -> Tensor:
    if values.shape[0] == values.shape[1] == 1:
        return values.reshape(-1)[place]
    family = [max(sizes) for sizes in zip(values.shape[:2], place.shape[:2], strict=True)]
    flat = values.flatten(2).expand(*family, -1)
    spread = place.expand(*family, *place.shape[2:])
    return flat.gather(-1, spread.flatten(2)).reshape(spread.shape)
