"""Finding values among keys: sorted once, searched for all copies together.

Values match within their type only: a text never equals a number. Keys have shape (R', C', n), the
wanted values (R, C, q); places are zero-based, -1 where nothing is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from xlcollab.grid import Kind
from xlcollab.kernels.text.wildcards import has_wildcard, matches_wildcard
from xlcollab.kernels.values.block import Block, Context

_ORDERED_KINDS = (Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN, Kind.BLANK)


class Near(Enum):
    """What will do where no key equals the wanted value."""

    NOTHING = 0
    SMALLER = -1
    LARGER = 1


@dataclass(frozen=True, slots=True)
class Keys:
    """Values by type and place in the order of that type; `number` is the block's own number."""

    kind: Tensor
    key: Tensor
    number: Tensor

    @property
    def family(self) -> tuple[int, int]:
        return self.key.shape[0], self.key.shape[1]

    def mapped(self, function: Callable[[Tensor], Tensor]) -> Keys:
        return Keys(function(self.kind), function(self.key), function(self.number))


def keys_of(context: Context, block: Block) -> Keys:
    """A block (R, C, h, w) as keys (R, C, h·w) in reading order. NaN counts as an error."""
    number = block.number.detach().expand(block.shape).flatten(2)
    kind = block.kinds().flatten(2)
    kind = torch.where(torch.isnan(number), int(Kind.ERROR), kind).to(torch.uint8)
    texts = kind == Kind.TEXT
    if not bool(texts.any()):
        return Keys(kind, number, number)
    index = torch.where(texts, number, 0.0).long()
    return Keys(kind, torch.where(texts, context.text_ranks()[index], number), number)


def find(
    context: Context,
    wanted: Keys,
    keys: Keys,
    near: Near = Near.NOTHING,
    *,
    wildcards: bool = False,
    last: bool = False,
) -> Tensor:
    """The first (or last) place of each wanted value, in any order of the keys."""
    asked = _beside(wanted, keys.family)
    place = torch.full_like(asked.key, -1, dtype=torch.int64)
    for kind in _ORDERED_KINDS:
        mine = asked.kind == kind
        if bool(mine.any()):
            found = _find_kind(asked.key, keys, kind, near, last)
            place = torch.where(mine, found, place)
    if wildcards:
        place = _find_patterns(context, asked, keys, place, last)
    return _back(place, wanted.key.shape, keys.family)


def bisect(wanted: Keys, keys: Keys, *, descending: bool = False) -> Tensor:
    """Excel's approximate match: halving, the last key not above (descending: not below) each
    wanted value. In unsorted keys it goes astray just as Excel does."""
    asked = _beside(wanted, keys.family)
    place = torch.full_like(asked.key, -1, dtype=torch.int64)
    sign = -1.0 if descending else 1.0
    for kind in _ORDERED_KINDS:
        mine = asked.kind == kind
        if bool(mine.any()):
            order, count = _of_kind_first(keys, kind)
            compact = sign * keys.key.gather(-1, order)
            found = _halving(compact, count, sign * asked.key)
            at = order.gather(-1, found.clamp(min=0))
            place = torch.where(mine & (found >= 0), at, place)
    return _back(place, wanted.key.shape, keys.family)


def _beside(wanted: Keys, family: tuple[int, int]) -> Keys:
    """Wanted values arranged by the table they are looked up in, (R', C', …): the family axes
    along which the table stays the same join the last one."""
    return wanted.mapped(lambda values: _folded(values, family))


def _folded(values: Tensor, family: tuple[int, int]) -> Tensor:
    rows, columns = _shared_shape(values.shape, family)
    values = values.expand(rows, columns, values.shape[2])
    split = values.reshape(family[0], rows // family[0], family[1], columns // family[1], -1)
    return split.permute(0, 2, 1, 3, 4).reshape(*family, -1).contiguous()


def _back(places: Tensor, shape: torch.Size, family: tuple[int, int]) -> Tensor:
    rows, columns = _shared_shape(shape, family)
    split = places.reshape(*family, rows // family[0], columns // family[1], shape[2])
    return split.permute(0, 2, 1, 3, 4).reshape(rows, columns, shape[2])


def _shared_shape(shape: torch.Size, family: tuple[int, int]) -> tuple[int, int]:
    return max(shape[0], family[0]), max(shape[1], family[1])


def _find_kind(wanted: Tensor, keys: Keys, kind: Kind, near: Near, last: bool) -> Tensor:
    mine = keys.kind == kind
    count = mine.sum(-1, keepdim=True)
    ordered, order = torch.where(mine, keys.key, torch.inf).sort(dim=-1, stable=True)
    ordered, order = ordered.contiguous(), order.contiguous()
    candidate, valid = wanted, torch.ones_like(wanted, dtype=torch.bool)
    if near is Near.SMALLER:
        below = torch.searchsorted(ordered, wanted, right=True).clamp(max=count) - 1
        candidate, valid = ordered.gather(-1, below.clamp(min=0)), below >= 0
    if near is Near.LARGER:
        above = torch.searchsorted(ordered, wanted)
        valid = above < count
        candidate = ordered.gather(-1, torch.where(valid, above, 0))
    spot = torch.searchsorted(ordered, candidate, right=last)
    spot = spot - 1 if last else spot
    inside = valid & (spot >= 0) & (spot < count)
    spot = torch.where(inside, spot, 0)
    hit = inside & (ordered.gather(-1, spot) == candidate)
    return torch.where(hit, order.gather(-1, spot), -1)


def _find_patterns(context: Context, wanted: Keys, keys: Keys, place: Tensor, last: bool) -> Tensor:
    texts = wanted.kind == Kind.TEXT
    for number in torch.unique(wanted.number[texts].long()).tolist():
        pattern = context.texts[number]
        if has_wildcard(pattern):
            hit = fitting_texts(context, keys, pattern)
            found = _end_of(hit, last)[..., None]
            place = torch.where(texts & (wanted.number == number), found, place)
    return place


def fitting_texts(context: Context, keys: Keys, pattern: str) -> Tensor:
    """Which keys are texts that fit a pattern."""
    texts = keys.kind == Kind.TEXT
    distinct, inverse = torch.unique(keys.number[texts].long(), return_inverse=True)
    fits = [matches_wildcard(pattern, context.texts[i]) for i in distinct.tolist()]
    table = torch.tensor(fits, dtype=torch.bool, device=keys.kind.device)
    return torch.zeros_like(texts).masked_scatter(texts, table[inverse])


def _end_of(mask: Tensor, last: bool) -> Tensor:
    """The first or last place of TRUE along the last axis, -1 without any."""
    steps = torch.arange(mask.shape[-1], device=mask.device)
    if last:
        return torch.where(mask, steps, -1).amax(-1)
    size = mask.shape[-1]
    first = torch.where(mask, steps, size).amin(-1)
    return torch.where(first < size, first, -1)


def _of_kind_first(keys: Keys, kind: Kind) -> tuple[Tensor, Tensor]:
    """(places with those of one type in front, in order; how many they are)."""
    foreign = keys.kind != kind
    order = foreign.to(torch.uint8).argsort(dim=-1, stable=True)
    return order, (~foreign).sum(-1, keepdim=True)


def _halving(keys: Tensor, count: Tensor, wanted: Tensor) -> Tensor:
    low = torch.zeros_like(wanted, dtype=torch.int64)
    high = (count - 1).expand(wanted.shape)
    for _ in range(int(keys.shape[-1]).bit_length()):
        middle = (low + high).div(2, rounding_mode="floor").clamp(0, keys.shape[-1] - 1)
        open_ = low <= high
        not_above = keys.gather(-1, middle) <= wanted
        low = torch.where(open_ & not_above, middle + 1, low)
        high = torch.where(open_ & ~not_above, middle - 1, high)
    return low - 1
