"""Linear models, models of whole numbers, and convex quadratic ones; judged by HiGHS (through
scipy) and clarabel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import clarabel
import numpy as np
from numpy.random import Generator
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.solver.battery.case import Array, Case, Row, Text, Truth, linear
from tests.solver.battery.units import measured

_SIGNS = np.array(["<=", ">=", "="])


def _rows(random: Generator, n: int, inside: Array | None) -> tuple[Array, list[str], Array]:
    """Weights (m, n), signs and right sides; a point that is given satisfies them."""
    m = int(random.integers(1, 6))
    weights = random.integers(-5, 10, (m, n)).astype(float)
    weights[random.random((m, n)) < 0.2] = 0.0
    signs = [str(s) for s in random.choice(_SIGNS, m, p=[0.6, 0.3, 0.1])]
    right = random.integers(-10, 40, m).astype(float)
    if inside is not None:
        room = np.array([{"<=": 1.0, ">=": -1.0, "=": 0.0}[s] for s in signs])
        right = weights @ inside + room * random.integers(0, 9, m)
    return weights, signs, right


def _typed(weights: Array, signs: Sequence[str], right: Array) -> list[Row]:
    pairs = zip(weights, signs, right, strict=True)
    return [Row(Text(linear(w)), sign, float(value)) for w, sign, value in pairs]


def _limits(signs: Sequence[str], right: Array) -> tuple[Array, Array]:
    low = np.array([-math.inf if s == "<=" else v for s, v in zip(signs, right, strict=True)])
    high = np.array([math.inf if s == ">=" else v for s, v in zip(signs, right, strict=True)])
    return low, high


def _judge(
    cost: Array, rows: tuple[Array, list[str], Array], bounds: Bounds, whole: Array
) -> Truth:
    """What HiGHS knows; a model that may be either is settled by asking without the objective."""
    weights, signs, right = rows
    limits = LinearConstraint(weights, *_limits(signs, right))
    found = milp(cost, constraints=limits, bounds=bounds, integrality=whole)
    if found.status == 0:
        return Truth("optimum", float(found.fun))
    empty = milp(0.0 * cost, constraints=limits, bounds=bounds, integrality=whole)
    return Truth("unbounded" if empty.status == 0 else "infeasible")


def lp(random: Generator) -> Case:
    """A linear model of whatever fate."""
    return _linear(random, "lp", np.zeros(0))


def mip(random: Generator) -> Case:
    """The same with whole numbers, some of them 0 or 1."""
    return _linear(random, "mip", np.ones(1))


def _linear(random: Generator, kind: str, some: Array) -> Case:
    n = int(random.integers(1, 8))
    whole = (random.random(n) < 0.6).astype(float) if some.size else np.zeros(n)
    inside = random.integers(0, 6, n).astype(float)
    known = random.random() < 0.7
    rows = _rows(random, n, inside if known else None)
    lower = np.where(random.random(n) < 0.85, 0.0, -math.inf)
    upper = np.where(random.random(n) < 0.5, random.integers(5, 30, n).astype(float), math.inf)
    if some.size:
        lower = np.where(whole > 0, np.maximum(lower, -20.0), lower)
        upper = np.where(whole > 0, np.minimum(upper, 50.0), upper)
    cost = random.integers(-5, 12, n).astype(float)
    cost[0] += not cost.any()  # an objective without a variable is refused by name
    maximize = bool(random.random() < 0.4)
    truth = _judge(-cost if maximize else cost, rows, Bounds(lower, upper), whole)
    if maximize and truth.known == "optimum":
        truth = Truth("optimum", -truth.value)
    case = Case(
        kind=kind,
        objective=Text(linear(cost, float(random.integers(-9, 9)))),
        sense="maximize" if maximize else "minimize",
        start=[float(v) for v in random.integers(0, 5, n)],
        truth=truth,
        rows=_typed(*rows),
        lower=lower.tolist(),
        upper=upper.tolist(),
        integer=[int(i) for i in np.flatnonzero(whole)],
    )
    assert case.objective is not None
    shift = case.objective.at([0.0] * n)
    shifted = Truth(truth.known, truth.value + shift)
    return measured(random, case, shifted)


def quadratic(random: Generator) -> Case:
    """|F(x − c)|² + d·x under rows; of low rank now and then, so without an end, too."""
    n = int(random.integers(1, 6))
    rank = n if random.random() < 0.7 else max(1, n - 1)
    factor = random.integers(-3, 4, (rank, n)).astype(float) + 0.5 * np.eye(rank, n)
    centre = random.integers(-4, 5, n).astype(float)
    drift = random.integers(-3, 4, n).astype(float) * (random.random() < 0.5)
    inside = random.integers(-3, 4, n).astype(float) if random.random() < 0.8 else None
    rows = _rows(random, n, inside)
    squares = [f"({linear(row, -float(row @ centre))})^2" for row in factor]
    text = "+".join(squares) + "+" + linear(drift)
    maximize = bool(random.random() < 0.3)
    truth = _by_clarabel(factor, centre, drift, rows)
    if maximize and truth.known == "optimum":
        truth = Truth("optimum", -truth.value)
    case = Case(
        kind="qp",
        objective=Text(f"0-({text})" if maximize else text),
        sense="maximize" if maximize else "minimize",
        start=[float(v) for v in random.integers(-5, 6, n)],
        truth=truth,
        rows=_typed(*rows),
    )
    return measured(random, case, truth)


def _by_clarabel(
    factor: Array, centre: Array, drift: Array, rows: tuple[Array, list[str], Array]
) -> Truth:
    weights, signs, right = rows
    square = 2.0 * factor.T @ factor
    straight = drift - square @ centre
    order = np.argsort([s != "=" for s in signs], kind="stable")
    turned = np.array([-1.0 if s == ">=" else 1.0 for s in signs])[order]
    equal = sum(s == "=" for s in signs)
    cones = [clarabel.ZeroConeT(equal), clarabel.NonnegativeConeT(len(signs) - equal)]
    matrix = sparse.csc_matrix(weights[order] * turned[:, None])
    limits = right[order] * turned
    for equilibrated in (True, False):
        settings = clarabel.DefaultSettings()
        settings.verbose, settings.equilibrate_enable = False, equilibrated
        found = clarabel.DefaultSolver(
            sparse.csc_matrix(np.triu(square)), straight, matrix, limits, cones, settings
        ).solve()
        word = str(found.status)
        if word != "AlmostSolved":
            break
    if word.endswith("PrimalInfeasible"):
        return Truth("infeasible")
    if word.endswith("DualInfeasible"):
        return Truth("unbounded")
    assert word == "Solved", word
    return Truth("optimum", float(found.obj_val + (factor @ centre) @ (factor @ centre)))
