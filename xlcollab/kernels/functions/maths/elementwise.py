"""Mathematics value by value: one argument or two, any shapes that broadcast. Every function takes
tensors that broadcast and gives one of their common shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

from xlcollab.grid import ErrorCode, Kind
from xlcollab.kernels.numbers import libm
from xlcollab.kernels.numbers.later import Tensor, calls, torch
from xlcollab.kernels.numbers.libm import LARGEST_ANGLE, LARGEST_EXPONENT, One, one_by_one
from xlcollab.kernels.values.arguments import given, several_cells
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Role, Shape
from xlcollab.kernels.values.guard import inside, outside, safe_divide, safe_log, safe_sqrt
from xlcollab.kernels.values.operators import by_exponent, power, stores
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import aligned
from xlcollab.kernels.values.tape import Function


def numeric(function: Callable[..., Tensor], one: One | None = None) -> Function:
    """A function of numbers. Where it returns NaN or infinity the result is #NUM!.

    `one` computes the values that are stored, number by number.
    """

    def run(context: Context, *blocks: Block) -> Block:
        blocks = aligned(context, *blocks)
        pairs = [context.numbers(block) for block in blocks]
        numbers = [number for number, _ in pairs]
        codes = first_code(*(code for _, code in pairs))
        if one is not None and stores(context, *numbers):
            return context.result(one_by_one(one, *numbers), codes)
        return context.result(function(*numbers), codes)

    return run


def with_codes(
    function: Callable[..., tuple[Tensor, Tensor | None]], one: One | None = None
) -> Function:
    """A function of numbers that returns (values, error codes); `one` as in `numeric`."""

    def run(context: Context, *blocks: Block) -> Block:
        blocks = aligned(context, *blocks)
        pairs = [context.numbers(block) for block in blocks]
        numbers = [number for number, _ in pairs]
        codes = first_code(*(code for _, code in pairs))
        number, own = function(*numbers)
        if one is not None and stores(context, *numbers):
            number = one_by_one(one, *numbers)
        return context.result(number, first_code(codes, own))

    return run


def strict(function: Function, needed: int | None = None, *, single: bool = True) -> Function:
    """A function of the former Analysis ToolPak: booleans and areas of several cells are #VALUE!,
    empty arguments #N/A, but behind the first `needed` they are as if they were not there. Without
    `single` it takes areas."""

    def run(context: Context, *blocks: Block) -> Block:
        first, rest = blocks[:needed], blocks[len(blocks[:needed]) :]
        if not all(given(block) for block in first):
            return context.error(ErrorCode.NA)
        if single and any(map(several_cells, blocks)):
            return context.error(ErrorCode.VALUE)
        there = (*first, *(block for block in rest if given(block)))
        return function(context, *(without_booleans(context, block) for block in there))

    return run


def without_booleans(context: Context, block: Block) -> Block:
    """The block with #VALUE! in the place of booleans."""
    if not isinstance(block.kind, torch.Tensor) and block.kind is not Kind.BOOLEAN:
        return block
    foreign = torch.where(block.mask(Kind.BOOLEAN), float(ErrorCode.VALUE), 0.0)
    return context.with_errors(block, foreign)


def within(
    function: Callable[[Tensor], Tensor], low: float, high: float, one: One | None = None
) -> Function:
    """A function defined from `low` to `high`; at the ends, where it is steep, gradient 0. `one` as
    in `numeric`."""
    harmless = (max(low, -1e300) + min(high, 1e300)) / 2

    def run(x: Tensor) -> Tensor:
        between, end = (x > low) & (x < high), (x == low) | (x == high)
        at_end = function(inside(x.detach(), end, harmless))
        return torch.where(end, at_end, outside(function(inside(x, between, harmless)), between))

    return numeric(run, one)


def _turning(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A trigonometric function, for angles that are not too large."""

    def run(x: Tensor) -> Tensor:
        valid = x.abs() < LARGEST_ANGLE
        return outside(function(inside(x, valid, 1.0)), valid)

    return run


def division_by_zero(mask: Tensor) -> Tensor:
    return torch.where(mask, float(ErrorCode.DIV0), 0.0)


def reciprocal(function: Callable[[Tensor], Tensor], one: One | None = None) -> Function:
    """1 / function(x), #DIV/0! at its zeros: SEC, CSC, COT and the hyperbolic ones; `one` is the
    function for values that are stored."""

    def run(x: Tensor) -> tuple[Tensor, Tensor | None]:
        value = function(x)
        quotient, zero = safe_divide(torch.ones_like(value), value)
        return quotient, None if zero is None else division_by_zero(zero)

    return with_codes(run, None if one is None else libm.reciprocal(one))


def exponential(x: Tensor) -> Tensor:
    """EXP; beyond the largest number NaN, and not infinity, whose reciprocal would be a calm 0."""
    fits = x <= LARGEST_EXPONENT
    return outside(torch.exp(inside(x, fits, 0.0)), fits)


def logarithm(x: Tensor, base: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """LOG(x, [base]); base 10 if none. Base 1 is #DIV/0!."""
    if base is None:
        return safe_log(x) / math.log(10.0), None
    valid = (x > 0) & (base > 0)
    logarithms = safe_log(inside(x, valid, 1.0)), safe_log(inside(base, valid, 10.0))
    quotient, zero = safe_divide(*logarithms)
    quotient = outside(quotient, valid)
    return quotient, None if zero is None else division_by_zero(zero & (x > 0))


def log10(x: Tensor) -> Tensor:
    positive = x > 0
    return outside(torch.log10(inside(x, positive, 1.0)), positive)


def sign(x: Tensor) -> Tensor:
    """SIGN; of what is no number torch knows 0."""
    return torch.where(torch.isfinite(x.detach()), torch.sign(x), torch.nan)


def modulo(x: Tensor, divisor: Tensor) -> tuple[Tensor, Tensor | None]:
    """MOD: the exact remainder, with the sign of the divisor; #NUM! for a huge quotient. Gradient
    that of x − divisor·⌊x / divisor⌋."""
    quotient, zero = safe_divide(x, divisor)
    by = divisor if zero is None else torch.where(zero, 1.0, divisor)
    fits = quotient.detach().abs() < libm.LARGEST_QUOTIENT
    rest = torch.where(fits, torch.remainder(x, by), torch.nan)
    return rest, None if zero is None else division_by_zero(zero)


def quotient(x: Tensor, divisor: Tensor) -> tuple[Tensor, Tensor | None]:
    value, zero = safe_divide(x, divisor)
    return torch.trunc(value), None if zero is None else division_by_zero(zero)


def arctangent2(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor | None]:
    """ATAN2(x, y): the arguments in Excel's order; both 0 is #DIV/0!."""
    origin = (x == 0) & (y == 0)
    return torch.atan2(y, torch.where(origin, 1.0, x)), division_by_zero(origin)


@cache
def _powers_of_ten() -> Tensor:
    return torch.tensor([float(f"1e{power}") for power in range(309)], dtype=torch.float64)


def _power_of_ten(power: Tensor) -> Tensor:
    """10 ^ power for whole powers from 0 to 308, correctly rounded."""
    table = _powers_of_ten().to(device=power.device, dtype=power.dtype)
    return table[power.detach().nan_to_num(0.0).clamp(0, 308).long()]


_MOST_PLACES = 400.0
"""Digits beyond which there is nothing to round."""


def rounder(direction: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Rounding to decimal digits, freed of binary noise: 2.675 to 2 digits is 2.68."""

    def run(x: Tensor, digits: Tensor) -> Tensor:
        places = torch.trunc(digits).clamp(-_MOST_PLACES, _MOST_PLACES)
        up, down = _power_of_ten(places), _power_of_ten(-places)
        size = x.abs()
        beyond = size * up > 1e300
        shifted = torch.where(beyond, 1.0, size * up / down)
        nearest = torch.round(shifted)
        close = (shifted - nearest).abs() <= 1e-15 * shifted * 4
        whole = torch.where(close, nearest, direction(shifted))
        return torch.where(beyond, x, torch.sign(x) * whole / up * down)

    return run


def _half_up(x: Tensor) -> Tensor:
    return torch.floor(x + 0.5 + 2e-15 * x)


round_half = rounder(_half_up)
round_up = rounder(calls.ceil)
round_down = rounder(calls.floor)


def truncate(x: Tensor, digits: Tensor | None = None) -> Tensor:
    return torch.trunc(x) if digits is None else round_down(x, digits)


def delta(x: Tensor, y: Tensor | None = None) -> Tensor:
    """DELTA: 1 where both are equal (the second is 0 when left out)."""
    return (x == (0.0 if y is None else y)).to(x.dtype)


def at_least(x: Tensor, step: Tensor | None = None) -> Tensor:
    """GESTEP: 1 from the step on (0 when left out)."""
    return (x >= (0.0 if step is None else step)).to(x.dtype)


def inverse_coth(x: Tensor) -> Tensor:
    beyond = x.abs() > 1
    return outside(torch.atanh(1 / inside(x, beyond, 2.0)), beyond)


def error_function(low: Tensor, high: Tensor | None = None) -> Tensor:
    """ERF(x) from 0 to x, or between the two bounds."""
    return torch.erf(low) if high is None else torch.erf(high) - torch.erf(low)


def log_gamma(x: Tensor) -> Tensor:
    positive = x > 0
    return outside(torch.lgamma(inside(x, positive, 1.0)), positive)


def constant(value: float) -> Function:
    def run(context: Context) -> Block:
        return context.scalar(value)

    return run


_row = partial(function, category="maths", shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row(
        "PI", "", constant(math.pi), fails=False, scalar="PI", shape=Shape.STEPS, elementwise=False
    ),
    _row("SQRT", "V", numeric(safe_sqrt), role=Role.ROOT, root=True, scalar="SQRT"),
    _row("SQRTPI", "V", strict(numeric(lambda x: safe_sqrt(x * math.pi))), root=True),
    _row("EXP", "V", numeric(exponential, libm.exponential), scalar="EXP"),
    _row("LN", "V", numeric(safe_log, libm.logarithm), scalar="LN"),
    _row("LOG", "V|V", with_codes(logarithm, libm.logarithm_to), scalar="LOG"),
    _row("LOG10", "V", numeric(log10, libm.log10), scalar="LOG10"),
    _row("POWER", "VV", power, fails=by_exponent, role=Role.POWER, scalar="POWER"),
    _row("ABS", "V", numeric(calls.abs), fails=False, scalar="ABS", shape=Shape.KINKS),
    _row("SIGN", "V", numeric(sign), fails=False, scalar="SIGN", shape=Shape.STEPS),
    _row("INT", "V", numeric(calls.floor), fails=False, scalar="INT", shape=Shape.STEPS),
    _row("MOD", "VV", with_codes(modulo), scalar="MOD", shape=Shape.KINKS, jumps="01"),
    _row("QUOTIENT", "VV", strict(with_codes(quotient)), shape=Shape.STEPS),
    _row("ROUND", "VV", numeric(round_half), fails=False, shape=Shape.STEPS),
    _row("ROUNDUP", "VV", numeric(round_up), fails=False, shape=Shape.STEPS),
    _row("ROUNDDOWN", "VV", numeric(round_down), fails=False, shape=Shape.STEPS),
    _row("TRUNC", "V|V", numeric(truncate), fails=False, shape=Shape.STEPS),
    _row("SIN", "V", numeric(_turning(calls.sin), libm.sine), scalar="SIN"),
    _row("COS", "V", numeric(_turning(calls.cos), libm.cosine), scalar="COS"),
    _row("TAN", "V", numeric(_turning(calls.tan), libm.tangent), scalar="TAN"),
    _row("ASIN", "V", within(calls.asin, -1.0, 1.0)),
    _row("ACOS", "V", within(calls.acos, -1.0, 1.0, libm.inverse_cosine)),
    _row("ATAN", "V", numeric(calls.atan, math.atan), fails=False, scalar="ATAN"),
    _row("ATAN2", "VV", with_codes(arctangent2)),
    _row("SINH", "V", numeric(calls.sinh, libm.steep(math.sinh)), scalar="SINH"),
    _row("COSH", "V", numeric(calls.cosh, libm.steep(math.cosh)), scalar="COSH"),
    _row("TANH", "V", numeric(calls.tanh, math.tanh), fails=False, scalar="TANH"),
    _row("ASINH", "V", numeric(calls.asinh, libm.inverse_sinh), fails=False),
    _row("ACOSH", "V", within(calls.acosh, 1.0, math.inf, libm.inverse_cosh)),
    _row("ATANH", "V", within(calls.atanh, -1.0, 1.0)),
    _row("FISHER", "V", within(calls.atanh, -1.0, 1.0, libm.fisher)),
    _row("SEC", "V", reciprocal(_turning(calls.cos), libm.cosine)),
    _row("CSC", "V", reciprocal(_turning(calls.sin), libm.sine)),
    _row("COT", "V", reciprocal(_turning(calls.tan), libm.tangent)),
    _row("SECH", "V", reciprocal(calls.cosh)),
    _row("CSCH", "V", reciprocal(calls.sinh)),
    _row("COTH", "V", reciprocal(calls.tanh)),
    _row("ACOT", "V", numeric(lambda x: calls.atan2(torch.ones_like(x), x)), fails=False),
    _row("ACOTH", "V", numeric(inverse_coth, libm.inverse_coth)),
    _row("RADIANS", "V", numeric(calls.deg2rad), fails=False),
    _row("DEGREES", "V", numeric(calls.rad2deg), fails=False),
    _row("GAMMALN", "V", numeric(log_gamma), also="GAMMALN.PRECISE"),
    _row("ERF", "V|V", strict(numeric(error_function)), fails=False),
    _row("ERF.PRECISE", "V", strict(numeric(calls.erf)), fails=False),
    _row("ERFC", "V", strict(numeric(calls.erfc)), also="ERFC.PRECISE", fails=False),
    _row("DELTA", "V|V", strict(numeric(delta), 1), fails=False, shape=Shape.STEPS),
    _row("GESTEP", "V|V", strict(numeric(at_least), 1), fails=False, shape=Shape.STEPS),
    _row("FISHERINV", "V", numeric(calls.tanh, libm.fisher_inverse), fails=False),
)
