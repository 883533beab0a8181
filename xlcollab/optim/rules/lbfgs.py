"""L-BFGS, without and with bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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


_QUIET = np.errstate(over="ignore", invalid="ignore")
"""On a way that has no end numbers overflow, on arrays as silently as on tensors."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One remembered step: s = change of y, z = change of the gradient, each (n,)."""

    s: Tensor
    z: Tensor
    curvature: float = field(init=False)
    """s · z."""
    length: float = field(init=False)
    """z · z."""
    arrays: tuple[NDArray[np.float64], NDArray[np.float64]] = field(init=False)
    """s and z as numpy sees them, where they lie on the CPU."""

    @_QUIET
    def __post_init__(self) -> None:
        cpu = self.s.device.type == "cpu"
        s, z = (self.s.numpy(), self.z.numpy()) if cpu else (np.zeros(0), np.zeros(0))
        object.__setattr__(self, "arrays", (s, z))
        object.__setattr__(self, "curvature", float(s.dot(z) if cpu else self.s.dot(self.z)))
        object.__setattr__(self, "length", float(z.dot(z) if cpu else self.z.dot(self.z)))


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
        pair = Pair(new.y - old.y, new.gradient - old.gradient)
        if pair.curvature <= torch.finfo(pair.s.dtype).eps * pair.length:
            return pairs
        return (*pairs, pair)[-self.memory :]


def _first_length(direction: Tensor, pairs: tuple[Pair, ...]) -> float:
    """1 for a quasi-Newton direction; steepest descent begins with a step of length 1 at most."""
    if pairs:
        return 1.0
    return min(1.0, 1.0 / max(float(torch.linalg.vector_norm(direction)), 1e-300))


def inverse_hessian_times(
    gradient: Tensor, pairs: tuple[Pair, ...], free: Tensor | None = None
) -> Tensor:
    """The two-loop recursion (algorithm 7.4), with the scaling γ = s·z / z·z of equation 7.20.

    `free` (n,), 0 or 1, restricts the vectors to the variables that may move.
    """
    used, q = pairs, gradient
    if free is not None:
        q = q * free
        masked = [Pair(pair.s * free, pair.z * free) for pair in pairs]
        used = tuple(pair for pair in masked if pair.curvature > 0.0)
    if not used:
        return q
    if gradient.device.type != "cpu":
        return _two_loops(q, [(pair.s, pair.z) for pair in used], used)
    return torch.from_numpy(_two_loops(q.numpy(), [pair.arrays for pair in used], used))


_Vector = TypeVar("_Vector", Tensor, NDArray[np.float64])


@_QUIET
def _two_loops(
    gradient: _Vector, vectors: Sequence[tuple[_Vector, _Vector]], pairs: Sequence[Pair]
) -> _Vector:
    """The same on tensors or on arrays, which take less time to begin with on few numbers."""
    q = gradient
    steps = []
    for (s, z), pair in zip(reversed(vectors), reversed(pairs), strict=True):
        alpha = s.dot(q) / pair.curvature
        q = q - alpha * z
        steps.append((s, z, pair.curvature, alpha))
    q = q * (pairs[-1].curvature / pairs[-1].length)
    for s, z, curvature, alpha in reversed(steps):
        q = q + (alpha - z.dot(q) / curvature) * s
    return q
