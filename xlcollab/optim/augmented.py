"""General constraints by an augmented Lagrangian around any rule."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from xlcollab.optim.evaluator import Evaluator, Lagrangian, jacobian
from xlcollab.optim.loop import Limits, Outcome, descend
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.rule import Rule, Stop
from xlcollab.optim.schedules import Rate
from xlcollab.optim.solution import Status

FEASIBLE = 1e-6
"""A constraint missed by no more than this, relative to max(1, its gradient's norm), holds: the
precision of Excel's Solver."""

_ACCURACY = 1e-10
_STAGES = 100
_LARGEST_PENALTY = 1e10
_FIRST_TOLERANCE = 1e-3
_LOST = 10.0
"""A stage that misses the constraints by this much more than the last one, or 1, has left for
where the penalty is too weak; it is made again with a stronger one."""


@dataclass(frozen=True, slots=True)
class Constrained:
    """An outcome with its multipliers λ, (k,), for the constraints as given (unweighted)."""

    outcome: Outcome
    multipliers: Tensor


@dataclass(frozen=True, slots=True)
class _Stage:
    """What the next minimisation starts from."""

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
    did. First-order rules that never stop early get a fiftieth of the iterations in each stage,
    and their penalty stays: it would outgrow their learning rate.
    """
    tolerance = max(limits.tolerance, _FIRST_TOLERANCE) if limits.tolerance else 0.0
    lagrangian = first_lagrangian(evaluator, start)
    if not limits.tolerance:
        lagrangian = replace(lagrangian, penalty=0.1 * lagrangian.penalty)
    stage = _Stage(start, lagrangian, tolerance, _missed(evaluator, lagrangian, start))
    for number in range(1, _STAGES + 1):
        view = evaluator.constrained(stage.lagrangian)
        inner = Limits(_share(limits, recorder), stage.tolerance)
        outcome = descend(rule, view, stage.y, rate, inner, recorder)
        following = _next_stage(evaluator, stage, outcome, limits)
        stop = _stop(stage, following, outcome, limits, recorder, last=number == _STAGES)
        if stop is not None:
            break
        stage = following
    lagrangian = following.lagrangian
    assert stop is not None
    return Constrained(Outcome(outcome.point, stop), lagrangian.multipliers * lagrangian.weight)


def first_lagrangian(evaluator: Evaluator, start: Tensor) -> Lagrangian:
    """Multipliers 0, and a penalty that balances objective and violation (Birgin and Martínez
    2014, section 12.4)."""
    objective = evaluator.objective
    assert objective.constraints is not None
    assert objective.constraint_lower is not None
    assert objective.constraint_upper is not None
    constraints = objective.constraints
    values, rows = jacobian(lambda y: constraints(evaluator.to_x(y)), start)
    weight = 1.0 / torch.clamp(torch.linalg.vector_norm(rows, dim=1), min=1.0)
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
    return replace(lagrangian, penalty=min(max(balance, 1e-3), 1e3))


def _share(limits: Limits, recorder: Recorder) -> int:
    left = limits.iterations - recorder.iteration
    return left if limits.tolerance else min(left, max(1, limits.iterations // 50))


def _next_stage(evaluator: Evaluator, stage: _Stage, outcome: Outcome, limits: Limits) -> _Stage:
    old = stage.lagrangian
    multipliers = old.penalty * _excess(evaluator, old, outcome.point.y)
    missed = _missed(evaluator, old, outcome.point.y)
    if outcome.stop.status is Status.UNBOUNDED or missed > _LOST * max(1.0, stage.missed):
        return replace(stage, lagrangian=replace(old, penalty=10.0 * old.penalty))
    grows = missed > 0.25 * stage.missed and limits.tolerance > 0.0
    penalty = 10.0 * old.penalty if grows else old.penalty
    return _Stage(
        y=outcome.point.y,
        lagrangian=replace(old, multipliers=multipliers, penalty=penalty),
        tolerance=max(limits.tolerance, 0.1 * stage.tolerance),
        missed=missed,
    )


def _excess(evaluator: Evaluator, lagrangian: Lagrangian, y: Tensor) -> Tensor:
    assert evaluator.objective.constraints is not None
    with torch.no_grad():
        return lagrangian.excess(evaluator.objective.constraints(evaluator.to_x(y)))


def _missed(evaluator: Evaluator, lagrangian: Lagrangian, y: Tensor) -> float:
    """By how much y misses the constraints, or complementarity with the multipliers, weighted."""
    excess = _excess(evaluator, lagrangian, y)
    return (excess - lagrangian.multipliers / lagrangian.penalty).abs().max().item()


def _stop(
    stage: _Stage,
    following: _Stage,
    outcome: Outcome,
    limits: Limits,
    recorder: Recorder,
    last: bool,
) -> Stop | None:
    """Why the stages end, or None when they go on."""
    status, missed = outcome.stop.status, following.missed
    if status in (Status.INTERRUPTED, Status.DIVERGED):
        return outcome.stop
    if missed <= _ACCURACY and stage.tolerance <= limits.tolerance:
        return outcome.stop
    if following.lagrangian.penalty > _LARGEST_PENALTY:
        return _exhausted(outcome, missed)
    if last or recorder.iteration >= limits.iterations:
        text = f"{recorder.iteration} iterations were made; {_misses(outcome)}"
        return Stop(Status.ITERATION_LIMIT, text)
    return None


def _exhausted(outcome: Outcome, missed: float) -> Stop:
    if outcome.stop.status is Status.UNBOUNDED:
        return outcome.stop
    if missed <= FEASIBLE:
        return Stop(Status.TOLERANCE, f"The penalty reached its limit; {_misses(outcome)}")
    return Stop(Status.INFEASIBLE, f"At the best point found, {_misses(outcome)}")


def _misses(outcome: Outcome) -> str:
    return f"the constraints are missed by at most {outcome.point.violation:.3g}."
