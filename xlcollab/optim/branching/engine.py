"""The engine `branch`: whole numbers in a curved model, with limits and an honest ending."""

from __future__ import annotations

import math
import time

import numpy as np
import torch
from torch import Tensor

from xlcollab.optim.algebra.models import algebra_of, is_convex_model
from xlcollab.optim.attempt import Attempt, Task, bad_start, refused, unknown_multipliers
from xlcollab.optim.branching.early import by_population, in_time, is_pressed
from xlcollab.optim.branching.relaxing import Curved, Quadratics, Relaxation, fixed, program_of
from xlcollab.optim.branching.tree import WHOLE, Array, Node, Relaxed, State, Tree
from xlcollab.optim.evolution.domain import propagated
from xlcollab.optim.loop import Outcome
from xlcollab.optim.nonlinear.sized import SizedModel, TimeIsUpError
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

_TELL = 0.2
"""Seconds between two words about a search that finds nothing new."""
_ROUND_EVERY = 20
"""Nodes between two attempts to round a point that is not whole."""


def by_branching(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """One search; Ctrl-C and the limits keep the best solution."""
    start = task.evaluator.project(start)
    stop = bad_start(task.evaluator.at(start))
    if stop is not None:
        return refused(task, start, stop)
    model = SizedModel(task, start, recorder)
    recorder.begin(task.evaluator, model.point(model.start))
    run = _Run(model, start)
    try:
        stop = run.search()
    except TimeIsUpError:
        stop = run.told(Status.TIME_LIMIT, "")
    except KeyboardInterrupt:
        stop = run.told(Status.INTERRUPTED, "")
    recorder.bound = run.bound
    x = start if run.best is None else torch.as_tensor(run.best).to(start)
    point = task.evaluator.at(x) if run.best is None else model.point_at(x)
    value = -point.objective if task.objective.maximize else point.objective
    unknown = unknown_multipliers(task.objective, start)
    return Attempt(Outcome(point, stop), x, value + point.penalty, unknown, "branch", recorder)


class _Run:
    """What one search holds."""

    def __init__(self, model: SizedModel, start: Tensor) -> None:
        objective = model.task.objective
        assert objective.integer is not None
        self.model = model
        self.best: Array | None = None
        self.whole = objective.integer.cpu().numpy().astype(np.bool_)
        algebra = algebra_of(objective)
        self.convex = algebra is not None and is_convex_model(objective, model.n, algebra)
        program = None
        if algebra is not None and self.convex and not model.task.settings.l2:
            program = program_of(objective, algebra, model.n)
        self._relaxation: Relaxation = (
            Curved(model, convex=self.convex)
            if program is None
            else Quadratics(program, model.unit, model.seconds_left)
        )
        self._tree = Tree(self.whole, self._relax, self._settle, self._goes_on)
        self._sign = -1.0 if objective.maximize else 1.0
        self._told, self._within = time.perf_counter(), math.inf
        self._limit = ""
        self._unbounded = False
        self._box = model.lower, model.upper

    @property
    def bound(self) -> float:
        """No solution is better than this, in the sign of the model; NaN where that is not sure."""
        state = self._tree.state
        sure = self.convex and state.sound and math.isfinite(state.bound)
        return self._sign * state.bound * self.model.unit if sure else math.nan

    def search(self) -> Stop:
        """Raises TimeIsUpError."""
        model, settings = self.model, self.model.task.settings
        if settings.iterations == 0:
            return Stop(Status.ITERATION_LIMIT, "")
        lower, upper = model.lower * model.size, model.upper * model.size
        rows = model.straight_rows()
        if rows is not None:
            lower, upper = propagated(*rows, lower, upper)
        lower = np.where(self.whole, np.ceil(lower - WHOLE), lower)
        upper = np.where(self.whole, np.floor(upper + WHOLE), upper)
        if (lower > upper).any():
            return Stop(Status.INFEASIBLE, "Between some bounds there is no whole number.")
        self._box = lower, upper
        start = np.clip(model.start * model.size, lower, upper)
        self._offer_start(start)
        done = self._tree.search(lower, upper, start)
        return self._finished() if done else self._limited()

    def told(self, status: Status, text: str) -> Stop:
        """How a search that did not finish ended."""
        if self.best is None:
            missing = "Nothing better than the start was found before that, which is unchanged."
            return Stop(status, f"{text} {missing}".strip(), self._limit)
        gap = self._tree.state.gap if self.convex and self._tree.state.sound else math.inf
        known = f"best found, gap {100 * gap:.3g} %" if math.isfinite(gap) else "best found"
        return Stop(status, f"{text} {self._count()}: {known}.".strip(), self._limit)

    def _count(self) -> str:
        return f"{self._tree.state.nodes} subproblems were solved"

    def _finished(self) -> Stop:
        if self._unbounded and self.best is None:
            return Stop(Status.UNBOUNDED, "So does a subproblem without the whole numbers.")
        if self.best is None:
            doubt = "" if self.convex else " Of rows that are not convex that is no proof."
            return Stop(Status.INFEASIBLE, f"{self._count()}; none has a solution.{doubt}")
        if self.convex and self._tree.state.sound:
            text = f"{self._count()}, each of them convex: that is a proof."
            return Stop(Status.OPTIMAL, text)
        text = (
            f"{self._count()}, each to a local optimum, which is no proof that there is nothing "
            "better; --engine global looks for one."
        )
        return Stop(Status.BEST_FOUND, text)

    def _limited(self) -> Stop:
        if self._limit == "gap":
            return self.told(Status.BEST_FOUND, "Within the tolerance asked for:")
        status = Status.ITERATION_LIMIT if self._limit == "iterations" else Status.BEST_FOUND
        return self.told(status, f"The limit of {self._limit} was reached.")

    def _goes_on(self, state: State) -> bool:
        """Raises TimeIsUpError; False at one of the other limits."""
        self.model.watch_time()
        recorder, now = self.model.recorder, time.perf_counter()
        recorder.bound = self.bound
        if now - self._told > _TELL:
            self._told = now
            recorder.repeat()
        settings = self.model.task.settings
        if settings.gap is not None and state.gap <= settings.gap and self.convex:
            self._within = min(self._within, now)
        else:
            self._within = math.inf
        reached = {
            "gap": now - self._within > settings.gap_grace,
            "nodes": settings.node_limit is not None and state.nodes >= settings.node_limit,
            "iterations": settings.iterations is not None and state.nodes >= settings.iterations,
            "solutions": settings.solution_limit is not None
            and state.solutions >= settings.solution_limit,
        }
        self._limit = next((name for name, is_so in reached.items() if is_so), "")
        return not self._limit

    def _relax(self, node: Node) -> Relaxed:
        first = self._is_first and is_pressed(self.model)
        found = in_time(self.model, self._relaxation, node) if first else self._relaxation(node)
        self._unbounded |= found.ending == "unbounded"
        return found

    def _offer_start(self, start: Array) -> None:
        x = np.where(self.whole, np.round(start), start)
        self._tree.state.value = min(self._tree.state.value, self._kept(x))

    @property
    def _is_first(self) -> bool:
        return self._tree.state.nodes == 1

    def _settle(self, node: Node, y: Array) -> float:
        """The value of the solution that a point stands for; inf where there is none. The first
        one is looked for by a population where a time limit may leave the tree without."""
        value = self._rounded(node, y)
        if value < self._tree.state.value or not (self._is_first and is_pressed(self.model)):
            return value
        found = by_population(self.model, y, self._box)
        return value if found is None else min(value, self._kept(found))

    def _rounded(self, node: Node, y: Array) -> float:
        off = np.abs(y - np.round(y))[self.whole].max(initial=0.0)
        if off > WHOLE and self._tree.state.nodes % _ROUND_EVERY != 1:
            return math.inf
        x = np.where(self.whole, np.clip(np.round(y), node.lower, node.upper), y)
        if self.whole.all():
            return self._kept(x)
        places = np.flatnonzero(self.whole)
        low, high = fixed(node.lower, node.upper, places.tolist(), x)
        found = self._relaxation(Node(-math.inf, -1, low, high, x))
        return (
            math.inf
            if found.ending == "infeasible"
            else self._kept(np.where(self.whole, x, found.y))
        )

    def _kept(self, x: Array) -> float:
        """The value at x, which is kept if it is feasible and the best."""
        values = self.model.values_at(torch.as_tensor(x))
        if not values.feasible:
            return math.inf
        value = values.objective
        if value < self._tree.state.value:
            self.best = x.copy()
            self.model.recorder.bound = self.bound
            point = self.model.point_at(torch.as_tensor(x))
            self.model.recorder.step(self.model.task.evaluator, point, math.nan)
        return value
