"""Bringing blocks to shapes that go together."""

from __future__ import annotations

from collections.abc import Callable

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, spread_shape
from xlcollab.kernels.values.budget import refuse_cells


def aligned(context: Context, *blocks: Block) -> tuple[Block, ...]:
    """The blocks with operand axes that broadcast.

    Where two arrays differ in size, Excel fills the smaller one with #N/A; length 1 spreads.
    """
    if len(blocks) == 2 and _go_together(blocks[0].shape, blocks[1].shape):
        return blocks
    refuse_cells(*(max(sizes) for sizes in zip(*(b.shape for b in blocks), strict=True)))
    for dim in (2, 3):
        sizes = {block.shape[dim] for block in blocks} - {1}
        if len(sizes) > 1:
            longest = max(sizes)
            blocks = tuple(_padded(context, block, dim, longest) for block in blocks)
    return blocks


def _go_together(one: torch.Size, other: torch.Size) -> bool:
    """Whether two shapes, as most, are alike or one of a single value: what comes of them is no
    larger than they are."""
    return one in (other, _ONE) or other == _ONE


_ONE = (1, 1, 1, 1)
"""The shape of a single value, which fits any other."""


def _padded(context: Context, block: Block, dim: int, size: int) -> Block:
    length = block.shape[dim]
    if length in (1, size):
        return block
    return pad(context, block, dim, size - length, ErrorCode.NA)


def pad(context: Context, block: Block, dim: int, count: int, code: ErrorCode) -> Block:
    """`count` error values appended along an axis."""
    rest = list(block.shape)
    rest[dim] = count
    number = block.number.expand(block.shape)
    filler = torch.full(rest, float(code), dtype=number.dtype, device=number.device)
    kinds = torch.full(rest, int(Kind.ERROR), dtype=torch.uint8, device=number.device)
    return Block(torch.cat([number, filler], dim), torch.cat([block.kinds(), kinds], dim))


def full(block: Block, shape: torch.Size | tuple[int, ...] | None = None) -> Block:
    """The block with number and kind expanded to its whole shape (or to `shape`)."""
    target = block.shape if shape is None else torch.Size(shape)
    kind = block.kind.expand(target) if isinstance(block.kind, torch.Tensor) else block.kind
    return Block(block.number.expand(target), kind, cells=block.cells, array=block.array)


def moved(block: Block, op: Callable[[Tensor], Tensor]) -> Block:
    """`op`, a movement of values, applied to the whole numbers and kinds alike."""
    whole = full(block)
    kind = op(whole.kind) if isinstance(whole.kind, torch.Tensor) else whole.kind
    return Block(op(whole.number), kind, cells=block.cells, array=block.array)


def as_array(block: Block) -> Block:
    """The same as an array: no cells any more, so that its blanks count, and no lone value."""
    return Block(block.number, block.kind, array=True)


def as_values(block: Block) -> Block:
    """The same as values that were handed over: no cells any more, and no array if it is one."""
    return Block(block.number, block.kind)


def concatenated(blocks: list[Block], dim: int) -> Block:
    """Blocks side by side along `dim`; the family axes broadcast."""
    family = spread_shape(*(block.shape[:2] for block in blocks))
    across = blocks[0].shape[5 - dim] if dim in (2, 3) else 1
    refuse_cells(*family, across, sum(block.shape[dim] for block in blocks))
    wholes = [full(block, (*family, *block.shape[2:])) for block in blocks]
    number = torch.cat([block.number for block in wholes], dim)
    first = wholes[0].kind
    if not isinstance(first, torch.Tensor) and all(
        block.is_kind(first) is True for block in wholes
    ):
        return Block(number, first, cells=all(block.cells for block in blocks))
    kinds = torch.cat([block.kinds() for block in wholes], dim)
    return Block(number, kinds, cells=all(block.cells for block in blocks))


def single_cells(block: Block) -> list[Block]:
    """The values of a block one by one, as blocks of shape (R, C, 1, 1)."""
    number = block.number.expand(block.shape).flatten(2)
    if not isinstance(block.kind, torch.Tensor):
        return [Block(n[..., None, None], block.kind) for n in number.unbind(-1)]
    kinds = block.kinds().flatten(2)
    return [
        Block(n[..., None, None], k[..., None, None])
        for n, k in zip(number.unbind(-1), kinds.unbind(-1), strict=True)
    ]
