"""The engine `global`: a proved optimum where every function of the model has a form in SCIP."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xlcollab.errors import MissingPackageError, ModelError
from xlcollab.optim.algebra.formulas import Algebra
from xlcollab.optim.algebra.models import algebra_of, box, limits
from xlcollab.optim.attempt import Attempt, Task, unknown_multipliers
from xlcollab.optim.evaluator import Point
from xlcollab.optim.linear.scaling import power_of_two
from xlcollab.optim.loop import Outcome
from xlcollab.optim.nonlinear.sized import Array, SizedModel
from xlcollab.optim.problem import Objective
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Stop
from xlcollab.optim.scip.checking import better_than
from xlcollab.optim.scip.search import BROKEN, Columns, News, installed, search
from xlcollab.optim.scip.writing import FORMS, STRICT, NoFormError, written
from xlcollab.optim.solution import Status

GAP = 1e-6
"""What counts as proved: a relative gap no larger."""
_FEASIBLE = 1e-7
"""Ten times closer than SCIP's own tolerance: the sheet judges its points once more."""
_AGREEMENT = 1e-5
"""Relative: by how much the sheet may find a point worse than SCIP does."""
_MOST = 2_147_483_647
"""The largest whole number that SCIP takes as a setting."""


def by_scip(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """One search; Ctrl-C and the limits keep the best solution.

    Raises:
        MissingPackageError: pyscipopt is not installed.
        ModelError: a function of the model has no form in SCIP; the message names it.
    """
    if not installed():
        raise MissingPackageError("pyscipopt")
    algebra = algebra_of(task.objective)
    if algebra is None:
        raise ModelError(_without_a_form(task.objective, ""))
    start = task.evaluator.project(start)
    recorder.begin(task.evaluator, task.evaluator.at(start))
    run = _Run(task, start, recorder, algebra)
    try:
        stop = run.search(strict=False)
        if run.disagrees and stop.status is Status.BEST_FOUND:
            stop = run.search(strict=True)
        stop = run.looked_at_twice(stop)
    except NoFormError as error:
        raise ModelError(_without_a_form(task.objective, error.op)) from None
    recorder.bound = run.bound
    x = start if run.best is None else torch.as_tensor(run.best).to(start)
    point = run.point(x)
    recorder.close(task.evaluator, point)
    value = -point.objective if task.objective.maximize else point.objective
    unknown = unknown_multipliers(task.objective, start)
    return Attempt(Outcome(point, stop), x, value + point.penalty, unknown, "global", recorder)


def _without_a_form(objective: Objective, op: str) -> str:
    culprit = objective.culprit(FORMS) if objective.culprit is not None else ""
    what = culprit or _CASES.get(op, "what the formulas do, by cases that the variables decide,")
    return f"engine global cannot take this model: {what} has no form in SCIP; use --engine auto"


_CASES = {
    "where": "an IF with a side that is no number everywhere within the bounds",
    "pow": "a power with a variable exponent whose base may be 0 or less",
    "trunc": "TRUNC of a number that may have either sign",
    "pick": "a look-up at a place that is no whole number, or in a long table,",
    "not": "NOT of a number",
}
"""Operations that have a form, but not always."""


def _judge(task: Task, start: Tensor, recorder: Recorder) -> SizedModel:
    """The sheet itself, which is asked of single points also when time is up."""
    unhurried = replace(task.settings, time_limit=None)
    return SizedModel(replace(task, settings=unhurried), start, recorder)


class _Run:
    """What one search holds."""

    def __init__(self, task: Task, start: Tensor, recorder: Recorder, algebra: Algebra) -> None:
        self.task, self.recorder = task, recorder
        self.best: Array | None = None
        self.disagrees = False
        """Whether the sheet said otherwise of the last point than its formulas."""
        self._start, self._algebra = start, algebra
        self._news = News()
        self._judge = _judge(task, start, recorder)
        self._sign = -1.0 if task.objective.maximize else 1.0
        self._shown: Array | None = None
        self._within: float | None = None

    def point(self, x: Tensor) -> Point:
        """What the sheet says of a point, whatever the time."""
        return self._judge.point_at(x)

    @property
    def bound(self) -> float:
        """No solution is better than this, in the sign of the model."""
        return self._in_its_unit(min(self._news.bound, self._value))

    def _in_its_unit(self, bound: float) -> float:
        return self._sign * self._judge.unit * bound if math.isfinite(bound) else math.nan

    def search(self, *, strict: bool) -> Stop:
        """Raises NoFormError."""
        self._news = News()
        model, columns, edged = self._model(strict=strict)
        settings = self.task.settings
        seconds = settings.time_limit
        if seconds is not None:
            seconds = max(0.1, seconds - (time.perf_counter() - self.task.began))
            model.setParam("limits/time", seconds)
        word, self._news = search(model, columns, self._tell, seconds)
        found = self._news
        if edged and word == "infeasible":  # the points beside a jump were left out
            word, found.bound = "", -math.inf
        if found.x is not None:
            with contextlib.suppress(KeyboardInterrupt):  # the search is over already
                self._keep(found.x)
        return self._stop(word, found, edged)

    def _model(self, *, strict: bool) -> tuple[Any, Columns, bool]:
        import pyscipopt

        objective, settings = self.task.objective, self.task.settings
        model = pyscipopt.Model()
        model.hideOutput()
        for name, value in _PARAMETERS.items():
            model.setParam(name, value)
        model.setParam("limits/gap", GAP if settings.gap is None else max(GAP, settings.gap))
        if settings.gap_grace:
            model.setParam("limits/gap", GAP)
        if settings.node_limit is not None:
            model.setParam("limits/nodes", min(settings.node_limit, _MOST))
        if settings.solution_limit is not None:
            model.setParam("limits/bestsol", min(settings.solution_limit, _MOST))
        model.setParam("randomization/randomseedshift", settings.seed % _MOST)
        lower, upper = box(objective, self._start.numel())
        whole = np.zeros(len(lower), np.bool_)
        if objective.integer is not None:
            whole = objective.integer.cpu().numpy().astype(np.bool_)
        size = np.where(whole, 1.0, power_of_two(self._judge.size))
        ends = lower / size, upper / size
        columns = [_column(model, *one) for one in zip(*ends, whole.tolist(), strict=True)]
        variables = [
            column if unit == 1.0 else unit * column
            for column, unit in zip(columns, size.tolist(), strict=True)
        ]
        writer = written(
            model, self._algebra, variables, (lower, upper), whole.tolist(), strict=strict
        )
        for group in objective.alldifferent:
            _permute(model, [columns[place] for place in group])
        self._write(model, writer.run())
        return model, Columns(columns, size), writer.edged

    def _write(self, model: Any, results: Sequence[Any]) -> None:
        """Objective and rows of size one: what SCIP does not tell from nothing is absolute."""
        value, *rows = results
        goal = model.addVar(lb=None)
        model.addCons(goal - self._sign / self._judge.unit * value >= 0.0)
        model.setObjective(goal)
        weights = power_of_two(self._judge.weight)
        lower, upper = limits(self.task.objective)
        ends = (lower * weights).tolist(), (upper * weights).tolist()
        for row, weight, low, high in zip(rows, weights.tolist(), *ends, strict=True):
            _limit(model, weight * row, low, high)

    def _tell(self, news: News) -> bool:
        self.recorder.bound = self._in_its_unit(news.bound)
        if news.x is not None and (self._shown is None or not np.array_equal(news.x, self._shown)):
            self._shown = news.x
            self._keep(news.x)
        else:
            self.recorder.repeat()
        return not self._near_enough(news)

    def _near_enough(self, news: News) -> bool:
        settings, now = self.task.settings, time.perf_counter()
        if settings.gap is None or news.gap > settings.gap:
            self._within = None
            return False
        self._within = self._within or now
        return now - self._within > settings.gap_grace

    def _keep(self, x: Array) -> None:
        """The point with its whole numbers whole, if the sheet itself finds it the best."""
        objective = self.task.objective
        if objective.integer is not None:
            x = np.where(objective.integer.cpu().numpy(), np.round(x), x)
        tensor = self.task.evaluator.settled(torch.as_tensor(x).to(self._start))
        there = self._judge.values_at(tensor)
        said, value = self._news.value, there.objective
        self.disagrees = not there.feasible or (
            math.isfinite(said) and value > said + _AGREEMENT * max(1.0, abs(said))
        )
        if not there.feasible:
            return
        if self.best is None or value < self._value:
            self.best, self._value = tensor.double().cpu().numpy(), value
            self.recorder.step(self.task.evaluator, self._judge.point_at(tensor), math.nan)

    _value = math.inf

    def looked_at_twice(self, stop: Stop) -> Stop:
        """The ending, unless a point contradicts its proof: a code of this size has its faults."""
        if stop.status is not Status.OPTIMAL or self.best is None:
            return stop
        room = max(_AGREEMENT, 2.0 * (self.task.settings.gap or 0.0)) * max(1.0, abs(self._value))
        better = better_than(self._judge, self.best, self._value - room)
        if better is None:
            return stop
        self._keep(better)
        self._news.bound = -math.inf
        text = "SCIP called a worse point proved; a population found this one."
        return Stop(Status.BEST_FOUND, text)

    def _stop(self, word: str, found: News, edged: bool) -> Stop:
        gap = _gap(self._value, found.bound)
        if word == "infeasible":
            return Stop(Status.INFEASIBLE, "SCIP proved it.")
        if word in ("unbounded", "inforunbd"):
            return Stop(Status.UNBOUNDED, "SCIP found it so.")
        if self.best is None:
            text = "Nothing better than the start was found before that, which is unchanged."
            text = f"SCIP ended by a fault of its own. {text}" if word == BROKEN else text
            return Stop(_LIMITS.get(word, Status.BEST_FOUND), text, _OF_WORDS.get(word, ""))
        if word in ("optimal", "gaplimit") and gap <= 10 * GAP:
            edge = f", but for points within {STRICT:g} of a jump" if edged else ""
            return Stop(Status.OPTIMAL, f"SCIP: optimal (proved, gap {100 * gap:.2g} %){edge}.")
        known = f"best found, gap {100 * gap:.3g} %" if math.isfinite(gap) else "best found"
        if word == BROKEN:
            known += "; it ended by a fault of its own"
        if self.disagrees:
            known += "; the sheet says otherwise of SCIP's point than its formulas"
        status, limit = _LIMITS.get(word, Status.BEST_FOUND), _OF_WORDS.get(word, "")
        return Stop(status, f"SCIP: {known}.", limit)


_OF_WORDS = {"gaplimit": "gap", "nodelimit": "nodes", "bestsollimit": "solutions"}
"""The limits that end a search before its proof, by SCIP's words for them."""
_LIMITS = {"timelimit": Status.TIME_LIMIT, "userinterrupt": Status.INTERRUPTED}


def _gap(value: float, bound: float) -> float:
    """What may be missing, relative to max(1, |value|)."""
    if not (math.isfinite(value) and math.isfinite(bound)):
        return math.inf
    return max(0.0, value - bound) / max(1.0, abs(value))


_PARAMETERS: dict[str, object] = {
    "misc/catchctrlc": False,
    "nlhdlr/bilinear/enabled": False,  # its cuts lose the optimum of some small models (SCIP 10.0)
    "numerics/feastol": _FEASIBLE,
    "numerics/dualfeastol": _FEASIBLE,
}


def _column(model: Any, low: float, high: float, whole: bool) -> Any:
    if whole:
        low, high = (
            math.ceil(low) if math.isfinite(low) else low,
            (math.floor(high) if math.isfinite(high) else high),
        )
    return model.addVar(
        vtype="I" if whole else "C",
        lb=low if math.isfinite(low) else None,
        ub=high if math.isfinite(high) else None,
    )


def _permute(model: Any, columns: list[Any]) -> None:
    """The columns are 1 … k in some order."""
    import pyscipopt

    k = len(columns)
    places = [[model.addVar(vtype="B") for _ in range(k)] for _ in range(k)]
    for row, column in zip(places, columns, strict=True):
        model.addCons(pyscipopt.quicksum(row) == 1)
        ranked = pyscipopt.quicksum((i + 1) * one for i, one in enumerate(row))
        model.addCons(ranked - column == 0)
    for i in range(k):
        model.addCons(pyscipopt.quicksum(row[i] for row in places) == 1)


def _limit(model: Any, row: Any, low: float, high: float) -> None:
    """low ≤ row ≤ high; a row that is a number holds or makes the model infeasible."""
    if isinstance(row, float):
        if not low - _FEASIBLE <= row <= high + _FEASIBLE:
            model.addCons(model.addVar(lb=0.0, ub=0.0) >= 1.0)
        return
    if low == high:
        model.addCons(row == low)
        return
    if math.isfinite(low):
        model.addCons(row >= low)
    if math.isfinite(high):
        model.addCons(row <= high)
