"""The engine `evolutionary`: enumeration where that is a proof, evolution elsewhere, then a polish
by the gradient where there is one."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from xlcollab.optim.algebra.models import is_convex_model
from xlcollab.optim.attempt import Attempt, Task, bad_start, refused, unknown_multipliers
from xlcollab.optim.evaluator import Point
from xlcollab.optim.evolution.domain import Array, Domain, domain_of, propagated
from xlcollab.optim.evolution.enumeration import MOST, best_of_all, seconds_for_all, size_of
from xlcollab.optim.evolution.scorer import Scorer
from xlcollab.optim.evolution.search import Evolution, Limits
from xlcollab.optim.evolution.walls import Walls
from xlcollab.optim.loop import Outcome
from xlcollab.optim.nonlinear.sized import SizedModel, TimeIsUpError
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

_GENERATIONS = 3000
"""With the patience of the search most runs end long before."""
_POPULATION = 100
"""Excel's default population size."""
_MUTATION = 0.075
"""Excel's default mutation rate."""


def by_evolution(task: Task, start: Tensor, recorder: Recorder, most: float = MOST) -> Attempt:
    """One search from one start, of all points where these are no more than `most`; Ctrl-C and the
    time limit keep the best point."""
    start = task.evaluator.project(start)
    stop = bad_start(task.evaluator.at(start))
    if stop is not None:
        return refused(task, start, stop)
    model = SizedModel(task, start, recorder)
    recorder.begin(task.evaluator, model.point(model.start))
    run = _Run(model, most)
    try:
        stop = run.search()
    except TimeIsUpError:
        stop = Stop(Status.TIME_LIMIT, run.evaluated())
    except KeyboardInterrupt:
        stop = Stop(Status.INTERRUPTED, run.evaluated())
    task.evaluator.count(run.scorer.evaluations)
    x = torch.as_tensor(run.best).to(start)
    point = model.point_at(x)
    recorder.close(task.evaluator, point)
    value = -point.objective if task.objective.maximize else point.objective
    unknown = unknown_multipliers(task.objective, start)
    return Attempt(
        Outcome(point, stop),
        x,
        value + point.penalty,
        unknown,
        "evolutionary",
        recorder,
        population=run.population,
    )


def enumerable(task: Task, start: Tensor) -> float:
    """How many combinations of whole numbers there are where a search could try them all: few, or
    such that a machine takes seconds for them and the model is not convex, of which a tree sees the
    end sooner; 0 else."""
    objective = task.objective
    whole = objective.integer
    if whole is None or not bool(whole.all()) or bool(bad_start(task.evaluator.at(start))):
        return 0.0
    run = _Run(SizedModel(task, start, task.recorder()))
    domain = run.domain()
    size = size_of(domain)
    if size <= MOST:
        return max(size, 1.0)  # of a box that is empty a search says so
    try:
        seconds = seconds_for_all(run.scorer, domain) if size < math.inf else math.inf
    except TimeIsUpError:
        return 0.0
    room = min(_SECONDS, _PART * run.model.seconds_left())
    return size if seconds <= room and not is_convex_model(objective, domain.n) else 0.0


_SECONDS, _PART = 6.0, 0.8
"""For all combinations of a model that is not convex, of which a tree may see no end; and of what a
time limit leaves."""


class _Run:
    """What one search holds."""

    def __init__(self, model: SizedModel, most: float = MOST) -> None:
        self.model, self._most = model, most
        self.scorer = Scorer(model)
        self.best: Array = model.start * model.size
        self.population: Array | None = None
        self._feasible = False
        self._rows = model.straight_rows()

    def evaluated(self) -> str:
        """How many points were asked for, and how fast."""
        count, speed = self.scorer.evaluations, self.scorer.speed
        told = f"{count} points were evaluated"
        return f"{told}, {speed:,.0f} a second." if speed else f"{told}."

    def search(self) -> Stop:
        """Raises TimeIsUpError."""
        model, settings = self.model, self.model.task.settings
        domain = self.domain()
        if domain.groups:
            self.scorer.box = (domain.lower, domain.upper)
        if settings.iterations != 0 and size_of(domain) <= self._most:
            return self._enumerated(domain)
        asked = settings.iterations
        if asked == 0:
            return Stop(Status.ITERATION_LIMIT, "")
        limits = Limits(
            generations=_GENERATIONS if asked is None else asked,
            patience=settings.patience,
            size=settings.population or max(40, min(_POPULATION, 10 * domain.n)),
            mutation=_MUTATION if settings.mutation is None else settings.mutation,
        )
        generator = np.random.default_rng(settings.seed)
        start = model.start * model.size
        evolution = Evolution(self.scorer, domain, limits, generator, self._walls())
        try:
            evolution.run(start, self._seen)
        finally:
            self.population = evolution.points
        if not self._feasible:
            text = "No point of any generation satisfies all constraints."
            return Stop(Status.INFEASIBLE, text)
        return Stop(Status.BEST_FOUND, self.evaluated())

    def domain(self) -> Domain:
        """The box that is searched, as narrow as the straight rows make it."""
        model = self.model
        lower, upper = model.lower * model.size, model.upper * model.size
        if self._rows is not None:
            lower, upper = propagated(*self._rows, lower, upper)
        return domain_of(model.task.objective, model.start * model.size, lower, upper)

    def _walls(self) -> Walls | None:
        return None if self._rows is None or not len(self._rows[0]) else Walls(*self._rows)

    def _enumerated(self, domain: Domain) -> Stop:
        feasible = best_of_all(self.scorer, domain, self._seen)
        what = "orders" if domain.groups else "combinations of the whole numbers"
        count = f"All {size_of(domain):.0f} {what} were evaluated"
        if not feasible:
            return Stop(Status.INFEASIBLE, f"{count}; none satisfies the constraints.")
        return Stop(Status.OPTIMAL, f"{count}.")

    def _seen(self, x: Array) -> None:
        """Keep and record a better point."""
        self.best = x.copy()
        point: Point = self.model.point_at(torch.as_tensor(self.best))
        self._feasible = bool(self.scorer(x[None]).violation[0] <= 0.0)
        self.model.recorder.step(self.model.task.evaluator, point, float("nan"))
