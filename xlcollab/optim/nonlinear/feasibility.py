"""The least violation alone: is there a point that satisfies the rows at all?"""

from __future__ import annotations

import itertools
import time

import numpy as np
import torch
from torch import Generator, Tensor

from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.loop import Limits, descend
from xlcollab.optim.nonlinear.sized import Array, SizedModel, Values
from xlcollab.optim.problem import Objective
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rules.lm import LevenbergMarquardt
from xlcollab.optim.starts import within

_STEPS = 200
"""Of a least-squares method, which needs tens."""
_STILL = 1e-9
"""Of what is missed: five steps that gain less have come to where it is least. Where the rows can
be satisfied nothing stands still before they are."""
_NO_NUMBER = 1e15
"""Of rows of size one: what stands for no number is larger, whatever a row's unit."""
_FAR = (1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6)
"""Of variables of size one: how far beyond a flat place is looked."""
_DRAWS = 8
"""Starts, if the first finds no feasible point: each costs a search."""


def least_violation(model: SizedModel, start: Array) -> Values:
    """Where the sum of squared misses has its least value, by Levenberg-Marquardt from `start`,
    and from seeded points within the bounds if that misses the rows.

    Raises TimeIsUpError.
    """
    best = descended(model, start)
    generator = Generator().manual_seed(model.task.settings.seed)
    for _ in range(_DRAWS):
        if best.feasible:
            break
        y = within(model.start, model.lower, model.upper, generator)
        found = descended(model, y)
        best = min(best, found, key=lambda values: values.missed)
    return best if best.feasible else _beyond_the_flat(model, best, generator)


def _beyond_the_flat(model: SizedModel, best: Values, generator: Generator) -> Values:
    """A better end of a descent that begins far away, where what is missed has no slope: there it
    is not least, nothing is known. MAX(0,A1-10) is flat up to 10."""
    _, _, matrix = model.derivatives(best.y)
    gaps = model.missed_by(best.rows)
    if np.abs(matrix[gaps != 0.0]).max(initial=0.0) > 0.0:
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


def _violation(model: SizedModel) -> Objective:
    """½ Σ of squared misses as an objective of the sized variables."""
    lower, upper = torch.as_tensor(model.row_lower), torch.as_tensor(model.row_upper)
    rows = model.rows_function()

    def residuals(y: Tensor) -> Tensor:
        values = rows(y)
        return torch.nan_to_num(values - torch.clamp(values, lower, upper), nan=1e6)

    return Objective(
        function=lambda y: residuals(y).square().sum(),
        residuals=residuals,
        native_residuals=_Misses(model),
        lower=torch.as_tensor(model.lower),
        upper=torch.as_tensor(model.upper),
    )
