"""The learning-rate range test (Smith 2017, section 3.3): one run in which the rate grows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.errors import UsageError
from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.methods import rule_of
from xlcollab.optim.native import steps
from xlcollab.optim.problem import Objective
from xlcollab.settings.methods import FIRST_ORDER, METHODS
from xlcollab.settings.solving import Settings

_AROUND = 1e4
"""Unless asked otherwise the rates reach from a method's own over this to times this."""
_WORSE = 4.0
"""A run that lost so many times what it had gained ends there."""
_LEAST_GAIN = 0.1
"""What counts as gained at least, as a part of the objective at the start."""
_FEWEST = 3
"""Points that a slope can be told from."""


@dataclass(frozen=True, slots=True)
class RateRange:
    """Which rates are tried, evenly in the logarithm. None: around the method's own rate."""

    lowest: float | None = None
    highest: float | None = None
    steps: int = 100


@dataclass(frozen=True, slots=True)
class RangeTest:
    """`objectives` (n,) after a step at each of `rates` (n,), and two rates that are read off."""

    method: str
    rates: NDArray[np.float64]
    objectives: NDArray[np.float64]
    initial: float
    steepest: float
    """Where the objective improves fastest by the logarithm of the rate."""
    best: float
    """Where the objective was best; beyond it the run gets worse."""
    ended_early: bool
    """Whether the run got so much worse that higher rates were not tried."""

    @property
    def suggestion(self) -> float:
        """The steepest place: beyond it the rate grows faster than what it gains (Smith 2017)."""
        return self.steepest


def range_test(
    objective: Objective, start: Tensor, settings: Settings, rates: RateRange = RateRange()
) -> RangeTest:
    """Run a first-order method from `start` (n,) while its rate grows from step to step.

    Raises UsageError for a method without a rate, for a model with constraints or whole numbers,
    for an impossible range, and where no step can be made.
    """
    _check(objective, settings)
    lowest, highest = _ends(settings.method, rates)
    grown = np.geomspace(lowest, highest, rates.steps)
    evaluator = Evaluator(objective, start, settings.l2)
    point = evaluator.at(evaluator.project(start))
    initial = point.value
    made = steps(
        rule_of(settings.method, settings),
        evaluator,
        point,
        lambda iteration: float(grown[min(iteration, len(grown) - 1)]),
        0,
        rates.steps,
    )
    values, shown = list[float](), list[float]()
    best, least = initial, _LEAST_GAIN * abs(initial)
    for step in made:
        value = step.point.value
        if not step.point.is_finite or value - best > _WORSE * max(initial - best, least):
            break
        best = min(best, value)
        values.append(value)
        shown.append(step.point.objective)
    return _read_off(settings.method, grown, np.array(values), np.array(shown), initial)


def _read_off(
    method: str,
    grown: NDArray[np.float64],
    values: NDArray[np.float64],
    shown: NDArray[np.float64],
    initial: float,
) -> RangeTest:
    if len(values) < _FEWEST or not math.isfinite(initial):
        raise UsageError(
            f"the objective gets worse at once with {method} and a learning rate of "
            f"{grown[min(len(values), len(grown) - 1)]:.3g}; begin with a lower one (--lowest)"
        )
    tried = grown[: len(values)]
    lowest = int(values.argmin())
    slopes = np.gradient(np.concatenate([[initial], values]))[1:]
    return RangeTest(
        method=method,
        rates=tried,
        objectives=shown,
        initial=initial,
        steepest=float(tried[int(slopes[: lowest + 1].argmin())]),
        best=float(tried[lowest]),
        ended_early=len(values) < len(grown),
    )


def _check(objective: Objective, settings: Settings) -> None:
    if settings.method not in FIRST_ORDER:
        raise UsageError(
            f"method {settings.method} has no learning rate; choose one of {', '.join(FIRST_ORDER)}"
        )
    if objective.constraints is not None or objective.has_integers or objective.alldifferent:
        raise UsageError(
            "a learning rate is looked for where nothing but bounds restricts the variables; this "
            "model has constraints, for which `xlcollab solve` takes methods without a rate"
        )
    if not objective.differentiable:
        raise UsageError("the objective has no slope to follow, so that no rate is better or worse")


def _ends(method: str, rates: RateRange) -> tuple[float, float]:
    own = METHODS[method].learning_rate
    lowest = own / _AROUND if rates.lowest is None else rates.lowest
    highest = own * _AROUND if rates.highest is None else rates.highest
    if not 0.0 < lowest < highest < math.inf:
        raise UsageError(f"the rates go from {lowest:g} to {highest:g}; the first must be lower")
    return lowest, highest
