"""Objective and violation of many points at once."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.evolution.domain import Array
from xlcollab.optim.nonlinear.sized import SizedModel
from xlcollab.optim.problem import FEASIBLE, Native, TensorFunction

_NOTHING = 1e-9
"""Rounding, of a row of size one."""
WORST = 1e300
"""Not infinity, whose differences are no numbers."""
Places = NDArray[np.intp]


class Scores:
    """Per point the objective (to be minimised) and the violation, size one, both (P,)."""

    __slots__ = ("objective", "violation")

    def __init__(self, objective: Array, violation: Array) -> None:
        self.objective, self.violation = objective, violation

    def better(self, other: Scores) -> NDArray[np.bool_]:
        """Where these points win (Deb 2000): feasible before infeasible, then the objective, or
        among the infeasible the violation. A mask (population,)."""
        feasible, others = self.violation <= 0.0, other.violation <= 0.0
        lower = np.where(
            feasible, self.objective < other.objective, self.violation < other.violation
        )
        return np.where(feasible != others, feasible, lower)

    def order(self) -> Places:
        """Places from the best to the worst."""
        return np.lexsort((self.objective, self.violation))

    def take(self, places: Places) -> Scores:
        return Scores(self.objective[places], self.violation[places])

    def put(self, mask: NDArray[np.bool_], other: Scores) -> None:
        """Take the other's scores where the mask holds."""
        self.objective[mask] = other.objective[mask]
        self.violation[mask] = other.violation[mask]


class Scorer:
    """Scores points (P, n) of the model's own variables.

    Through the sheet's native programs where there are some, all points in one call; where they
    have no answer, and without them, point by point.
    """

    def __init__(self, model: SizedModel) -> None:
        self.model = model
        self.evaluations = 0
        self._first: tuple[int, float] | None = None
        """How many points were scored first, and when that was done (perf_counter)."""
        self.box: tuple[Array, Array] | None = None
        """Bounds that points may miss, as orders do: what they miss counts as violation."""
        objective = model.task.objective
        make = objective.machine
        self._value = make(objective.function) if make else objective.native
        self._missed: Native | None = None
        self._constrained = bool(len(model.weight))
        if self._constrained and make and self._value is not None:
            self._missed = make(self._violation())

    @property
    def takes_many(self) -> bool:
        """Whether programs take many points in one call."""
        return self._value is not None and (self._missed is not None or not self._constrained)

    def __call__(self, points: Array) -> Scores:
        """Raises TimeIsUpError."""
        self.model.watch_time()
        count = len(points)
        objective, violation = np.full(count, np.nan), np.zeros(count)
        if self.takes_many:
            assert self._value is not None
            sign = -1.0 if self.model.task.objective.maximize else 1.0
            with np.errstate(over="ignore"):  # what is endless is the worst, see below
                objective = sign * self._value.batch(points)[0] / self.model.unit
            if self._missed is not None:
                violation = self._missed.batch(points)[0]
        for place in np.flatnonzero(np.isnan(objective) | np.isnan(violation)):
            objective[place], violation[place] = self._one(points[place])
        self.evaluations += count
        if self._first is None:
            self._first = count, time.perf_counter()
        if self.box is not None:
            outside = np.maximum(self.box[0] - points, points - self.box[1])
            violation = violation + np.maximum(outside, 0.0).sum(axis=1)
        bad = ~np.isfinite(objective)
        return Scores(np.where(bad, WORST, objective), np.where(bad, WORST, violation))

    @property
    def speed(self) -> float:
        """Points a second since the first were scored, for which programs had to be made ready; 0
        where there were no others."""
        if self._first is None:
            return 0.0
        count, since = self._first
        return (self.evaluations - count) / max(time.perf_counter() - since, 1e-9)

    def _one(self, x: Array) -> tuple[float, float]:
        values = self.model.values_at(torch.as_tensor(x))
        missed = np.abs(self.model.missed_by(values.rows))
        return values.objective, float(np.maximum(missed - self._room(), 0.0).sum())

    def _room(self) -> Array:
        """What each row may miss, (k,): the tolerance for equations; next to nothing for others,
        for a population finds points that hold them, and would use up all that it is given."""
        equal = self.model.row_lower == self.model.row_upper
        return np.where(equal, FEASIBLE, _NOTHING)

    def _violation(self) -> TensorFunction:
        """x ↦ the sum of what the sized rows miss beyond the tolerance."""
        model, constraints = self.model, self.model.task.objective.constraints
        assert constraints is not None
        weight = torch.as_tensor(model.weight)
        room = torch.as_tensor(self._room())
        lower = torch.as_tensor(model.row_lower) - room
        upper = torch.as_tensor(model.row_upper) + room

        def missed(x: Tensor) -> Tensor:
            rows = constraints(x) * weight
            return (torch.relu(rows - upper) + torch.relu(lower - rows)).sum()

        return missed
