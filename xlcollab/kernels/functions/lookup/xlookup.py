"""XLOOKUP, XMATCH and LOOKUP: keys in one area, results in another."""

from __future__ import annotations

from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.lookup.lookup import by_setting, code_where, placed, sought
from xlcollab.kernels.functions.lookup.search import (
    Keys,
    Near,
    bisect,
    find,
    find_fitting,
    halved,
    keys_of,
)
from xlcollab.kernels.functions.splitting import occurs
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context, first_code, select
from xlcollab.kernels.values.facts import Beyond
from xlcollab.kernels.values.gather import taken
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import aligned, moved

_MATCH_MODES = {
    0.0: (Near.NOTHING, False),
    -1.0: (Near.SMALLER, False),
    1.0: (Near.LARGER, False),
    2.0: (Near.NOTHING, True),
}
"""match_mode → (what else will do, whether wildcards count)"""
_WILDCARDS = 2.0
"""The match_mode of wildcards, which do not go with halving."""
_PATTERN = 3.0
"""The match_mode of regular expressions."""
_SEARCH_MODES = (1.0, -1.0, 2.0, -2.0)
"""From the first, from the last; halving ascending keys, halving descending ones."""


def match_anywhere(
    context: Context,
    wanted: Block,
    table: Block,
    match_mode: Block | None = None,
    search_mode: Block | None = None,
) -> Block:
    """XMATCH(value, row or column, [match_mode], [search_mode])."""
    if min(table.shape[2:]) > 1:
        return context.error(ErrorCode.VALUE)
    mode, mode_codes = context.numbers(match_mode or context.scalar(0.0))
    order, order_codes = _search_mode(context, search_mode)
    asked, keys = keys_of(context, wanted), keys_of(context, table)

    def search(value: float) -> Tensor:
        near, wildcards = _MATCH_MODES.get(value, (Near.NOTHING, False))

        def one_way(direction: float) -> Tensor:
            if value == _PATTERN:
                found = _by_pattern(context, asked, keys, direction)
            elif abs(direction) > 1:
                found = halved(asked, keys, near, descending=direction < 0)
            else:
                last = direction < 0
                found = find(context, asked, keys, near, wildcards=wildcards, last=last)
            return found.reshape(*found.shape[:2], *wanted.shape[2:])

        return by_setting(order, one_way)

    codes = first_code(mode_codes, order_codes, _unknown(mode, [*_MATCH_MODES, _PATTERN]))
    halving_texts = code_where((mode == _WILDCARDS) & (order.abs() > 1), ErrorCode.VALUE)
    bad_order = first_code(_unknown(order, [*_SEARCH_MODES]), halving_texts)
    return placed(context, wanted, by_setting(mode, search), codes, bad_order)


def _by_pattern(context: Context, asked: Keys, keys: Keys, direction: float) -> Tensor:
    """The first (or last) text that a regular expression fits. Raises UnsupportedError for what
    Excel makes of numbers and truth values, and of halving, is not known."""
    others = (keys.kind == Kind.NUMBER) | (keys.kind == Kind.BOOLEAN)
    wrong = asked.kind != Kind.TEXT
    if abs(direction) > 1 or bool(others.any()) or bool(wrong.any()):
        raise UnsupportedError(
            "match mode 3 (regular expressions) is known among texts only, from an end on"
        )
    return find_fitting(context, asked, keys, _fits, last=direction < 0)


def _fits(pattern: str, text: str) -> bool:
    return occurs(pattern, text)


def _search_mode(context: Context, block: Block | None) -> tuple[Tensor, Tensor | None]:
    """The search mode; left out it is 1."""
    return context.numbers(block if given(block) else context.scalar(1.0))


def _unknown(setting: Tensor, known: list[float]) -> Tensor:
    table = torch.tensor(known, dtype=setting.dtype, device=setting.device)
    return code_where(~torch.isin(setting, table), ErrorCode.VALUE)


def at_place(
    context: Context, results: Block, place: Block, other: Block | None, vertical: bool
) -> Block:
    """The results at places found among `vertical` keys; `other` where there is none.

    One wanted value brings the whole line of the results, several bring the first of each.
    """
    found, codes = context.numbers(place)
    lines = found.detach().long() - 1
    across = results.shape[3 if vertical else 2]
    steps = torch.arange(across if place.shape[2:].numel() == 1 else 1, device=context.device)
    rows, columns = (lines, steps) if vertical else (steps[:, None], lines)
    block = taken(results, rows, columns)
    if other is None:
        return context.with_errors(block, codes)
    if codes is None:
        return block
    block, other = aligned(context, context.with_errors(block, codes), other)
    return select(codes == float(ErrorCode.NA), other, block)


def lookup_anywhere(
    context: Context,
    wanted: Block,
    table: Block,
    results: Block,
    other: Block | None = None,
    match_mode: Block | None = None,
    search_mode: Block | None = None,
) -> Block:
    """XLOOKUP(value, keys, results, [if_not_found], [match_mode], [search_mode])."""
    place = match_anywhere(context, wanted, table, match_mode, search_mode)
    return results_at(context, place, table, results, other)


def results_at(
    context: Context, place: Block, table: Block, results: Block, other: Block | None = None
) -> Block:
    """The second half of XLOOKUP; `other` left empty is #N/A."""
    vertical = table.shape[3] == 1 and (table.shape[2] > 1 or results.shape[2] == 1)
    axis = 2 if vertical else 3
    if results.shape[axis] != table.shape[axis]:
        return context.error(ErrorCode.VALUE)
    return at_place(context, results, place, other if given(other) else None, vertical)


def lookup(context: Context, wanted: Block, table: Block, results: Block | None = None) -> Block:
    """LOOKUP(value, keys, [results]): the last key not above the value.

    Without results the last column (of a wide table: the last row) answers to the first.
    """
    wide = table.shape[3] > table.shape[2]
    if results is None:
        results = moved(table, lambda v: v[..., -1:, :] if wide else v[..., -1:])
        table = moved(table, lambda v: v[..., :1, :] if wide else v[..., :1])
    wanted = sought(wanted)
    place = bisect(keys_of(context, wanted), keys_of(context, table))
    shape = (*place.shape[:2], *wanted.shape[2:])
    numbered = placed(context, wanted, place.reshape(shape))
    found, codes = context.numbers(numbered)
    lines = found.long() - 1
    nothing = torch.zeros_like(lines)
    upright = results.shape[2] >= results.shape[3]
    block = taken(results, *((lines, nothing) if upright else (nothing, lines)))
    return context.with_errors(block, codes)


_row = partial(function, category="lookup")

FUNCTIONS: tuple[Record, ...] = (
    _row("LOOKUP", "VA|A", lookup, picks=True, beyond=Beyond.SEARCHED, by_line=(0,)),
)
