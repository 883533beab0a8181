"""Special functions of scipy that are differentiable in one argument, by a formula of their slope.

The slope is itself a differentiable expression: second derivatives are exact, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Protocol

from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.autograd import Context
from xlcollab.kernels.values.detached import NoDerivativeError, Values, detached

Formula = Callable[..., Tensor]


class _Context(Context, Protocol):
    slope: Formula


@cache
def _sloped() -> type[torch.autograd.Function]:
    """A function of one tensor whose derivative is `slope(x, result)`; 0 where that is infinite."""

    class Sloped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: _Context, function: Formula, slope: Formula, x: Tensor) -> Tensor:
            result = function(x.detach())
            ctx.slope = slope
            ctx.save_for_backward(x, result)
            return result

        @staticmethod
        def backward(ctx: _Context, gradient: Tensor) -> tuple[None, None, Tensor]:
            slope = ctx.slope(*ctx.saved_tensors)
            return None, None, gradient * torch.where(torch.isfinite(slope), slope, 0.0)

    return Sloped


def cumulative(name: str, function: Values, density: Formula, sign: float = 1.0) -> Formula:
    """`function` of numbers, whose derivative by the last one is `sign` times their `density`.

    Raises NoDerivativeError, naming the Excel function, where one by the others is needed.
    """

    def slope(others: tuple[Tensor, ...], x: Tensor, result: Tensor) -> Tensor:
        del result
        return sign * density(*others, x)

    return _last_one_sloped(name, function, slope)


def inverse(name: str, function: Values, density: Formula, sign: float = 1.0) -> Formula:
    """The inverse of such a function by its last number: one over the density at the result."""

    def slope(others: tuple[Tensor, ...], p: Tensor, result: Tensor) -> Tensor:
        del p
        return sign / density(*others, result)

    return _last_one_sloped(name, function, slope)


def _last_one_sloped(
    name: str,
    function: Values,
    slope: Callable[[tuple[Tensor, ...], Tensor, Tensor], Tensor],
) -> Formula:
    value = detached(name, function)

    def run(*numbers: Tensor) -> Tensor:
        if not (torch.is_grad_enabled() and any(number.requires_grad for number in numbers)):
            return value(*numbers)
        *others, x = torch.broadcast_tensors(*numbers)
        if any(number.requires_grad for number in others):
            raise NoDerivativeError(f"{name} has no derivative here")
        fixed = tuple(others)
        result: Tensor = _sloped().apply(
            lambda x: value(*fixed, x), lambda x, result: slope(fixed, x, result), x
        )
        return result

    return run
