"""Aggregates under criteria: SUMIF, COUNTIFS and their kin.

Differentiable in the range that is aggregated; what is selected is piecewise constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.conditional.selection import Selection, select
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.guard import safe_divide
from xlcollab.kernels.values.tape import Function

Pairs = Iterable[tuple[Tensor, Tensor]]
"""(condition, cell) in pieces; may be gone through several times."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Instead of pairs: which cells each condition selects, (conditions, cells)."""

    mask: Tensor
    in_order: bool
    """Whether they are added from the first to the last."""


_MOST_KEPT = 1 << 25
"""Pairs that are kept in memory; more are found again each time they are needed."""


@dataclass(frozen=True, slots=True)
class Aggregated:
    """The range to be aggregated: `number` (R', C', n), 0 where `counted` is false; `codes` are
    the errors, or None."""

    number: Tensor
    counted: Tensor
    codes: Tensor | None


def _aggregated(context: Context, block: Block, selection: Selection) -> Aggregated:
    number = block.number.expand(block.shape)
    counted = block.mask(Kind.NUMBER).expand(block.shape)
    codes = context.codes(block)
    parts = [torch.where(counted, number, 0.0), counted]
    parts += [codes.expand(block.shape)] if codes is not None else []
    if not selection.shared:
        parts = [p.expand(*selection.family, *p.shape[2:]).reshape(1, 1, -1) for p in parts]
    flat = [p.flatten(2) for p in parts]
    return Aggregated(flat[0], flat[1], flat[2] if codes is not None else None)


Fold = Callable[[Aggregated, Pairs | Tried, int], tuple[Tensor, Tensor | None]]
"""(values, pairs (condition, cell), number of conditions) → (results (R', C', T), error codes)"""


def _totals(values: Tensor, pairs: Pairs | Tried, count: int) -> Tensor:
    if isinstance(pairs, Tried):
        tried = torch.where(pairs.mask, values[..., None, :], 0.0)
        return tried.cumsum(-1)[..., -1] if pairs.in_order else tried.sum(-1)
    sums = values.new_zeros(*values.shape[:2], count)
    for condition, cell in pairs:
        sums = sums.index_add(-1, condition, values[..., cell])
    return sums


def total(values: Aggregated, pairs: Pairs | Tried, count: int) -> tuple[Tensor, Tensor | None]:
    """SUMIF and SUMIFS, (R, C, T)."""
    return _totals(values.number, pairs, count), None


def average(values: Aggregated, pairs: Pairs | Tried, count: int) -> tuple[Tensor, Tensor | None]:
    """AVERAGEIF and AVERAGEIFS, (R, C, T)."""
    members = _totals(values.counted.to(values.number.dtype), pairs, count)
    quotient, zero = safe_divide(_totals(values.number, pairs, count), members)
    return quotient, None if zero is None else torch.where(zero, float(ErrorCode.DIV0), 0.0)


def extreme(sign: float) -> Fold:
    """MAXIFS (1) and MINIFS (-1): 0 where nothing is selected."""

    def fold(values: Aggregated, pairs: Pairs | Tried, count: int) -> tuple[Tensor, Tensor | None]:
        signed = torch.where(values.counted, sign * values.number, -torch.inf)
        best = _largest(signed, pairs, count)
        found = best > -torch.inf
        return torch.where(found, sign * torch.where(found, best, 0.0), 0.0), None

    return fold


def _largest(values: Tensor, pairs: Pairs | Tried, count: int) -> Tensor:
    if isinstance(pairs, Tried):
        return torch.where(pairs.mask, values[..., None, :], -torch.inf).amax(-1)
    best = values.new_full((*values.shape[:2], count), -torch.inf)
    for condition, cell in pairs:
        where = condition.expand(*values.shape[:2], -1)
        best = best.scatter_reduce(-1, where, values[..., cell], "amax")
    return best


def _first_errors(codes: Tensor, pairs: Pairs | Tried, count: int) -> Tensor:
    """The code of the first selected error per condition, 0 for none."""
    size = codes.shape[-1]
    steps = torch.arange(size, device=codes.device)
    places = torch.where(codes > 0, steps, size)
    if isinstance(pairs, Tried):
        first = torch.where(pairs.mask, places[..., None, :], size).amin(-1)
        found = first < size
        return torch.where(found, codes.gather(-1, torch.where(found, first, 0)), 0.0)
    first = torch.full((*codes.shape[:2], count), size, device=codes.device)
    for condition, cell in pairs:
        where = condition.expand(*codes.shape[:2], -1)
        first = first.scatter_reduce(-1, where, places[..., cell], "amin")
    found = first < size
    return torch.where(found, codes.gather(-1, torch.where(found, first, 0)), 0.0)


@dataclass(frozen=True, slots=True)
class _Again:
    """The pairs of a selection, found anew by each pass."""

    context: Context
    selection: Selection

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self.selection.pairs(self.context)


def pairs_of(context: Context, selection: Selection) -> Pairs | Tried:
    """The pairs of a selection, kept if they are not too many; all that could be of a small one."""
    if selection.small:
        return Tried(selection.tried(context), context.exact)
    pieces, kept = [], 0
    for piece in selection.pairs(context):
        pieces.append(piece)
        kept += len(piece[0])
        if kept > _MOST_KEPT:
            return _Again(context, selection)
    return pieces


def folded(
    context: Context, fold: Fold, block: Block, selection: Selection, pairs: Pairs | Tried
) -> Block:
    """The aggregate of every condition, handed to the copies that ask for it."""
    values = _aggregated(context, block, selection)
    number, codes = fold(values, pairs, selection.count)
    if values.codes is not None:
        errors = _first_errors(values.codes, pairs, selection.count)
        codes = errors if codes is None else torch.where(errors > 0, errors, codes)
    spread = None if codes is None else _handed(codes, selection)
    return context.result(_handed(number, selection), spread)


def _handed(results: Tensor, selection: Selection) -> Tensor:
    place = selection.place
    rows, columns = (max(sizes) for sizes in zip(results.shape[:2], place.shape[:2], strict=True))
    where = place.expand(rows, columns, place.shape[2])
    handed = results.expand(rows, columns, results.shape[2]).gather(-1, where)
    return handed.reshape(rows, columns, *selection.spread)


def conditional(fold: Fold) -> Callable[..., Block]:
    """(context, values, range, criteria, …) → block; ranges of other sizes are #VALUE!."""

    def run(context: Context, values: Block, *tested: Block) -> Block:
        ranges, criteria = tested[::2], tested[1::2]
        if any(block.shape[2:] != values.shape[2:] for block in ranges):
            return context.error(ErrorCode.VALUE)
        selection = select(context, list(zip(ranges, criteria, strict=True)), values)
        return folded(context, fold, values, selection, pairs_of(context, selection))

    return run


def one_range(fold: Fold) -> Function:
    """SUMIF and AVERAGEIF: (range, criterion, [range to aggregate])."""
    several = conditional(fold)

    def run(
        context: Context, tested: Block, criterion: Block, values: Block | None = None
    ) -> Block:
        return several(context, values or tested, tested, criterion)

    return run


def count(context: Context, *tested: Block) -> Block:
    """COUNTIF and COUNTIFS."""
    shape = tested[0].shape[2:]
    ones = Block(torch.ones((1, 1, *shape), dtype=context.dtype, device=context.device), 1)
    return conditional(total)(context, ones, *tested)
