"""Aggregates: many cells, one value per copy.

In cells only numbers count: texts, booleans and blanks are left out. Given directly, booleans and
texts that read as numbers count too. An error anywhere is the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, first_code, spread_shape
from xlcollab.kernels.values.digits import added
from xlcollab.kernels.values.facts import Beyond, Role, Shape
from xlcollab.kernels.values.guard import safe_divide, safe_sqrt
from xlcollab.kernels.values.operators import divide, stores
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function


@dataclass(frozen=True, slots=True)
class Members:
    """The values an aggregate sees: `number` (R, C, n); `mask` which of them count (None: all);
    `codes` (R, C) the first error of each copy, or None."""

    number: Tensor
    mask: Tensor | None
    codes: Tensor | None

    def filled(self, value: float) -> Tensor:
        """The numbers with `value` where nothing counts. Shape (R, C, n)."""
        return self.number if self.mask is None else torch.where(self.mask, self.number, value)

    def count(self) -> Tensor:
        """How many values count, shape (R, C) or broadcastable to it."""
        if self.mask is None:
            return torch.full_like(self.number[..., 0], float(self.number.shape[-1]))
        return self.mask.sum(-1).to(self.number.dtype)


def members(context: Context, *blocks: Block) -> Members:
    """The members of all arguments together."""
    parts = [_members_of(context, block) for block in blocks]
    if len(parts) == 1:
        return parts[0]
    family = spread_shape(*(part.number.shape[:2] for part in parts))
    number = torch.cat([_spread(part.number, family) for part in parts], -1)
    codes = first_code(*(part.codes for part in parts))
    if all(part.mask is None for part in parts):
        return Members(number, None, codes)
    masks = [
        torch.ones_like(part.number, dtype=torch.bool) if part.mask is None else part.mask
        for part in parts
    ]
    return Members(number, torch.cat([_spread(mask, family) for mask in masks], -1), codes)


def _spread(values: Tensor, family: torch.Size) -> Tensor:
    return values.expand(*family, values.shape[-1])


def flat(values: Tensor, shape: torch.Size) -> Tensor:
    """(R, C, h, w) as (R, C, h·w)."""
    return values.expand(shape).flatten(2)


def _members_of(context: Context, block: Block) -> Members:
    shape = block.shape
    if block.lone:
        number, codes = context.numbers(block)
        return Members(
            flat(number, shape), None, None if codes is None else flat(codes, shape)[..., 0]
        )
    number = flat(block.number, shape)
    if block.kind is Kind.NUMBER:
        return Members(number, None, None)
    return Members(number, flat(block.mask(Kind.NUMBER), shape), cell_codes(context, block))


def cell_codes(context: Context, block: Block) -> Tensor | None:
    """The first error of each copy's operand, shape (R, C); None without errors."""
    codes = context.codes(block)
    if codes is None:
        return None
    values = flat(codes, block.shape)
    where = (values > 0).to(torch.uint8).argmax(-1, keepdim=True)
    return values.gather(-1, where)[..., 0]


def reduced(context: Context, number: Tensor, codes: Tensor | None = None) -> Block:
    """(R, C) results as a block."""
    lifted = None if codes is None else codes[..., None, None]
    return context.result(number[..., None, None], lifted)


def aggregate(function: Callable[[Context, Members], tuple[Tensor, Tensor | None]]) -> Function:
    """A function of the members that returns (values, error codes), each of shape (R, C)."""

    def run(context: Context, *blocks: Block) -> Block:
        found = members(context, *blocks)
        number, codes = function(context, found)
        return reduced(context, number, first_code(found.codes, codes))

    return run


def error_where(mask: Tensor, code: ErrorCode) -> Tensor:
    """The code where the mask holds and 0 elsewhere, of the mask's shape."""
    return torch.where(mask, float(code), 0.0)


def ratio(context: Context, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor | None]:
    """a / b and #DIV/0! where b is 0. Both of their common shape."""
    del context
    quotient, zero = safe_divide(a, b)
    return quotient, None if zero is None else error_where(zero, ErrorCode.DIV0)


def _sum(context: Context, *blocks: Block) -> Block:
    """SUM. Exactly, it adds from the first to the last, and 0 is what the last addition leaves of
    15 digits."""
    if stores(context, *(block.number for block in blocks)):
        found = members(context, *blocks)
        return reduced(context, _added_up(found.filled(0.0)), found.codes)
    total: Tensor | None = None
    codes: Tensor | None = None
    for block in blocks:
        found = members(context, block)
        part = found.filled(0.0).sum(-1)
        total = part if total is None else total + part
        codes = first_code(codes, found.codes)
    assert total is not None
    return reduced(context, total, codes)


def _added_up(number: Tensor) -> Tensor:
    """The sum along the last axis, member by member."""
    running = number.cumsum(-1)
    size = number.shape[-1]
    steps = torch.arange(size, device=number.device)
    last = torch.where(number != 0, steps, 0).amax(-1, keepdim=True)
    before = running.gather(-1, (last - 1).clamp(min=0))
    before = torch.where(last > 0, before, 0.0)
    return added(before, number.gather(-1, last))[..., 0]


def _sum_of_squares(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    del context
    return found.filled(0.0).square().sum(-1), None


def _product(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    del context
    product = found.filled(1.0).prod(-1)
    return torch.where(found.count() > 0, product, 0.0), None


def _average(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    """AVERAGE. Exactly, it adds from the first to the last."""
    number = found.filled(0.0)
    total = number.cumsum(-1)[..., -1] if stores(context, number) else number.sum(-1)
    return ratio(context, total, found.count())


def _extreme(sign: float) -> Callable[[Context, Members], tuple[Tensor, Tensor | None]]:
    """MAX (1) and MIN (-1); 0 without members. Ties share the gradient evenly."""

    def run(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
        del context
        extreme = sign * (sign * found.filled(-sign * torch.inf)).amax(-1)
        return torch.where(found.count() > 0, extreme, 0.0), None

    return run


def deviations(found: Members) -> tuple[Tensor, Tensor]:
    """Deviations from the mean (0 where nothing counts), and the count. Shapes (R, C, n) and (R,
    C)."""
    count = found.count()
    mean = found.filled(0.0).sum(-1) / count.clamp(min=1.0)
    difference = found.number - mean[..., None]
    if found.mask is not None:
        difference = torch.where(found.mask, difference, 0.0)
    return difference, count


def _squared_deviations(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    del context
    difference, count = deviations(found)
    return difference.square().sum(-1), error_where(count == 0, ErrorCode.NUM)


def _variance(freedom: float) -> Callable[[Context, Members], tuple[Tensor, Tensor | None]]:
    def run(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
        del context
        difference, count = deviations(found)
        spread = difference.square().sum(-1) / (count - freedom).clamp(min=1.0)
        return spread, error_where(count <= freedom, ErrorCode.DIV0)

    return run


def _deviation(freedom: float) -> Callable[[Context, Members], tuple[Tensor, Tensor | None]]:
    variance = _variance(freedom)

    def run(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
        spread, codes = variance(context, found)
        return safe_sqrt(spread), codes

    return run


def as_cells(block: Block) -> Block:
    """An array whose booleans and texts are left out, as those of cells are."""
    return Block(block.number, block.kind, cells=True)


def in_array(block: Block) -> Block:
    """The members of a parameter that wants an array: a lone value is read as one of its kind."""
    return block if block.lone else as_cells(block)


def _count(context: Context, *blocks: Block) -> Block:
    """COUNT: numbers; errors are simply not counted."""
    total: Tensor | None = None
    for block in blocks:
        if block.lone:
            _, codes = context.numbers(block)
            counted = torch.ones(block.shape, device=context.device, dtype=context.dtype)
            if codes is not None:
                counted = torch.where(codes > 0, 0.0, counted)
            if not context.exact:
                counted = torch.where(torch.isfinite(block.number), counted, 0.0)
        else:
            counted = block.mask(Kind.NUMBER).to(context.dtype)
            if not context.exact:
                counted = torch.where(torch.isfinite(block.number), counted, 0.0)
        part = flat(counted, block.shape).sum(-1)
        total = part if total is None else total + part
    assert total is not None
    return reduced(context, total)


def _count_values(context: Context, *blocks: Block) -> Block:
    """COUNTA: whatever is not blank."""
    total: Tensor | None = None
    for block in blocks:
        filled = ~block.mask(Kind.BLANK) if block.cells else torch.ones(block.shape).bool()
        part = flat(filled.to(context.dtype), block.shape).sum(-1)
        total = part if total is None else total + part
    assert total is not None
    return reduced(context, total)


def count_blank(context: Context, block: Block) -> Block:
    """COUNTBLANK: blanks and empty texts."""
    blank = block.mask(Kind.BLANK)
    empty = context.texts.add("")
    blank = blank | (block.mask(Kind.TEXT) & (block.number == empty))
    return reduced(context, flat(blank.to(context.dtype), block.shape).sum(-1))


def _of_all_values(function: Function, *, array_texts: bool = False) -> Function:
    """The …A forms: booleans count as 0 or 1 and texts as 0, in cells too; booleans of arrays are
    left out, and so are their texts unless they are to count."""

    def run(context: Context, *blocks: Block) -> Block:
        return function(context, *(_counting_all(block, array_texts) for block in blocks))

    return run


def _counting_all(block: Block, array_texts: bool) -> Block:
    if block.lone:
        return block
    texts = block.mask(Kind.TEXT) & (block.cells or array_texts)
    kinds = block.kinds()
    counted = texts | (kinds == Kind.BOOLEAN) if block.cells else texts
    kind = torch.where(counted, int(Kind.NUMBER), kinds).to(torch.uint8)
    return Block(torch.where(texts, 0.0, block.number), kind, cells=True)


def _extreme_of_all(sign: float) -> Function:
    """MAXA (1) and MINA (-1)."""
    return _of_all_values(aggregate(_extreme(sign)))


def _share(context: Context, part: Block, everything: Block) -> Block:
    """PERCENTOF(part, everything): the sum of one over the sum of the other."""
    return divide(context, _sum(context, part), _sum(context, everything))


_row = partial(function, category="statistics", shape=Shape.SMOOTH, fails=False)

FUNCTIONS: tuple[Record, ...] = (
    _row(
        "SUM",
        "R|R*1",
        _sum,
        role=Role.SUM,
        scalar="SUM",
        shape=Shape.AFFINE,
        branches="nn",
        beyond=Beyond.SUMMED,
    ),
    _row("PERCENTOF", "RR", _share, fails=True),
    _row(
        "SUMSQ",
        "R|R*1",
        aggregate(_sum_of_squares),
        role=Role.SUM_OF_SQUARES,
        scalar="SUMSQ",
        beyond=Beyond.SUMMED,
    ),
    _row("PRODUCT", "R|R*1", aggregate(_product), scalar="PRODUCT", fails=True),
    _row(
        "COUNT",
        "R|R*1",
        _count,
        counts=True,
        scalar="COUNT",
        shape=Shape.STEPS,
        beyond=Beyond.COUNTED,
    ),
    _row("COUNTA", "R|R*1", _count_values, counts=True, shape=Shape.STEPS, beyond=Beyond.ADDED),
    _row(
        "AVERAGE",
        "R|R*1",
        aggregate(_average),
        role=Role.SUM,
        scalar="AVERAGE",
        shape=Shape.AFFINE,
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "MIN",
        "R|R*1",
        aggregate(_extreme(-1.0)),
        scalar="MIN",
        shape=Shape.KINKS,
        beyond=Beyond.ONCE,
    ),
    _row(
        "MAX",
        "R|R*1",
        aggregate(_extreme(1.0)),
        scalar="MAX",
        shape=Shape.KINKS,
        beyond=Beyond.ONCE,
    ),
    _row(
        "DEVSQ",
        "R|R*1",
        aggregate(_squared_deviations),
        role=Role.SPREAD,
        scalar="DEVSQ",
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "VAR.S",
        "R|R*1",
        aggregate(_variance(1.0)),
        also="VAR",
        role=Role.SPREAD,
        scalar="VAR.S",
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "VAR.P",
        "R|R*1",
        aggregate(_variance(0.0)),
        also="VARP",
        role=Role.SPREAD,
        scalar="VAR.P",
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "STDEV.S",
        "R|R*1",
        aggregate(_deviation(1.0)),
        also="STDEV",
        role=Role.SPREAD,
        root=True,
        scalar="STDEV.S",
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "STDEV.P",
        "R|R*1",
        aggregate(_deviation(0.0)),
        also="STDEVP",
        role=Role.SPREAD,
        root=True,
        scalar="STDEV.P",
        beyond=Beyond.NUMBERS,
    ),
    _row("AVERAGEA", "R|R*1", _of_all_values(aggregate(_average), array_texts=True)),
    _row("MINA", "R|R*1", _extreme_of_all(-1.0), shape=Shape.KINKS),
    _row("MAXA", "R|R*1", _extreme_of_all(1.0), shape=Shape.KINKS),
    _row("VARA", "R|R*1", _of_all_values(aggregate(_variance(1.0)))),
    _row("VARPA", "R|R*1", _of_all_values(aggregate(_variance(0.0)))),
    _row("STDEVA", "R|R*1", _of_all_values(aggregate(_deviation(1.0))), root=True),
    _row("STDEVPA", "R|R*1", _of_all_values(aggregate(_deviation(0.0))), root=True),
)
