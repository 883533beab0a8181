"""MATCH, INDEX and the look-ups in tables: a search among keys, then a gather."""

from __future__ import annotations

from collections.abc import Callable

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.lookup.search import bisect, find, keys_of, last_not_below
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.gather import taken
from xlcollab.kernels.values.shapes import aligned, moved
from xlcollab.kernels.values.tape import Function

LONGEST_SOUGHT = 255
"""Characters of a text that MATCH, VLOOKUP and HLOOKUP look up."""


def code_where(mask: Tensor, code: ErrorCode) -> Tensor:
    """A code where the mask holds and 0 elsewhere, of the mask's shape."""
    return torch.where(mask, float(code), 0.0)


def sought(block: Block) -> Block:
    """A wanted value; a blank is looked up as 0."""
    if not isinstance(block.kind, torch.Tensor):
        return Block(block.number, Kind.NUMBER) if block.kind == Kind.BLANK else block
    kind = torch.where(block.kind == Kind.BLANK, int(Kind.NUMBER), block.kind)
    return Block(block.number, kind.to(torch.uint8))


def by_setting(setting: Tensor, search: Callable[[float], Tensor]) -> Tensor:
    """The result of `search` for the setting of each place; mostly all have the same. Their common
    shape."""
    distinct = torch.unique(setting).tolist()
    result = search(distinct[0])
    for value in distinct[1:]:
        result = torch.where(setting == value, search(value), result)
    return result


def placed(context: Context, wanted: Block, places: Tensor, *codes: Tensor | None) -> Block:
    """Zero-based places as one-based numbers; the wanted value's own error, #N/A where none."""
    missing = code_where(places < 0, ErrorCode.NA)
    number = (places + 1).to(context.dtype)
    every = first_code(context.codes(wanted), *codes, missing)
    return context.with_errors(Block(number, Kind.NUMBER), every)


def match(context: Context, wanted: Block, table: Block, match_type: Block | None = None) -> Block:
    """MATCH(value, row or column, [type]): 1 by halving the last not above, 0 equal (wildcards),
    -1 the last before the first that lies below."""
    if min(table.shape[2:]) > 1:
        return context.error(ErrorCode.NA)
    too_long = _too_long(context, wanted)
    setting, codes = context.numbers(match_type or context.scalar(1.0))
    wanted = sought(wanted)
    asked, keys = keys_of(context, wanted), keys_of(context, table)

    def search(value: float) -> Tensor:
        if value == 0:
            found = find(context, asked, keys, wildcards=True)
        else:
            found = (bisect if value > 0 else last_not_below)(asked, keys)
        return found.reshape(*found.shape[:2], *wanted.shape[2:])

    return placed(context, wanted, by_setting(torch.sign(setting), search), codes, too_long)


def _too_long(context: Context, wanted: Block) -> Tensor | None:
    """#VALUE! for texts that are too long to be looked up."""
    texts = wanted.is_kind(Kind.TEXT)
    if texts is False:
        return None
    shape = wanted.shape
    mask = texts if isinstance(texts, torch.Tensor) else torch.ones(shape, dtype=torch.bool)
    numbers = wanted.number.detach().expand(shape)
    mask = mask.expand(shape)
    long = [len(context.texts[int(i)]) > LONGEST_SOUGHT for i in numbers[mask].tolist()]
    if not any(long):
        return None
    found = torch.zeros(shape, dtype=context.dtype, device=context.device)
    return found.masked_scatter(mask, torch.tensor(long).to(found) * float(ErrorCode.VALUE))


def key_place(
    context: Context, wanted: Block, keys: Block, approximate: Block | None = None
) -> Block:
    """Where VLOOKUP and HLOOKUP find their value; approximately if not told otherwise."""
    truth, codes = context.truths(approximate or context.scalar(True))
    return match(
        context, wanted, keys, context.with_errors(Block(truth.to(context.dtype), 1), codes)
    )


def at_key(axis: int) -> Function:
    """The cell of a table in the line that was found along `axis`, in the other line asked for."""

    def run(context: Context, table: Block, place: Block, line: Block) -> Block:
        place, line = aligned(context, place, line)
        found, missing = context.numbers(place)
        number, codes = context.numbers(line)
        size = table.shape[3 - axis]
        low, high = number < 1, number >= size + 1
        outside = code_where(low, ErrorCode.VALUE) + code_where(high, ErrorCode.REF)
        indices = [_index(found), _index(number)]
        block = taken(table, *(indices if axis == 0 else reversed(indices)))
        return context.with_errors(block, first_code(codes, outside, missing))

    return run


column_at, row_at = at_key(0), at_key(1)


def _index(number: Tensor) -> Tensor:
    """One-based numbers as zero-based places."""
    return torch.nan_to_num(number.detach()).floor().long() - 1


def vertical(
    context: Context, wanted: Block, table: Block, column: Block, approximate: Block | None = None
) -> Block:
    """VLOOKUP."""
    keys = moved(table, lambda values: values[..., :1])
    return column_at(context, table, key_place(context, wanted, keys, approximate), column)


def horizontal(
    context: Context, wanted: Block, table: Block, row: Block, approximate: Block | None = None
) -> Block:
    """HLOOKUP."""
    keys = moved(table, lambda values: values[..., :1, :])
    return row_at(context, table, key_place(context, wanted, keys, approximate), row)


def index(
    context: Context,
    table: Block,
    row: Block,
    column: Block | None = None,
    area: Block | None = None,
) -> Block:
    """INDEX(table, row, [column]): 0 is the whole line, beyond the table is #REF!."""
    wrong, area_codes = _other_area(context, area)
    height, width = table.shape[2:]
    if column is None:
        lone = context.scalar(0.0 if min(height, width) > 1 else 1.0)
        row, column = (lone, row) if height == 1 < width else (row, lone)
    row, column = aligned(context, row, column)
    rows, row_codes = _line(context, row, height, 2)
    columns, column_codes = _line(context, column, width, 3)
    block = taken(table, rows, columns)
    return context.with_errors(block, first_code(row_codes, column_codes, area_codes, wrong))


def _other_area(context: Context, area: Block | None) -> tuple[Tensor | None, Tensor | None]:
    """(#REF! where an area behind the first is asked for, #VALUE! before it, the argument's own
    errors)."""
    if not given(area):
        return None, None
    number, codes = context.numbers(area)
    behind = code_where(number >= 2, ErrorCode.REF)
    return torch.where(number < 1, float(ErrorCode.VALUE), behind), codes


def _line(context: Context, block: Block, size: int, dim: int) -> tuple[Tensor, Tensor | None]:
    """Places along one axis and error codes; 0 spreads over the axis."""
    number, codes = context.numbers(block)
    number = number.detach()
    whole = number.trunc() == 0
    if bool(whole.any()):
        if not bool(whole.all()):
            raise RaggedError
        steps = torch.arange(size, device=number.device)
        return steps.reshape([-1 if d == dim else 1 for d in range(4)]), codes
    outside = code_where(number < 0, ErrorCode.VALUE) + code_where(
        number >= size + 1, ErrorCode.REF
    )
    unknown = code_where(torch.isnan(number), ErrorCode.VALUE)
    return _index(number), first_code(codes, outside, unknown)
