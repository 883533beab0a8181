"""SORT, SORTBY, UNIQUE and FILTER: the rows (or columns) of an array, rearranged.

Gradients flow to the cells that are kept; their order is piecewise constant.
"""

from __future__ import annotations

from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.lookup.shaping import arrayed, kept_lines, shaper
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.arguments import flag, given, whole, wholes
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Beyond
from xlcollab.kernels.values.gather import taken
from xlcollab.kernels.values.grouping import grouped
from xlcollab.kernels.values.operators import sort_key
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import as_array, moved

_BLANKS_LAST = 9
"""A rank behind those of all kinds, whichever way the order goes."""


def _turned(block: Block) -> Block:
    return moved(block, lambda values: values.transpose(2, 3))


def _column(block: Block, at: int) -> Block:
    return moved(block, lambda values: values.narrow(3, at, 1))


def _rows_in(block: Block, order: Tensor) -> Block:
    """The rows in an order (R, C, n) of each copy's own."""
    columns = torch.arange(block.shape[3], device=order.device)
    return taken(block, order[..., None], columns)


def _ordered(context: Context, keys: list[tuple[Block, bool]], size: int) -> Tensor:
    """The stable order (R, C, n) by (column block (R, C, n, 1), descending), first key first."""
    order = torch.arange(size, device=context.device).reshape(1, 1, -1)
    for block, descending in reversed(keys):
        rank, key = sort_key(context, block)
        rank = torch.where(block.mask(Kind.BLANK), 0, -rank if descending else rank)
        rank = torch.where(block.mask(Kind.BLANK), _BLANKS_LAST, rank)
        for values in (-key if descending else key, rank):
            column = values.detach().expand(block.shape)[..., 0]
            rows, columns = (
                max(a, b) for a, b in zip(column.shape[:2], order.shape[:2], strict=True)
            )
            column, order = column.expand(rows, columns, -1), order.expand(rows, columns, -1)
            again = column.gather(-1, order).argsort(dim=-1, stable=True)
            order = order.gather(-1, again)
    return order


def sort(
    context: Context,
    block: Block,
    index: Block | None = None,
    order: Block | None = None,
    by_column: Block | None = None,
) -> Block:
    """SORT(array, [index], [order], [by_column]); several indices and orders may be given."""
    if flag(context, by_column):
        return _turned(sort(context, _turned(block), index, order))
    columns = wholes(context, index) if given(index) else [1]
    orders = wholes(context, order) if given(order) else [1]
    orders = orders * len(columns) if len(orders) == 1 else orders
    outside = any(column < 1 or column > block.shape[3] for column in columns)
    if outside or len(orders) != len(columns) or not {*orders} <= {1, -1}:
        return context.error(ErrorCode.VALUE)
    keys = [(_column(block, at - 1), way < 0) for at, way in zip(columns, orders, strict=True)]
    return _rows_in(block, _ordered(context, keys, block.shape[2]))


def sort_by(context: Context, block: Block, *rest: Block) -> Block:
    """SORTBY(array, by, [order], by, [order] …)."""
    ways = [whole(context, order, 1) for order in rest[1::2]] + [1] * (len(rest) % 2)
    bys = list(rest[::2])
    if bys[0].shape[2] == 1 < bys[0].shape[3]:
        block, turned, bys = _turned(block), True, [_turned(by) for by in bys]
    else:
        turned = False
    if any(by.shape[2:] != (block.shape[2], 1) for by in bys) or not {*ways} <= {1, -1}:
        return context.error(ErrorCode.VALUE)
    keys = [(by, way < 0) for by, way in zip(bys, ways, strict=True)]
    arranged = _rows_in(block, _ordered(context, keys, block.shape[2]))
    return _turned(arranged) if turned else arranged


def unique(
    context: Context,
    block: Block,
    by_column: Block | None = None,
    exactly_once: Block | None = None,
) -> Block:
    """UNIQUE(array, [by_column], [exactly_once]): rows in the order of their first place."""
    if flag(context, by_column):
        return _turned(unique(context, _turned(block), None, exactly_once))
    if block.shape[:2].numel() > 1:
        raise RaggedError
    rank, key = sort_key(context, block)
    rank = torch.where(block.mask(Kind.BLANK), _BLANKS_LAST, rank).expand(block.shape)
    keys = key.detach().expand(block.shape)
    first, group = grouped([*rank[0, 0].unbind(-1), *keys[0, 0].unbind(-1)])
    kept = first[torch.bincount(group) == 1] if flag(context, exactly_once) else first
    if not len(kept):
        return context.error(ErrorCode.CALC)
    return _rows_in(block, kept.sort().values.reshape(1, 1, -1))


def filtered(
    context: Context, block: Block, include: Block, if_empty: Block | None = None
) -> Block:
    """FILTER(array, include, [if_empty]): the rows (or columns) for which `include` holds."""
    if include.shape[2:] == (1, block.shape[3]) and block.shape[2:] != (1, 1):
        return _turned(filtered(context, _turned(block), _turned(include), if_empty))
    if include.shape[2:] != (block.shape[2], 1):
        return context.error(ErrorCode.VALUE)
    truth, codes = context.truths(include)
    if codes is not None and bool((codes > 0).any()):
        if include.shape[:2].numel() > 1:
            raise RaggedError
        return context.error(ErrorCode(int(codes[codes > 0][0])))
    kept = kept_lines(truth.expand(include.shape)[..., 0])
    if not len(kept):
        return if_empty if given(if_empty) else context.error(ErrorCode.CALC)
    return as_array(moved(block, lambda values: values.index_select(2, kept)))


_row = partial(function, category="lookup")

FUNCTIONS: tuple[Record, ...] = (
    _row("SORT", "A|VVV", arrayed(shaper(sort)), picks=True, beyond=Beyond.LAST),
    _row("SORTBY", "AA|VAV*2", arrayed(shaper(sort_by)), picks=True, beyond=Beyond.LAST),
    _row("UNIQUE", "A|VV", arrayed(shaper(unique)), picks=True, beyond=Beyond.SHOWN),
    _row("FILTER", "AA|V", shaper(filtered), picks=True, beyond=Beyond.SELECTED),
)
