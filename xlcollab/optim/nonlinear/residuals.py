"""Residuals of many points at once, and Levenberg-Marquardt of all of them side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.attempt import Task
from xlcollab.optim.nonlinear.sized import Array, TimeIsUpError, seconds_left
from xlcollab.optim.problem import NativeRows

Places = NDArray[np.intp]

_STEP = 1e-7
"""Of a variable, or of a thousandth where it is less: half the digits, so that rounding takes as
much from a slope as curvature."""
_SMALLEST = 1e-3
"""The size of a variable that is nearly 0."""
_AT_ONCE = 2**20
"""Numbers that a program is asked for at a time: 8 MB."""
_DAMPED, _LESS, _MORE = 1e-2, 0.2, 5.0
"""Of squared slopes of length one, and what it is multiplied by after a gain and a loss."""
_LEAST, _MOST = 1e-12, 1e10
"""Damping beyond which nothing is left to gain."""
_STILL = 1e-9
"""Of a sum of squares: a smaller gain is none."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """The residuals of a model without rows, within its bounds."""

    task: Task
    native: NativeRows
    lower: Array
    upper: Array
    count: int
    """How many residuals there are, m."""

    def clip(self, points: Array) -> Array:
        """The nearest points within the bounds, (B, n)."""
        return np.clip(points, self.lower, self.upper)

    def at(self, points: Array) -> Array:
        """The residuals, (B, m); infinite where there are none. Raises TimeIsUpError."""
        found = np.empty((len(points), self.count))
        n = points.shape[1]
        together = max(1, _AT_ONCE // (n + self.count))
        nothing = np.zeros((min(together, len(points)), self.count))
        for first in range(0, len(points), together):
            if seconds_left(self.task) <= 0.0:
                raise TimeIsUpError
            some = points[first : first + together]
            found[first : first + together] = self.native.many(some, nothing[: len(some)])[:, n:]
            self.task.evaluator.count(len(some))
        return np.where(np.isfinite(found), found, np.inf)

    def slopes(self, points: Array, values: Array, by: Places) -> Array:
        """By differences: the derivatives, (B, m, q), of `values` at points by the variables of
        these numbers (q,)."""
        moved = np.repeat(points[:, None], len(by), axis=1)
        step = _STEP * np.maximum(np.abs(points[:, by]), _SMALLEST)
        step = np.where(points[:, by] + step > self.upper[by], -step, step)
        moved[:, np.arange(len(by)), by] += step
        there = self.at(moved.reshape(-1, points.shape[1])).reshape(len(points), len(by), -1)
        with np.errstate(all="ignore"):  # where there is no number no step is taken
            return np.asarray((there - values[:, None]).transpose(0, 2, 1) / step[:, None])

    def descended(self, points: Array, steps: int) -> tuple[Array, Array]:
        """Where points (B, n) come to in so many steps, and their sums of squares, (B,). Raises
        TimeIsUpError."""
        points = self.clip(points)
        values = self.at(points)
        costs, damping = squared(values), np.full(len(points), _DAMPED)
        scale = np.zeros_like(points)
        moving = np.flatnonzero(np.isfinite(costs))
        for _ in range(steps):
            if not len(moving):
                break
            slopes = self.slopes(points[moving], values[moving], np.arange(points.shape[1]))
            steep = np.nan_to_num(np.linalg.norm(slopes, axis=1), nan=0.0, posinf=0.0)
            scale[moving] = np.maximum(scale[moving], steep)
            way = _damped(slopes, values[moving], scale[moving], damping[moving])
            trial = self.clip(points[moving] + way)
            there = self.at(trial)
            after = squared(there)
            before = costs[moving]
            better = after < before
            damping[moving] *= np.where(better, _LESS, _MORE)
            np.clip(damping, _LEAST, None, out=damping)
            now = moving[better]
            points[now], values[now], costs[now] = trial[better], there[better], after[better]
            still = better & (after >= (1.0 - _STILL) * before)
            moving = moving[~still & (damping[moving] <= _MOST)]
        return points, costs


def squared(values: Array) -> Array:
    """Sums of squares, (B,); infinite where there are none."""
    with np.errstate(all="ignore"):
        found = np.square(values).sum(axis=1)
    return np.where(np.isfinite(found), found, np.inf)


def _damped(slopes: Array, values: Array, scale: Array, damping: Array) -> Array:
    """The steps, (B, n), each least squares with its damping in variables of equal slope; 0 where
    slopes are no numbers."""
    known = np.asarray(np.isfinite(slopes).all(axis=(1, 2)))
    scale = np.where(scale > 0.0, scale, 1.0)
    scaled = np.where(known[:, None, None], slopes, 0.0) / scale[:, None]
    square = scaled.transpose(0, 2, 1) @ scaled
    square += damping[:, None, None] * np.eye(scale.shape[1])
    side = (scaled.transpose(0, 2, 1) @ values[:, :, None])[:, :, 0]
    return np.asarray(-np.linalg.solve(square, side[:, :, None])[:, :, 0] / scale)
