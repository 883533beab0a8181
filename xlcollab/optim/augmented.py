"""General constraints by an augmented Lagrangian around any rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor

from xlcollab.optim.evaluator import Evaluator
from xlcollab.optim.jacobian import jacobian
from xlcollab.optim.lagrangian import Lagrangian
from xlcollab.optim.loop import Limits, Outcome, descend
from xlcollab.optim.problem import FEASIBLE
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Rule, Stop
from xlcollab.optim.solution import Status
from xlcollab.settings.schedules import Rate

_ACCURACY = 1e-10
"""What the stages aim at."""
_CLOSE = 1e-9
"""Good enough where a stage does not come closer: what is missed is what rounding leaves."""
_LOST = 0.1
"""A stage that misses by more than this, and by ten times the last one, has left for where the
penalty is too weak; it is made again with a stronger one."""
_LARGEST_PENALTY = 1e10
"""Beyond, the penalty's curvature hides the objective's in float64."""
_FIRST_TOLERANCE = 1e-3
"""Early stages need no more: their multipliers are wrong anyway."""
_STAGES = 100
"""Penalties grow tenfold and multipliers converge linearly: a few dozen are usual."""
_STAGES_OF_FIRST_ORDER = 50
"""What a slow rule may spend on one stage is a fiftieth of all."""


@dataclass(frozen=True, slots=True)
class Constrained:
    """An outcome with its multipliers λ, (k,), for the constraints as given (unweighted)."""

    outcome: Outcome
    multipliers: Tensor


@dataclass(frozen=True, slots=True)
class _Stage:
    """What one minimisation starts from."""

    y: Tensor
    lagrangian: Lagrangian
    tolerance: float
    missed: float
    """By how much the last stage missed constraints or complementarity, weighted."""


def descend_constrained(
    rule: Rule[Any],
    evaluator: Evaluator,
    start: Tensor,
    rate: Rate,
    limits: Limits,
    recorder: Recorder,
) -> Constrained:
    """Minimise, move the multipliers, tighten (Nocedal and Wright 2006, algorithm 17.4).

    Each stage minimises the augmented Lagrangian with `rule`. The penalty grows tenfold when a
    stage misses the constraints, or complementarity, by more than a quarter of what the last one
    did. First-order rules, which do not stop early, get a fiftieth of the iterations in each
    stage, and their penalty stays: it would outgrow their learning rate.
    """
    stage = _first_stage(evaluator, start, limits)
    for number in range(1, _STAGES + 1):
        view = evaluator.constrained(stage.lagrangian)
        inner = Limits(_share(limits, recorder), stage.tolerance, limits.change, limits.deadline)
        outcome = descend(rule, view, stage.y, rate, inner, recorder)
        missed = _missed(evaluator, stage.lagrangian, outcome.point.y)
        last = number == _STAGES or recorder.iteration >= limits.iterations
        stop = _stop(stage, missed, outcome, limits, last=last)
        if stop is None and last:
            text = f"At the last point {_missed_there(outcome)}"
            stop = Stop(Status.ITERATION_LIMIT, text)
        if stop is not None:
            break
        stage = _next_stage(evaluator, stage, missed, outcome, limits)
    assert stop is not None
    lagrangian = stage.lagrangian
    multipliers = _next_multipliers(evaluator, lagrangian, outcome.point.y) * lagrangian.weight
    return Constrained(Outcome(outcome.point, stop), multipliers)


def _first_stage(evaluator: Evaluator, start: Tensor, limits: Limits) -> _Stage:
    lagrangian = first_lagrangian(evaluator, start)
    missed = _missed(evaluator, lagrangian, start)
    if limits.stop_early:
        tolerance = max(limits.gradient, _FIRST_TOLERANCE)
        return _Stage(start, lagrangian, tolerance, missed)
    weaker = replace(lagrangian, penalty=0.1 * lagrangian.penalty)
    return _Stage(start, weaker, 0.0, missed)


def first_lagrangian(evaluator: Evaluator, start: Tensor) -> Lagrangian:
    """Multipliers 0, and a penalty that balances objective and violation (Birgin and Martínez
    2014, section 12.4)."""
    objective = evaluator.objective
    assert objective.constraints is not None
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    values, weight = _weighed(lambda y: _rows(evaluator, y), start)
    lagrangian = Lagrangian(
        multipliers=torch.zeros_like(values),
        penalty=1.0,
        weight=weight,
        lower=objective.constraint_lower.to(start),
        upper=objective.constraint_upper.to(start),
    )
    value = abs(evaluator.at(start).value)
    missed = lagrangian.term(values).item()
    balance = 10.0 * max(1.0, value) / max(1.0, missed)
    return replace(lagrangian, penalty=min(max(balance, 1e-8), 1e8))


_PROBES, _PROBE_WIDTH = 3, 0.1
"""Points near the start, of its size, at which rows that look small are asked once more: one may be
a place where a row is flat."""


def _rows(evaluator: Evaluator, y: Tensor) -> tuple[Tensor, Tensor]:
    """The constraints at y, (k,), and their derivatives, (k, n)."""
    constraints, x = evaluator.objective.constraints, evaluator.to_x(y)
    assert constraints is not None
    native = evaluator.raw.program()
    found = None if native is None else native.jacobian(x.detach().numpy())
    if found is None:
        return jacobian(lambda y: constraints(evaluator.to_x(y)), y)
    values, rows = (torch.as_tensor(one[1:]).to(y) for one in found)
    return values, rows if evaluator.scale is None else rows * evaluator.scale


def _weighed(
    rows_at: Callable[[Tensor], tuple[Tensor, Tensor]], start: Tensor
) -> tuple[Tensor, Tensor]:
    """The constraints at the start, (k,), and what brings them to size one, (k,)."""
    values, rows = rows_at(start)
    size = torch.linalg.vector_norm(rows, dim=1)
    if bool((size < 1.0).any()):
        generator = Generator().manual_seed(0)
        near = size
        for _ in range(_PROBES):
            noise = torch.randn(start.shape, generator=generator, dtype=torch.float64).to(start)
            there = start + _PROBE_WIDTH * start.abs().clamp(min=1.0) * noise
            found = torch.linalg.vector_norm(rows_at(there)[1], dim=1)
            near = torch.fmax(near, torch.where(torch.isfinite(found), found, 0.0))
        size = torch.where(size < 1.0, near, size)
    return values, 1.0 / torch.where(size > 0.0, size, 1.0)


def _share(limits: Limits, recorder: Recorder) -> int:
    left = limits.iterations - recorder.iteration
    if limits.stop_early:
        return left
    return min(left, max(1, limits.iterations // _STAGES_OF_FIRST_ORDER))


def _next_stage(
    evaluator: Evaluator, stage: _Stage, missed: float, outcome: Outcome, limits: Limits
) -> _Stage:
    old = stage.lagrangian
    stronger = 10.0 * old.penalty
    lost = limits.stop_early and missed > max(_LOST, 10.0 * stage.missed)
    if lost or outcome.stop.status is Status.UNBOUNDED:
        return replace(stage, lagrangian=replace(old, penalty=stronger))
    slow = limits.stop_early and missed > max(0.25 * stage.missed, _CLOSE)
    multipliers = _next_multipliers(evaluator, old, outcome.point.y)
    penalty = stronger if slow else old.penalty
    return _Stage(
        y=outcome.point.y,
        lagrangian=replace(old, multipliers=multipliers, penalty=penalty),
        tolerance=max(limits.gradient, 0.1 * stage.tolerance),
        missed=missed,
    )


def _next_multipliers(evaluator: Evaluator, lagrangian: Lagrangian, y: Tensor) -> Tensor:
    """ρ · (t - p) at y, (k,)."""
    assert evaluator.objective.constraints is not None
    with torch.no_grad():
        values = evaluator.objective.constraints(evaluator.to_x(y))
        return lagrangian.penalty * lagrangian.excess(values)


def _missed(evaluator: Evaluator, lagrangian: Lagrangian, y: Tensor) -> float:
    """By how much y misses the constraints, or complementarity with the multipliers, weighted."""
    change = _next_multipliers(evaluator, lagrangian, y) - lagrangian.multipliers
    return change.abs().max().item() / lagrangian.penalty


def _stop(
    stage: _Stage, missed: float, outcome: Outcome, limits: Limits, *, last: bool
) -> Stop | None:
    """Why the stages end, or None when they go on: rules that do not stop early make all their
    steps."""
    status = outcome.stop.status
    if status in (Status.INTERRUPTED, Status.DIVERGED, Status.TIME_LIMIT):
        return outcome.stop
    held = missed <= _ACCURACY or 0.25 * stage.missed < missed <= _CLOSE
    if held and stage.tolerance <= limits.gradient and (limits.stop_early or last):
        return outcome.stop
    if stage.lagrangian.penalty < _LARGEST_PENALTY:
        return None
    if status is Status.UNBOUNDED:
        return outcome.stop
    if missed <= FEASIBLE:
        return Stop(Status.TOLERANCE, "The penalty reached its limit.")
    return Stop(Status.INFEASIBLE, f"At the best point found, {_missed_there(outcome)}")


def _missed_there(outcome: Outcome) -> str:
    return f"the constraints are missed by at most {outcome.point.violation:.3g}."
