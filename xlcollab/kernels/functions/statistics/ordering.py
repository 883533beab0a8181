"""Order statistics: percentiles, trimmed means; what stands where, and how often.

The values picked from the ordered members carry gradients (equals share them evenly);
ranks and counts are constant almost everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.maths.elementwise import round_down
from xlcollab.kernels.functions.statistics.reduce import (
    Members,
    aggregate,
    as_cells,
    error_where,
    flat,
    in_array,
    members,
)
from xlcollab.kernels.functions.statistics.ties import shared
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.area import RaggedError
from xlcollab.kernels.values.arguments import ArgumentIsError
from xlcollab.kernels.values.block import Block, Context, first_code, spread_shape
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.guard import inside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import aligned
from xlcollab.kernels.values.tape import Function

Ranking = Callable[..., tuple[Tensor, Tensor | None]]

_NOISE = 1e-12
"""What rounding makes of a share times a count that is whole."""


def order_statistics(found: Members) -> Tensor:
    """The members in ascending order, those that do not count at the end as infinity.

    NaN, the error of fast evaluation, makes all of a copy's values NaN. Shape (R, C, n).
    """
    ordered = found.filled(torch.inf).sort(dim=-1, stable=True).values
    return shared(torch.where(torch.isnan(ordered[..., -1:]), torch.nan, ordered))


def picked(ordered: Tensor, position: Tensor) -> Tensor:
    """The values at zero-based whole places (R, C, h, w), clipped into range, of the same shape."""
    family = spread_shape(ordered.shape[:2], position.shape[:2])
    shape = (*family, *position.shape[2:])
    index = position.long().clamp(0, ordered.shape[-1] - 1).expand(shape).flatten(2)
    return ordered.expand(*family, ordered.shape[-1]).gather(-1, index).reshape(shape)


def of_array(function: Callable[..., tuple[Tensor, Tensor | None]]) -> Function:
    """A function of the numbers in one array and of further values.

    `function(members, *numbers)` returns (values, error codes) of the shape of the numbers.
    """

    def run(context: Context, block: Block, *others: Block) -> Block:
        found = members(context, in_array(block))
        pairs = [context.numbers(other) for other in aligned(context, *others)]
        codes = None if found.codes is None else found.codes[..., None, None]
        number, own = function(found, *(number for number, _ in pairs))
        return context.result(number, first_code(codes, *(code for _, code in pairs), own))

    return run


def _ranked(from_end: bool) -> Callable[[Members, Tensor], tuple[Tensor, Tensor | None]]:
    """LARGE and SMALL: the k-th value; k between 1 and the count, else #NUM!.

    A fraction is cut off, for LARGE that of the place counted from the other end.
    """

    def run(found: Members, k: Tensor) -> tuple[Tensor, Tensor | None]:
        count = found.count()[..., None, None]
        bad = (k < 1) | (k > count)
        value = picked(order_statistics(found), torch.floor(count - k if from_end else k - 1))
        return torch.where(bad, 0.0, value), error_where(bad, ErrorCode.NUM)

    return run


def _median(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    del context
    count = found.count()
    ordered, middle = order_statistics(found), (count - 1)[..., None, None] / 2
    value = (picked(ordered, middle.floor()) + picked(ordered, middle.ceil()))[..., 0, 0] / 2
    return torch.where(count > 0, value, 0.0), error_where(count == 0, ErrorCode.NUM)


def _interpolated(ordered: Tensor, position: Tensor, last: Tensor) -> Tensor:
    """The value at a fractional zero-based position up to `last`."""
    low = torch.floor(position.detach())
    below = picked(ordered, low)
    above = picked(ordered, torch.minimum(low + 1, last))
    return below + (position - low) * (above - below)


def _percentile(found: Members, k: Tensor) -> tuple[Tensor, Tensor | None]:
    """PERCENTILE.INC: k from 0 to 1, over the count − 1 gaps."""
    count = found.count()[..., None, None]
    bad = (k < 0) | (k > 1) | (count == 0)
    last = (count - 1).clamp(min=0.0)
    value = _interpolated(order_statistics(found), inside(k, ~bad, 0.0) * last, last)
    return torch.where(bad, 0.0, value), error_where(bad, ErrorCode.NUM)


def _percentile_exclusive(found: Members, k: Tensor) -> tuple[Tensor, Tensor | None]:
    """PERCENTILE.EXC: k strictly between the first and the last member of count + 1 parts."""
    count = found.count()[..., None, None]
    last = (count - 1).clamp(min=0.0)
    position = k * (count + 1) - 1
    bad = (k <= 0) | (k >= 1) | (position < -_NOISE) | (position > count - 1 + _NOISE)
    position = torch.minimum(inside(position, ~bad, 0.0).clamp(min=0.0), last)
    value = _interpolated(order_statistics(found), position, last)
    return torch.where(bad, 0.0, value), error_where(bad, ErrorCode.NUM)


def _quartile(percentile: Ranking, lowest: float) -> Ranking:
    """Quartiles number `lowest` to 4 − `lowest`; fractions are cut off."""

    def run(found: Members, quarter: Tensor) -> tuple[Tensor, Tensor | None]:
        number = torch.trunc(quarter)
        bad = (number < lowest) | (number > 4 - lowest)
        value, codes = percentile(found, inside(number, ~bad, 2.0) / 4)
        return torch.where(bad, 0.0, value), first_code(error_where(bad, ErrorCode.NUM), codes)

    return run


def _trimmed_mean(found: Members, share: Tensor) -> tuple[Tensor, Tensor | None]:
    """TRIMMEAN: the mean without a share of the members, half of it from either end."""
    count = found.count()[..., None, None]
    bad = (share < 0) | (share >= 1) | (count == 0)
    cut = torch.floor(inside(share, ~bad, 0.0).detach() * count / 2 + _NOISE)
    ordered = order_statistics(found)[..., None, None, :]
    place = torch.arange(ordered.shape[-1], device=count.device)
    kept = (place >= cut[..., None]) & (place < (count - cut)[..., None])
    total = torch.where(kept, ordered, 0.0).sum(-1)
    mean = total / inside(count - 2 * cut, ~bad, 1.0)
    return torch.where(bad, 0.0, mean), error_where(bad, ErrorCode.NUM)


def _below(found: Members, x: Tensor, *, or_equal: bool) -> Tensor:
    """How many members are less than x (R, C, h, w), or at most x."""
    ordered = found.filled(torch.inf).detach().sort(dim=-1, stable=True).values
    x = x.detach().contiguous()
    if ordered.shape[:2].numel() == 1:
        counts = torch.searchsorted(ordered.reshape(-1).contiguous(), x, right=or_equal)
    else:
        family = spread_shape(ordered.shape[:2], x.shape[:2])
        wide = ordered.expand(*family, ordered.shape[-1]).contiguous()
        asked = x.expand(*family, *x.shape[2:])
        flat_counts = torch.searchsorted(wide, asked.flatten(2).contiguous(), right=or_equal)
        counts = flat_counts.reshape(asked.shape)
    return torch.minimum(counts.to(x.dtype), found.count()[..., None, None])


def _percent_rank(shift: float) -> Ranking:
    """PERCENTRANK.INC (shift 0) and .EXC (1): where x stands between the ends, to some digits."""

    def run(
        found: Members, x: Tensor, digits: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        places = torch.full_like(x, 3.0) if digits is None else torch.trunc(digits)
        count = found.count()[..., None, None]
        ordered = order_statistics(found).detach()
        before, upto = _below(found, x, or_equal=False), _below(found, x, or_equal=True)
        outside = (before >= count) | (upto < 1)
        low, high = picked(ordered, upto - 1), picked(ordered, before)
        between = (high > low) & ~outside
        gap = inside(high - low, between, 1.0)
        step = torch.where(between, (x.detach() - low) / gap, 0.0)
        start = torch.where(between, upto - 1, before)
        parts = count - 1 + 2 * shift
        rank = (start + step + shift) / inside(parts, parts > 0, 1.0)
        rank = torch.where(parts > 0, rank, 1.0)
        empty = error_where((count == 0) | (places < 1), ErrorCode.NUM)
        codes = first_code(empty, error_where(outside, ErrorCode.NA))
        return round_down(torch.where(outside, 0.0, rank), places), codes

    return run


def _rank(shared: bool) -> Function:
    """RANK.EQ and RANK.AVG (`shared`): the place of a number among the members, from the top down
    unless `order` is not 0; #N/A for one that is not among them."""

    def run(context: Context, x: Block, area: Block, *order: Block) -> Block:
        found = members(context, as_cells(area))
        number, own = context.numbers(x)
        ascending, order_codes = _order(context, order[0]) if order else (None, None)
        less, upto = _below(found, number, or_equal=False), _below(found, number, or_equal=True)
        rank = found.count()[..., None, None] - upto
        if ascending is not None:
            rank = torch.where(ascending != 0, less, rank)
        rank = rank + 1 + ((upto - less - 1) / 2 if shared else 0.0)
        absent = error_where(upto == less, ErrorCode.NA)
        codes = None if found.codes is None else found.codes[..., None, None]
        return context.result(rank, first_code(own, codes, order_codes, absent))

    return run


def _order(context: Context, order: Block) -> tuple[Tensor, Tensor | None]:
    """The order of RANK as numbers; texts are #VALUE! even where they read as numbers."""
    number, codes = context.numbers(order)
    return number, first_code(error_where(order.mask(Kind.TEXT), ErrorCode.VALUE), codes)


def _frequencies(found: Members) -> Tensor:
    """How often each member occurs among them all, shape (R, C, n); 0 for what does not count."""
    asked = found.number[..., None]
    often = _below(found, asked, or_equal=True) - _below(found, asked, or_equal=False)
    often = often[..., 0]
    return often if found.mask is None else torch.where(found.mask, often, 0.0)


def _mode(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
    """The first of the most frequent members; #N/A where none comes twice."""
    del context
    often = _frequencies(found)
    place = often.argmax(-1, keepdim=True)
    value = found.number.gather(-1, place)[..., 0]
    return value, error_where(often.amax(-1) < 2, ErrorCode.NA)


def _no_other_values(function: Function) -> Function:
    """A function that skips what is no number in areas and arrays; a single cell or value that is
    none, even a blank one, is #VALUE!, as Excel stored it for MODE."""

    def run(context: Context, *blocks: Block) -> Block:
        return function(context, *(_number_or_error(context, block) for block in blocks))

    return run


def _number_or_error(context: Context, block: Block) -> Block:
    if block.kind is Kind.NUMBER or block.array or block.shape[2:].numel() > 1:
        return block
    foreign = ~(block.mask(Kind.NUMBER) | block.mask(Kind.ERROR))
    return context.with_errors(block, torch.where(foreign, float(ErrorCode.VALUE), 0.0))


def _modes(context: Context, *blocks: Block) -> Block:
    """MODE.MULT: all of the most frequent members below one another, in order of appearance."""
    found = members(context, *blocks)
    often = _frequencies(found)
    most = often.amax(-1, keepdim=True)
    order = often.shape[-1]
    equal = (found.number[..., None, :] == found.number[..., :, None]) & (often > 0)[..., None, :]
    earlier = torch.ones(order, order, device=most.device).tril(-1).bool()
    repeated = (equal & earlier).any(-1)
    chosen = (often == most) & (most > 1) & ~repeated
    size = max(int(chosen.sum(-1).max()), 1)
    first = (~chosen).to(torch.uint8).sort(dim=-1, stable=True).indices[..., :size]
    none = error_where(~chosen.gather(-1, first), ErrorCode.NA)
    codes = first_code(None if found.codes is None else found.codes[..., None], none)
    value = found.number.gather(-1, first)
    return context.result(value[..., None], None if codes is None else codes[..., None])


def frequency(context: Context, data: Block, bins: Block) -> Block:
    """FREQUENCY: how many numbers lie up to each limit and above those before; last, above all.

    A limit that comes twice counts 0 the second time; what is no number is no limit. Raises
    RaggedError where copies have differently many.
    """
    if bins.lone:
        number, wrong = context.numbers(bins)
        bins = context.with_errors(Block(number, Kind.NUMBER), wrong)
    bins = _numbers_alone(context, bins)
    found = members(context, as_cells(data))
    limits, order = flat(bins.number.detach(), bins.shape).sort(dim=-1, stable=True)
    upto = _below(found, limits[..., None], or_equal=True)[..., 0]
    total = found.count()[..., None].expand(*upto.shape[:2], 1)
    steps = torch.cat([upto, total], -1).diff(dim=-1, prepend=torch.zeros_like(total))
    within = torch.zeros_like(upto).scatter(-1, order.expand(upto.shape), steps[..., :-1])
    counts = torch.cat([within, steps[..., -1:]], -1)[..., None]
    codes = None if found.codes is None else found.codes[..., None, None]
    return context.result(counts, codes)


def _numbers_alone(context: Context, block: Block) -> Block:
    """The numbers of a block in reading order, shape (R, C, 1, n); an error among them is raised as
    ArgumentIsError."""
    codes = context.codes(block)
    if codes is not None and bool((codes > 0).any()):
        if codes.shape[:2].numel() > 1:
            raise RaggedError
        raise ArgumentIsError(ErrorCode(int(codes[codes > 0].reshape(-1)[0])))
    wanted = block.mask(Kind.NUMBER).expand(block.shape).flatten(2)
    first = wanted[:1, :1]
    if bool((wanted != first).any()):
        raise RaggedError
    numbers = block.number.expand(block.shape).flatten(2)[..., first[0, 0]]
    return Block(numbers[:, :, None, :], Kind.NUMBER)


_row = partial(function, category="statistics", unions=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("MEDIAN", "R|R*1", aggregate(_median), fails=False, beyond=Beyond.NUMBERS),
    _row("LARGE", "AV", of_array(_ranked(from_end=True)), jumps="1", beyond=Beyond.NUMBERS),
    _row("SMALL", "AV", of_array(_ranked(from_end=False)), jumps="1", beyond=Beyond.NUMBERS),
    _row("PERCENTILE.INC", "AV", of_array(_percentile), also="PERCENTILE", beyond=Beyond.NUMBERS),
    _row("PERCENTILE.EXC", "AV", of_array(_percentile_exclusive), beyond=Beyond.NUMBERS),
    _row(
        "QUARTILE.INC",
        "AV",
        of_array(_quartile(_percentile, 0.0)),
        also="QUARTILE",
        jumps="1",
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "QUARTILE.EXC",
        "AV",
        of_array(_quartile(_percentile_exclusive, 1.0)),
        jumps="1",
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "PERCENTRANK.INC",
        "AV|V",
        of_array(_percent_rank(0.0)),
        also="PERCENTRANK",
        shape=Shape.STEPS,
        beyond=Beyond.NUMBERS,
    ),
    _row(
        "PERCENTRANK.EXC",
        "AV|V",
        of_array(_percent_rank(1.0)),
        shape=Shape.STEPS,
        beyond=Beyond.NUMBERS,
    ),
    _row("TRIMMEAN", "AV", of_array(_trimmed_mean), jumps="1", beyond=Beyond.NUMBERS),
    _row("RANK.EQ", "VR|V", _rank(shared=False), also="RANK", shape=Shape.STEPS),
    _row("RANK.AVG", "VR|V", _rank(shared=True), shape=Shape.STEPS),
    _row(
        "MODE.SNGL", "A|A*1", _no_other_values(aggregate(_mode)), also="MODE", beyond=Beyond.NUMBERS
    ),
    _row("MODE.MULT", "A|A*1", _no_other_values(_modes), beyond=Beyond.NUMBERS),
    _row("FREQUENCY", "AA", frequency, shape=Shape.STEPS),
)
