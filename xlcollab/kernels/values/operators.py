"""The operators of the formula language, on blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.numbers import libm
from xlcollab.kernels.numbers.later import Tensor, calls, torch
from xlcollab.kernels.numbers.libm import one_by_one
from xlcollab.kernels.text.texts import general
from xlcollab.kernels.values.arguments import several_cells
from xlcollab.kernels.values.block import Block, Context, first_code, spread_shape
from xlcollab.kernels.values.digits import added, same_digits
from xlcollab.kernels.values.facts import Beyond, Facts, Fails, Role, Shape
from xlcollab.kernels.values.guard import safe_divide, safe_power
from xlcollab.kernels.values.shapes import aligned, as_array
from xlcollab.kernels.values.tape import Operation

Binary = Callable[[Context, Block, Block], Block]


def arithmetic(function: Callable[[Tensor, Tensor], Tensor]) -> Binary:
    """A function of two numbers that is defined everywhere."""

    def run(context: Context, a: Block, b: Block) -> Block:
        a, b = aligned(context, a, b)
        left, left_codes = context.numbers(a)
        right, right_codes = context.numbers(b)
        return context.result(function(left, right), first_code(left_codes, right_codes))

    return run


def divide(context: Context, a: Block, b: Block) -> Block:
    a, b = aligned(context, a, b)
    left, left_codes = context.numbers(a)
    right, right_codes = context.numbers(b)
    quotient, zero = safe_divide(left, right)
    codes = first_code(left_codes, right_codes)
    if zero is None:
        return context.result(quotient, codes)
    if not context.exact:
        return context.result(torch.where(zero, torch.nan, quotient), codes)
    return context.result(
        quotient, first_code(codes, torch.where(zero, float(ErrorCode.DIV0), 0.0))
    )


def power(context: Context, a: Block, b: Block) -> Block:
    """`a ^ b`; 0 ^ 0 and a fractional power of a negative number that is no odd root are #NUM!,
    0 ^ -1 is #DIV/0!, and so is what divides by a power that is lost below all numbers."""
    a, b = aligned(context, a, b)
    base, base_codes = context.numbers(a)
    exponent, exponent_codes = context.numbers(b)
    codes = first_code(base_codes, exponent_codes)
    if context.exact:
        zero = base == 0
        sinks = zero | ((base.abs() < 1) & torch.isinf(torch.pow(base.abs(), exponent)))
        pole = torch.where(sinks & (exponent < 0), float(ErrorCode.DIV0), 0.0)
        unclear = torch.where(zero & (exponent == 0), float(ErrorCode.NUM), 0.0)
        codes = first_code(codes, pole, unclear)
    if stores(context, base, exponent):
        return context.result(one_by_one(libm.power, base, exponent), codes)
    return context.result(safe_power(base, exponent), codes)


def stores(context: Context, *numbers: Tensor) -> bool:
    """Whether values are worked out to be stored, and not for their slopes."""
    return context.exact and not any(number.requires_grad for number in numbers)


def concatenate(context: Context, a: Block, b: Block) -> Block:
    a, b = aligned(context, a, b)
    shape = spread_shape(a.shape, b.shape)
    left, right = texts_of(context, a, shape), texts_of(context, b, shape)
    joined: list[Scalar] = [_join(x, y) for x, y in zip(left, right, strict=True)]
    return context.block(joined, shape)


def texts_of(context: Context, block: Block, shape: torch.Size) -> list[str | ErrorCode]:
    """The values as texts, in the reading order of `shape`; errors stay errors."""
    kind = block.kind.expand(shape) if isinstance(block.kind, torch.Tensor) else block.kind
    values = context.values(Block(block.number.expand(shape), kind))
    return [text_of(value) for value in values]


def text_of(value: object) -> str | ErrorCode:
    """One value as text."""
    if isinstance(value, ErrorCode | str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    assert isinstance(value, float)
    return general(value)


def _join(a: str | ErrorCode, b: str | ErrorCode) -> str | ErrorCode:
    if isinstance(a, ErrorCode):
        return a
    return b if isinstance(b, ErrorCode) else a + b


def comparison(function: Callable[[Tensor, Tensor], Tensor]) -> Binary:
    """Numbers come before texts, texts before booleans; case does not count; a blank is 0 or ""."""

    def run(context: Context, a: Block, b: Block) -> Block:
        a, b = aligned(context, a, b)
        if _plain(a) and _plain(b):
            left, right = a.number, b.number
            truth = function(left, _snapped(context, left, right))
            return context.booleans(truth) if context.exact else _known(truth, left, right)
        codes = first_code(context.codes(a), context.codes(b))
        a, b = _filled(context, a, b), _filled(context, b, a)
        rank_a, key_a = sort_key(context, a)
        rank_b, key_b = sort_key(context, b)
        same = rank_a == rank_b
        by_key = function(key_a, _snapped(context, key_a, key_b))
        by_rank = function(rank_a.to(key_a.dtype), rank_b.to(key_a.dtype))
        truth = torch.where(same, by_key, by_rank)
        if context.exact:
            return context.booleans(truth, codes)
        return context.with_errors(_known(truth, a.number, b.number), codes)

    return run


def _known(truth: Tensor, a: Tensor, b: Tensor) -> Block:
    """What a comparison found, not-a-number where a side is an error of fast evaluation."""
    finite = torch.isfinite(a) & torch.isfinite(b)
    return Block(torch.where(finite.detach(), truth.to(a.dtype), torch.nan), Kind.BOOLEAN)


def _snapped(context: Context, a: Tensor, b: Tensor) -> Tensor:
    """`b`, but `a` where the two differ only beyond the 15 digits that Excel compares."""
    return torch.where(same_digits(a, b), a, b) if context.exact else b


def _plain(block: Block) -> bool:
    return not isinstance(block.kind, torch.Tensor) and block.kind in (Kind.NUMBER, Kind.BLANK)


def _filled(context: Context, block: Block, other: Block) -> Block:
    """Blanks as the empty value of the other side's type."""
    blank = block.mask(Kind.BLANK)
    if not bool(blank.any()):
        return block
    empty = float(context.texts.add(""))
    beside_text = blank & other.mask(Kind.TEXT)
    beside_boolean = blank & other.mask(Kind.BOOLEAN)
    kind = torch.where(blank, int(Kind.NUMBER), block.kinds())
    kind = torch.where(beside_text, int(Kind.TEXT), kind)
    kind = torch.where(beside_boolean, int(Kind.BOOLEAN), kind)
    return Block(torch.where(beside_text, empty, block.number), kind.to(torch.uint8))


_RANKS = {Kind.BLANK: 0, Kind.NUMBER: 0, Kind.TEXT: 1, Kind.BOOLEAN: 2, Kind.ERROR: 3}


def sort_key(context: Context, block: Block) -> tuple[Tensor, Tensor]:
    """(rank of the type, place within it) by which values are ordered."""
    table = torch.tensor([_RANKS[kind] for kind in Kind], device=context.device)
    ranks = table[block.kinds().long()]
    texts = block.mask(Kind.TEXT)
    if not bool(texts.any()):
        return ranks, block.number
    index = torch.where(texts, block.number, 0.0).long()
    return ranks, torch.where(texts, context.text_ranks()[index], block.number)


def negate(context: Context, a: Block) -> Block:
    number, codes = context.numbers(a)
    return context.result(-number, codes)


def percent(context: Context, a: Block) -> Block:
    number, codes = context.numbers(a)
    return context.result(number / 100, codes)


def identity(context: Context, a: Block) -> Block:
    """`+A1:A3` are values, no cells any more; blanks among them count."""
    del context
    return as_array(a) if several_cells(a) else a


def by_divisor(constants: Sequence[Block | None]) -> bool:
    """Whether the divisor may be 0."""
    divisor = constants[1]
    return divisor is None or not isinstance(divisor.kind, Kind) or not bool(divisor.number.all())


_MOST_EXPONENT = 10
"""Larger exponents make common numbers overflow."""


def by_exponent(constants: Sequence[Block | None]) -> bool:
    """Whether a power may fail: it cannot where the exponent is a small whole number from 1 on."""
    exponent = constants[1]
    if exponent is None or exponent.kind is not Kind.NUMBER:
        return True
    number = exponent.number
    small = (number >= 1) & (number <= _MOST_EXPONENT)
    return not bool((small & (number == number.trunc())).all())


def _closing(function: Callable[[Tensor, Tensor], Tensor], sign: float) -> Binary:
    plain, closing = arithmetic(function), arithmetic(lambda a, b: added(a, sign * b))

    def run(context: Context, a: Block, b: Block) -> Block:
        sloped = a.number.requires_grad or b.number.requires_grad
        return (closing if context.exact and not sloped else plain)(context, a, b)

    return run


_STEP = Facts(fails=False, shape=Shape.STEPS, beyond=Beyond.ALIKE)


def _affine(role: Role, fails: Fails = False) -> Facts:
    return Facts(fails=fails, shape=Shape.AFFINE, role=role, beyond=Beyond.ALIKE)


_BINARY: tuple[tuple[str, Binary, Facts], ...] = (
    ("+", arithmetic(calls.add), _affine(Role.ADD)),
    ("-", arithmetic(calls.sub), _affine(Role.SUBTRACT)),
    ("*", arithmetic(calls.mul), _affine(Role.MULTIPLY)),
    ("/", divide, _affine(Role.DIVIDE, by_divisor)),
    ("^", power, Facts(by_exponent, shape=Shape.SMOOTH, role=Role.POWER, beyond=Beyond.ALIKE)),
    ("&", concatenate, Facts(False, picks=True, shape=Shape.STEPS, beyond=Beyond.ALIKE)),
    ("=", comparison(calls.eq), _STEP),
    ("<>", comparison(calls.ne), _STEP),
    ("<", comparison(calls.lt), _STEP),
    ("<=", comparison(calls.le), _STEP),
    (">", comparison(calls.gt), _STEP),
    (">=", comparison(calls.ge), _STEP),
)
_UNARY: tuple[tuple[str, Callable[[Context, Block], Block]], ...] = (
    ("-", negate),
    ("+", identity),
    ("%", percent),
    ("@", identity),
)

BINARY = {sign: Operation(sign, run, facts) for sign, run, facts in _BINARY}
UNARY = {sign: Operation(sign, run, _affine(Role.NONE)) for sign, run in _UNARY}
CLOSING = {
    "+": replace(BINARY["+"], function=_closing(calls.add, 1.0)),
    "-": replace(BINARY["-"], function=_closing(calls.sub, -1.0)),
}
"""The operator that is worked out last in a formula: what is left of 15 digits is 0."""
