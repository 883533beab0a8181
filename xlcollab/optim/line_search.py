"""Line searches: strong Wolfe without bounds, Armijo along the projected path with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from xlcollab.optim.evaluator import Evaluator, Point

_DECREASE = 1e-4
"""Nocedal and Wright 2006, section 3.1, for quasi-Newton methods."""
_CURVATURE = 0.9
"""Nocedal and Wright 2006, section 3.1, for quasi-Newton methods."""
_MOST_TRIALS = 30
"""A bracket halved so often is below rounding."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A point on the line: step length, what is known there, slope along the direction."""

    length: float
    point: Point
    slope: float

    @property
    def value(self) -> float:
        """The value, +inf where it is no number."""
        return self.point.value if self.point.is_finite else math.inf


@dataclass(frozen=True, slots=True)
class _Line:
    """φ(α) = f(y + α · direction)."""

    evaluator: Evaluator
    start: Trial
    direction: Tensor

    def at(self, length: float) -> Trial:
        point = self.evaluator.at(self.start.point.y + length * self.direction)
        return Trial(length, point, point.gradient.dot(self.direction).item())

    def descends(self, trial: Trial) -> bool:
        return trial.value <= self.start.value + _DECREASE * trial.length * self.start.slope

    def is_flat(self, trial: Trial) -> bool:
        return abs(trial.slope) <= -_CURVATURE * self.start.slope

    def accepts(self, trial: Trial) -> bool:
        """The strong Wolfe conditions; where rounding hides the decrease, the flatter slope stands
        for it (Hager and Zhang 2005, equation 4.1, which the second condition implies)."""
        rounding = 10.0 * torch.finfo(self.direction.dtype).eps * abs(self.start.value)
        is_level = trial.value <= self.start.value + rounding
        return self.is_flat(trial) and (is_level or self.descends(trial))


def strong_wolfe(
    evaluator: Evaluator, point: Point, direction: Tensor, first: float
) -> Trial | None:
    """A step that satisfies the strong Wolfe conditions, or at least lowers the value.

    Nocedal and Wright 2006, algorithm 3.5, with sufficient decrease 1e-4 and curvature 0.9. A
    value that is not finite counts as +inf, so the search shortens the step. None when nothing
    lower was found.
    """
    start = Trial(0.0, point, point.gradient.dot(direction).item())
    if not start.slope < 0.0:
        return None
    line = _Line(evaluator, start, direction)
    last, length = start, first
    for number in range(_MOST_TRIALS):
        trial = line.at(length)
        if line.accepts(trial):
            return trial
        if not line.descends(trial) or (number > 0 and trial.value >= last.value):
            return _zoom(line, last, trial)
        if trial.slope >= 0.0:
            return _zoom(line, trial, last)
        last, length = trial, _extended(last, trial)
    return last


def _extended(last: Trial, trial: Trial) -> float:
    """The next, longer step: to the cubic's minimum, but 1 to 9 gains further; 9 without one."""
    gain = trial.length - last.length
    least, most = trial.length + gain, trial.length + 9.0 * gain
    lowest = _cubic_minimum(last, trial)
    return most if lowest is None else min(max(lowest, least), most)


def _zoom(line: _Line, low: Trial, high: Trial) -> Trial | None:
    """Shrink the bracket to a step (algorithm 3.6). `low` has the lower value of the two."""
    for _ in range(_MOST_TRIALS):
        width = abs(high.length - low.length)
        if width <= 1e-15 * max(low.length, high.length):
            break
        trial = line.at(_inside(low, high))
        if line.accepts(trial):
            return trial
        if not line.descends(trial) or trial.value >= low.value:
            high = trial
            continue
        if trial.slope * (high.length - low.length) >= 0.0:
            high = low
        low = trial
    return low if low.value < line.start.value else None


def _inside(low: Trial, high: Trial) -> float:
    """The cubic's minimum, kept a tenth of the bracket away from its ends; its middle without one;
    near the lower end where the higher is no number."""
    margin = 0.1 * (high.length - low.length)
    if not math.isfinite(high.value):
        return low.length + margin
    lowest = _cubic_minimum(low, high)
    if lowest is None:
        return low.length + 5.0 * margin
    ends = sorted((low.length + margin, high.length - margin))
    return min(max(lowest, ends[0]), ends[1])


def _cubic_minimum(a: Trial, b: Trial) -> float | None:
    """Of the cubic through two values and slopes (equation 3.59); None when it has none."""
    first = a.slope + b.slope - 3.0 * (a.value - b.value) / (a.length - b.length)
    square = first * first - a.slope * b.slope
    if not square >= 0.0:
        return None
    root = math.copysign(math.sqrt(square), b.length - a.length)
    below = b.slope - a.slope + 2.0 * root
    if below == 0.0:
        return None
    return b.length - (b.length - a.length) * (b.slope + root - first) / below


def projected(evaluator: Evaluator, point: Point, direction: Tensor, first: float) -> Trial | None:
    """A step along the projected path P(y + α · direction) with sufficient decrease.

    Bertsekas 1982, section 2: f ≤ f₀ + 1e-4 · g·(P(y + α d) - y). After a first step that is good
    and still descends steeply, the length doubles as long as the value falls.
    """
    eps = torch.finfo(direction.dtype).eps
    trial = _along_path(evaluator, point, direction, first)
    shortened = False
    for _ in range(_MOST_TRIALS):
        promised = point.gradient.dot(trial.point.y - point.y).item()
        if promised > -eps * abs(point.value):
            return None
        if trial.value <= point.value + _DECREASE * promised:
            break
        shortened = True
        trial = _along_path(evaluator, point, direction, 0.3 * trial.length)
    else:
        return None
    slope = point.gradient.dot(direction).item()
    while not shortened and trial.slope < _CURVATURE * slope and trial.length < 1e10:
        longer = _along_path(evaluator, point, direction, 2.0 * trial.length)
        if longer.value >= trial.value:
            break
        trial = longer
    return trial


def _along_path(evaluator: Evaluator, point: Point, direction: Tensor, length: float) -> Trial:
    reached = evaluator.at(evaluator.project(point.y + length * direction))
    return Trial(length, reached, reached.gradient.dot(direction).item())
