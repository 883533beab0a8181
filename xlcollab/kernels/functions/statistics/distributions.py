"""Continuous distributions in closed form: normal, log-normal, exponential, Weibull.

All are differentiable in all their arguments. Arguments outside a distribution's domain are #NUM!.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from xlcollab.kernels.functions.maths.elementwise import numeric
from xlcollab.kernels.values.block import Block, Context, first_code
from xlcollab.kernels.values.guard import inside, outside, safe_log
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
    return mean + outside(deviation, deviation > 0) * quantile(p)


def lognormal_density(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return normal_density(safe_log(x), mean, deviation) / inside(x, x > 0, 1.0)


def lognormal_below(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return normal_below(safe_log(x), mean, deviation)


def lognormal_quantile(p: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return torch.exp(normal_quantile(p, mean, deviation))


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


FUNCTIONS: dict[str, Function] = {
    "PHI": numeric(bell),
    "GAUSS": numeric(lambda z: torch.erf(z / math.sqrt(2)) / 2),
    "STANDARDIZE": numeric(standardize),
    "NORM.DIST": either(normal_density, normal_below, 3),
    "NORM.S.DIST": either(bell, below, 1),
    "NORMSDIST": numeric(below),
    "NORM.INV": numeric(normal_quantile),
    "NORM.S.INV": numeric(quantile),
    "LOGNORM.DIST": either(lognormal_density, lognormal_below, 3),
    "LOGNORMDIST": numeric(lognormal_below),
    "LOGNORM.INV": numeric(lognormal_quantile),
    "EXPON.DIST": either(exponential_density, exponential_below, 2),
    "WEIBULL.DIST": either(weibull_density, weibull_below, 3),
    "CONFIDENCE.NORM": numeric(confidence),
}
FUNCTIONS |= {
    old: FUNCTIONS[new]
    for old, new in {
        "NORMDIST": "NORM.DIST",
        "NORMINV": "NORM.INV",
        "NORMSINV": "NORM.S.INV",
        "LOGINV": "LOGNORM.INV",
        "EXPONDIST": "EXPON.DIST",
        "WEIBULL": "WEIBULL.DIST",
        "CONFIDENCE": "CONFIDENCE.NORM",
    }.items()
}
