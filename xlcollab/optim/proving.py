"""What a local optimum is more than that: of a convex model it is the optimum."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.optim.algebra.models import is_convex_model
from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.nonlinear.kkt import conditions
from xlcollab.optim.nonlinear.sized import SizedModel, TimeIsUpError
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

_MOST_VARIABLES = 200
"""The rules for convexity look at every operation, and a proof is told at the end of a run."""
_FARTHER = (1.0, 10.0, 1000.0)
"""Multiples of a variable of size one: beside the end, beyond it, and far away."""
_GAIN = 1e-6
"""Relative: what falls by less is flat but for rounding."""
_PROOF = "The model is convex, so there is no better one anywhere."


def proved(best: Attempt, task: Task, start: Tensor) -> Attempt:
    """The attempt, called optimal where its model is convex and nothing better lies further on: a
    slope may also vanish on the way to infinity."""
    stop, objective = best.outcome.stop, task.objective
    asked = stop.status is Status.LOCALLY_OPTIMAL and objective.shape != "steps"
    if not asked or start.numel() > _MOST_VARIABLES or objective.formulas is None:
        return best
    if _is_bent_down(best, task, start) or not is_convex_model(objective, start.numel()):
        return _advised(best, task)
    if _falls_further(best, task, start):
        return best
    told = Stop(Status.OPTIMAL, f"{stop.message} {_PROOF}".strip())
    return replace(best, outcome=replace(best.outcome, stop=told))


_ADVICE = (
    "Better ones may lie farther away: --multistart looks for them, --engine global for a proof."
)


def _advised(best: Attempt, task: Task) -> Attempt:
    """The attempt with a word on how to look further, for who left the method to us."""
    if task.settings.method != "auto" or task.objective.has_integers:
        return best
    stop = best.outcome.stop
    told = replace(stop, message=f"{stop.message} {_ADVICE}".strip())
    return replace(best, outcome=replace(best.outcome, stop=told))


_TRIES = 3
"""Chords: of a model that is not convex nearly every one shows it."""
_BEND = 1e-6
"""Relative to the values on the chord: far above their rounding."""


def _is_bent_down(best: Attempt, task: Task, start: Tensor) -> bool:
    """Whether a model without constraints lies above a chord of its own somewhere, and so is not
    convex: told from a few points, long before the rules are asked."""
    objective, project = task.objective, task.evaluator.project
    if objective.constraints is not None:
        return False
    sign = -1.0 if objective.maximize else 1.0
    generator = torch.Generator().manual_seed(0)
    for _ in range(_TRIES):
        noise = torch.randn(start.shape, generator=generator, dtype=torch.float64).to(start)
        ends = [project(end) for end in (noise + best.x, noise - best.x)]
        with torch.no_grad():
            places = (*ends, 0.5 * (ends[0] + ends[1]))
            values = [sign * float(objective.function(x)) for x in places]
        size = 1.0 + max(map(abs, values))
        if values[2] > 0.5 * (values[0] + values[1]) + _BEND * size:
            return True
    return False


def _falls_further(best: Attempt, task: Task, start: Tensor) -> bool:
    """Whether the objective falls on the line from the start through the end, or against its
    slope."""
    try:
        model = SizedModel(task, best.x, task.recorder())
        here, slope, matrix = model.derivatives(model.start)
        inside = model.slopes_inside(model.start, slope, matrix)
        if inside is not None:
            if not conditions(model, model.start).hold:
                return True
            slope = inside[0]
        way = model.start - start.detach().double().cpu().numpy() / model.size
        room = _GAIN * max(1.0, abs(here.objective))
        for direction in (way, -slope):
            length = float(torch.linalg.vector_norm(torch.as_tensor(direction)))
            if length == 0.0:
                continue
            for times in _FARTHER:
                there = model.values(model.clip(model.start + times / length * direction))
                if there.feasible and there.objective < here.objective - room:
                    return True
    except TimeIsUpError:
        return True
    return False
