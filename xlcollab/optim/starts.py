"""Where runs begin: the given weights, or weights drawn with a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from xlcollab.optim.problem import Objective
from xlcollab.settings.solving import Settings

Draw = Callable[[Tensor, Objective, float, Generator], Tensor]


def _around(start: Tensor, objective: Objective, scale: float, generator: Generator) -> Tensor:
    """Normal around the start, with a variable's own size as its spread, or the mean size at 0."""
    del objective
    size = start.abs()
    typical = size.mean() if bool(size.any()) else torch.ones_like(size).mean()
    spread = torch.where(size > 0, size, typical)
    return start + scale * spread * _normal_like(start, generator)


def _uniform(start: Tensor, objective: Objective, scale: float, generator: Generator) -> Tensor:
    """Uniform on [0, scale), as RAND() in a cell."""
    del objective
    draw = torch.rand(start.shape, generator=generator, dtype=torch.float64)
    return draw.to(start) * scale


def _normal(start: Tensor, objective: Objective, scale: float, generator: Generator) -> Tensor:
    """Normal with mean 0 and standard deviation `scale`."""
    del objective
    return scale * _normal_like(start, generator)


def _kaiming(start: Tensor, objective: Objective, scale: float, generator: Generator) -> Tensor:
    """Normal with standard deviation scale · √(2 / fan_in) (He et al. 2015, equation 10)."""
    fan_in = torch.full_like(start, start.numel())
    if objective.fan_in is not None:
        fan_in = objective.fan_in.to(start)
    return scale * (2.0 / fan_in).sqrt() * _normal_like(start, generator)


INITS: Mapping[str, Draw] = {
    "keep": _around,
    "uniform": _uniform,
    "normal": _normal,
    "kaiming": _kaiming,
}


def starts(start: Tensor, objective: Objective, settings: Settings) -> Iterator[Tensor]:
    """The start of each run, 1 + restarts of them, each drawn when it is asked for.

    Drawn on the CPU in float64, so that a seed means the same on every device and dtype. Each has
    the shape of `start`, (n,).
    """
    generator = Generator().manual_seed(settings.seed)
    scale = 1.0 if settings.init_scale is None else settings.init_scale
    draw = INITS[settings.init]
    count = settings.restarts + (settings.init != "keep")
    if settings.init == "keep":
        yield start
    for _ in range(count):
        yield draw(start, objective, scale, generator)


def within(
    start: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    generator: Generator,
) -> NDArray[np.float64]:
    """A point drawn within the bounds: uniform where both are given, else around the start or the
    one bound, over orders of magnitude of a variable's size. Shape (n,)."""
    draw = torch.rand(len(start), generator=generator, dtype=torch.float64).numpy()
    normal = torch.randn(len(start), generator=generator, dtype=torch.float64).numpy()
    spread = 10.0 ** (3.0 * draw - 1.0) * np.maximum(np.abs(start), 1.0)
    low, high = np.isfinite(lower), np.isfinite(upper)
    around = np.clip(start + spread * normal, lower, upper)
    with np.errstate(invalid="ignore"):
        return np.where(low & high, lower + draw * (upper - lower), around)


SIZES = (1.0, 0.1, 10.0, 0.01, 100.0, 1e-3, 1e3)
"""Of a variable that is 0 or blank: what people would type, the likeliest first."""
PLAIN = 1 + 2 * len(SIZES)
"""The most plain points that come before drawn ones."""
_DRAWS = 40
"""Points that are drawn where none of the plain ones will do."""


def plain_points(
    start: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
) -> Iterator[NDArray[np.float64]]:
    """Points (n,) to begin at where the start will not do: it within its bounds, then with all that
    is 0 in it, or all of it, of one size, then drawn ones."""
    held = np.clip(start, lower, upper)
    yield held
    nothing, everything = held == 0.0, np.ones(len(held), np.bool_)
    for some in (nothing, everything):
        for size in SIZES:
            yield np.where(some, np.clip(np.full(len(held), size), lower, upper), held)
    generator = Generator().manual_seed(0)
    for _ in range(_DRAWS):
        yield within(held, lower, upper, generator)


def _normal_like(start: Tensor, generator: Generator) -> Tensor:
    return torch.randn(start.shape, generator=generator, dtype=torch.float64).to(start)
