"""A constrained model brought to size one, with the best feasible point remembered."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from xlcollab.optim.algebra.models import affine_rows
from xlcollab.optim.evaluator import Point
from xlcollab.optim.problem import FEASIBLE, NativeRows, TensorFunction
from xlcollab.optim.recorder import Recorder
from xlcollab.optim.starts import within

if TYPE_CHECKING:
    from xlcollab.optim.attempt import Task

Array = NDArray[np.float64]

BAD = 1e30
"""Stands for a value that is no number: every search turns back from it."""
_TIGHT = 1e-9
"""A point this near is kept before one that only just passes."""
_CLEARLY = 1e-3
"""A gain that no violation within the tolerance explains."""
_HAIR, _ALIKE = 1e-8, 1e-2
"""How far from a bound slopes are compared with those on it, and by how much they may differ where
nothing breaks off: as much as curvature of a million makes."""
_PROBES = 4
"""Points at which sizes are asked for: one could be a place where a row is flat."""
_DRAWN = 8
"""Points at which what is flat is looked at for its size."""
_PROBE_WIDTH = 0.1
"""Of size one: near enough that the model is alike, far enough to move."""


def _quiet() -> np.errstate:
    """On the way of an objective that has no end numbers grow beyond all bounds: its status
    tells."""
    return np.errstate(over="ignore", invalid="ignore")


def seconds_left(task: Task) -> float:
    """Until a run's time limit; infinite without one."""
    limit = task.settings.time_limit
    return math.inf if limit is None else limit - (time.perf_counter() - task.began)


class TimeIsUpError(Exception):
    """The run's time limit was reached while a model was evaluated. Never seen by a user."""


@dataclass(frozen=True, slots=True)
class Values:
    """What is known at one point: objective (size one, to be minimised) and rows (size one)."""

    y: Array
    objective: float
    rows: Array
    missed: float
    """The largest amount by which a row misses its limits."""

    @property
    def feasible(self) -> bool:
        return self.missed <= FEASIBLE and abs(self.objective) < BAD


class SizedModel:
    """min f(y) with row_lower ≤ rows(y) ≤ row_upper and lower ≤ y ≤ upper, everything of size one.

    y = x / size, each variable measured by its start; the objective is divided by the norm of its
    gradient, each row by that of its own, the largest near the start: so a model in cents and one
    in millions are the same model to every search and every tolerance.
    """

    def __init__(
        self, task: Task, start: Tensor, recorder: Recorder, *, as_judged: bool = False
    ) -> None:
        """`as_judged`: rows by their size at the start alone, as they are judged where a run ends:
        near it there may be a pole, beside which nothing misses anything."""
        self.task, self.recorder = task, recorder
        self._until = math.inf
        self._like = start
        self._raw = task.evaluator.raw
        evaluator = task.evaluator
        n = start.numel()
        self.lower = _array(evaluator.lower, n, -math.inf)
        self.upper = _array(evaluator.upper, n, math.inf)
        x = np.clip(_numpy(start), self.lower, self.upper)
        self.size = _sizes(x)
        self.lower, self.upper = self.lower / self.size, self.upper / self.size
        objective = task.objective
        k = 0 if objective.constraint_lower is None else objective.constraint_lower.numel()
        self._row_lower = _array(objective.constraint_lower, k, -math.inf)
        self._row_upper = _array(objective.constraint_upper, k, math.inf)
        self.unit, self.weight = 1.0, np.ones(k)
        self.start = x / self.size
        self.unit, self.weight = self._measured(self.start, as_judged)
        self._tight: Values | None = None
        self._loose: Values | None = None
        self.nearest: Values | None = None
        """The point that misses the rows by least."""

    @property
    def best(self) -> Values | None:
        """The feasible point of least objective that was seen.

        One that uses the tolerance up to be lower must be clearly so.
        """
        tight, loose = self._tight, self._loose
        if tight is None or loose is None:
            return loose
        clearly = tight.objective - _CLEARLY * max(1.0, abs(tight.objective))
        return loose if loose.objective < clearly else tight

    def forget(self) -> None:
        """What was seen, for a search in another box."""
        self._tight = self._loose = self.nearest = None

    @property
    def n(self) -> int:
        return len(self.size)

    @cached_property
    def row_lower(self) -> Array:
        """The least that each row may be, (k,)."""
        return self._row_lower * self.weight

    @cached_property
    def row_upper(self) -> Array:
        """The most that each row may be, (k,)."""
        return self._row_upper * self.weight

    def clip(self, y: Array) -> Array:
        """The nearest point within the bounds. Shape (n,)."""
        return np.clip(y, self.lower, self.upper)

    def x(self, y: Array) -> Tensor:
        """The model's variables, exactly on a bound where y is. Shape (n,)."""
        with _quiet():
            x = y * self.size
        return self.task.evaluator.settled(torch.as_tensor(x).to(self._like))

    def values(self, y: Array) -> Values:
        """Objective and rows at y. Raises TimeIsUpError."""
        self.watch_time()
        return self.look(y)

    def look(self, y: Array) -> Values:
        """The same, whatever the time: a search has seen its start."""
        self.task.evaluator.count()
        return self._seen(self._sized(y, self._raw.values(self.x(y))))

    def values_at(self, x: Tensor) -> Values:
        """The same at the model's own variables. Raises TimeIsUpError."""
        self.watch_time()
        raw = self._raw.values(x.to(self._like))
        return self._seen(self._sized(_numpy(x) / self.size, raw))

    def derivatives(self, y: Array) -> tuple[Values, Array, Array]:
        """Values, gradient (n,) and rows' derivatives (k, n) at y; 0 where there is no number."""
        self.watch_time()
        self.task.evaluator.count()
        raw, slopes = self._raw.jacobian(self.x(y))
        found = self._seen(self._sized(y, raw))
        with _quiet():
            matrix = np.nan_to_num(slopes * self.size, nan=0.0, posinf=0.0, neginf=0.0)
            return found, matrix[0] / self.unit, matrix[1:] * self.weight[:, None]

    def many(self, y: Array, weights: Callable[[Array], Array]) -> tuple[Array, Array]:
        """At points y (B, n) the objective and rows, (B, 1 + k), and the gradient (B, n) of their
        sum with the weights (B, 1 + k) that follow from them; no numbers where there are none.
        Raises TimeIsUpError."""
        self.watch_time()
        self.task.evaluator.count(2 * len(y))
        units = np.concatenate([[1.0 / self.unit], self.weight])
        found = self._raw.many(y * self.size, lambda values: weights(values * units) * units)
        if found is None:
            return self._one_by_one(y, weights)
        return found[0] * units, found[1] * self.size

    def _one_by_one(self, y: Array, weights: Callable[[Array], Array]) -> tuple[Array, Array]:
        known = [self.derivatives(self.clip(one)) for one in y]
        values = np.array([[found.objective, *found.rows] for found, _, _ in known])
        slopes = np.array([np.concatenate([[top], rows]) for _, top, rows in known])
        return values, np.einsum("bk,bkn->bn", weights(values), slopes)

    def inward(self, y: Array, width: float) -> Array:
        """The point moved off the bounds it stands on, into the box. Shape (n,)."""
        step = width * np.maximum(1.0, np.abs(y))
        low, high = y <= self.lower, y >= self.upper
        return self.clip(y + np.where(low, step, 0.0) - np.where(high & ~low, step, 0.0))

    def slopes_inside(self, y: Array, gradient: Array, matrix: Array) -> tuple[Array, Array] | None:
        """The slopes a hair off the bounds at y, where those at y are not their limit: a root or a
        power has slope 0 at its end, which is none, and a kink on a bound has one side. None where
        y is as its neighbours. Shapes (n,) and (k, n). Raises TimeIsUpError."""
        there = self.inward(y, _HAIR)
        if np.array_equal(there, y):
            return None
        _, inner, rows = self.derivatives(there)
        pairs = zip((gradient, *matrix), (inner, *rows), strict=True)
        if all(np.abs(b - a).max() <= _ALIKE * (1.0 + np.abs(a).max()) for a, b in pairs):
            return None
        return inner, rows

    def missed_by(self, rows: Array) -> Array:
        """The signed amount by which each row misses its limits, (k,)."""
        return np.asarray(rows - np.clip(rows, self.row_lower, self.row_upper))

    def rows_function(self) -> TensorFunction:
        """y ↦ the sized rows, differentiable."""
        size, weight = torch.as_tensor(self.size), torch.as_tensor(self.weight)
        return lambda y: self._raw((y * size).to(self._like))[1:].double() * weight

    def objective_function(self) -> TensorFunction:
        """y ↦ the sized objective, differentiable."""
        size = torch.as_tensor(self.size)
        return lambda y: self._raw((y * size).to(self._like))[0].double() / self.unit

    def program(self) -> NativeRows | None:
        """The sized objective and rows of y for a machine; None where it does not know them."""
        native = self._raw.program()
        if native is None:
            return None
        return _SizedRows(native, self.size, np.concatenate([[1.0 / self.unit], self.weight]))

    def record(self, y: Array) -> Values:
        """Keep y as the next iteration of the history."""
        found = self.values(y)
        self.recorder.step(self.task.evaluator, self.point(y), math.nan)
        return found

    def point(self, y: Array) -> Point:
        """The point in the model's own units."""
        return self.point_at(self.x(y))

    def point_at(self, x: Tensor) -> Point:
        """The point at the model's own variables."""
        point = self.task.evaluator.at(x.to(self._like))
        constraints = self.task.objective.constraints
        if constraints is None:
            return point
        with torch.no_grad():
            rows = constraints(point.y).double().cpu().numpy()
        gap = np.abs(rows - np.clip(rows, self._row_lower, self._row_upper))
        missed = float((gap * self.weight).max(initial=0.0))
        return replace(point, violation=float(gap.max(initial=0.0)), missed=missed)

    def _sized(self, y: Array, raw: Array) -> Values:
        with _quiet():
            objective = raw[0] / self.unit if math.isfinite(raw[0]) else BAD
            known = np.isfinite(raw[1:])
            rows = np.where(known, raw[1:] * self.weight, BAD)
        missed = np.abs(self.missed_by(rows)).max(initial=0.0) if known.all() else BAD
        return Values(np.array(y), float(objective), rows, float(missed))

    def _seen(self, found: Values) -> Values:
        if found.feasible and found.missed <= _TIGHT:
            self._tight = _lower(self._tight, found)
        if found.feasible:
            self._loose = _lower(self._loose, found)
        if self.nearest is None or found.missed < self.nearest.missed:
            self.nearest = found
        return found

    def straight_rows(self) -> tuple[Array, Array, Array] | None:
        """The rows that are linear, by their formulas and by samples, in x: (matrix, least, most).
        Where formulas are not known a smooth model's samples are believed, for a row that bends at
        one place alone may look straight at all others."""
        objective = self.task.objective
        if not len(self.weight) or not objective.differentiable:
            return None
        shown = affine_rows(objective)
        if shown is None and objective.shape != "smooth":
            return None
        generator = Generator().manual_seed(self.task.settings.seed)
        samples = []
        for spread in (1.0, 10.0, 100.0):
            noise = torch.randn(self.n, generator=generator, dtype=torch.float64).numpy()
            x = torch.as_tensor((self.start + spread * noise) * self.size).to(self._like)
            values, slopes = self._raw.jacobian(x)
            rows = slopes[1:]
            samples.append((rows, values[1:] - rows @ _numpy(x)))
        first, offset = samples[0]
        size = np.abs(first).max(axis=1, initial=0.0)
        straight = size > 0
        for rows, others in samples[1:]:
            straight &= (np.abs(rows - first) <= 1e-9 * size[:, None]).all(axis=1)
            straight &= np.abs(others - offset) <= 1e-7 * np.maximum(1.0, np.abs(offset))
        straight &= True if shown is None else shown
        low, high = self._row_lower - offset, self._row_upper - offset
        return first[straight], low[straight], high[straight]

    def _measured(self, start: Array, as_judged: bool) -> tuple[float, Array]:
        """The unit of the objective and the weights of the rows: the largest norms of gradients at
        the start and at seeded points near it."""
        generator = Generator().manual_seed(self.task.settings.seed)
        norms = np.zeros(1 + len(self.weight))
        probes = _PROBES if self.task.objective.differentiable else 0
        for number in range(probes):
            noise = torch.randn(self.n, generator=generator, dtype=torch.float64).numpy()
            y = self.clip(start + (_PROBE_WIDTH * noise if number else 0.0))
            self.task.evaluator.count()
            _, slopes = self._raw.jacobian(self.x(y))
            with _quiet():
                found = np.sqrt(np.square(slopes * self.size).sum(axis=1))
            found = np.where(np.isfinite(found), found, 0.0)
            if as_judged:
                found[1:] = norms[1:] if number else np.maximum(found[1:], 1.0)
            norms = np.fmax(norms, found)
        if (norms == 0.0).any():
            norms = np.where(norms > 0, norms, self._heights(start, generator))
        return float(norms[0]), 1.0 / norms[1:]

    def _heights(self, start: Array, generator: Generator) -> Array:
        """The largest values of what has no slope, (1 + k,), at the start and at points drawn
        within the bounds: where they are below 1 they are its size; else, and of what is 0
        everywhere, it is 1."""
        lower, upper = self.lower, self.upper
        drawn = [within(start, lower, upper, generator) for _ in range(_DRAWN)]
        with _quiet():
            values = [np.abs(self._raw.values(self.x(y))) for y in (start, *drawn)]
        found = np.max(np.where(np.isfinite(values), values, 0.0), axis=0)
        return np.where((found > 0.0) & (found < 1.0), found, 1.0)

    def seconds_left(self) -> float:
        """Until the run's time limit, never quite nothing; infinite without one."""
        return max(0.01, seconds_left(self.task))

    def watch_time(self) -> None:
        """Raises TimeIsUpError once the run's time limit has passed."""
        now, limit = time.perf_counter(), self.task.settings.time_limit
        if now > self._until or (limit is not None and now - self.task.began > limit):
            raise TimeIsUpError

    @contextlib.contextmanager
    def no_longer_than(self, seconds: float) -> Iterator[None]:
        """What is evaluated within raises TimeIsUpError after so many seconds, too."""
        before = self._until
        self._until = min(before, time.perf_counter() + seconds)
        try:
            yield
        finally:
            self._until = before


@dataclass(frozen=True, slots=True)
class _SizedRows:
    """The program of a model's objective and rows in variables and units of size one."""

    native: NativeRows
    size: Array
    unit: Array

    def values(self, y: Array) -> Array | None:
        """The sized values, (1 + k,), or None."""
        found = self.native.values(y * self.size)
        return None if found is None else found * self.unit

    def jacobian(self, y: Array) -> tuple[Array, Array] | None:
        """The sized values and their derivatives by y, (1 + k, n), or None."""
        found = self.native.jacobian(y * self.size)
        if found is None:
            return None
        return found[0] * self.unit, found[1] * self.size * self.unit[:, None]

    def many(self, y: Array, weights: Array) -> Array:
        """`pulled` at the rows of y (B, n), and behind it the sized values, (B, n + 1 + k)."""
        found = self.native.many(y * self.size, weights * self.unit)
        return np.asarray(found * np.concatenate([self.size, self.unit]))

    def pulled(self, y: Array, weights: Array) -> Array | None:
        """The gradient by y, (n,), of the sized values' sum with these weights, or None."""
        found = self.native.pulled(y * self.size, weights * self.unit)
        return None if found is None else found * self.size


def _lower(best: Values | None, found: Values) -> Values:
    return found if best is None or found.objective < best.objective else best


def _sizes(x: Array) -> Array:
    """A variable's own size at the start; at 0 that of a number."""
    size = np.abs(x)
    return np.where(size > 0, size, 1.0)


def _array(values: Tensor | None, n: int, otherwise: float) -> Array:
    return np.full(n, otherwise) if values is None else _numpy(values)


def _numpy(values: Tensor) -> Array:
    return np.asarray(values.detach().double().cpu().numpy(), np.float64)
