"""Rounding to multiples: the CEILING and FLOOR families, MROUND, EVEN, ODD. Every function takes
tensors that broadcast and gives one of their common shape."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.maths.elementwise import numeric, strict, with_codes
from xlcollab.kernels.numbers.later import Tensor, calls, torch
from xlcollab.kernels.values.arguments import given
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function

Direction = Callable[[Tensor], Tensor]

_NOISE = 4e-15
"""Quotients that miss a whole number by less than this part of themselves are that number."""
_ROUNDING = 1e-15
"""The same for CEILING.MATH and FLOOR.MATH: what one rounding may do, as seen in Excel."""


def _steps(x: Tensor, step: Tensor, direction: Direction, noise: float) -> Tensor:
    """x / step as a whole number, where the step is not 0."""
    quotient = x / inside(step, step != 0, 1.0)
    nearest = torch.round(quotient)
    whole = (quotient - nearest).abs() <= noise * quotient.abs()
    return torch.where(whole, nearest, direction(quotient))


def _multiple(x: Tensor, step: Tensor, direction: Direction, noise: float = _NOISE) -> Tensor:
    """The multiple of `step` in the direction of rounding; 0 for step 0."""
    return _steps(x, step, direction, noise) * step


def _opposed(x: Tensor, step: Tensor) -> Tensor:
    """#NUM! where a positive number meets a negative step."""
    return torch.where((x > 0) & (step < 0), float(ErrorCode.NUM), 0.0)


def ceiling(x: Tensor, step: Tensor) -> tuple[Tensor, Tensor | None]:
    return _multiple(x, step, torch.ceil), _opposed(x, step)


def floor(x: Tensor, step: Tensor) -> tuple[Tensor, Tensor | None]:
    """FLOOR: a step of 0 is #DIV/0! unless the number is 0 too."""
    nowhere = (step == 0) & (x != 0)
    codes = torch.where(nowhere, float(ErrorCode.DIV0), _opposed(x, step))
    return _multiple(x, step, torch.floor), codes


def _of_size(direction: Direction) -> Callable[..., Tensor]:
    """Rounding up or down the number line; the sign of the step does not count."""

    def run(x: Tensor, step: Tensor | None = None) -> Tensor:
        size = torch.ones_like(x) if step is None else step.abs()
        return _multiple(x, size, direction)

    return run


def _by_mode(direction: Direction, other: Direction) -> Callable[..., Tensor]:
    """CEILING.MATH and FLOOR.MATH: negative numbers go the other way where the mode is not 0."""

    def run(x: Tensor, step: Tensor | None = None, mode: Tensor | None = None) -> Tensor:
        size = torch.ones_like(x) if step is None else step.abs()
        usual = _multiple(x, size, direction, _ROUNDING)
        if mode is None:
            return usual
        return torch.where((x < 0) & (mode != 0), _multiple(x, size, other, _ROUNDING), usual)

    return run


def _defaulting(function: Function) -> Function:
    """An empty second argument, as in CEILING.MATH(x,,1), is a step of 1."""

    def run(context: Context, *blocks: Block) -> Block:
        if len(blocks) > 1 and not given(blocks[1]):
            blocks = (blocks[0], context.scalar(1.0), *blocks[2:])
        return function(context, *blocks)

    return run


def nearest_multiple(x: Tensor, step: Tensor) -> tuple[Tensor, Tensor | None]:
    """MROUND: halves go away from 0; different signs are #NUM!. Quotients are taken as they are."""
    quotient = x / inside(step, step != 0, 1.0)
    opposed = (x * step) < 0
    return torch.floor(quotient + 0.5) * step, torch.where(opposed, float(ErrorCode.NUM), 0.0)


def even(x: Tensor) -> Tensor:
    return torch.sign(x) * torch.ceil(x.abs() / 2) * 2


def odd(x: Tensor) -> Tensor:
    size = (torch.ceil((x.abs() - 1) / 2) * 2 + 1).clamp(min=1.0)
    return torch.where(x < 0, -size, size)


_row = partial(function, category="maths", elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("CEILING", "VV", with_codes(ceiling), jumps="01"),
    _row("FLOOR", "VV", with_codes(floor), jumps="01"),
    _row(
        "CEILING.MATH", "V|VV", _defaulting(numeric(_by_mode(calls.ceil, calls.floor))), jumps="01"
    ),
    _row("FLOOR.MATH", "V|VV", _defaulting(numeric(_by_mode(calls.floor, calls.ceil))), jumps="01"),
    _row("CEILING.PRECISE", "V|V", numeric(_of_size(calls.ceil)), also="ISO.CEILING", jumps="01"),
    _row("FLOOR.PRECISE", "V|V", numeric(_of_size(calls.floor)), jumps="01"),
    _row("MROUND", "VV", strict(with_codes(nearest_multiple)), jumps="01"),
    _row("EVEN", "V", numeric(even), shape=Shape.STEPS),
    _row("ODD", "V", numeric(odd), shape=Shape.STEPS),
)
