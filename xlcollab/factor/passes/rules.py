"""The update rules of torch.optim on rows, compiled: the numbers equal torch's, step by step.

The gradient of a number w of a row is g = active · scale · Σ blocks + weight · l2 · w, where
`scale` turns the gradient of ½ Σ error² into that of the loss asked for and `weight` is how much
the penalty counts on the row. `keep` = 1 − rate · weight_decay shrinks w first (decoupled decay,
Loshchilov and Hutter 2019). Papers: see `xlcollab.optim.rules`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numba import prange

from xlcollab.factor.passes.compiled import inlined, parallel
from xlcollab.factor.passes.rows import Columns, Float, Floats, scalar
from xlcollab.settings.fitting import TrainingSettings


class Head(NamedTuple):
    """What every kernel is given: `rows` (n, width), gradients in `blocks` (parts, n, width), and
    per column (width,) or per row (n,) what the module's equations name.

    A kernel takes `rows` out of it before its loop: numba drops what a parallel loop writes to an
    array that it only knows as a part of something.
    """

    rows: Floats
    blocks: Floats
    scale: Float
    active: Floats
    l2: Floats
    weights: Floats
    keep: Floats
    rate: Float


@inlined
def _gradient(head: Head, row: int, f: int) -> Float:
    total: Float = head.blocks[0, row, f]
    for c in range(1, head.blocks.shape[0]):
        total += head.blocks[c, row, f]
    g: Float = head.active[f] * head.scale * total
    g += head.weights[row] * head.l2[f] * head.rows[row, f]
    return g


@inlined
def _moved(head: Head, row: int, f: int, step: Float) -> Float:
    number: Float = head.keep[f] * head.rows[row, f]
    return number - step


@parallel
def _descent(head: Head) -> None:
    rows = head.rows
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            rows[row, f] = _moved(head, row, f, head.rate * _gradient(head, row, f))


@parallel
def _heavy_ball(head: Head, buffer: Floats, momentum: Float, own: Float, carried: Float) -> None:
    """Steps by own · g + carried · buffer."""
    rows = head.rows
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(head, row, f)
            b = momentum * buffer[row, f] + g
            buffer[row, f] = b
            rows[row, f] = _moved(head, row, f, head.rate * (own * g + carried * b))


@parallel
def _adagrad(head: Head, squares: Floats, epsilon: Float) -> None:
    rows = head.rows
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(head, row, f)
            s = squares[row, f] + g * g
            squares[row, f] = s
            rows[row, f] = _moved(head, row, f, head.rate * g / (np.sqrt(s) + epsilon))


@parallel
def _rmsprop(head: Head, squares: Floats, rho: Float, fresh: Float, epsilon: Float) -> None:
    """`fresh` = 1 − rho, rounded once, not here in fewer digits."""
    rows = head.rows
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(head, row, f)
            s = rho * squares[row, f] + fresh * g * g
            squares[row, f] = s
            rows[row, f] = _moved(head, row, f, head.rate * g / (np.sqrt(s) + epsilon))


@parallel
def _adam(
    head: Head,
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
    rows = head.rows
    for row in prange(rows.shape[0]):
        for f in range(rows.shape[1]):
            g = _gradient(head, row, f)
            m = beta1 * means[row, f] + fresh1 * g
            s = beta2 * squares[row, f] + fresh2 * g * g
            means[row, f] = m
            squares[row, f] = s
            rows[row, f] = _moved(
                head, row, f, head.rate * m / (np.sqrt(s) * root_correction + epsilon)
            )


Options = Callable[[Mapping[str, float], float, int], tuple[float, tuple[float, ...]]]
"""(options of the rule, learning rate, step from 1) → (rate, further numbers) of a kernel."""


@dataclass(frozen=True, slots=True)
class RowStep:
    """One step of `rows` (n, width), which it changes in place, and its `buffers` with them.

    `blocks` (parts, n, width) add up to the gradient of ½ Σ error²; `scale` makes it that of the
    loss, `penalty` is the factor on L2; `number` counts the steps from 1.
    """

    rows: Floats
    blocks: Floats
    scale: float
    columns: Columns
    penalty: float
    buffers: Sequence[Floats]
    learning_rate: float
    number: int


class RowRule(Protocol):
    """A rule that moves rows."""

    def buffers(self, rows: Floats) -> list[Floats]:
        """What it keeps between steps, each of the rows' shape (n, width): zeros at first."""
        ...

    def step(self, step: RowStep, settings: TrainingSettings) -> None:
        """Make the step."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A kernel, the buffers that it keeps by name, and its numbers at a step."""

    kernel: Callable[..., None]
    names: tuple[str, ...]
    options: Options

    def buffers(self, rows: Floats) -> list[Floats]:
        """See `RowRule`."""
        return [np.zeros_like(rows) for _ in self.names]

    def step(self, step: RowStep, settings: TrainingSettings) -> None:
        """See `RowRule`."""
        rows, columns = step.rows, step.columns
        number = scalar(rows.dtype)
        keep = 1 - step.learning_rate * columns.weight_decay.astype(np.float64)
        rate, others = self.options(settings.rule_options, step.learning_rate, step.number)
        head = Head(
            rows,
            step.blocks,
            number(step.scale),
            columns.active,
            columns.l2 * number(step.penalty),
            columns.weights,
            keep.astype(rows.dtype),
            number(rate),
        )
        self.kernel(head, *step.buffers, *(number(value) for value in others))


def _adam_options(
    o: Mapping[str, float], rate: float, step: int
) -> tuple[float, tuple[float, ...]]:
    beta1, beta2 = o["beta1"], o["beta2"]
    corrected = rate / (1 - beta1**step)
    root = 1 / math.sqrt(1 - beta2**step)
    return corrected, (beta1, 1 - beta1, beta2, 1 - beta2, root, o["epsilon"])


RULES: Mapping[str, Rule] = {
    "gd": Rule(_descent, (), lambda o, rate, step: (rate, ())),
    "momentum": Rule(_heavy_ball, ("buffer",), lambda o, rate, step: (rate, (o["momentum"], 0, 1))),
    "nesterov": Rule(
        _heavy_ball, ("buffer",), lambda o, rate, step: (rate, (o["momentum"], 1, o["momentum"]))
    ),
    "adagrad": Rule(_adagrad, ("sum",), lambda o, rate, step: (rate, (o["epsilon"],))),
    "rmsprop": Rule(
        _rmsprop, ("square",), lambda o, rate, step: (rate, (o["rho"], 1 - o["rho"], o["epsilon"]))
    ),
    "adam": Rule(_adam, ("mean", "square"), _adam_options),
    "adamw": Rule(_adam, ("mean", "square"), _adam_options),
}
