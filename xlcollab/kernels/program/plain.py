"""A lowered sheet run by numpy, for where the native machine is not compiled yet.

On small sheets it costs a tenth of the tape under autograd, and nothing before the first run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.core.adjoint import gradient
from xlcollab.kernels.program.core.graph import Graph, NotLoweredError, View
from xlcollab.kernels.program.core.prepared import Prepared
from xlcollab.kernels.program.core.rewrite import rewritten
from xlcollab.kernels.program.core.schedule import needed
from xlcollab.kernels.program.recording.record import Recording

Numbers = NDArray[np.float64]

MOST_NUMBERS = 2_000_000
"""In all buffers together: beyond, their memory is felt, and torch costs no more than numpy."""
TOGETHER = 200_000
"""Numbers in the buffers of points that are asked for at once: they stay in the caches."""


@dataclass(frozen=True, slots=True, eq=False)
class PlainProgram:
    """x ↦ value and gradient, (n,), of a sheet's one output."""

    graph: Graph
    value: View
    slope: int
    guards: tuple[tuple[int, float], ...]
    """Nodes of one number, and what it must be for the program to be the sheet's."""
    prepared: Prepared = field(init=False)
    crowds: _Crowds = field(init=False)
    descent: ClassVar[None] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "prepared", Prepared(self.graph, self.wanted))
        object.__setattr__(self, "crowds", _Crowds(self.graph, self.wanted))

    @property
    def wanted(self) -> list[int]:
        """The nodes that are read after a run."""
        return [self.value.node, self.slope, *(node for node, _ in self.guards)]

    def value_and_gradient(self, x: Numbers) -> tuple[float, Numbers] | None:
        """(value, gradient) at x; None where one is no number, or the program does not hold."""
        self.prepared.run(x)
        buffers = self.prepared.buffers
        value, slope = float(buffers[self.value.node][0, self.value.offset]), buffers[self.slope][0]
        if not (math.isfinite(value) and np.isfinite(slope).all() and self.holds(self.prepared)):
            return None
        return value, slope.copy()

    def value_alone(self, x: Numbers) -> float | None:
        """The value at x, without what its slope takes; None where it is no number, or the program
        does not hold."""
        self.prepared.run_until(x, [self.value.node, *(node for node, _ in self.guards)])
        value = float(self.prepared.buffers[self.value.node][0, self.value.offset])
        return value if math.isfinite(value) and self.holds(self.prepared) else None

    def holds(self, prepared: Prepared) -> bool:
        """Whether all that was taken for granted is so at the points of the last run."""
        return bool(_hold(prepared, self.guards).all())

    def batch(self, points: Numbers) -> tuple[Numbers, Numbers]:
        """Values (B,) and gradients (B, n) at the rows of `points` (B, n); NaN where there is no
        answer."""
        values, gradients = np.full(len(points), np.nan), np.full(points.shape, np.nan)
        for first, prepared in self.crowds.run(points):
            found = prepared.buffers[self.value.node][:, self.value.offset]
            slopes = prepared.buffers[self.slope]
            fine = np.isfinite(found) & np.isfinite(slopes).all(axis=1)
            fine = fine & _hold(prepared, self.guards)
            part = slice(first, first + prepared.points)
            values[part] = np.where(fine, found, np.nan)
            gradients[part] = np.where(fine[:, None], slopes, np.nan)
        return values, gradients


@dataclass(slots=True, eq=False)
class PlainValues:
    """x ↦ value of a sheet's one output, many points in one call of numpy for each operation."""

    graph: Graph
    value: View
    guards: tuple[tuple[int, float], ...]
    descent: ClassVar[None] = None
    _crowds: _Crowds = field(init=False)

    def __post_init__(self) -> None:
        wanted = [self.value.node, *(node for node, _ in self.guards)]
        self._crowds = _Crowds(self.graph, wanted)

    def batch(self, points: Numbers) -> tuple[Numbers, Numbers]:
        """Values (B,) at the rows of `points` (B, n), NaN where there is no answer; and no
        gradients, NaN (B, n)."""
        values = np.full(len(points), np.nan)
        for first, prepared in self._crowds.run(points):
            found = prepared.buffers[self.value.node][:, self.value.offset]
            fine = np.isfinite(found) & _hold(prepared, self.guards)
            values[first : first + prepared.points] = np.where(fine, found, np.nan)
        return values, np.full(points.shape, np.nan)

    def value_and_gradient(self, x: Numbers) -> None:
        """None: it knows no gradient."""

    def value_alone(self, x: Numbers) -> float | None:
        """The value at x; None where there is no answer."""
        value = float(self.batch(x[None])[0][0])
        return None if math.isnan(value) else value


@dataclass(slots=True, eq=False)
class _Crowds:
    """A graph made ready for points in as large batches as stay in the caches."""

    graph: Graph
    wanted: Sequence[int]
    _most: int = field(init=False)
    """Points of a batch."""
    _ready: dict[int, Prepared] = field(default_factory=dict)
    """By how many points they take at once."""

    def __post_init__(self) -> None:
        size = sum(self.graph[number].size for number in needed(self.graph, self.wanted))
        self._most = max(1, TOGETHER // max(size, 1))

    def run(self, points: Numbers) -> Iterator[tuple[int, Prepared]]:
        """The first row of each batch, and the buffers that hold it until the next one."""
        for first in range(0, len(points), self._most):
            part = points[first : first + self._most]
            prepared = self._for(len(part))
            prepared.run(part)
            yield first, prepared

    def _for(self, count: int) -> Prepared:
        prepared = self._ready.get(count)
        if prepared is None:
            if len(self._ready) == _SIZES:
                self._ready.clear()
            prepared = self._ready[count] = Prepared(self.graph, self.wanted, points=count)
        return prepared


_SIZES = 4
"""Batches of so many sizes are kept ready."""


def _hold(prepared: Prepared, guards: Sequence[tuple[int, float]]) -> NDArray[np.bool_]:
    """At which points of the last run all that was taken for granted is so, (B,) or (1,)."""
    holds = np.ones(1, np.bool_)
    for node, expected in guards:
        holds = holds & (prepared.buffers[node][:, 0] == expected)
    return holds


@dataclass(slots=True, eq=False)
class PlainResiduals:
    """x ↦ residuals (m,) and their derivatives (m, n), by a program of (x, w) for w · residuals.

    Its derivatives by w are the residuals themselves; with w a unit vector those by x are a row.
    Rows are asked for together, and what depends on x alone is worked out once.
    """

    program: PlainProgram
    count: int
    _together: Prepared = field(init=False)
    _rows: int = field(init=False)

    def __post_init__(self) -> None:
        program = self.program
        self._rows = min(self.count, max(1, TOGETHER // program.prepared.size))
        alike = program.graph[0].size - self.count
        self._together = Prepared(program.graph, program.wanted, points=self._rows, alike=alike)

    def values(self, x: Numbers) -> Numbers | None:
        """The residuals at x; None where one is no number, or the program does not hold. Shape
        (m,)."""
        found = self.program.value_and_gradient(np.concatenate([x, np.zeros(self.count)]))
        return None if found is None else found[1][len(x) :]

    def jacobian(self, x: Numbers) -> tuple[Numbers, Numbers] | None:
        """The residuals and their derivatives at x, or None. Shapes (m,) and (m, n)."""
        values, jacobian = self.values(x), np.empty((self.count, len(x)))
        if values is None:
            return None
        points = np.zeros((self._rows, len(x) + self.count))
        points[:, : len(x)] = x
        for first in range(0, self.count, self._rows):
            rows = min(self._rows, self.count - first)
            points[:, len(x) :] = np.eye(self._rows, self.count, first)
            self._together.run(points)
            slopes = self._together.buffers[self.program.slope]
            jacobian[first : first + rows] = slopes[:rows, : len(x)]
        fine = np.isfinite(jacobian).all() and self.program.holds(self._together)
        return (values, jacobian) if fine else None

    def pulled(self, x: Numbers, weights: Numbers) -> Numbers | None:
        """The gradient by x, (n,), of the residuals' sum with these weights (m,), or None: one run,
        however many residuals there are."""
        found = self.program.value_and_gradient(np.concatenate([x, weights]))
        return None if found is None else found[1][: len(x)]

    def many(self, points: Numbers, weights: Numbers) -> Numbers:
        """At the rows of `points` (B, n) `pulled` with a row of `weights` (B, m) each, and behind
        it the residuals, (B, n + m); NaN where there is no answer."""
        return self.program.batch(np.concatenate([points, weights], axis=1))[1]


def plain_values(recording: Recording) -> PlainValues:
    """The program of a recording with one output of one element, without its gradient.

    Raises NotLoweredError where buffers would be too many.
    """
    ((view, _),) = recording.outputs
    given = [view.node, *(guard.node for guard in recording.guards)]
    graph, now = rewritten(recording.graph, given)
    guards = tuple((now[guard.node], guard.expected) for guard in recording.guards)
    found = PlainValues(graph, replace(view, node=now[view.node]), guards)
    if sum(graph[number].size for number in needed(graph, [now[one] for one in given])) > TOGETHER:
        raise NotLoweredError("a batch of it would be no quicker")
    return found


def plain(recording: Recording) -> PlainProgram:
    """The program of a recording with one output of one element.

    Raises NotLoweredError where an operation has no derivative, or buffers would be too many.
    """
    ((view, _),) = recording.outputs
    given = [view.node, *(guard.node for guard in recording.guards)]
    graph, now = rewritten(recording.graph, given)
    view = replace(view, node=now[view.node])
    guards = tuple((now[guard.node], guard.expected) for guard in recording.guards)
    slope = gradient(graph, view)
    order = needed(graph, [view.node, slope, *(node for node, _ in guards)])
    if sum(graph[number].size for number in order) > MOST_NUMBERS:
        raise NotLoweredError("its buffers would take too much memory")
    return PlainProgram(graph, view, slope, guards)
