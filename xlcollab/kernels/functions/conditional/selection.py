"""Which cells each copy of a conditional aggregate selects, as pairs (asked, cell).

Ranges that are the same for all copies are grouped by key where the criteria are equalities, so
that n cells under n criteria cost n log n; other criteria are tried in chunks of bounded size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xlcollab.kernels.functions.conditional.criteria import (
    Asked,
    Cells,
    asked,
    cells,
    fits,
    operand_keys,
)
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, spread_shape
from xlcollab.kernels.values.grouping import grouped
from xlcollab.kernels.values.shapes import aligned, full

Conditions = tuple[tuple[Cells, Asked], ...]

_LARGEST_MASK = 1 << 24
"""Cells × criteria tried at once."""
_FEW, _SMALL_MASK = 64, 4096
"""Criteria, and cells × criteria, that are tried each at each rather than grouped."""


@dataclass(frozen=True, slots=True)
class Selection:
    """`place` (R, C, q) says which of `count` distinct conditions each copy asks for.

    `shared`: items number the cells of one range; otherwise those of all copies, copy by copy.
    `family` is (R, C), `spread` the rows and columns that the q criteria of a copy come in.
    """

    place: Tensor
    spread: torch.Size
    count: int
    shared: bool
    family: tuple[int, int]
    conditions: Conditions

    small: bool = False
    """Whether each condition is tried at each cell; only then conditions may be equal."""

    def pairs(self, context: Context) -> Iterator[tuple[Tensor, Tensor]]:
        """(condition, cell) of every selected cell, in pieces."""
        if self.small:
            return iter([self.tried(context).nonzero().unbind(-1)])  # type: ignore[list-item]
        return _shared_pairs(context, self) if self.shared else _moving_pairs(context, self)

    def tried(self, context: Context) -> Tensor:
        """Which cells each condition selects, a mask (count, cells), where the selection is small.

        It takes no branch: for a population it is a formula of the values."""
        mask = torch.ones((), dtype=torch.bool, device=context.device)
        for found, one in self.conditions:
            mask = mask & fits(context, found, one, one.which)[0, 0]
        return mask


def select(context: Context, tested: list[tuple[Block, Block]], values: Block) -> Selection:
    """The selection of (range, criteria) blocks; `values` is the range to be aggregated."""
    given = aligned(context, *(block for _, block in tested))
    spread = spread_shape(*(block.shape[2:] for block in given))
    criteria = [full(block, (*block.shape[:2], *spread)) for block in given]
    small = _is_small([block for block, _ in tested], criteria)
    wanted = [asked(context, block, unseen=small) for block in criteria]
    conditions = tuple((cells(context, b), w) for (b, _), w in zip(tested, wanted, strict=True))
    asking = spread_shape(*(one.which.shape for one in wanted))
    if all(found.keys.family == (1, 1) for found, _ in conditions):
        return _shared_selection(conditions, asking, spread, small)
    families = [asking[:2], values.shape[:2], *(found.keys.family for found, _ in conditions)]
    rows, columns = spread_shape(*families)
    whole = torch.Size((rows, columns, asking[2]))
    place = torch.arange(whole.numel(), device=context.device).reshape(whole)
    return Selection(place, spread, whole.numel(), False, (rows, columns), conditions)


def _is_small(ranges: Sequence[Block], criteria: Sequence[Block]) -> bool:
    """Whether each criterion may be tried at each cell of ranges that all copies share."""
    count = spread_shape(*(block.shape for block in criteria)).numel()
    alone = all(block.shape[:2].numel() == 1 for block in ranges)
    return alone and count <= _FEW and count * ranges[0].shape[2:].numel() <= _SMALL_MASK


def _shared_selection(
    conditions: Conditions, asking: torch.Size, spread: torch.Size, small: bool
) -> Selection:
    """Ranges that all copies share: each distinct combination of criteria is one condition."""
    columns = [one.which.expand(asking).reshape(-1) for _, one in conditions]
    first, place = grouped(columns)
    reduced = tuple(
        (found, Asked(one.distinct, column[first].reshape(1, 1, -1), one.numbers))
        for (found, one), column in zip(conditions, columns, strict=True)
    )
    family = (asking[0], asking[1])
    place = place.reshape(asking)
    return Selection(place, spread, len(first), True, family, reduced, small)


def _moving_pairs(context: Context, selection: Selection) -> Iterator[tuple[Tensor, Tensor]]:
    rows, columns = selection.family
    asking = selection.place.shape[2]
    size = selection.conditions[0][0].keys.key.shape[-1]
    step = max(_LARGEST_MASK // max(columns * asking * size, 1), 1)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        mask = torch.ones((), dtype=torch.bool, device=context.device)
        for found, one in selection.conditions:
            part = _rows_of(found, start, stop)
            which = one.which if one.which.shape[0] == 1 else one.which[start:stop]
            mask = mask & fits(context, part, one, which)
        mask = mask.expand(stop - start, columns, asking, size)
        row, column, condition, item = mask.nonzero().unbind(-1)
        copy = (row + start) * columns + column
        yield copy * asking + condition, copy * size + item


def _rows_of(found: Cells, start: int, stop: int) -> Cells:
    if found.keys.family[0] == 1:
        return found
    return Cells(
        found.keys.mapped(lambda values: values[start:stop]),
        found.like[start:stop],
        found.value[start:stop],
    )


def _shared_pairs(context: Context, selection: Selection) -> Iterator[tuple[Tensor, Tensor]]:
    """Joins cells and conditions on (combination of other criteria, group of equal cells)."""
    size = selection.conditions[0][0].keys.key.shape[-1]
    item_group, asked_group, groups = _groups(context, selection, size)
    others = [(f, one) for f, one in selection.conditions if not _is_equality(one)]
    combination, distinct = _combinations(others, selection.count, context.device)
    join = combination * groups + asked_group
    ordered, order = join.sort(stable=True)
    grouped = item_group >= 0
    total = int(combination.max()) + 1 if len(combination) else 0
    step = max(_LARGEST_MASK // max(size, 1), 1)
    for start in range(0, total, step):
        stop = min(start + step, total)
        mask = grouped.expand(stop - start, size)
        for (found, one), which in zip(others, distinct, strict=True):
            part = which[start:stop].reshape(1, 1, -1)
            mask = mask & fits(context, found, one, part)[0, 0]
        row, item = mask.nonzero().unbind(-1)
        key = (row + start) * groups + item_group[item]
        spot = torch.searchsorted(ordered, key).clamp(max=len(ordered) - 1)
        hit = ordered[spot] == key
        yield order[spot[hit]], item[hit]


def _is_equality(one: Asked) -> bool:
    return all(criterion.is_equality for criterion in one.distinct)


def _groups(context: Context, selection: Selection, size: int) -> tuple[Tensor, Tensor, int]:
    """(group of each cell or -1, group of each condition, how many) by the equality criteria."""
    item = torch.zeros(size, dtype=torch.int64, device=context.device)
    group = torch.zeros(selection.count, dtype=torch.int64, device=context.device)
    groups = 1
    for found, one in selection.conditions:
        if not _is_equality(one):
            continue
        mine = _criterion_of_cells(context, found, one)
        item = torch.where((item >= 0) & (mine >= 0), item * len(one.distinct) + mine, -1)
        group = group * len(one.distinct) + one.which.reshape(-1)
        groups *= len(one.distinct)
    return item, group, groups


def _criterion_of_cells(context: Context, found: Cells, one: Asked) -> Tensor:
    """Per cell the number of the criterion that it equals, -1 for none; shape (n,)."""
    operands = torch.tensor([c.operand for c in one.distinct], device=context.device)
    keys = operand_keys(context, one)
    like, value = found.like[0, 0], found.value[0, 0]
    result = torch.full_like(value, -1, dtype=torch.int64)
    for kind in torch.unique(operands).tolist():
        mine = (operands == kind).nonzero()[:, 0]
        ordered, order = keys[mine].sort(stable=True)
        spot = torch.searchsorted(ordered, value).clamp(max=len(ordered) - 1)
        hit = (like == kind) & (ordered[spot] == value)
        result = torch.where(hit, mine[order[spot]], result)
    return result


def _combinations(
    others: list[tuple[Cells, Asked]], count: int, device: torch.device
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """(the combination that each condition asks for, each criterion of the combinations)."""
    if not others:
        return torch.zeros(count, dtype=torch.int64, device=device), ()
    columns = [one.which.reshape(-1) for _, one in others]
    first, inverse = grouped(columns)
    return inverse, tuple(column[first] for column in columns)
