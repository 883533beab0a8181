"""A model as coefficients: what HiGHS can take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Sparse = Any
"""A scipy.sparse.csr_array of float64; scipy has no types."""


Measure = Literal["value", "square", "distance"]
"""The sheet's objective itself; its square (of a root that is minimised); the distance to the value
that it should have, which is what "value of" minimises."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Helpers:
    """Columns and rows beside the model's own, by which kinks and steps become straight lines.

    a columns behind the n variables, r rows behind the k constraints.
    """

    lower: Array
    upper: Array
    integer: NDArray[np.bool_]
    row_lower: Array
    row_upper: Array
    story: str = ""
    """What was rewritten, for the message: "MAX and 3 IF"."""
    edge: float = 0.0
    """How far a step is kept from its jump; 0 where the rows allow all that the sheet allows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearModel:
    """An objective ½ x·hessian·x + c·x + c0 and affine constraints matrix·x + offset, in float64.

    The limits of the variables and of the constraints stay in the `Objective` that holds it. With
    helpers, x stands for the n variables and the a columns behind them.
    """

    c: Array
    """Costs, shape (n + a,)."""
    c0: float
    matrix: Sparse
    """Coefficients of the constraints and of the helpers' rows, shape (k + r, n + a)."""
    offset: Array
    """Constants of the constraints, shape (k + r,)."""
    helpers: Helpers | None = None
    hessian: Sparse | None = None
    """Second derivatives of the objective, (n + a, n + a); None for a linear one."""
    measure: Measure = "value"
    """What the objective stands for, where the sheet's own is another one that falls with it."""
    unit: float = 1.0
    """The size of the value that a distance is measured to."""
    inside: bool = False
    """Whether it stands for the sheet only where the variables are whole and within bounds."""
    stricter: Callable[[], LinearModel | None] | None = None
    """Makes the same model with its steps kept off their jumps: where they touch, the rows allow
    either side, and the sheet only one."""
    loose: Callable[[], LinearModel | None] | None = None
    """Makes the same model with helpers that rely on none of its rows, so that rows can be left
    out: for questions about an infeasible one."""

    @property
    def kind(self) -> str:
        """The model in a word or two."""
        if self.hessian is not None:
            return "convex quadratic"
        if self.helpers is None or not self.helpers.story:
            return "linear"
        return f"linear in pieces ({self.helpers.story} rewritten)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """min ½ x·hessian·x + c·x with row_lower ≤ matrix·x ≤ row_upper, lower ≤ x ≤ upper, and whole
    numbers where `integer` says so."""

    c: Array
    matrix: Sparse
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    integer: NDArray[np.bool_]
    hessian: Sparse | None = None
    offset: float = 0.0
    """Added to the objective: what is relative, such as a gap, is so to the whole."""

    @property
    def columns(self) -> int:
        """How many unknowns."""
        return len(self.c)

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.row_lower)

    def crossed(self) -> bool:
        """Whether a lower limit lies above its upper one."""
        bounds = (self.lower > self.upper).any()
        return bool(bounds or (self.row_lower > self.row_upper).any())

    def value(self, x: Array) -> float:
        """The objective at x."""
        curved = 0.0 if self.hessian is None else 0.5 * float(x @ (self.hessian @ x))
        return float(self.c @ x) + curved + self.offset

    def violation(self, x: Array) -> float:
        """By how much x misses a row or a bound, at most; 0 where it misses none."""
        values = self.matrix @ x
        missed = [values - self.row_upper, self.row_lower - values, x - self.upper, self.lower - x]
        return max(0.0, *(float(part.max(initial=0.0)) for part in missed))


def sparse(values: Any) -> Sparse:
    """A matrix as rows of its numbers that are not 0."""
    return csr_array(np.asarray(values, np.float64) if isinstance(values, np.ndarray) else values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scales:
    """Powers of two that bring a program to size one: x = columns · x', rows multiplied by `rows`,
    the objective by `objective`."""

    columns: Array
    rows: Array
    objective: float
