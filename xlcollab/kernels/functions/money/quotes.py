"""Prices quoted in fractions: 1.02 in sixteenths is 1 and 2/16."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.maths.elementwise import strict, with_codes
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function


@cache
def _powers() -> Tensor:
    """1, 10, 100, …: one more for each decimal of a quotation."""
    return torch.tensor([float(f"1e{places}") for places in range(16)], dtype=torch.float64)


def _quoted(scale: Callable[[Tensor, Tensor], Tensor]) -> Function:
    """The whole part and the rest, as `scale` makes it of (the rest, power of ten / parts)."""

    def run(price: Tensor, parts: Tensor) -> tuple[Tensor, Tensor | None]:
        number = torch.floor(parts.detach())
        some = number >= 1
        number = inside(number, some, 1.0)
        powers = _powers().to(number.device)
        places = torch.searchsorted(powers, number.contiguous()).clamp(max=len(powers) - 1)
        power = powers[places]
        whole = torch.trunc(price.detach())
        none = torch.where((parts >= 0) & ~some, float(ErrorCode.DIV0), 0.0)
        return outside(whole + scale(price - whole, power / number), parts >= 0), none

    return strict(with_codes(run))


_row = partial(function, category="money", shape=Shape.KINKS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("DOLLARDE", "VV", _quoted(lambda rest, scale: rest * scale), jumps="01"),
    _row("DOLLARFR", "VV", _quoted(lambda rest, scale: rest / scale), jumps="01"),
)
