"""The conditions of Karush, Kuhn and Tucker at a point, and the multipliers that fit best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.optim.nonlinear.sized import Array, SizedModel
from xlcollab.optim.problem import FEASIBLE

_ON_A_BOUND = 1e-9
"""Variables are put on bounds exactly; what is left is rounding."""
_ON_A_LIMIT = 1e-5
"""Ten times Excel's precision, to which rows hold."""
_ENDLESS = 1e100
"""Of an objective of size one: where it runs away its slope has no square."""
STATIONARY = 1e-6
"""Excel's default precision."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How far gradient − Σ multiplier · row is from 0, with multipliers of the right sign."""

    residual: float
    """Euclidean norm relative to max(1, norm of the gradient)."""
    multipliers: Array
    """(k,), 0 for rows that do not bind; the gain in size-one units."""
    missed: float
    slope: float
    """The norm of the objective's own gradient."""
    vertex: bool
    """Whether as many rows and bounds press as there are variables: no direction is left."""
    broken: bool = False
    """Whether the slopes are those beside the point, because at it they break off."""

    @property
    def hold(self) -> bool:
        return self.missed <= FEASIBLE and self.residual <= STATIONARY


def conditions(model: SizedModel, y: Array) -> Conditions:
    """The conditions at y: a row or bound within reach may press, with the sign of its side."""
    values, gradient, matrix = model.derivatives(y)
    inside = model.slopes_inside(y, gradient, matrix)
    gradient, matrix = (gradient, matrix) if inside is None else inside
    if np.abs(gradient).max() > _ENDLESS:
        nothing = np.zeros(len(values.rows))
        return Conditions(math.inf, nothing, values.missed, math.inf, vertex=False)
    low = values.rows <= model.row_lower + _ON_A_LIMIT
    high = values.rows >= model.row_upper - _ON_A_LIMIT
    binding = np.flatnonzero(low | high)
    below = y <= model.lower + _ON_A_BOUND * (1.0 + np.abs(y))
    above = y >= model.upper - _ON_A_BOUND * (1.0 + np.abs(y))
    bounds = np.flatnonzero(below | above)
    columns = np.concatenate([matrix[binding], np.eye(model.n)[bounds]]).T
    least = np.concatenate([np.where(high[binding], -np.inf, 0.0), _side(above[bounds], -np.inf)])
    most = np.concatenate([np.where(low[binding], np.inf, 0.0), _side(below[bounds], np.inf)])
    slope = float(np.linalg.norm(gradient))
    multipliers = np.zeros(len(values.rows))
    rest = gradient
    pressing = 0
    if columns.shape[1]:
        from scipy.optimize import lsq_linear  # a quarter of a second, which most runs never need

        with np.errstate(over="ignore", invalid="ignore"):  # slopes of very different sizes
            fit = np.nan_to_num(lsq_linear(columns, gradient, (least, most), tol=1e-14).x)
        multipliers[binding] = fit[: len(binding)]
        rest = gradient - columns @ fit
        held = columns[:, np.abs(fit) > STATIONARY]
        pressing = (
            int(np.linalg.matrix_rank(held)) if held.size else 0
        )  # before numpy 2.4 it raises
    residual = float(np.linalg.norm(rest)) / max(1.0, slope)
    corner, broken = pressing >= model.n, inside is not None
    return Conditions(residual, multipliers, values.missed, slope, corner, broken)


def _side(mask: NDArray[np.bool_], limit: float) -> Array:
    return np.where(mask, limit, 0.0)
