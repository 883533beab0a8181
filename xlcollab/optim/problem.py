"""What is to be minimised or maximised, as plain functions of one vector of variables.

Nothing here knows of sheets. n is the number of variables, m of residuals, k of constraints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.optim.algebra.formulas import Algebra
from xlcollab.optim.linear.model import LinearModel

TensorFunction = Callable[[Tensor], Tensor]
FEASIBLE = 1e-6
"""A constraint of size one that misses its limit by no more than this holds: the precision of
Excel's Solver."""


Shape = Literal["smooth", "kinks", "steps"]


class Steps(Protocol):
    """Good steps in order, and the point at which the machine gave up, if it did."""

    @property
    def ys(self) -> NDArray[np.float64]:
        """The points, (k, n)."""
        ...

    @property
    def gradients(self) -> NDArray[np.float64]:
        """By the points, (k, n)."""
        ...

    @property
    def rows(self) -> NDArray[np.float64]:
        """What is minimised, the model's value, the penalty and the gradient's norm, (k, 4)."""
        ...

    @property
    def failed(self) -> NDArray[np.float64] | None:
        """The next point, (n,), where there is no number; None if all went well."""
        ...


class Descent(Protocol):
    """A first-order run in the machine."""

    def advance(
        self, y: NDArray[np.float64], slope: NDArray[np.float64], rates: NDArray[np.float64]
    ) -> Steps:
        """One step for each rate, from y with the gradient `slope`."""
        ...


class Native(Protocol):
    """A machine that knows the objective as a program; float64 on the CPU."""

    def batch(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values (B,) and gradients (B, n) at the rows of `points`; NaN where it has no answer."""
        ...

    def value_and_gradient(
        self, x: NDArray[np.float64]
    ) -> tuple[float, NDArray[np.float64]] | None:
        """The objective in its own sign and its gradient, (n,); None where it has no answer."""
        ...

    def value_alone(self, x: NDArray[np.float64]) -> float | None:
        """The objective in its own sign; None where it has no answer."""
        ...

    @property
    def descent(self) -> Callable[..., Descent] | None:
        """Makes a first-order run, see `native`; None where the rules' own steps are as quick."""
        ...


class NativeSquares(Protocol):
    """The same for residuals."""

    def values(self, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """The residuals at x, (m,), or None."""
        ...

    def jacobian(
        self, x: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The residuals and their derivatives, (m, n), or None."""
        ...


@runtime_checkable
class NativeRows(NativeSquares, Protocol):
    """The same for objective and constraints."""

    def pulled(
        self, x: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """The gradient by x, (n,), of the residuals' sum with these weights (m,), or None."""
        ...

    def many(
        self, points: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """At the rows of `points` (B, n) `pulled` with a row of `weights` (B, m) each, and behind
        it the residuals, (B, n + m); NaN where there is no answer."""
        ...


class NativeCurves(Protocol):
    """The residuals' derivatives and those of their slopes."""

    def at(
        self, x: NDArray[np.float64], residuals: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The Jacobian (m, n) and Σ rᵢ ∇²rᵢ (n, n), of which half the Hessian of the sum of squares
        is JᵀJ and the second; or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A function of n variables with its bounds and constraints.

    The values of `maximize` models keep their own sign everywhere a user sees them (history,
    solution, multipliers); the change of sign happens inside the evaluator.
    """

    function: TensorFunction
    """(n,) → scalar, differentiable by autograd."""
    native: Native | None = None
    """The same for machines: asked first where it is given."""
    native_residuals: NativeSquares | None = None
    """`residuals` for machines, likewise."""
    native_curves: NativeCurves | None = None
    """`residuals` with second derivatives."""
    maximize: bool = False
    residuals: TensorFunction | None = None
    """(n,) → (m,): given when `function` grows with the sum of their squares and with nothing
    else, so that the least-squares solution minimises `function`."""
    lower: Tensor | None = None
    """Lower bounds (n,); -inf where there is none."""
    upper: Tensor | None = None
    """Upper bounds (n,); +inf where there is none."""
    constraints: TensorFunction | None = None
    """(n,) → (k,): values held between `constraint_lower` and `constraint_upper`."""
    constraint_lower: Tensor | None = None
    constraint_upper: Tensor | None = None
    integer: Tensor | None = None
    """Bool (n,): which variables must be whole numbers."""
    linear: LinearModel | None = None
    """The same model as coefficients, when it is known to be linear."""
    alldifferent: tuple[NDArray[np.int64], ...] = ()
    """Groups of variables that are permutations of 1 … their number."""
    shape: Shape = "smooth"
    """What objective and constraints hold that depends on the variables: nothing but smooth
    functions, kinks (MAX, ABS), or steps (ROUND, IF, look-ups)."""
    roots: bool = False
    """Whether they hold roots, which are smooth but where they are 0."""
    differentiable: bool = True
    """Whether every function has a derivative; where it has none, 0 is taken for it."""
    machine: Callable[[TensorFunction], Native | None] | None = None
    """Makes a native program of a function of the variables."""
    machine_rows: Callable[[TensorFunction], NativeRows | None] | None = None
    """Makes a native program of a function with several values, (n,) → (m,)."""
    formulas: Callable[[TensorFunction], Algebra | None] | None = None
    """Writes a function of the variables, (n,) → (k,), as formulas; None where it has no such
    form."""
    culprit: Callable[[frozenset[str]], str] | None = None
    """Names what holds an operation that is none of these, or no formula at all; "" if nothing."""
    fan_in: Tensor | None = None
    """(n,): how many products are added where a variable is used, for `init="kaiming"`; n when
    not given."""

    def __post_init__(self) -> None:
        if self.constraints is None:
            return
        if self.constraint_lower is None or self.constraint_upper is None:
            raise UsageError(
                "constraints need both constraint_lower and constraint_upper (±inf for no limit)"
            )

    @property
    def has_bounds(self) -> bool:
        """Whether a variable has a lower or an upper bound."""
        return self.lower is not None or self.upper is not None

    @property
    def has_integers(self) -> bool:
        """Whether a variable must be a whole number."""
        return self.integer is not None and bool(self.integer.any())
