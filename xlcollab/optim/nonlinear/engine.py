"""A model with constraints to a point where the conditions of optimality hold, or to the best one
that was seen."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from xlcollab.optim.algebra.models import is_convex_model
from xlcollab.optim.attempt import Attempt, Task, bad_start, refused
from xlcollab.optim.augmented import descend_constrained
from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.kept import keeps
from xlcollab.optim.loop import Limits, Outcome
from xlcollab.optim.nonlinear.feasibility import least_violation
from xlcollab.optim.nonlinear.kkt import Conditions, conditions
from xlcollab.optim.nonlinear.leaving import OFF_A_BREAK, whole_slope
from xlcollab.optim.nonlinear.probing import better_elsewhere, better_nearby
from xlcollab.optim.nonlinear.settling import on_bounds, on_rows
from xlcollab.optim.nonlinear.sized import Array, SizedModel, TimeIsUpError, Values
from xlcollab.optim.nonlinear.sqp import sqp
from xlcollab.optim.problem import Objective
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.rules.lbfgs import LBFGS
from xlcollab.optim.solution import Status

_ITERATIONS = 1000
"""SLSQP needs tens; a run that makes so many is not coming to an end."""
_ESCAPES = 8
"""Starts from better points near the end: each costs a whole search."""
_UNBOUNDED = -1e13
"""On an objective of size one: nothing sensible is so low."""
_NEARLY = 1e-3
"""Half the digits of a stationary point: near, and not shown to be one."""
_AUGMENTED_STEPS = 2000
"""It only has to come near a feasible point; the steps of SQP go on from there."""
_FEWEST_AUGMENTED = 150
"""Its first stages need as many to learn what the rows push."""
_SMALL, _FEW_ROWS = 20, 200
"""Variables and rows up to which other starts are tried as well: some runs cost little there."""


def by_sqp(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """The run of one start; Ctrl-C and the time limit keep the best feasible point. Where it ends
    with a row missed by more than its size there allows, it goes on by that size."""
    start = task.evaluator.project(start)
    stop = bad_start(task.evaluator.at(start))
    if stop is not None:
        return refused(task, start, stop)
    model = SizedModel(task, start, recorder)
    found = _searched(model)
    if found.outcome.stop.status is Status.INFEASIBLE and model.nearest is not None:
        other = SizedModel(task, model.x(model.nearest.y), recorder)
        ratios = other.weight / model.weight
        if (ratios < 1.0 / _OTHER_SIZES).any() or (ratios > _OTHER_SIZES).any():
            found = _searched(other)
    for _ in range(_MEASURED_AGAIN):
        if found.outcome.stop.status not in _ENDED or keeps(task.objective, found.x):
            return found
        found = _searched(SizedModel(task, found.x, recorder, as_judged=True))
    return found


_OTHER_SIZES = 1e3
"""Rows that are so much larger or smaller where they are missed by least were measured far from
all that counts."""
_MEASURED_AGAIN = 3
"""Runs from where the last one ended: where slopes differ that much, each comes nearer."""
_WORTH = 1e-7
"""Of an objective of size one: where the tolerance of rows is worth more, an end that has none of
it is not the best within it."""
_ENDED = frozenset({Status.LOCALLY_OPTIMAL, Status.STATIONARY, Status.BEST_FOUND, Status.TOLERANCE})
"""What is said of points that satisfy the rows."""


def _searched(model: SizedModel) -> Attempt:
    task, recorder, start = model.task, model.recorder, model.x(model.start)
    recorder.begin(task.evaluator, model.point(model.start))
    asked = task.settings.iterations
    search = Search(model, _ITERATIONS if asked is None else asked)
    try:
        stop = search.run()
    except TimeIsUpError:
        stop = Stop(Status.TIME_LIMIT, "")
    except KeyboardInterrupt:
        stop = Stop(Status.INTERRUPTED, "")
    end, shown = search.end(), stop.status is Status.LOCALLY_OPTIMAL
    y = on_bounds(model, on_rows(model, end, regular=shown and search.arrived))
    point = model.point(y)
    if shown and not search.arrived and _is_dearer(model, y, end):
        stop = Stop(Status.TOLERANCE, stop.message)
    value = task.evaluator.worth(point)
    multipliers = torch.as_tensor(search.multipliers(y)).to(start)
    recorder.end(task.evaluator, point, may_step=search.left > 0)
    return Attempt(Outcome(point, stop), model.x(y), value, multipliers, "sqp", recorder)


def _is_dearer(model: SizedModel, y: Array, end: Array) -> bool:
    """Whether an end costs more where it is put onto its rows."""
    before, after = model.look(end).objective, model.look(y).objective
    return after - before > _WORTH * max(1.0, abs(before))


class Search:
    """SQP from the start; where it does not arrive, an augmented Lagrangian and a phase that cares
    for the constraints alone, each followed by SQP again."""

    def __init__(self, model: SizedModel, iterations: int) -> None:
        self.model = model
        self._iterations = iterations
        self._last: Array = model.start
        self._looked = False
        self.arrived = False
        """Whether a run of SQP ended where the conditions hold."""

    def run(self) -> Stop:
        """Until the conditions hold, or nothing is left to try."""
        model = self.model
        model.look(model.start)
        for prepare in (self._as_it_is, self._feasible, self._augmented):
            start = prepare()
            if start is None:
                continue
            stop = self._descended(start)
            if stop is not None:
                self.arrived = True
                return stop
        return self._unsettled()

    def end(self) -> Array:
        """Where the run ended: the last point, unless a better feasible one was seen. Shape
        (n,)."""
        best, last = self.model.best, self._last
        if best is None:
            nearest = self.model.nearest
            return last if nearest is None else nearest.y
        return last if self._is_as_good(last, best) else best.y

    def _is_as_good(self, y: Array, best: Values) -> bool:
        try:
            values = self.model.values(y)
        except TimeIsUpError:
            return False
        slack = 1e-6 * max(1.0, abs(best.objective))
        return values.feasible and values.objective <= best.objective + slack

    def multipliers(self, y: Array) -> Array:
        """λ (k,): the change of the objective, in its own unit and sign, per unit of a limit."""
        model = self.model
        sign = -1.0 if model.task.objective.maximize else 1.0
        try:
            found = conditions(model, y)
        except TimeIsUpError:
            return np.zeros(len(model.weight))
        return sign * found.multipliers * model.weight * model.unit + 0.0

    @property
    def left(self) -> int:
        return self._iterations - self.model.recorder.iteration

    def _as_it_is(self) -> Array:
        return whole_slope(self.model, self.model.start)

    def _feasible(self) -> Array | None:
        """A feasible point, if none was seen yet."""
        if self.model.best is not None:
            return None
        nearest = self.model.nearest
        found = least_violation(self.model, self.model.start if nearest is None else nearest.y)
        return found.y if found.feasible else None

    def _augmented(self) -> Array | None:
        """The end of an augmented Lagrangian from the best point seen, where there are rows."""
        model = self.model
        if self.left < _FEWEST_AUGMENTED or model.best is None or not len(model.weight):
            return None
        objective = _sized_objective(model)
        start = torch.as_tensor(model.best.y)
        evaluator = Evaluator(objective, start)
        limits = Limits(min(self.left, _AUGMENTED_STEPS), 1e-9, 1e-13)
        recorder = _Told(model)
        found = descend_constrained(LBFGS(), evaluator, start, lambda step: 1.0, limits, recorder)
        return model.clip(found.outcome.point.y.numpy())

    def _descended(self, start: Array) -> Stop | None:
        """SQP, and again from a better point nearby as long as there is one."""
        for _ in range(_ESCAPES):
            if self.left <= 0:
                return self._out_of_iterations()
            y, _ = sqp(self.model, start, self.left)
            self._last = y
            best = self.model.best
            if best is not None and best.objective < _UNBOUNDED:
                return Stop(Status.UNBOUNDED, "It fell without a limit.")
            found = conditions(self.model, y)
            if not found.hold and found.broken:
                start = self.model.inward(y, OFF_A_BREAK)
                continue
            if not found.hold:
                return self._out_of_iterations() if self.left <= 0 else None
            start_again = None if found.vertex else better_nearby(self.model, y)
            if start_again is None:
                start_again = self._elsewhere(y)
            if start_again is None:
                return self._held(y, found)
            start = start_again
        return None

    def _elsewhere(self, y: Array) -> Array | None:
        """A better point far away, looked for once, where the model is small and none was asked
        for in another way."""
        model, settings = self.model, self.model.task.settings
        asked = settings.method != "auto" or settings.iterations is not None
        if self._looked or asked or model.n > _SMALL or len(model.weight) > _FEW_ROWS:
            return None
        self._looked = True
        if is_convex_model(model.task.objective, model.n):
            return None
        return better_elsewhere(model, y)

    def _held(self, y: Array, found: Conditions) -> Stop | None:
        best = self.model.best
        if best is not None and not self._is_as_good(y, best):
            return None
        return _optimum(found)

    def _out_of_iterations(self) -> Stop:
        return Stop(Status.ITERATION_LIMIT, "")

    def _unsettled(self) -> Stop:
        """What is known of the best point where no run ended at an optimum."""
        model = self.model
        if model.best is None:
            least = model.nearest
            missed = math.inf if least is None else model.point(least.y).violation
            text = (
                "The violation alone was minimised from several starts and cannot fall further near"
                f" their ends; the constraints are missed by at most {missed:.3g}."
            )
            return Stop(Status.INFEASIBLE, text)
        end = self.end()
        found = conditions(model, end)
        if found.hold and (found.vertex or better_nearby(model, end) is None):
            return _optimum(found)
        text = f"The conditions of optimality are missed by {found.residual:.2g}."
        return Stop(Status.TOLERANCE if found.residual <= _NEARLY else Status.BEST_FOUND, text)


def _optimum(found: Conditions) -> Stop:
    text = f"The conditions of optimality hold to {found.residual:.2g}."
    return Stop(Status.LOCALLY_OPTIMAL, text)


class _Told(Recorder):
    """Tells the run's own recorder of steps made in the sized variables."""

    def __init__(self, model: SizedModel) -> None:
        super().__init__(0, None, model.task.began)
        self._model = model

    def step(self, evaluator: Evaluator, point: Point, rate: float) -> None:
        """Record one step in the model's own units."""
        del evaluator, rate
        self.iteration += 1
        self._model.record(self._model.clip(point.y.numpy()))


def _sized_objective(model: SizedModel) -> Objective:
    """The model in its sized variables, for methods that work on tensors."""
    return Objective(
        function=model.objective_function(),
        lower=torch.as_tensor(model.lower),
        upper=torch.as_tensor(model.upper),
        constraints=model.rows_function() if len(model.weight) else None,
        constraint_lower=torch.as_tensor(model.row_lower),
        constraint_upper=torch.as_tensor(model.row_upper),
        machine_rows=lambda rows: model.program(),
    )
