"""Statistics of pairs: covariance, correlation, the straight line through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from xlcollab.grid import ErrorCode
from xlcollab.kernels.functions.maths.products import paired
from xlcollab.kernels.functions.statistics.reduce import Members, deviations, error_where, reduced
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.guard import inside, safe_sqrt
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function


@dataclass(frozen=True, slots=True)
class Pairs:
    """Deviations of both sides from their means, shape (R, C, n); means and count, (R, C)."""

    x: Tensor
    y: Tensor
    mean_x: Tensor
    mean_y: Tensor
    count: Tensor

    def xx(self) -> Tensor:
        """Σ (x − mean)², (R, C)."""
        return self.x.square().sum(-1)

    def yy(self) -> Tensor:
        """Σ (y − mean)², (R, C)."""
        return self.y.square().sum(-1)

    def xy(self) -> Tensor:
        """Σ (x − mean)(y − mean), (R, C)."""
        return (self.x * self.y).sum(-1)


Statistic = Callable[[Pairs], tuple[Tensor, Tensor]]
"""pairs → (values, where there is none: #DIV/0!)"""


def _centred(number: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """(deviations, mean, count)."""
    found = Members(number, mask, None)
    difference, count = deviations(found)
    return difference, found.filled(0.0).sum(-1) / count.clamp(min=1.0), count


def _pairs(context: Context, a: Block, b: Block) -> tuple[Pairs, Tensor | None] | None:
    """The pairs and their error codes; None for areas of different sizes."""
    found = paired(context, a, b)
    if found is None:
        return None
    first, second, mask, codes = found
    x, mean_x, count = _centred(first, mask)
    y, mean_y, _ = _centred(second, mask)
    return Pairs(x, y, mean_x, mean_y, count), codes


def of_pairs(statistic: Statistic) -> Function:
    """A statistic of two areas; #N/A for areas of different sizes."""

    def run(context: Context, a: Block, b: Block) -> Block:
        found = _pairs(context, a, b)
        if found is None:
            return context.error(ErrorCode.NA)
        pairs, codes = found
        value, bad = statistic(pairs)
        return reduced(context, value, first_code(codes, error_where(bad, ErrorCode.DIV0)))

    return run


def _covariance(freedom: float) -> Statistic:
    def run(pairs: Pairs) -> tuple[Tensor, Tensor]:
        bad = pairs.count <= freedom
        return pairs.xy() / inside(pairs.count - freedom, ~bad, 1.0), bad

    return run


def correlation(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """CORREL and PEARSON: both (R, C)."""
    spread = pairs.xx() * pairs.yy()
    bad = spread == 0
    return pairs.xy() / torch.sqrt(inside(spread, ~bad, 1.0)), bad


def determination(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """RSQ: the square of the correlation. Both (R, C)."""
    value, bad = correlation(pairs)
    return value.square(), bad


def slope(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """SLOPE(y, x): the first argument against the second."""
    spread = pairs.yy()
    bad = spread == 0
    return pairs.xy() / inside(spread, ~bad, 1.0), bad


def intercept(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """INTERCEPT(y, x): both (R, C)."""
    value, bad = slope(pairs)
    return pairs.mean_x - value * pairs.mean_y, bad


def standard_error(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """STEYX: of the first argument about the line. Both (R, C)."""
    value, bad = slope(pairs)
    rest = (pairs.x - value[..., None] * pairs.y).square().sum(-1)
    few = pairs.count < 3
    return safe_sqrt(rest / inside(pairs.count - 2, ~few, 1.0)), bad | few


def forecast(context: Context, x: Block, known_y: Block, known_x: Block) -> Block:
    """FORECAST: the height of the line at x."""
    found = _pairs(context, known_y, known_x)
    if found is None:
        return context.error(ErrorCode.NA)
    pairs, codes = found
    place, place_codes = context.numbers(x)
    value, bad = (part[..., None, None] for part in slope(pairs))
    height = pairs.mean_x[..., None, None] + value * (place - pairs.mean_y[..., None, None])
    own = None if codes is None else codes[..., None, None]
    return context.result(height, first_code(place_codes, own, error_where(bad, ErrorCode.DIV0)))


_row = partial(function, category="statistics", shape=Shape.SMOOTH)

FUNCTIONS: tuple[Record, ...] = (
    _row("CORREL", "AA", of_pairs(correlation), also="PEARSON", beyond=Beyond.PAIRED),
    _row("COVARIANCE.S", "AA", of_pairs(_covariance(1.0)), beyond=Beyond.PAIRED),
    _row("COVARIANCE.P", "AA", of_pairs(_covariance(0.0)), also="COVAR", beyond=Beyond.PAIRED),
    _row("RSQ", "AA", of_pairs(determination), beyond=Beyond.PAIRED),
    _row("SLOPE", "AA", of_pairs(slope), beyond=Beyond.PAIRED),
    _row("INTERCEPT", "AA", of_pairs(intercept), beyond=Beyond.PAIRED),
    _row("STEYX", "AA", of_pairs(standard_error), beyond=Beyond.PAIRED),
    _row("FORECAST", "VAA", forecast, also="FORECAST.LINEAR", beyond=Beyond.PAIRED),
)
