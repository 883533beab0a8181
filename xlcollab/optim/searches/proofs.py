"""What SCIP found, its last digits by a descent with the whole numbers held."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.kept import keeps
from xlcollab.optim.loop import Outcome
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.scip.engine import by_scip
from xlcollab.optim.searches.descents import MOST_TO_LOOK_AROUND, room
from xlcollab.optim.searches.polishing import all_whole, descended, held
from xlcollab.optim.solution import Status

_FURTHER = 1e-6
"""Of the way that a descent went: more than the digits that Excel leaves out."""
_POLISHED = 1e-5
"""Relative: a descent that ends farther off has left the valley that was proved."""


def globally(task: Task, start: Tensor, recorder: Recorder) -> Attempt:
    """SCIP's solution, its last digits by a descent with the whole numbers held."""
    found = by_scip(task, start, recorder)
    status = found.outcome.stop.status
    if status not in (Status.OPTIMAL, Status.BEST_FOUND) or not task.objective.differentiable:
        return found
    if all_whole(task) or task.objective.alldifferent or start.numel() > MOST_TO_LOOK_AROUND:
        return found
    polished = descended(held(task, found.x), found.x, task.recorder())
    point = polished.outcome.point
    if not polished.outcome.stop.status.has_solution or point.violation > 1e-9:
        return found
    far = abs(polished.value - found.value) > room(task, found, _POLISHED)
    if far or _is_at_a_jump(task, found, polished):
        return found
    recorder.end(task.evaluator, point, may_step=True)
    return replace(
        found, x=polished.x, value=polished.value, outcome=Outcome(point, found.outcome.stop)
    )


def _is_at_a_jump(task: Task, found: Attempt, polished: Attempt) -> bool:
    """Whether all would be otherwise a little further on, where a sheet that compares 15 digits
    may be already."""
    x = polished.x + _FURTHER * (polished.x - found.x)
    here, there = polished.outcome.point.objective, task.evaluator.at(x).objective
    alike = abs(there - here) <= room(task, polished, _POLISHED)
    return not (alike and keeps(task.objective, x))
