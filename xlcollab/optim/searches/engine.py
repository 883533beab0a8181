"""One run from one start: the search that a method stands for."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from xlcollab.optim.attempt import Attempt, Task
from xlcollab.optim.auto import Choice
from xlcollab.optim.nonlinear.engine import by_sqp
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.searches.descents import descend
from xlcollab.optim.searches.populations import evolved
from xlcollab.optim.searches.proofs import globally
from xlcollab.optim.searches.whole import branched

_SEARCHES = {"evolutionary": evolved, "global": globally, "branch": branched}


def run(task: Task, choice: Choice, start: Tensor, recorder: Recorder) -> Attempt:
    """By the choice's engine."""
    method = choice.stages[0].method
    if method == "branch" and not task.objective.has_integers:
        return replace(by_sqp(task, start, recorder), method="branch")  # the one relaxation
    search = _SEARCHES.get(method)
    if search is None:
        return descend(task, choice, start, recorder)
    return search(task, start, recorder)
