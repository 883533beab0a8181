"""What curves where samples do not see it: each operation is judged by its own size.

The sum of a variable and EXP(-(x-50)^2) is straight to the last digit nearly everywhere, and so
sampling takes it for the variable alone. The operation itself shows what it is: its result is far
from even steps along a line, however small, or stands still while its arguments move.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Role, Shape
from xlcollab.kernels.values.tape import Instruction, Program

_EVEN = 1e-6
"""Of a result's own steps: what rounding leaves of differences of the third order."""
_DEGREE = 3
"""Of polynomials that sampling sees through: a cube cannot be small beside a step of its own."""
_ROUNDING = 1e-12
"""Of a result: below this no step is seen."""
_Places = Sequence[Sequence[Block | None]]
"""The slots of a program, at points in even steps on a line."""


def hides_a_bend(
    program: Program, context: Context, n: int, generator: Generator, *, root: bool
) -> bool:
    """Whether a curved operation of a program of n numbers is, by its own size, no polynomial of a
    low degree of what is straight along a line: such hide nothing. With `root` the root of one
    hides nothing either."""
    curved = [one for one in program.instructions if one.facts.shape is Shape.SMOOTH]
    if not curved:
        return False
    first, step = torch.randn((2, n), generator=generator, dtype=torch.float64)
    with torch.no_grad():
        at = [program.slots(context, first + i * step) for i in range(_DEGREE + 2)]
    return any(_hides(one, at, root=root) for one in curved)


def _hides(instruction: Instruction, at: _Places, *, root: bool) -> bool:
    moving = [argument for argument in instruction.arguments if isinstance(argument, int)]
    straight = all(_is_even(_numbers(argument, at), 1) for argument in moving)
    if not straight:
        return not (root and instruction.facts.role in (Role.ROOT, Role.POWER))
    results = _numbers(instruction.out, at)
    if _stands_still(results, [_numbers(argument, at) for argument in moving]):
        return True
    return not (_is_even(results, _DEGREE) or (root and _is_even(results.square(), _DEGREE)))


def _numbers(slot: int, at: _Places) -> Tensor:
    """The numbers of a slot at each of the points, one row a point."""
    blocks = [places[slot] for places in at]
    return torch.stack([block.number.expand(block.shape) for block in blocks if block is not None])


def _is_even(numbers: Tensor, degree: int) -> bool:
    """Whether the numbers, along the line, are a polynomial of the degree."""
    size = (numbers - numbers[0]).abs().amax(0)
    bend = torch.diff(numbers, n=degree + 1, dim=0).abs().amax(0)
    allowed = _EVEN * size + _ROUNDING * numbers.abs().amax(0)
    return bool((bend <= allowed).all())


def _stands_still(results: Tensor, arguments: Sequence[Tensor]) -> bool:
    """Whether a result is the same at all points though what it is made of moves."""
    still = (results == results[0]).all(0)
    moved = [(one != one[0]).any(0) for one in arguments]
    if all(one.shape == still.shape for one in moved):
        return bool((still & torch.stack(moved).any(0)).any())
    return bool(still.all()) and any(bool(one.any()) for one in moved)
