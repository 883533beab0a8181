"""Finding values among keys: sorted once, searched for all copies together.

Values match within their type only: a text never equals a number. Keys have shape (R', C', n), the
wanted values (R, C, q); places are zero-based, -1 where nothing is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

from xlcollab.grid import Kind
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.text.wildcards import has_wildcard, matches_wildcard
from xlcollab.kernels.values.block import Block, Context

_TYPES_IN_ORDER = (Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN, Kind.BLANK)
"""As XMATCH and XLOOKUP order them."""


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
    """The first (or last) place of each wanted value, in any order of the keys.

    What is nearest may be of another type: numbers come before texts, texts before truth values,
    blanks last. Of the shape of `wanted`.
    """
    asked = _beside(wanted, keys.family)
    place = torch.full_like(asked.key, -1, dtype=torch.int64)
    for kind in _TYPES_IN_ORDER:
        mine = asked.kind == kind
        if bool(mine.any()):
            found = _find_kind(asked.key, keys, kind, near, last)
            for other in _types_beside(kind, near):
                found = torch.where(found < 0, _end_of_type(keys, other, near, last), found)
            place = torch.where(mine, found, place)
    if wildcards:
        place = _find_patterns(context, asked, keys, place, last)
    return _back(place, wanted.key.shape, keys.family)


def find_fitting(
    context: Context,
    wanted: Keys,
    keys: Keys,
    fits: Callable[[str, str], bool],
    *,
    last: bool = False,
) -> Tensor:
    """The first (or last) key that is a text and fits each wanted text, as `fits` (pattern, text)
    says. Of the shape of `wanted`."""
    asked = _beside(wanted, keys.family)
    place = torch.full_like(asked.key, -1, dtype=torch.int64)
    texts = asked.kind == Kind.TEXT
    for number in torch.unique(asked.number[texts].long()).tolist():
        hit = _fitting(context, keys, partial(fits, context.texts[number]))
        found = _end_of(hit, last)[..., None]
        place = torch.where(texts & (asked.number == number), found, place)
    return _back(place, wanted.key.shape, keys.family)


def bisect(wanted: Keys, keys: Keys) -> Tensor:
    """Excel's approximate match: halving, the last key not above each wanted value.

    It ends at an equal key, at the last of those that follow at once; keys of other types are
    stepped over. In unsorted keys it goes astray just as Excel does. Of the shape of `wanted`.
    """
    asked = _beside(wanted, keys.family)
    place = torch.full_like(asked.key, -1, dtype=torch.int64)
    for kind in _TYPES_IN_ORDER:
        mine = asked.kind == kind
        if bool(mine.any()):
            line = _Line(keys, keys.kind == kind)
            if _ascend(line):
                found = _find_kind(asked.key, keys, kind, Near.SMALLER, last=True)
            else:
                found = _halving(line, asked.key)
            place = torch.where(mine, found, place)
    return _back(place, wanted.key.shape, keys.family)


def _ascend(line: _Line) -> bool:
    """Whether the keys of the type ascend, in which case halving ends at the last not above; equal
    ones, of which it takes the last that follow at once, may have no others between them."""
    filled = torch.where(line.mine, line.keys.key, -torch.inf)
    highest = filled.cummax(-1).values
    before, here = highest[..., :-1], filled[..., 1:]
    follows = line.mine[..., :-1] & (here == filled[..., :-1])
    return bool((~line.mine[..., 1:] | (here > before) | follows).all())


def last_not_below(wanted: Keys, keys: Keys) -> Tensor:
    """MATCH's type -1: from the first key on, as long as none lies below; an equal one ends it.

    Keys of other types are passed over. Of the shape of `wanted`.
    """
    asked = _beside(wanted, keys.family)
    place = torch.full_like(asked.key, -1, dtype=torch.int64)
    for kind in _TYPES_IN_ORDER:
        mine = asked.kind == kind
        if bool(mine.any()):
            of_kind = keys.kind == kind
            stop = _first_not_above(_Line(keys, of_kind), asked.key)
            equal = _at(keys.key, stop) == asked.key
            before = _previous(of_kind).gather(-1, stop)
            found = torch.where((stop < keys.key.shape[-1]) & equal, stop, before)
            place = torch.where(mine, found, place)
    return _back(place, wanted.key.shape, keys.family)


def halved(wanted: Keys, keys: Keys, near: Near, *, descending: bool = False) -> Tensor:
    """The binary searches of XLOOKUP and XMATCH: an equal key, or the nearest on one side. Of the
    shape of `wanted`.

    Keys are ordered by type and within it, blanks behind all others. Of equal keys that ascend the
    first is found, of such that descend the last: those are searched from their end.
    """
    asked, line = _beside(wanted, keys.family), keys
    if descending:
        line = keys.mapped(lambda values: values.flip(-1))
    first = _first_not_below(asked, line)
    size = line.key.shape[-1]
    exact = (first < size) & _same(asked, line, first)
    beside = torch.full_like(first, size)
    if near is Near.LARGER:
        beside = first
    if near is Near.SMALLER:
        beside = first - 1
    place = torch.where(exact, first, beside)
    place = torch.where((place >= 0) & (place < size) & _is_known(line, place), place, -1)
    if descending:
        place = torch.where(place >= 0, size - 1 - place, -1)
    return _back(place, wanted.key.shape, keys.family)


def _first_not_below(wanted: Keys, keys: Keys) -> Tensor:
    """Where halving ends among ascending keys: the first that is not below each wanted value."""
    low = torch.zeros_like(wanted.key, dtype=torch.int64)
    high = torch.full_like(low, keys.key.shape[-1])
    ranks, sought = _type_ranks(keys.kind), _type_ranks(wanted.kind)
    while bool((active := low < high).any()):
        middle = (low + high).div(2, rounding_mode="floor")
        rank, key = _at(ranks, middle), _at(keys.key, middle)
        below = (rank < sought) | ((rank == sought) & (key < wanted.key))
        low = torch.where(active & below, middle + 1, low)
        high = torch.where(active & ~below, middle, high)
    return low


def _type_ranks(kind: Tensor) -> Tensor:
    """Where a type stands in the order of types; errors behind all."""
    rank = torch.full_like(kind, len(_TYPES_IN_ORDER))
    for place, known in enumerate(_TYPES_IN_ORDER):
        rank = torch.where(kind == known, place, rank)
    return rank


def _same(wanted: Keys, keys: Keys, place: Tensor) -> Tensor:
    return (_at(keys.kind, place) == wanted.kind) & (_at(keys.key, place) == wanted.key)


def _is_known(keys: Keys, place: Tensor) -> Tensor:
    """Whether no error stands at a place."""
    return _type_ranks(_at(keys.kind, place)) < len(_TYPES_IN_ORDER)


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


def _types_beside(kind: Kind, near: Near) -> Sequence[Kind]:
    """The types that lie on the side that will do, nearest first."""
    if near is Near.NOTHING or kind not in _TYPES_IN_ORDER:
        return ()
    place = _TYPES_IN_ORDER.index(kind)
    return _TYPES_IN_ORDER[place + 1 :] if near is Near.LARGER else _TYPES_IN_ORDER[:place][::-1]


def _end_of_type(keys: Keys, kind: Kind, near: Near, last: bool) -> Tensor:
    """The place of the smallest (the largest) key of a type, shape (R', C', 1); -1 without any."""
    mine, sign = keys.kind == kind, 1.0 if near is Near.LARGER else -1.0
    value = torch.where(mine, sign * keys.key, torch.inf)
    return _end_of(mine & (value == value.amin(-1, keepdim=True)), last)[..., None]


def _find_patterns(context: Context, wanted: Keys, keys: Keys, place: Tensor, last: bool) -> Tensor:
    texts = wanted.kind == Kind.TEXT
    if not bool(texts.any()):
        return place
    for number in torch.unique(wanted.number[texts].long()).tolist():
        pattern = context.texts[number]
        if has_wildcard(pattern):
            hit = fitting_texts(context, keys, pattern)
            found = _end_of(hit, last)[..., None]
            place = torch.where(texts & (wanted.number == number), found, place)
    return place


def fitting_texts(context: Context, keys: Keys, pattern: str) -> Tensor:
    """Which keys are texts that fit a pattern. A mask of the keys' shape."""
    return _fitting(context, keys, partial(matches_wildcard, pattern))


def _fitting(context: Context, keys: Keys, fits: Callable[[str], bool]) -> Tensor:
    texts = keys.kind == Kind.TEXT
    distinct, inverse = torch.unique(keys.number[texts].long(), return_inverse=True)
    known = [fits(context.texts[i]) for i in distinct.tolist()]
    table = torch.tensor(known, dtype=torch.bool, device=keys.kind.device)
    return torch.zeros_like(texts).masked_scatter(texts, table[inverse])


def _end_of(mask: Tensor, last: bool) -> Tensor:
    """The first or last place of TRUE along the last axis, -1 without any."""
    steps = torch.arange(mask.shape[-1], device=mask.device)
    if last:
        return torch.where(mask, steps, -1).amax(-1)
    size = mask.shape[-1]
    first = torch.where(mask, steps, size).amin(-1)
    return torch.where(first < size, first, -1)


@dataclass(frozen=True, slots=True)
class _Line:
    """Keys, and which of them are of the type that is looked for."""

    keys: Keys
    mine: Tensor


def _at(values: Tensor, place: Tensor) -> Tensor:
    return values.gather(-1, place.clamp(0, values.shape[-1] - 1))


def _previous(mine: Tensor) -> Tensor:
    """Per place (and one behind the last) the last place before it where the mask holds, or -1."""
    steps = torch.arange(mine.shape[-1], device=mine.device)
    last = torch.where(mine, steps, -1).cummax(-1).values
    return torch.cat([torch.full_like(last[..., :1], -1), last], -1)


def _following(mine: Tensor) -> Tensor:
    """Per place the first place from it on where the mask holds, or the length."""
    size = mine.shape[-1]
    steps = torch.arange(size, device=mine.device)
    return torch.where(mine, steps, size).flip(-1).cummin(-1).values.flip(-1)


def _first_not_above(line: _Line, wanted: Tensor) -> Tensor:
    """The first place whose key is not above each wanted value, or the length."""
    lowest = torch.where(line.mine, -line.keys.key, -torch.inf).cummax(-1).values
    return torch.searchsorted(lowest.contiguous(), -wanted.contiguous())


def _halving(line: _Line, wanted: Tensor) -> Tensor:
    """The place at which halving ends, -1 before the first key.

    Where the middle is of another type, the next of the right one decides; if there is none
    below the end, or it lies just before the end and above, the middle itself is the new end.
    """
    keys, size = line.keys.key, line.keys.key.shape[-1]
    ahead = _following(line.mine)
    low = torch.full_like(wanted, -1, dtype=torch.int64)
    high = torch.full_like(wanted, size, dtype=torch.int64)
    found = torch.full_like(wanted, -1, dtype=torch.int64)
    done = torch.zeros_like(wanted, dtype=torch.bool)
    while bool((active := ~done & (high - low > 1)).any()):
        middle = low + (high - low).div(2, rounding_mode="floor")
        probe = _at(ahead, middle)
        none = probe >= high
        key = _at(keys, probe)
        above = none | (wanted < key)
        equal = ~none & (wanted == key)
        found = torch.where(active & equal, probe, found)
        done = done | (active & equal)
        end = torch.where(none | (probe == high - 1), middle, probe)
        high = torch.where(active & above, end, high)
        low = torch.where(active & ~above & ~equal, probe, low)
    run = _at(_run_ends(line), found)
    return torch.where(done, run, torch.where(low >= 0, low, -1))


def _run_ends(line: _Line) -> Tensor:
    """Per place the last of the equal keys that follow it at once."""
    key = line.keys.key
    same = (key[..., 1:] == key[..., :-1]) & line.mine[..., 1:] & line.mine[..., :-1]
    last = torch.cat([~same, torch.ones_like(line.mine[..., :1])], -1)
    return _following(last)
