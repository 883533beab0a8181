"""The first-order rules as the machine makes their steps: from a gradient to new variables.

The same operations in the same order as the rules of torch.optim, by which tests judge them step
by step. What a rule remembers lies in `first` and `second`, (n,) each; `h` are its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.machine.compiled import exact

Numbers = NDArray[np.float64]

GD, MOMENTUM, NESTEROV, ADAGRAD, RMSPROP, ADAM = range(6)

RULES: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "gd": (GD, ()),
    "momentum": (MOMENTUM, ("momentum", "dampening")),
    "nesterov": (NESTEROV, ("momentum",)),
    "adagrad": (ADAGRAD, ("epsilon",)),
    "rmsprop": (RMSPROP, ("rho", "epsilon")),
    "adam": (ADAM, ("beta1", "beta2", "epsilon")),
}
"""A rule's code and the names of its numbers in their order in `h`."""


@exact
def move(
    rule: int,
    h: Numbers,
    y: Numbers,
    g: Numbers,
    first: Numbers,
    second: Numbers,
    count: int,
    rate: float,
) -> None:
    """The `count`-th step, counted from 0: changes y and what the rule remembers."""
    n = len(y)
    if rule == GD:
        for i in range(n):
            y[i] = y[i] - rate * g[i]
    elif rule == MOMENTUM:
        for i in range(n):
            first[i] = first[i] * h[0] + (1.0 - h[1]) * g[i] if count else g[i]
            y[i] = y[i] - rate * first[i]
    elif rule == NESTEROV:
        for i in range(n):
            first[i] = first[i] * h[0] + g[i]
            y[i] = y[i] - rate * (g[i] + h[0] * first[i])
    elif rule == ADAGRAD:
        for i in range(n):
            first[i] = first[i] + g[i] * g[i]
            y[i] = y[i] - rate * g[i] / (math.sqrt(first[i]) + h[0])
    elif rule == RMSPROP:
        for i in range(n):
            first[i] = first[i] * h[0] + (1.0 - h[0]) * g[i] * g[i]
            y[i] = y[i] - rate * g[i] / (math.sqrt(first[i]) + h[1])
    else:
        _adam(h, y, g, first, second, count + 1, rate)


@exact
def _adam(
    h: Numbers, y: Numbers, g: Numbers, mean: Numbers, square: Numbers, count: int, rate: float
) -> None:
    b1, b2, epsilon = h[0], h[1], h[2]
    size, root = -rate / (1.0 - b1**count), math.sqrt(1.0 - b2**count)
    for i in range(len(y)):
        mean[i] = mean[i] + (1.0 - b1) * (g[i] - mean[i])
        square[i] = square[i] * b2 + (1.0 - b2) * g[i] * g[i]
        y[i] = y[i] + size * mean[i] / (math.sqrt(square[i]) / root + epsilon)
