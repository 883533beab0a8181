"""L-BFGS, without and with bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xlcollab.optim.active import free_variables
from xlcollab.optim.evaluator import Evaluator, Point
from xlcollab.optim.line_search import projected, strong_wolfe
from xlcollab.optim.rule import Step, Stop
from xlcollab.optim.solution import Status

_EXHAUSTED = Stop(Status.TOLERANCE, "No step lowers it any further at this precision.")


@dataclass(frozen=True, slots=True)
class Pair:
    """One remembered step: s = change of y, z = change of the gradient, each (n,)."""

    s: Tensor
    z: Tensor


@dataclass(frozen=True, slots=True)
class LBFGS:
    """Limited-memory BFGS (Nocedal and Wright 2006, algorithms 7.4 and 7.5).

    Without bounds the step satisfies the strong Wolfe conditions. With bounds, variables that
    press against one are held, the quasi-Newton direction is that of the others, and the step
    follows the projected path (two-metric projection, Bertsekas 1982).
    """

    memory: int = 20

    def init(self, evaluator: Evaluator, point: Point) -> tuple[Pair, ...]:
        """Nothing remembered."""
        del evaluator, point
        return ()

    def step(
        self, evaluator: Evaluator, point: Point, state: tuple[Pair, ...], rate: float
    ) -> Step[tuple[Pair, ...]]:
        """A quasi-Newton step; steepest descent where that fails; a stop where both do."""
        del rate
        free = free_variables(evaluator, point)
        search = projected if evaluator.has_bounds else strong_wolfe
        for pairs in (state, ()) if state else ((),):
            direction = -inverse_hessian_times(point.gradient, pairs, free)
            trial = search(evaluator, point, direction, _first_length(direction, pairs))
            if trial is not None:
                pairs = self._remember(pairs, point, trial.point)
                return Step(trial.point, pairs, trial.length)
        return Step(point, state, 0.0, _EXHAUSTED)

    def _remember(self, pairs: tuple[Pair, ...], old: Point, new: Point) -> tuple[Pair, ...]:
        """The pairs with the newest; a step without positive curvature is left out."""
        s, z = new.y - old.y, new.gradient - old.gradient
        if s.dot(z) <= torch.finfo(s.dtype).eps * z.dot(z):
            return pairs
        return (*pairs, Pair(s, z))[-self.memory :]


def _first_length(direction: Tensor, pairs: tuple[Pair, ...]) -> float:
    """1 for a quasi-Newton direction; steepest descent begins with a step of length 1 at most."""
    if pairs:
        return 1.0
    return min(1.0, 1.0 / max(float(torch.linalg.vector_norm(direction)), 1e-300))


_Vector = TypeVar("_Vector", Tensor, NDArray[np.float64])


def inverse_hessian_times(
    gradient: Tensor, pairs: tuple[Pair, ...], free: Tensor | None = None
) -> Tensor:
    """The two-loop recursion (algorithm 7.4), with the scaling γ = s·z / z·z of equation 7.20.

    `free` (n,), 0 or 1, restricts the vectors to the variables that may move.
    """
    if gradient.device.type != "cpu":
        return _two_loops(gradient, [(pair.s, pair.z) for pair in pairs], free)
    plain = [(pair.s.numpy(), pair.z.numpy()) for pair in pairs]
    held = None if free is None else free.numpy()
    return torch.from_numpy(_two_loops(gradient.numpy(), plain, held))


def _two_loops(
    gradient: _Vector, pairs: list[tuple[_Vector, _Vector]], free: _Vector | None
) -> _Vector:
    """The same on tensors or on arrays, which take less time to begin with on few numbers."""
    used = pairs
    if free is not None:
        gradient = gradient * free
        masked = [(s * free, z * free) for s, z in pairs]
        used = [(s, z) for s, z in masked if s.dot(z) > 0.0]
    q = gradient
    steps = []
    for s, z in reversed(used):
        curvature = s.dot(z)
        alpha = s.dot(q) / curvature
        q = q - alpha * z
        steps.append((s, z, curvature, alpha))
    if used:
        s, z = used[-1]
        q = q * (s.dot(z) / z.dot(z))
    for s, z, curvature, alpha in reversed(steps):
        q = q + (alpha - z.dot(q) / curvature) * s
    return q
