"""A fit that may be better elsewhere: the descent from the start, and those from other starts."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from xlcollab.optim.algebra.models import box, is_convex_model
from xlcollab.optim.attempt import Attempt, Task, attempt
from xlcollab.optim.auto import Choice
from xlcollab.optim.nonlinear.residuals import Residuals, squared
from xlcollab.optim.nonlinear.seeding import other_ends
from xlcollab.optim.nonlinear.sized import TimeIsUpError
from xlcollab.optim.problem import NativeRows
from xlcollab.optim.rule import Stop
from xlcollab.optim.solution import Status

_MOST = 20
"""Parameters of a curve; what has more is no curve that a few draws could hit."""
_GAIN = 1e-6
"""Of the sum of squares: less is what two searches for one optimum differ by."""
_ENDED = frozenset(
    {
        Status.LOCALLY_OPTIMAL,
        Status.TOLERANCE,
        Status.BEST_FOUND,
        Status.ITERATION_LIMIT,
        Status.UNBOUNDED,
        Status.DIVERGED,
    }
)
"""Words for an end of its own, and not for the end of time."""


def better_fit(task: Task, choice: Choice, start: Tensor, found: Attempt) -> Attempt:
    """The better of an end and of the best end of descents from seeded starts, where a small model
    is a sum of squares that may have several."""
    settings = task.settings
    asked = settings.method != "auto" or settings.iterations is not None
    few = start.numel() <= _MOST and choice.stages[0].method == "lm"
    if asked or not few or found.outcome.stop.status not in _ENDED:
        return found
    residuals = _residuals(task, found.x)
    if residuals is None or is_convex_model(task.objective, start.numel()):
        return found
    try:
        return _from_elsewhere(task, choice, residuals, start, found)
    except TimeIsUpError:
        status = Status.TIME_LIMIT
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    return replace(found, outcome=replace(found.outcome, stop=Stop(status, "")))


def _residuals(task: Task, x: Tensor) -> Residuals | None:
    """None where no machine gives them."""
    native = task.objective.native_residuals
    values = None if native is None else native.values(x.numpy())
    if values is None or not isinstance(native, NativeRows):
        return None
    return Residuals(task, native, *box(task.objective, x.numel()), len(values))


def _from_elsewhere(
    task: Task, choice: Choice, residuals: Residuals, start: Tensor, found: Attempt
) -> Attempt:
    end = found.x.numpy()
    here = float(squared(residuals.at(end[None]))[0])
    for point, cost in other_ends(residuals, start.numpy(), (end, here), task.settings.seed):
        if not cost < (1.0 - _GAIN) * here:
            break
        again = attempt(task, choice, torch.as_tensor(point).to(start), found.recorder)
        if again.outcome.stop.status in _ENDED and again.value < found.value:
            return _told(again, found)
        found.recorder.close(task.evaluator, found.outcome.point)
    return found


def _told(again: Attempt, found: Attempt) -> Attempt:
    stop, before = again.outcome.stop, found.outcome.point.objective
    text = f"A drawn start led here; from yours the search came to {before:.6g}."
    stop = replace(stop, message=f"{stop.message} {text}".strip())
    return replace(again, outcome=replace(again.outcome, stop=stop))
