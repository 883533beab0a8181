"""Whole numbers: factorials, combinations, common divisors, bits.

All of them cut fractions off first, so they are constant almost everywhere: their results carry no
gradient. Functions of numbers take tensors that broadcast and give one of their common shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from itertools import accumulate

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.functions.maths.elementwise import numeric, strict, without_booleans
from xlcollab.kernels.functions.statistics.reduce import Members, aggregate
from xlcollab.kernels.numbers.later import Tensor, calls, torch
from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.detached import whole
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function

_LARGEST = 2.0**53
"""Beyond it whole numbers have gaps."""
_MOST_BITS = 2.0**48
"""Excel's limit for BITAND and its kin."""
_FACTORIALS = [float(math.factorial(n)) for n in range(171)]
_DOUBLE_FACTORIALS = [
    1.0,  # of -1
    *(float(math.prod(range(n, 0, -2))) for n in range(301)),
]


def _looked_up(table: list[float], x: Tensor, first: int) -> Tensor:
    """`table[x - first]`, NaN outside the table."""
    place = whole(x) - first
    known = (place >= 0) & (place < len(table))
    values = torch.tensor(table, dtype=x.dtype, device=x.device)
    return outside(values[inside(place, known, 0.0).long()], known)


def factorial(x: Tensor) -> Tensor:
    return _looked_up(_FACTORIALS, torch.where(x < 0, -1.0, x), 0)


def double_factorial(x: Tensor) -> Tensor:
    return _looked_up(_DOUBLE_FACTORIALS, x, -1)


def _exactly(function: Callable[[int, int], int], a: Tensor, b: Tensor) -> Tensor:
    """A function of two whole numbers each, worked out in such; infinite beyond 1.8E308."""
    pairs = list(zip(a.reshape(-1).tolist(), b.reshape(-1).tolist(), strict=True))
    known = {pair: _as_float(function, *pair) for pair in dict.fromkeys(pairs)}
    values = torch.tensor([known[pair] for pair in pairs], dtype=a.dtype, device=a.device)
    return values.reshape(a.shape)


def _as_float(function: Callable[[int, int], int], a: float, b: float) -> float:
    try:
        return float(function(int(a), int(b)))
    except OverflowError:
        return math.inf


_MOST_CHOSEN, _MOST_ORDERED = 1030, 170
"""More things, half of all or ordered, are chosen in more than 1.8E308 ways."""


def _chosen_from(n: int, k: int) -> int:
    """n over k. Raises OverflowError where it is far too large."""
    if min(k, n - k) > _MOST_CHOSEN:
        raise OverflowError
    return math.comb(n, k)


def _ordered_from(n: int, k: int) -> int:
    """n · (n − 1) · … · (n − k + 1). Raises OverflowError where it is far too large."""
    if k > _MOST_ORDERED:
        raise OverflowError
    return math.perm(n, k)


_MOST_THINGS = 2.0**31 - 1
"""COMBIN and COMBINA take no more."""


def combinations(n: Tensor, k: Tensor) -> Tensor:
    """COMBIN: n over k, neither below 0 before its fraction is cut off, nor n too large."""
    n, k = torch.broadcast_tensors(n.detach(), k.detach())
    negative = (n < 0) | (k < 0)
    n, k = whole(n), whole(k)
    valid = ~negative & (k <= n) & (n < _MOST_THINGS)
    return outside(_exactly(_chosen_from, inside(n, valid, 1.0), inside(k, valid, 1.0)), valid)


def combinations_with_repetition(n: Tensor, k: Tensor) -> Tensor:
    """COMBINA: n + k − 1 over k; 1 for nothing out of nothing."""
    n, k = torch.broadcast_tensors(whole(n), whole(k))
    valid = (n >= 0) & (k >= 0) & ((n > 0) | (k == 0)) & (n <= _MOST_THINGS)
    count = combinations(inside(n + k - 1, valid & (n > 0), 1.0), inside(k, valid & (n > 0), 0.0))
    return outside(count, valid)


def permutations(n: Tensor, k: Tensor) -> Tensor:
    """PERMUT: n · (n − 1) · … · (n − k + 1)."""
    n, k = torch.broadcast_tensors(whole(n), whole(k))
    valid = (n > 0) & (k >= 0) & (k <= n)
    count = _exactly(_ordered_from, inside(n, valid, 1.0), inside(k, valid, 0.0))
    return outside(count, valid)


def permutations_with_repetition(n: Tensor, k: Tensor) -> Tensor:
    n, k = torch.broadcast_tensors(whole(n), whole(k))
    return outside(torch.pow(n, k), (n >= 0) & (k >= 0))


def _whole_members(function: Callable[[Members], Tensor], blanks: bool = False) -> Function:
    """A function of all arguments' whole numbers from 0 to 2⁵³.

    Booleans and other texts are #VALUE!, other numbers #NUM!, empty arguments #N/A; blanks are left
    out, or 0 in areas if they count. Where all arguments are references to single blank cells, the
    result is #VALUE!.
    """

    def run(context: Context, *blocks: Block) -> Block:
        if not all(given(block) for block in blocks):
            return context.error(ErrorCode.NA)
        result = counted(context, *(_as_numbers(context, block, blanks) for block in blocks))
        nothing = reduce(torch.logical_and, [_single_blank(block) for block in blocks])
        return context.with_errors(result, torch.where(nothing, float(ErrorCode.VALUE), 0.0))

    def of_members(context: Context, found: Members) -> tuple[Tensor, Tensor | None]:
        del context
        given = found.filled(1.0)
        number = whole(given)
        bad = ((given < 0) | (number >= _LARGEST)).any(-1)
        safe = Members(torch.where(bad[..., None], 1.0, number), found.mask, None)
        return function(safe), torch.where(bad, float(ErrorCode.NUM), 0.0)

    counted = aggregate(of_members)
    return run


def _single_blank(block: Block) -> Tensor:
    """Per copy whether a single blank cell is referred to, shape (R, C, 1, 1)."""
    single = block.cells and block.shape[2:].numel() == 1
    return block.mask(Kind.BLANK).expand(block.shape)[..., :1, :1] & single


def _as_numbers(context: Context, block: Block, blanks: bool) -> Block:
    """Texts read as numbers, booleans as errors, blanks kept unless they count, as they may in
    areas of several cells."""
    number, codes = context.numbers(without_booleans(context, block))
    single = block.shape[2:].numel() == 1
    blank = block.mask(Kind.BLANK) & (block.cells and (single or not blanks))
    kinds = torch.where(blank, int(Kind.BLANK), int(Kind.NUMBER))
    return context.with_errors(Block(number, kinds.to(torch.uint8), cells=True), codes)


def common_divisor(found: Members) -> Tensor:
    """GCD; 0 without members. One for each copy, (R, C)."""
    parts = found.filled(0.0).long().unbind(-1)
    return reduce(torch.gcd, parts).to(found.number.dtype)


def common_multiple(found: Members) -> Tensor:
    """LCM; 0 without members and with a zero, which a blank is; NaN from 2⁵³ on. One for each copy,
    (R, C)."""
    none = found.count() == 0
    result = torch.ones_like(found.number[..., 0])
    for part in found.filled(1.0).unbind(-1):
        divisor = torch.gcd(result.long(), part.long()).clamp(min=1).to(part.dtype)
        result = result / divisor * part
        result = outside(result, result < _LARGEST).nan_to_num(_LARGEST)
    return torch.where(none, 0.0, outside(result, result < _LARGEST))


def multinomial(found: Members) -> Tensor:
    """MULTINOMIAL: the factorial of the sum over the product of the factorials. One for each copy,
    (R, C)."""
    parts = found.filled(0.0).unbind(-1)
    result = torch.ones_like(parts[0])
    for part, total in zip(parts, accumulate(parts), strict=True):
        result = result * combinations(total, part)
    return result


def _bits(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Two whole numbers from 0 to 2⁴⁸; others are #NUM!."""

    def run(a: Tensor, b: Tensor) -> Tensor:
        a, b = torch.broadcast_tensors(a.detach(), b.detach())
        valid = _is_bits(a) & _is_bits(b)
        result = function(inside(a, valid, 0.0).long(), inside(b, valid, 0.0).long())
        return outside(result.to(a.dtype), valid)

    return run


def _is_bits(x: Tensor) -> Tensor:
    return (x >= 0) & (x < _MOST_BITS) & (x == torch.floor(x))


def _shifted(sign: float) -> Callable[[Tensor, Tensor], Tensor]:
    """BITLSHIFT (1) and BITRSHIFT (-1); a negative shift goes the other way."""

    def run(x: Tensor, shift: Tensor) -> Tensor:
        x, shift = torch.broadcast_tensors(x.detach(), whole(shift))
        result = torch.floor(x * torch.pow(torch.full_like(x, 2.0), sign * shift))
        return outside(result, _is_bits(x) & (shift.abs() <= 53) & (result < _MOST_BITS))

    return run


_row = partial(function, category="maths", shape=Shape.STEPS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("FACT", "V", numeric(factorial)),
    _row("FACTDOUBLE", "V", strict(numeric(double_factorial))),
    _row("COMBIN", "VV", numeric(combinations)),
    _row("COMBINA", "VV", numeric(combinations_with_repetition)),
    _row("PERMUT", "VV", numeric(permutations)),
    _row("PERMUTATIONA", "VV", numeric(permutations_with_repetition)),
    _row("GCD", "R|R*1", _whole_members(common_divisor), elementwise=False, unions=False),
    _row(
        "LCM",
        "R|R*1",
        _whole_members(common_multiple, blanks=True),
        elementwise=False,
        unions=False,
    ),
    _row("MULTINOMIAL", "R|R*1", _whole_members(multinomial), elementwise=False, unions=False),
    _row("BITAND", "VV", numeric(_bits(calls.bitwise_and))),
    _row("BITOR", "VV", numeric(_bits(calls.bitwise_or))),
    _row("BITXOR", "VV", numeric(_bits(calls.bitwise_xor))),
    _row("BITLSHIFT", "VV", numeric(_shifted(1.0))),
    _row("BITRSHIFT", "VV", numeric(_shifted(-1.0))),
)
