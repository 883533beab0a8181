"""The relaxations of a node: the model without whole numbers, in the node's box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from torch import Generator

from xlcollab.optim.algebra.formulas import Algebra
from xlcollab.optim.algebra.models import box, limits
from xlcollab.optim.algebra.polynomials import Quadratic, is_psd, quadratics
from xlcollab.optim.branching.tree import Array, Node, Relaxed
from xlcollab.optim.linear.model import Program, sparse
from xlcollab.optim.linear.search import Limits
from xlcollab.optim.linear.solving import Repeated
from xlcollab.optim.nonlinear.feasibility import descended
from xlcollab.optim.nonlinear.kkt import conditions
from xlcollab.optim.nonlinear.leaving import OFF_A_BREAK, whole_slope
from xlcollab.optim.nonlinear.sized import SizedModel, Values
from xlcollab.optim.nonlinear.sqp import sqp
from xlcollab.optim.problem import Objective
from xlcollab.optim.starts import within

_STEPS = 200
"""Of one SQP run: a relaxation starts beside the answer of its parent."""
_UNBOUNDED = -1e13
"""Of an objective brought to size one: what falls below it has no end."""
_MOST_STEPS = 100_000
"""Of HiGHS: it ends where it cycles, and no relaxation that is in use needs so many."""
_DRAWS = 2
"""More starts for the violation alone: as many as can be paid for in every node."""
_AGAIN = 3
"""Runs of SQP, each from where the last one ended: conditions that nearly hold then do."""


class Relaxation(Protocol):
    """Solves the continuous model in a box; x in the model's own units, values of size one,
    minimised."""

    def __call__(self, node: Node) -> Relaxed:
        """Raises TimeIsUpError."""
        ...


class Curved:
    """By SQP from where the parent ended; from the least violation where that is not feasible."""

    def __init__(self, model: SizedModel, *, convex: bool = False) -> None:
        self.model = model
        self.ends = model.lower.copy(), model.upper.copy()
        self._draws = 0 if convex else _DRAWS
        self._generator = Generator().manual_seed(model.task.settings.seed)

    def __call__(self, node: Node) -> Relaxed:
        model = self.model
        low, high = self.ends
        model.lower = np.maximum(low, node.lower / model.size)
        model.upper = np.minimum(high, node.upper / model.size)
        try:
            return self._solved(model.clip(node.y / model.size))
        finally:
            model.lower, model.upper = low, high

    def _solved(self, start: Array) -> Relaxed:
        model = self.model
        model.forget()
        y = whole_slope(model, start)
        for number in range(_AGAIN):
            y, _ = sqp(model, y, _STEPS, recorded=False)
            best = model.best
            if best is not None and best.objective < _UNBOUNDED:
                return Relaxed("unbounded", y * model.size)
            here = conditions(model, y)
            if here.hold:
                return Relaxed("solved", y * model.size, model.values(y).objective)
            if best is None and number == 0:
                found = self._nearest(y)
                if not found.feasible:
                    return Relaxed("infeasible", found.y * model.size)
                y = found.y
            elif here.broken:
                y = model.inward(y, OFF_A_BREAK)
        best = model.best
        return Relaxed("unknown", (y if best is None else best.y) * model.size)

    def _nearest(self, y: Array) -> Values:
        """Where the violation is least, from y; and from seeded points of the box, where one
        descent that ends at a violation is no proof that there is none without."""
        model = self.model
        best = descended(model, y)
        for _ in range(self._draws):
            if best.feasible:
                break
            drawn = within(model.clip(model.start), model.lower, model.upper, self._generator)
            best = min(best, descended(model, drawn), key=lambda values: values.missed)
        return best


class Quadratics:
    """By HiGHS, where the objective is convex quadratic and every row is straight."""

    def __init__(self, program: Program, unit: float, left: Callable[[], float]) -> None:
        self._program, self._unit = Repeated(program), unit
        self._left = left
        """Seconds until the run's limit."""

    def __call__(self, node: Node) -> Relaxed:
        limits = Limits(seconds=min(_SECONDS, self._left()), iterations=_MOST_STEPS)
        found = self._program.optimum(node.lower, node.upper, limits)
        if found.ending == "optimal" and found.x is not None:
            return Relaxed(
                "solved", np.clip(found.x, node.lower, node.upper), found.value / self._unit
            )
        if found.ending in ("infeasible", "unbounded"):
            return Relaxed(found.ending, node.y)  # type: ignore[arg-type]
        return Relaxed("unknown", node.y if found.x is None else found.x)


_SECONDS = 5.0
"""For one relaxation: HiGHS' solver for quadratic programs may circle."""


def program_of(objective: Objective, algebra: Algebra, n: int) -> Program | None:
    """The continuous model as a convex quadratic program, or None where it is none."""
    known = quadratics(algebra)
    found = [known[place] for place in algebra.results]
    if any(one is None or one.degree > 1 for one in found[1:]) or found[0] is None:
        return None
    sign = -1.0 if objective.maximize else 1.0
    value = found[0].scaled(sign)
    if not is_psd(value.hessian()):
        return None
    rows = [one for one in found[1:] if one is not None]
    offset = np.array([one.constant for one in rows])
    low, high = limits(objective)
    lower, upper = box(objective, n)
    return Program(
        c=_costs(value, n),
        matrix=sparse(np.array([_costs(one, n) for one in rows]).reshape(len(rows), n)),
        row_lower=low - offset,
        row_upper=high - offset,
        lower=lower,
        upper=upper,
        integer=np.zeros(n, np.bool_),
        hessian=_hessian(value, n),
        offset=value.constant,
    )


def _costs(form: Quadratic, n: int) -> Array:
    costs = np.zeros(n)
    for place, factor in form.linear.items():
        costs[place] = factor
    return costs


def _hessian(form: Quadratic, n: int) -> Array | None:
    if not form.square:
        return None
    matrix = np.zeros((n, n))
    for (i, j), factor in form.square.items():
        matrix[i, j] += factor
        matrix[j, i] += factor
    return sparse(matrix)  # type: ignore[no-any-return]


def fixed(lower: Array, upper: Array, places: Sequence[int], at: Array) -> tuple[Array, Array]:
    """A box, (n,) twice, with some variables held."""
    low, high = lower.copy(), upper.copy()
    low[places] = high[places] = at[places]
    return low, high
