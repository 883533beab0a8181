"""The least violation alone: is there a point that satisfies the rows at all?"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch import Generator, Tensor

from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.loop import Limits, descend
from xlcollab.optim.nonlinear.sized import Array, SizedModel, Values
from xlcollab.optim.problem import Objective
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rules.lm import LevenbergMarquardt
from xlcollab.optim.starts import SIZES, within

_STEPS = 200
"""Of a least-squares method, which needs tens."""
_STILL = 1e-9
"""Of what is missed: five steps that gain less have come to where it is least. Where the rows can
be satisfied nothing stands still before they are."""
_NO_NUMBER = 1e15
"""Of rows of size one: what stands for no number is larger, whatever a row's unit."""
_FAR = (0.1, 1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6)
"""Of variables of size one: how far beyond a flat place is looked."""
_FLAT = 1e-6
"""Of what is missed, per unit of a variable of size one: a slope that would have to go on for so
long tells nothing of where it leads, such as that of a distribution in its tail."""
_DRAWS, _SCREENED = 5, 4
"""Starts, if the first finds no feasible point: each costs a search. Some are drawn, and some are
the best of many at which the rows were asked once."""
_ROUNDS = 3
"""Of plain sizes, each with other signs and shares: a start may be far from all that counts."""


def least_violation(model: SizedModel, start: Array) -> Values:
    """Where the sum of squared misses has its least value, by Levenberg-Marquardt from `start`,
    and from seeded points within the bounds if that misses the rows.

    Raises TimeIsUpError.
    """
    best = descended(model, start)
    generator = Generator().manual_seed(model.task.settings.seed)
    for y in _others(model, best, generator):
        if best.feasible:
            return best
        best = min(best, descended(model, y), key=lambda values: values.missed)
    return best if best.feasible else _beyond_the_flat(model, best, generator)


def _others(model: SizedModel, best: Values, generator: Generator) -> Iterator[Array]:
    """Where else to begin: drawn points, and of points of many sizes and of those around the best
    the ones that miss the rows by least."""
    for _ in range(_DRAWS):
        yield within(model.start, model.lower, model.upper, generator)
    random = np.random.default_rng(model.task.settings.seed)
    pool = [best.y + far * random.normal(size=model.n) for far in (0.01, 0.1, 1.0)]
    for size in SIZES * _ROUNDS:
        share = random.uniform(0.5, 1.5, model.n) * random.choice((-1.0, 1.0, 1.0), model.n)
        pool.append(size * share / model.size)
    seen = [model.values(model.clip(y)) for y in pool]
    known = sorted((one for one in seen if one.missed < _NO_NUMBER), key=lambda one: one.missed)
    for one in known[:_SCREENED]:
        yield one.y


def _beyond_the_flat(model: SizedModel, best: Values, generator: Generator) -> Values:
    """A better end of a descent that begins far away, where what is missed has no slope: there it
    is not least, nothing is known. MAX(0,A1-10) is flat up to 10."""
    _, _, matrix = model.derivatives(best.y)
    gaps = model.missed_by(best.rows)
    if np.abs(matrix[gaps != 0.0]).max(initial=0.0) > _FLAT * np.abs(gaps).max(initial=0.0):
        return best
    ones = np.ones(model.n)
    drawn = torch.randn((2, model.n), generator=generator, dtype=torch.float64).numpy()
    flat = best.missed
    for far, way in itertools.product(_FAR, (ones, -ones, *drawn)):
        there = model.values(model.clip(best.y + far * way))
        if there.missed != flat and there.missed < _NO_NUMBER:
            found = descended(model, there.y)
            best = min(best, there, found, key=lambda values: values.missed)
        if best.feasible:
            break
    return best


def descended(model: SizedModel, start: Array) -> Values:
    """Where one descent of the violation ends. Raises TimeIsUpError."""
    evaluator = Evaluator(_violation(model), torch.as_tensor(start))
    silent = Recorder(0, None, time.perf_counter())
    y = evaluator.project(torch.as_tensor(start))
    limits = Limits(_STEPS, 1e-15, _STILL)
    outcome = descend(LevenbergMarquardt(), evaluator, y, lambda step: 0.0, limits, silent)
    return model.values(outcome.point.y.numpy())


class _Misses:
    """The misses of the rows by the model's own numbers, which a machine may make."""

    def __init__(self, model: SizedModel) -> None:
        self._model = model

    def values(self, x: Array) -> Array | None:
        """The misses at x, (k,); None where a row is no number. Raises TimeIsUpError."""
        found = self._model.values(x)
        return None if found.missed > _NO_NUMBER else self._model.missed_by(found.rows)

    def jacobian(self, x: Array) -> tuple[Array, Array] | None:
        """The misses and their derivatives, (k, n), or None. Raises TimeIsUpError."""
        found, _, matrix = self._model.derivatives(x)
        if found.missed > _NO_NUMBER:
            return None
        gaps = self._model.missed_by(found.rows)
        return gaps, matrix * (gaps != 0.0)[:, None]


class _Squares:
    """The sum of their squares likewise: asked of formulas it took two thirds of a search."""

    descent = None

    def __init__(self, misses: _Misses) -> None:
        self._misses = misses

    def batch(self, points: Array) -> tuple[Array, Array]:
        """Values (B,) and gradients (B, n). Raises TimeIsUpError."""
        known = [self.value_and_gradient(point) for point in points]
        nothing = np.nan, np.full(points.shape[1], np.nan)
        values, slopes = zip(*(nothing if one is None else one for one in known), strict=True)
        return np.array(values), np.array(slopes)

    def value_and_gradient(self, x: Array) -> tuple[float, Array] | None:
        """Σ gap² and its gradient, (n,); None where a row is no number. Raises TimeIsUpError."""
        known = self._misses.jacobian(x)
        if known is None:
            return None
        gaps, matrix = known
        with np.errstate(over="ignore", invalid="ignore"):
            return float(gaps @ gaps), 2.0 * gaps @ matrix

    def value_alone(self, x: Array) -> float | None:
        """Σ gap²; None where a row is no number. Raises TimeIsUpError."""
        gaps = self._misses.values(x)
        return None if gaps is None else float(gaps @ gaps)


def _violation(model: SizedModel) -> Objective:
    """½ Σ of squared misses as an objective of the sized variables."""
    lower, upper = torch.as_tensor(model.row_lower), torch.as_tensor(model.row_upper)
    rows, misses = model.rows_function(), _Misses(model)

    def residuals(y: Tensor) -> Tensor:
        values = rows(y)
        return torch.nan_to_num(values - torch.clamp(values, lower, upper), nan=1e6)

    return Objective(
        function=lambda y: residuals(y).square().sum(),
        residuals=residuals,
        native=_Squares(misses),
        native_residuals=misses,
        lower=torch.as_tensor(model.lower),
        upper=torch.as_tensor(model.upper),
    )
