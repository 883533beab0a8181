"""The update rules of torch.optim on rows, compiled: the numbers equal torch's, step by step.

The gradient of a number w of a row is g = active · scale · Σ blocks + weight · l2 · w, where
`scale` turns the gradient of ½ Σ error² into that of the loss asked for and `weight` is how much
the penalty counts on the row. `keep` = 1 − rate · weight_decay shrinks w first (decoupled decay,
Loshchilov and Hutter 2019). Papers: see `xlcollab.optim.rules`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import prange

from xlcollab.factor.passes.compiled import inlined, parallel
from xlcollab.factor.passes.kernels import Float
from xlcollab.factor.passes.rows import Columns, Floats
from xlcollab.settings.fitting import TrainingSettings


@inlined
def _gradient(
    rows: Any, blocks: Any, scale: Any, active: Any, l2: Any, weights: Any, row: Any, f: Any
) -> Any:
    total = blocks[0, row, f]
    for c in range(1, blocks.shape[0]):
        total += blocks[c, row, f]
    return active[f] * scale * total + weights[row] * l2[f] * rows[row, f]


@parallel
def _descent(
    rows: Floats,
    blocks: Floats,
    scale: Float,
    active: Floats,
    l2: Floats,
    weights: Floats,
    keep: Floats,
    rate: Float,
) -> None:
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(rows, blocks, scale, active, l2, weights, row, f)
            rows[row, f] = keep[f] * rows[row, f] - rate * g


@parallel
def _heavy_ball(
    rows: Floats,
    blocks: Floats,
    scale: Float,
    active: Floats,
    l2: Floats,
    weights: Floats,
    keep: Floats,
    rate: Float,
    buffer: Floats,
    momentum: Float,
    own: Float,
    carried: Float,
) -> None:
    """Steps by own · g + carried · buffer."""
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(rows, blocks, scale, active, l2, weights, row, f)
            b = momentum * buffer[row, f] + g
            buffer[row, f] = b
            rows[row, f] = keep[f] * rows[row, f] - rate * (own * g + carried * b)


@parallel
def _adagrad(
    rows: Floats,
    blocks: Floats,
    scale: Float,
    active: Floats,
    l2: Floats,
    weights: Floats,
    keep: Floats,
    rate: Float,
    squares: Floats,
    epsilon: Float,
) -> None:
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(rows, blocks, scale, active, l2, weights, row, f)
            s = squares[row, f] + g * g
            squares[row, f] = s
            rows[row, f] = keep[f] * rows[row, f] - rate * g / (np.sqrt(s) + epsilon)


@parallel
def _rmsprop(
    rows: Floats,
    blocks: Floats,
    scale: Float,
    active: Floats,
    l2: Floats,
    weights: Floats,
    keep: Floats,
    rate: Float,
    squares: Floats,
    rho: Float,
    fresh: Float,
    epsilon: Float,
) -> None:
    """`fresh` = 1 − rho, rounded once, not here in fewer digits."""
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(rows, blocks, scale, active, l2, weights, row, f)
            s = rho * squares[row, f] + fresh * g * g
            squares[row, f] = s
            rows[row, f] = keep[f] * rows[row, f] - rate * g / (np.sqrt(s) + epsilon)


@parallel
def _adam(
    rows: Floats,
    blocks: Floats,
    scale: Float,
    active: Floats,
    l2: Floats,
    weights: Floats,
    keep: Floats,
    rate: Float,
    means: Floats,
    squares: Floats,
    beta1: Float,
    fresh1: Float,
    beta2: Float,
    fresh2: Float,
    root_correction: Float,
    epsilon: Float,
) -> None:
    """`rate` and `root_correction` hold the corrections of the bias towards the zero start."""
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(rows, blocks, scale, active, l2, weights, row, f)
            m = beta1 * means[row, f] + fresh1 * g
            s = beta2 * squares[row, f] + fresh2 * g * g
            means[row, f] = m
            squares[row, f] = s
            root = np.sqrt(s) * root_correction + epsilon
            rows[row, f] = keep[f] * rows[row, f] - rate * m / root


Options = Callable[[Mapping[str, float], float, int], tuple[float, tuple[float, ...]]]
"""(options of the rule, learning rate, step from 1) → (rate, further numbers) of a kernel."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kernel, how many buffers as large as the rows it keeps, and its numbers at a step."""

    kernel: Any
    n_buffers: int
    options: Options

    def buffers(self, rows: Floats) -> list[Floats]:
        """The state before the first step: zeros."""
        return [np.zeros_like(rows) for _ in range(self.n_buffers)]

    def step(
        self,
        rows: Floats,
        blocks: Floats,
        scale: float,
        columns: Columns,
        penalty: float,
        buffers: list[Floats],
        settings: TrainingSettings,
        learning_rate: float,
        step: int,
    ) -> None:
        """One step of `rows` (n, width), in place.

        `blocks` (parts, n, width) add up to the gradient of ½ Σ error²; `penalty` is the factor on
        L2; `step` counts from 1.
        """
        number = rows.dtype.type
        keep = 1 - learning_rate * columns.weight_decay.astype(np.float64)
        rate, others = self.options(settings.rule_options, learning_rate, step)
        self.kernel(
            rows,
            blocks,
            number(scale),
            columns.active,
            columns.l2 * number(penalty),
            columns.weights,
            keep.astype(rows.dtype),
            number(rate),
            *buffers,
            *(number(value) for value in others),
        )


def _adam_options(
    o: Mapping[str, float], rate: float, step: int
) -> tuple[float, tuple[float, ...]]:
    beta1, beta2 = o["beta1"], o["beta2"]
    corrected = rate / (1 - beta1**step)
    root = 1 / math.sqrt(1 - beta2**step)
    return corrected, (beta1, 1 - beta1, beta2, 1 - beta2, root, o["epsilon"])


RULES: Mapping[str, Rule] = {
    "gd": Rule(_descent, 0, lambda o, rate, step: (rate, ())),
    "momentum": Rule(_heavy_ball, 1, lambda o, rate, step: (rate, (o["momentum"], 0, 1))),
    "nesterov": Rule(
        _heavy_ball, 1, lambda o, rate, step: (rate, (o["momentum"], 1, o["momentum"]))
    ),
    "adagrad": Rule(_adagrad, 1, lambda o, rate, step: (rate, (o["epsilon"],))),
    "rmsprop": Rule(
        _rmsprop, 1, lambda o, rate, step: (rate, (o["rho"], 1 - o["rho"], o["epsilon"]))
    ),
    "adam": Rule(_adam, 2, _adam_options),
    "adamw": Rule(_adam, 2, _adam_options),
}
