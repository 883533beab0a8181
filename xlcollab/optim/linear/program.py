"""From an objective with its coefficients to the program HiGHS is given."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.linear.model import Array, LinearModel, Program, sparse
from xlcollab.optim.problem import Objective


def program_of(objective: Objective) -> Program:
    """`objective.linear` with the bounds, limits and integers of `objective`, to be minimised."""
    model = objective.linear
    assert model is not None
    sign = -1.0 if objective.maximize else 1.0
    lower, upper, integer = _columns(objective, model)
    row_lower, row_upper = _rows(objective, model)
    return Program(
        c=sign * model.c,
        matrix=sparse(model.matrix),
        row_lower=row_lower - model.offset,
        row_upper=row_upper - model.offset,
        lower=lower,
        upper=upper,
        integer=integer,
        hessian=None if model.hessian is None else sign * model.hessian,
        offset=sign * model.c0,
    )


def _columns(objective: Objective, model: LinearModel) -> tuple[Array, Array, NDArray[np.bool_]]:
    helpers = model.helpers
    n = len(model.c) - (0 if helpers is None else len(helpers.lower))
    lower, upper = limits(objective.lower, n, -math.inf), limits(objective.upper, n, math.inf)
    integer = np.zeros(n, np.bool_)
    if objective.integer is not None:
        integer = objective.integer.detach().cpu().numpy().astype(np.bool_)
    if helpers is None:
        return lower, upper, integer
    return (
        np.concatenate([lower, helpers.lower]),
        np.concatenate([upper, helpers.upper]),
        np.concatenate([integer, helpers.integer]),
    )


def _rows(objective: Objective, model: LinearModel) -> tuple[Array, Array]:
    helpers = model.helpers
    k = len(model.offset) - (0 if helpers is None else len(helpers.row_lower))
    lower = limits(objective.constraint_lower, k, -math.inf)
    upper = limits(objective.constraint_upper, k, math.inf)
    if helpers is None:
        return lower, upper
    return (
        np.concatenate([lower, helpers.row_lower]),
        np.concatenate([upper, helpers.row_upper]),
    )


def limits(values: Tensor | None, count: int, otherwise: float) -> Array:
    """Limits as an array, `otherwise` where there are none. Shape (count,)."""
    if values is None:
        return np.full(count, otherwise)
    return values.detach().double().cpu().numpy()
