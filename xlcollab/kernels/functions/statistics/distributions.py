"""Continuous distributions in closed form: normal, log-normal, exponential, Weibull.

All are differentiable in all their arguments. Arguments outside a distribution's domain are #NUM!.
Every function takes tensors that broadcast and gives one of their common shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from xlcollab.kernels.functions.maths.elementwise import numeric
from xlcollab.kernels.numbers import libm
from xlcollab.kernels.numbers.later import Tensor, torch
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.guard import inside, outside, safe_log
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import aligned
from xlcollab.kernels.values.tape import Function

Formula = Callable[..., Tensor]


def either(density: Formula, cumulative: Formula, flag: int) -> Function:
    """A distribution whose argument at place `flag` asks for the cumulative form."""

    def run(context: Context, *blocks: Block) -> Block:
        blocks = aligned(context, *blocks)
        asked, asked_codes = context.truths(blocks[flag])
        pairs = [context.numbers(b) for place, b in enumerate(blocks) if place != flag]
        codes = [code for _, code in pairs]
        codes.insert(flag, asked_codes)
        numbers = [number for number, _ in pairs]
        if bool(asked.all()):
            value = cumulative(*numbers)
        elif not bool(asked.any()):
            value = density(*numbers)
        else:
            value = torch.where(asked, cumulative(*numbers), density(*numbers))
        return context.result(value, first_code(*codes))

    return run


def bell(z: Tensor) -> Tensor:
    """The density of the standard normal distribution."""
    return torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)


def below(z: Tensor) -> Tensor:
    """The standard normal distribution function, exact in the lower tail too."""
    return torch.erfc(-z / math.sqrt(2)) / 2


def quantile(p: Tensor) -> Tensor:
    """The inverse of `below`; NaN outside (0, 1)."""
    valid = (p > 0) & (p < 1)
    return outside(torch.special.ndtri(inside(p, valid, 0.5)), valid)


def standardize(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """(x − mean) / deviation; NaN for a deviation that is not positive."""
    valid = deviation > 0
    return outside((x - mean) / inside(deviation, valid, 1.0), valid)


def normal_density(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return bell(standardize(x, mean, deviation)) / inside(deviation, deviation > 0, 1.0)


def normal_below(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return below(standardize(x, mean, deviation))


def normal_quantile(p: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    valid = (deviation > 0) & (p > 0) & (p < 1)
    return outside(mean + deviation * quantile(inside(p, valid, 0.5)), valid)


def lognormal_density(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return normal_density(safe_log(x), mean, deviation) / inside(x, x > 0, 1.0)


def lognormal_below(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return normal_below(safe_log(x), mean, deviation)


def lognormal_quantile(p: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    valid = (deviation > 0) & (p > 0) & (p < 1)
    some = normal_quantile(inside(p, valid, 0.5), mean, inside(deviation, valid, 1.0))
    return outside(torch.exp(some), valid)


def exponential_density(x: Tensor, rate: Tensor) -> Tensor:
    return outside(rate * torch.exp(-rate * x), (x >= 0) & (rate > 0))


def exponential_below(x: Tensor, rate: Tensor) -> Tensor:
    return outside(-torch.expm1(-rate * x), (x >= 0) & (rate > 0))


def _weibull_power(x: Tensor, shape: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """((x / scale) ^ shape with 1 where x is 0, where x is positive, where all is valid)."""
    valid = (x >= 0) & (shape > 0) & (scale > 0)
    positive = valid & (x > 0)
    ratio = inside(x, positive, 1.0) / inside(scale, positive, 1.0)
    return torch.pow(ratio, inside(shape, positive, 1.0)), positive, valid


def weibull_density(x: Tensor, shape: Tensor, scale: Tensor) -> Tensor:
    """Excel's density is 0 at x = 0 whatever the shape."""
    power, positive, valid = _weibull_power(x, shape, scale)
    density = shape / inside(x, positive, 1.0) * power * torch.exp(-power)
    return outside(torch.where(positive, density, 0.0), valid)


def weibull_below(x: Tensor, shape: Tensor, scale: Tensor) -> Tensor:
    power, positive, valid = _weibull_power(x, shape, scale)
    return outside(torch.where(positive, -torch.expm1(-power), 0.0), valid)


def confidence(alpha: Tensor, deviation: Tensor, size: Tensor) -> Tensor:
    """CONFIDENCE.NORM: half the width of the interval around the mean of `size` values."""
    count = torch.trunc(size)
    valid = (count >= 1) & (deviation > 0) & (alpha > 0) & (alpha < 1)
    root = torch.sqrt(inside(count, valid, 1.0))
    return outside(-quantile(inside(alpha, valid, 0.5) / 2) * deviation / root, valid)


_row = partial(function, category="statistics", shape=Shape.SMOOTH, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("PHI", "V", numeric(bell), fails=False),
    _row("GAUSS", "V", numeric(lambda z: torch.erf(z / math.sqrt(2)) / 2, libm.gauss), fails=False),
    _row("STANDARDIZE", "VVV", numeric(standardize)),
    _row("NORM.DIST", "VVVV", either(normal_density, normal_below, 3), also="NORMDIST"),
    _row("NORM.S.DIST", "VV", either(bell, below, 1)),
    _row("NORMSDIST", "V", numeric(below), fails=False),
    _row("NORM.INV", "VVV", numeric(normal_quantile), also="NORMINV"),
    _row("NORM.S.INV", "V", numeric(quantile), also="NORMSINV"),
    _row("LOGNORM.DIST", "VVVV", either(lognormal_density, lognormal_below, 3)),
    _row("LOGNORMDIST", "VVV", numeric(lognormal_below)),
    _row("LOGNORM.INV", "VVV", numeric(lognormal_quantile), also="LOGINV"),
    _row("EXPON.DIST", "VVV", either(exponential_density, exponential_below, 2), also="EXPONDIST"),
    _row("WEIBULL.DIST", "VVVV", either(weibull_density, weibull_below, 3), also="WEIBULL"),
    _row("CONFIDENCE.NORM", "VVV", numeric(confidence), also="CONFIDENCE", jumps="2"),
)
