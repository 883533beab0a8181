"""Linear models: recognised by sampling, solved by HiGHS through scipy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from torch import Generator, Tensor

from xlcollab.optim.jacobian import jacobian
from xlcollab.optim.problem import LinearModel, Objective, TensorFunction
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

Array = NDArray[np.float64]

_SPREADS = (1.0, 1e-3, 1e3)
_AGREEMENT = 1e-9


@dataclass(frozen=True, slots=True)
class LinearOutcome:
    """What HiGHS found. `x` is None where there is no solution."""

    x: Array | None
    multipliers: Array
    """(k,): change of the objective per unit of a constraint's limit; 0 for integer models."""
    iterations: int
    stop: Stop


def detect_linear(
    function: TensorFunction,
    constraints: TensorFunction | None,
    n: int,
    generator: Generator,
) -> LinearModel | None:
    """The coefficients of a model that is affine in its n variables, or None.

    Derivatives are compared at random points of three sizes and at their mirror images, in
    float64. Functions that are affine in pieces (IF, MAX) may pass where the pieces lie off these
    points: the caller vouches for smoothness.
    """
    cost = _affine(lambda x: function(x).reshape(1), n, generator)
    if cost is None:
        return None
    rows = (np.zeros((0, n)), np.zeros(0))
    if constraints is not None:
        found = _affine(constraints, n, generator)
        if found is None:
            return None
        rows = found
    return LinearModel(c=cost[0][0], c0=float(cost[1][0]), matrix=rows[0], offset=rows[1])


def _affine(function: TensorFunction, n: int, generator: Generator) -> tuple[Array, Array] | None:
    """(matrix, offset) of an affine function, or None."""
    samples = []
    for spread in _SPREADS:
        side = spread * torch.randn(n, generator=generator, dtype=torch.float64)
        for x in (side, -side):
            values, rows = jacobian(function, x)
            samples.append((values, rows, rows @ x, rows.abs() @ x.abs()))
    rows = samples[0][1]
    offset = 0.5 * (samples[2][0] + samples[3][0])
    for values, others, products, sizes in samples:
        if not bool(torch.isfinite(others).all() & torch.isfinite(values).all()):
            return None
        if not torch.allclose(others, rows, rtol=_AGREEMENT, atol=1e-12):
            return None
        error = (values - products - offset).abs()
        if bool((error > _AGREEMENT * (1.0 + sizes + offset.abs())).any()):
            return None
    return rows.numpy(), offset.numpy()


def solve_linear(objective: Objective) -> LinearOutcome:
    """The optimum of `objective.linear` under the bounds, limits and integers of `objective`."""
    model = objective.linear
    assert model is not None
    lower, upper = _limits(objective.lower, objective.upper, len(model.c))
    row_lower, row_upper = _limits(
        objective.constraint_lower, objective.constraint_upper, len(model.offset)
    )
    problem = _Problem(
        c=-model.c if objective.maximize else model.c,
        matrix=model.matrix,
        row_lower=row_lower - model.offset,
        row_upper=row_upper - model.offset,
        lower=lower,
        upper=upper,
    )
    if bool((problem.lower > problem.upper).any() or (row_lower > row_upper).any()):
        return _ended(problem, Stop(Status.INFEASIBLE, "A lower limit lies above its upper one."))
    if objective.has_integers:
        assert objective.integer is not None
        return _solve_integer(problem, objective.integer.cpu().numpy().astype(np.uint8))
    return _solve_continuous(problem, -1.0 if objective.maximize else 1.0)


@dataclass(frozen=True, slots=True)
class _Problem:
    """min c·x with row_lower ≤ matrix·x ≤ row_upper and lower ≤ x ≤ upper."""

    c: Array
    matrix: Array
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array


def _solve_continuous(problem: _Problem, sign: float) -> LinearOutcome:
    equal = problem.row_lower == problem.row_upper
    above = ~equal & np.isfinite(problem.row_upper)
    below = ~equal & np.isfinite(problem.row_lower)
    matrix = problem.matrix
    result = linprog(
        problem.c,
        A_ub=np.concatenate([matrix[above], -matrix[below]]),
        b_ub=np.concatenate([problem.row_upper[above], -problem.row_lower[below]]),
        A_eq=matrix[equal],
        b_eq=problem.row_lower[equal],
        bounds=np.stack([problem.lower, problem.upper], axis=1),
        method="highs",
    )
    if result.x is None or result.status != 0:
        return _ended(problem, _failure(problem, result, np.zeros(len(problem.c), np.uint8)))
    multipliers = np.zeros(len(matrix))
    marginals = result.ineqlin.marginals
    multipliers[above] += marginals[: above.sum()]
    multipliers[below] -= marginals[above.sum() :]
    multipliers[equal] = result.eqlin.marginals
    return LinearOutcome(result.x, sign * multipliers, int(result.nit), _OPTIMAL)


def _solve_integer(problem: _Problem, integrality: NDArray[np.uint8]) -> LinearOutcome:
    result = _milp(problem, problem.c, integrality)
    if result.x is None or result.status != 0:
        return _ended(problem, _failure(problem, result, integrality))
    x = np.where(integrality > 0, np.round(result.x), result.x)
    nodes = int(result.mip_node_count or 0)
    return LinearOutcome(x, np.zeros(len(problem.matrix)), nodes, _OPTIMAL)


def _milp(problem: _Problem, c: Array, integrality: NDArray[np.uint8]) -> Any:
    rows = LinearConstraint(problem.matrix, problem.row_lower, problem.row_upper)
    return milp(
        c,
        integrality=integrality,
        bounds=Bounds(problem.lower, problem.upper),
        constraints=rows if len(problem.matrix) else None,
        options={"mip_rel_gap": 0.0},
    )


_OPTIMAL = Stop(Status.OPTIMAL, "HiGHS proved this optimum.")


def _failure(problem: _Problem, result: Any, integrality: NDArray[np.uint8]) -> Stop:
    """Infeasible, unbounded or at a limit; HiGHS's presolve may leave open which of the first two,
    so a model without costs is asked."""
    if result.status == 1:
        return Stop(Status.ITERATION_LIMIT, str(result.message))
    if result.status == 2:
        return Stop(Status.INFEASIBLE, "HiGHS proved it.")
    feasible = _milp(problem, np.zeros_like(problem.c), integrality).x is not None
    return Stop(Status.UNBOUNDED if feasible else Status.INFEASIBLE, "HiGHS proved it.")


def _ended(problem: _Problem, stop: Stop) -> LinearOutcome:
    return LinearOutcome(None, np.zeros(len(problem.matrix)), 0, stop)


def _limits(lower: Tensor | None, upper: Tensor | None, n: int) -> tuple[Array, Array]:
    return _limit(lower, n, -math.inf), _limit(upper, n, math.inf)


def _limit(values: Tensor | None, n: int, otherwise: float) -> Array:
    if values is None:
        return np.full(n, otherwise)
    return values.detach().double().cpu().numpy()
