"""Residuals with both of their derivatives, run by numpy: the Jacobian, and what their own
curvature adds to half the Hessian of the sum of their squares.

A program of (x, w, v) gives the derivatives of v · ∇ₓ(w · r(x)): those by x are (Σ wᵢ ∇²rᵢ) v,
those by w are J v. With every unit vector for v, in one run of many points of which x and w are
the same, both matrices come out column by column.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.adjoint import gradient
from xlcollab.kernels.program.core.graph import NotLoweredError, Placed, View
from xlcollab.kernels.program.core.prepared import Prepared
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.plain import PlainProgram

Numbers = NDArray[np.float64]

_TOGETHER = 400_000
"""Numbers in the buffers of columns that are asked for at once."""


@dataclass(slots=True, eq=False)
class PlainCurves:
    """(x, residuals) ↦ the residuals' derivatives (m, n), and Σ rᵢ ∇²rᵢ (n, n)."""

    program: PlainProgram
    """Of (x, w, v), n + m + n numbers, for w · r(x); v has no part in it."""
    count: int
    """m."""
    _slope: int = field(init=False)
    _together: Prepared = field(init=False)
    _columns: int = field(init=False)

    def __post_init__(self) -> None:
        graph, n, m = self.program.graph, self.variables, self.count
        along = View(0, n + m, (1,))
        products = graph.map("mul", (n,), View(self.program.slope, 0, (1,)), along)
        total = graph.place(1, [Placed(products, (n,), 0, (0,))])
        self._slope = gradient(graph, View(total, 0, ()))
        wanted = [self._slope, *(node for node, _ in self.program.guards)]
        each = sum(graph[number].size for number in needed(graph, wanted))
        self._columns = min(n, max(1, _TOGETHER // each))
        self._together = Prepared(graph, wanted, points=self._columns, alike=n + m)

    @property
    def variables(self) -> int:
        """n."""
        return (self.program.graph[0].size - self.count) // 2

    def at(self, x: Numbers, residuals: Numbers) -> tuple[Numbers, Numbers] | None:
        """The Jacobian (m, n) and the sum (n, n) at x; None where one is no number, or the program
        does not hold."""
        n, m = self.variables, self.count
        jacobian, sums = np.empty((m, n)), np.empty((n, n))
        points = np.zeros((self._columns, n + m + n))
        points[:, :n], points[:, n : n + m] = x, residuals
        for first in range(0, n, self._columns):
            columns = min(self._columns, n - first)
            points[:, n + m :] = np.eye(self._columns, n, first)
            self._together.run(points)
            slopes = self._together.buffers[self._slope][:columns]
            sums[:, first : first + columns] = slopes[:, :n].T
            jacobian[:, first : first + columns] = slopes[:, n : n + m].T
        fine = np.isfinite(jacobian).all() and np.isfinite(sums).all()
        return (jacobian, sums) if fine and self.program.holds(self._together) else None


def work(program: PlainProgram) -> int:
    """About how many numbers a run at one v goes through: twice those of value and gradient."""
    return 2 * program.prepared.size


def curves(program: PlainProgram, count: int, most: int) -> PlainCurves:
    """The two derivatives of `count` residuals.

    Raises NotLoweredError where an operation has no second derivative, or where both matrices would
    go through more than `most` numbers.
    """
    n = (program.graph[0].size - count) // 2
    if n * work(program) > most:
        raise NotLoweredError("its second derivatives would take too long")
    return PlainCurves(program, count)
