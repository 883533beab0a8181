"""The border to a machine that knows the objective as a program: no torch, no Python per step.

What the machine cannot do (numbers that are not finite, a point where its program does not hold)
the objective's own function does, so that a run goes on, or ends, as it would without the machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.problem import Descent, Steps
from xlcollab.optim.rule import FirstOrder, Rule, Step
from xlcollab.optim.rules.adagrad import Adagrad
from xlcollab.optim.rules.adam import Adam
from xlcollab.optim.rules.gd import GradientDescent
from xlcollab.optim.rules.momentum import Momentum
from xlcollab.optim.rules.nesterov import Nesterov
from xlcollab.optim.rules.rmsprop import RMSprop
from xlcollab.settings.schedules import Rate

Numbers = NDArray[np.float64]

NAMES: Mapping[type, str] = {
    GradientDescent: "gd",
    Momentum: "momentum",
    Nesterov: "nesterov",
    Adagrad: "adagrad",
    RMSprop: "rmsprop",
    Adam: "adam",
}
"""What the machine calls the rules it knows."""

_SECONDS = 0.05
"""The machine comes back this often, for whoever looks on or says stop."""
_NUMBERS = 2_000_000
"""Most numbers of a record that waits for its rows to be taken."""


def steps(
    rule: Rule[Any], evaluator: Evaluator, point: Point, rate: Rate, first: int, most: int
) -> Iterator[Step[Any]]:
    """Up to `most` steps from `point`; `first` is the iteration that the schedule is at."""
    run = _descent(rule, evaluator, point)
    if run is None:
        yield from _plain(rule, evaluator, point, rate, first, most)
    else:
        yield from _native(run, evaluator, point, rate, first, most)


def _plain(
    rule: Rule[Any], evaluator: Evaluator, point: Point, rate: Rate, first: int, most: int
) -> Iterator[Step[Any]]:
    state = rule.init(evaluator, point)
    for iteration in range(first, first + most):
        step = rule.step(evaluator, point, state, rate(iteration))
        point, state = step.point, step.state
        yield step


def _descent(rule: Rule[Any], evaluator: Evaluator, point: Point) -> Descent | None:
    """The run in the machine, if there is one that fits the model and the rule."""
    native = evaluator.native
    if native is None or not isinstance(rule, FirstOrder) or type(rule.rule) not in NAMES:
        return None
    if native.descent is None:
        return None
    options = asdict(rule.rule)  # type: ignore[call-overload]  # every rule is a dataclass
    return native.descent(
        NAMES[type(rule.rule)],
        options,
        sign=-1.0 if evaluator.objective.maximize else 1.0,
        l2=evaluator.l2,
        weight_decay=rule.weight_decay,
        clip=rule.clip,
        scale=_array(evaluator.scale),
        lower=_array(evaluator.lower),
        upper=_array(evaluator.upper),
    )


def _array(values: Tensor | None) -> Numbers | None:
    return None if values is None else values.numpy()


def _native(
    run: Descent, evaluator: Evaluator, point: Point, rate: Rate, first: int, most: int
) -> Iterator[Step[Any]]:
    """Steps in chunks that take about as long as an onlooker may wait."""
    iteration, last = first, first + most
    together = 1
    while iteration < last:
        count = min(together, last - iteration, max(1, _NUMBERS // len(point.y)))
        rates = np.array([rate(iteration + i) for i in range(count)], np.float64)
        began = time.perf_counter()
        found = run.advance(point.y.numpy(), point.gradient.numpy(), rates)
        took = time.perf_counter() - began
        for number, at in enumerate(found.rows):
            evaluator.count()
            point = _point(evaluator, found, number, at)
            yield Step(point, None, float(rates[number]))
        iteration += len(found.rows)
        if found.failed is not None:
            point = evaluator.at(torch.from_numpy(found.failed))
            yield Step(point, None, float(rates[len(found.rows)]))
            iteration += 1
        together = max(1, min(together * 8, int(count * _SECONDS / max(took, 1e-9))))


def _point(evaluator: Evaluator, found: Steps, number: int, row: Numbers) -> Point:
    value, objective, penalty, norm = row.tolist()
    return Point(
        y=torch.from_numpy(found.ys[number]),
        value=value,
        gradient=torch.from_numpy(found.gradients[number]),
        gradient_norm=norm,
        objective=objective,
        penalty=penalty,
        violation=0.0,
    )
