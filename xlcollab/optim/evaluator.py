"""The one place where the objective is called: value, gradient, penalty and violation at a point.

Rules move y; the model sees x = scale · y. A maximised objective changes its sign here, so that
every rule minimises.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from xlcollab.optim.problem import Objective, TensorFunction


@dataclass(frozen=True, slots=True)
class Point:
    """What is known at one place of the variables that the rules move."""

    y: Tensor
    """(n,)"""
    value: float
    """What is minimised: the signed objective, its penalty and the Lagrangian's terms."""
    gradient: Tensor
    """Of `value` by y, (n,)."""
    gradient_norm: float
    """Euclidean, of `value` by x."""
    objective: float
    """The model's own value in its own sign."""
    penalty: float
    violation: float

    @property
    def is_finite(self) -> bool:
        """Whether value and gradient are numbers."""
        return math.isfinite(self.value) and math.isfinite(self.gradient_norm)


@dataclass(frozen=True, slots=True)
class Lagrangian:
    """The terms that hold constraints lower ≤ c(x) ≤ upper in an augmented Lagrangian.

    With t = w·c(x) + λ/ρ and p its projection on [w·lower, w·upper], the term is ρ/2 · ‖t - p‖²
    and the next multipliers are ρ · (t - p): the form of Powell, Hestenes and Rockafellar for
    equalities, inequalities and ranges at once (Nocedal and Wright 2006, section 17.4).
    """

    multipliers: Tensor
    """λ, (k,)."""
    penalty: float
    """ρ."""
    weight: Tensor
    """w, (k,): brings the constraints to comparable size."""
    lower: Tensor
    upper: Tensor

    def excess(self, constraints: Tensor) -> Tensor:
        """t - p, (k,)."""
        shifted = constraints * self.weight + self.multipliers / self.penalty
        return shifted - torch.clamp(shifted, self.lower * self.weight, self.upper * self.weight)

    def term(self, constraints: Tensor) -> Tensor:
        """What is added to the objective."""
        return 0.5 * self.penalty * self.excess(constraints).square().sum()

    def violation(self, constraints: Tensor) -> Tensor:
        """The largest amount by which a limit is missed, in the constraint's own unit."""
        return (constraints - torch.clamp(constraints, self.lower, self.upper)).abs().max()


class Evaluator:
    """Evaluates an objective and counts. `evaluations` is shared by all views of one run."""

    def __init__(self, objective: Objective, start: Tensor, l2: float = 0.0) -> None:
        self.objective = objective
        self.l2 = l2
        self.scale: Tensor | None = None
        self.lagrangian: Lagrangian | None = None
        self.lower = _like(start, objective.lower)
        self.upper = _like(start, objective.upper)
        self._sign = -1.0 if objective.maximize else 1.0
        self._count = [0]
        self._batched = [True]

    @property
    def evaluations(self) -> int:
        """How often the objective or its residuals were computed."""
        return self._count[0]

    def scaled(self, scale: Tensor) -> Evaluator:
        """The same evaluator in the variables y = x / scale, all scales above 0."""
        view = self._copy()
        view.scale = scale
        view.lower = None if self.lower is None else self.lower / scale
        view.upper = None if self.upper is None else self.upper / scale
        return view

    def constrained(self, lagrangian: Lagrangian) -> Evaluator:
        """The same evaluator with the terms of an augmented Lagrangian."""
        view = self._copy()
        view.lagrangian = lagrangian
        return view

    def _copy(self) -> Evaluator:
        view = object.__new__(Evaluator)
        view.__dict__.update(self.__dict__)
        return view

    @property
    def has_bounds(self) -> bool:
        """Whether `project` may move a point."""
        return self.lower is not None or self.upper is not None

    def project(self, y: Tensor) -> Tensor:
        """The nearest point within the bounds."""
        return torch.clamp(y, self.lower, self.upper) if self.has_bounds else y

    def to_x(self, y: Tensor) -> Tensor:
        """The model's variables."""
        return y if self.scale is None else y * self.scale

    def to_y(self, x: Tensor) -> Tensor:
        """The variables that the rules move."""
        return x if self.scale is None else x / self.scale

    def at(self, y: Tensor) -> Point:
        """Value and gradient at y."""
        self._count[0] += 1
        y = y.detach()
        leaf = y.clone().requires_grad_()
        with torch.enable_grad():
            x = self.to_x(leaf)
            objective = self.objective.function(x)
            merit = objective * self._sign
            penalty = violation = 0.0
            if self.lagrangian is not None and self.objective.constraints is not None:
                constraints = self.objective.constraints(x)
                merit = merit + self.lagrangian.term(constraints)
                violation = self.lagrangian.violation(constraints.detach()).item()
            gradient = gradient_of(merit, leaf)
        value = merit.item()
        if self.l2:
            x = x.detach()
            penalty = 0.5 * self.l2 * x.dot(x).item()
            value += penalty
            by_y = x if self.scale is None else x * self.scale
            gradient = gradient.add(by_y, alpha=self.l2)
        by_x = gradient if self.scale is None else gradient / self.scale
        return Point(
            y=y,
            value=value,
            gradient=gradient,
            gradient_norm=torch.linalg.vector_norm(by_x).item(),
            objective=objective.item(),
            penalty=penalty,
            violation=violation,
        )

    def residuals(self, y: Tensor) -> Tensor:
        """The residuals at y, (m,), without derivatives."""
        self._count[0] += 1
        with torch.no_grad():
            return self._residuals(self.to_x(y.detach()))

    def residuals_and_jacobian(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The residuals at y, (m,), and their derivatives by y, (m, n)."""
        self._count[0] += 1
        return jacobian(lambda y: self._residuals(self.to_x(y)), y, self._batched)

    def _residuals(self, x: Tensor) -> Tensor:
        assert self.objective.residuals is not None
        return self.objective.residuals(x)


def without_gradient(point: Point) -> Point:
    """The point with its gradient set to 0: at an exact fit a root has none."""
    return replace(point, gradient=torch.zeros_like(point.gradient), gradient_norm=0.0)


def gradient_of(value: Tensor, leaf: Tensor) -> Tensor:
    """d value / d leaf; 0 where the value does not depend on it."""
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (gradient,) = torch.autograd.grad(value, leaf, allow_unused=True)
    return torch.zeros_like(leaf) if gradient is None else gradient


_ROWS_AT_ONCE = 512


def jacobian(
    function: TensorFunction, y: Tensor, batched: list[bool] | None = None
) -> tuple[Tensor, Tensor]:
    """`function` at y, (m,), and its derivatives, (m, n).

    The backward pass runs for many rows at once, and row by row where an operation of `function`
    cannot be batched; `batched` (one flag) remembers that between calls.
    """
    batched = [True] if batched is None else batched
    leaf = y.detach().clone().requires_grad_()
    with torch.enable_grad():
        values = function(leaf)
    if not values.requires_grad or values.numel() == 0:
        return values.detach(), leaf.new_zeros(values.numel(), leaf.numel())
    rows: Tensor | None = None
    if batched[0]:
        rows = _batched_rows(values, leaf)
        batched[0] = rows is not None
    if rows is None:
        rows = torch.stack([_row(value, leaf) for value in values])
    return values.detach(), rows


def _batched_rows(values: Tensor, leaf: Tensor) -> Tensor | None:
    identity = torch.eye(values.numel(), dtype=values.dtype, device=values.device)
    try:
        with warnings.catch_warnings():  # torch warns where batching an operation is merely slow
            warnings.simplefilter("ignore")
            blocks = [
                torch.autograd.grad(
                    values,
                    leaf,
                    block,
                    retain_graph=True,
                    allow_unused=True,
                    is_grads_batched=True,
                )[0]
                for block in torch.split(identity, _ROWS_AT_ONCE)
            ]
    except (RuntimeError, NotImplementedError):
        return None
    return torch.cat(
        [leaf.new_zeros(len(identity), leaf.numel()) if b is None else b for b in blocks]
    )


def _row(value: Tensor, leaf: Tensor) -> Tensor:
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (row,) = torch.autograd.grad(value, leaf, retain_graph=True, allow_unused=True)
    return torch.zeros_like(leaf) if row is None else row


def _like(start: Tensor, values: Tensor | None) -> Tensor | None:
    return None if values is None else values.to(start)
