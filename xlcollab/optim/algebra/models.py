"""A model's formulas, and whether they make it convex."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.algebra.curvature import is_convex
from xlcollab.optim.algebra.formulas import Algebra
from xlcollab.optim.algebra.polynomials import quadratics
from xlcollab.optim.problem import Objective, TensorFunction

Array = NDArray[np.float64]


def algebra_of(objective: Objective) -> Algebra | None:
    """Objective and constraints as formulas, in this order; None where they have no such form."""
    if objective.formulas is None:
        return None
    return _written(objective.function, objective.constraints, objective.formulas)


@lru_cache(maxsize=1)
def _written(
    function: TensorFunction,
    constraints: TensorFunction | None,
    formulas: Callable[[TensorFunction], Algebra | None],
) -> Algebra | None:
    """Several parts of one run ask for them, and to write them takes as long as a small run."""

    def everything(x: Tensor) -> Tensor:
        value = function(x).reshape(1)
        return value if constraints is None else torch.cat([value, constraints(x).reshape(-1)])

    return formulas(everything)


def forget_formulas() -> None:
    """A run is over: what its formulas were written of may hold a whole workbook."""
    _written.cache_clear()


def is_convex_model(objective: Objective, n: int, algebra: Algebra | None = None) -> bool:
    """Whether the rules prove that a local optimum of the continuous model is the optimum."""
    algebra = algebra_of(objective) if algebra is None else algebra
    if algebra is None:
        return False
    return is_convex(algebra, box(objective, n), limits(objective), maximize=objective.maximize)


def affine_rows(objective: Objective) -> NDArray[np.bool_] | None:
    """Which constraints are affine by their formulas, (k,); None where they have no such form."""
    algebra = algebra_of(objective)
    if algebra is None:
        return None
    known = quadratics(algebra)
    rows = [known[place] for place in algebra.results[1:]]
    return np.array([one is not None and one.degree <= 1 for one in rows], np.bool_)


def box(objective: Objective, n: int) -> tuple[Array, Array]:
    """The bounds of the variables, (n,) each; infinite where there are none."""
    return _numbers(objective.lower, n, -math.inf), _numbers(objective.upper, n, math.inf)


def limits(objective: Objective) -> tuple[Array, Array]:
    """The limits of the constraints, (k,) each."""
    low, high = objective.constraint_lower, objective.constraint_upper
    count = 0 if low is None else low.numel()
    return _numbers(low, count, -math.inf), _numbers(high, count, math.inf)


def _numbers(values: Tensor | None, n: int, otherwise: float) -> Array:
    if values is None:
        return np.full(n, otherwise)
    return np.asarray(values.detach().double().cpu().numpy(), np.float64)
