"""Keeps the rows and weights of a run while it goes on."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, suppress
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.problem import FEASIBLE
from xlcollab.optim.solution import History, Row, StepCallback, WeightsCallback

_ROUNDING = 1e-6
"""Of a variable or of 1: a step that only puts variables on their bounds is shorter."""


def _unstoppable() -> AbstractContextManager[None]:
    """The last row of a run that has ended: who looks on may ask for its end once more."""
    return suppress(KeyboardInterrupt)


class Recorder:
    """Collects the history of one run from one start, stage after stage; tells who looks on."""

    def __init__(
        self,
        every: int,
        on_step: StepCallback | None,
        began: float,
        on_weights: WeightsCallback | None = None,
    ) -> None:
        self.iteration = 0
        self.bound = float("nan")
        """No point is better than this, as far as the method knows by now."""
        self._every = every
        self._on_step, self._on_weights = on_step, on_weights
        self._began = began
        self._rows: list[Row] = []
        self._weights: list[Tensor] = []
        self._last: tuple[Row, Tensor] | None = None
        self.best: tuple[float, Tensor] | None = None
        """The least signed objective with its penalty among the points that satisfy the
        constraints, and the variables there, (n,)."""

    @property
    def x(self) -> Tensor | None:
        """The variables at the last step, (n,)."""
        return None if self._last is None else self._last[1]

    def begin(self, evaluator: Evaluator, point: Point) -> None:
        """Record the start; the start of a later stage is the last row already."""
        if self._last is None:
            self._keep(evaluator, point, float("nan"))

    def step(self, evaluator: Evaluator, point: Point, rate: float) -> None:
        """Record one step."""
        self.iteration += 1
        self._keep(evaluator, point, rate)

    def close(self, evaluator: Evaluator, point: Point) -> None:
        """Record the step back to where the run ends, if its last step led elsewhere."""
        if self._last is None or not torch.equal(self._last[1], evaluator.to_x(point.y)):
            with _unstoppable():
                self.step(evaluator, point, float("nan"))

    def end(self, evaluator: Evaluator, point: Point, *, may_step: bool) -> None:
        """Close; where the end differs from the last step by rounding, it takes that step's place,
        and where no step is left."""
        x = evaluator.to_x(point.y)
        if self._last is None or torch.equal(self._last[1], x):
            return
        if may_step and not torch.allclose(self._last[1], x, _ROUNDING, _ROUNDING):
            self.close(evaluator, point)
            return
        if self._rows and self._rows[-1] is self._last[0]:
            del self._rows[-1], self._weights[-1]
        with _unstoppable():
            self._keep(evaluator, point, self._last[0].learning_rate)

    def repeat(self) -> None:
        """Tell the last row again, with the time and the bound of now: that the run goes on."""
        if self._on_step is not None and self._last is not None:
            seconds = time.perf_counter() - self._began
            self._on_step(replace(self._last[0], seconds=seconds, bound=self.bound))

    def _keep(self, evaluator: Evaluator, point: Point, rate: float) -> None:
        row = Row(
            iteration=self.iteration,
            objective=point.objective,
            penalty=point.penalty,
            violation=point.violation,
            learning_rate=rate,
            gradient_norm=point.gradient_norm,
            seconds=time.perf_counter() - self._began,
            bound=self.bound,
        )
        self._last = (row, evaluator.to_x(point.y))
        self._remember(evaluator.worth(point), point.missed)
        if self.iteration == 0 or (self._every and self.iteration % self._every == 0):
            self._rows.append(row)
            self._weights.append(self._last[1])
        if self._on_weights is not None:
            self._on_weights(self._last[1])
        if self._on_step is not None:
            self._on_step(row)

    def _remember(self, value: float, missed: float) -> None:
        if missed <= FEASIBLE and (self.best is None or value < self.best[0]) and self._last:
            self.best = value, self._last[1]

    def history(self) -> History:
        """All that was recorded, the last step included."""
        rows, weights = list(self._rows), list(self._weights)
        if self._last is not None and (not rows or rows[-1] is not self._last[0]):
            rows.append(self._last[0])
            weights.append(self._last[1])
        arrays = [w.detach().double().cpu().numpy() for w in weights]
        return History(tuple(rows), np.stack(arrays) if arrays else np.empty((0, 0)))
