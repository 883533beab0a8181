"""Objective and constraints together, as plain numbers: by the machine where it knows them, else by
the functions themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.jacobian import Differentiator
from xlcollab.optim.problem import NativeRows, Objective

Array = NDArray[np.float64]


class Raw:
    """x (n,) ↦ what is minimised, then the constraints, (1 + k,), in the model's own units."""

    def __init__(self, objective: Objective, l2: float) -> None:
        self.objective, self.l2 = objective, l2
        self._differentiator = Differentiator()
        self._native: NativeRows | None = None
        self._asked = False

    def of(self, objective: Objective) -> Raw:
        """The same, where only bounds or what is whole differ: a program is made once."""
        old = self.objective
        same = old.function is objective.function and old.constraints is objective.constraints
        same &= old.maximize == objective.maximize and old.native is objective.native
        return self if same else Raw(objective, self.l2)

    def __call__(self, x: Tensor) -> Tensor:
        """Differentiable by autograd."""
        objective = self.objective
        value = objective.function(x).reshape(1)
        value = -value if objective.maximize else value
        if self.l2:
            value = value + 0.5 * self.l2 * x.dot(x)
        if objective.constraints is None:
            return value
        return torch.cat([value, objective.constraints(x)])

    def values(self, x: Tensor) -> Array:
        """The numbers at x, which may be no numbers. Shape (1 + k,)."""
        alone = self._value_alone(x)
        if alone is not None:
            return alone
        native = self.program()
        found = None if native is None else native.values(x.detach().numpy())
        if found is not None:
            return found
        with torch.no_grad():
            return _numpy(self(x))

    def jacobian(self, x: Tensor) -> tuple[Array, Array]:
        """The numbers at x, (1 + k,), and their derivatives, (1 + k, n)."""
        alone = self._alone(x)
        if alone is not None:
            return alone
        native = self.program()
        found = None if native is None else native.jacobian(x.detach().numpy())
        if found is not None:
            return found
        values, slopes = self._differentiator.jacobian(self, x)
        return _numpy(values), _numpy(slopes)

    def pulled(self, x: Tensor, weights: Callable[[Array], Array]) -> tuple[Array, Array] | None:
        """The numbers at x, (1 + k,), and the gradient, (n,), of their sum with the weights that
        follow from them, (1 + k,); None where no program tells."""
        native = self.program()
        if native is None:
            return None
        at = x.detach().numpy()
        values = native.values(at)
        if values is None:
            return None
        slope = native.pulled(at, weights(values))
        return None if slope is None else (values, slope)

    def many(self, points: Array, weights: Callable[[Array], Array]) -> tuple[Array, Array] | None:
        """`pulled` at the rows of `points` (B, n), in two calls: the numbers (B, 1 + k) and the
        gradients (B, n) of their sums with the weights (B, 1 + k) that follow from them, NaN where
        there are none; None where no program tells."""
        alone = self._many_alone(points)
        if alone is not None:
            values, slopes = alone
            return values, slopes * weights(values)
        native = self.program()
        if native is None:
            return None
        n, nothing = points.shape[1], np.zeros((len(points), self._count))
        values = native.many(points, nothing)[:, n:]
        return values, native.many(points, np.nan_to_num(weights(values)))[:, :n]

    @property
    def _count(self) -> int:
        rows = self.objective.constraint_lower
        return 1 + (0 if self.objective.constraints is None or rows is None else rows.numel())

    def _many_alone(self, points: Array) -> tuple[Array, Array] | None:
        """The numbers (B, 1) and gradients of an objective without constraints."""
        native = self.objective.native
        if native is None or self.objective.constraints is not None:
            return None
        sign = -1.0 if self.objective.maximize else 1.0
        values, slopes = native.batch(points)
        with np.errstate(over="ignore", invalid="ignore"):
            penalty = 0.5 * self.l2 * np.square(points).sum(axis=1)
            return (sign * values + penalty)[:, None], sign * slopes + self.l2 * points

    def _value_alone(self, x: Tensor) -> Array | None:
        """What `_alone` gives, without derivatives."""
        native = self.objective.native
        if native is None or self.objective.constraints is not None:
            return None
        at = x.detach().numpy()
        value = native.value_alone(at)
        if value is None:
            return None
        with np.errstate(over="ignore"):
            penalty = 0.5 * self.l2 * float(at @ at) if self.l2 else 0.0
        return np.array([(-value if self.objective.maximize else value) + penalty])

    def _alone(self, x: Tensor) -> tuple[Array, Array] | None:
        """Numbers and derivatives of an objective without constraints, whose own program gives both
        at once."""
        native = self.objective.native
        if native is None or self.objective.constraints is not None:
            return None
        at = x.detach().numpy()
        found = native.value_and_gradient(at)
        if found is None:
            return None
        sign = -1.0 if self.objective.maximize else 1.0
        value, slopes = sign * found[0], sign * found[1]
        if self.l2:
            with np.errstate(over="ignore"):  # what is endless is no point to go to
                value, slopes = value + 0.5 * self.l2 * float(at @ at), slopes + self.l2 * at
        return np.array([value]), slopes[None]

    def program(self) -> NativeRows | None:
        """Both for a machine. Made when it is first asked for: many a model is settled before."""
        if not self._asked:
            self._asked = True
            make = self.objective.machine_rows
            self._native = None if make is None else make(self)
        return self._native


def _numpy(values: Tensor) -> Array:
    return np.asarray(values.detach().double().cpu().numpy(), np.float64)
