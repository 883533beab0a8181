"""The loss over a grid of two weights, and its contour lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.history.axes import around
from xlcollab.kernels.scalar import build_program
from xlcollab.plan import Plan
from xlcollab.problems.tab.tab import GraddescTab

Numbers = NDArray[np.float64]

_GRID = 61
"""Lines each way: 3721 losses are quickly worked out, and contours look round."""
_LEVELS = 8
"""Contours that can be told apart in a chart."""
_MARGIN = 0.1
"""Of the path's extent, left free on each side."""


@dataclass(frozen=True, slots=True)
class Surface:
    """`values[i, j]` is the loss at (`x[j]`, `y[i]`): the first and the second weight."""

    x: Numbers
    y: Numbers
    values: Numbers


@dataclass(frozen=True, slots=True)
class Contour:
    """One level of the loss; `points` (n, 2), with rows of not-a-number between its pieces."""

    level: float
    points: Numbers


class FullLoss:
    """The root of the sum of squared errors of a tab with all rows at the same weights."""

    def __init__(self, plan: Plan, tab: GraddescTab) -> None:
        text = f"SQRT(SUMXMY2({tab.area(tab.prediction).rect},{tab.area(tab.target).rect}))"
        columns = [list(tab.area(weight.column).cells()) for weight in tab.weights]
        cells = [cell for column in columns for cell in column]
        self._program = build_program(plan, cells, {"loss": (tab.sheet, text)})
        self._registers = self._program.start()
        self._columns = [[self._program.register(cell) for cell in column] for column in columns]

    def at(self, weights: Sequence[float]) -> float:
        """With these weights, one for each of the tab's."""
        for column, weight in zip(self._columns, weights, strict=True):
            self._registers[column] = weight
        self._program.calculate(self._registers)
        return float(self._registers[self._program.extra["loss"]])


def loss_surface(plan: Plan, tab: GraddescTab, path: Numbers) -> Surface:
    """The root of the sum of squared errors around `path` (n, 2), a path of the two weights.

    All rows are taken at the same weights.
    """
    loss = FullLoss(plan, tab)
    x, y = (_around(path[:, axis]) for axis in (0, 1))
    values = np.empty((len(y), len(x)))
    for i, j in np.ndindex(values.shape):
        values[i, j] = loss.at((float(x[j]), float(y[i])))
    return Surface(x, y, values)


def _around(values: Numbers) -> Numbers:
    """Grid lines over the range of `values` with a margin, from line to line of a chart's axis."""
    middle = float(values[0])
    found = around(values, _MARGIN) or (
        middle - (abs(middle) or 1.0),
        middle + (abs(middle) or 1.0),
    )
    return np.linspace(*found, _GRID)


def contours(surface: Surface) -> list[Contour]:
    """Lines of equal loss that show the valley: each encloses a chosen share of the surface, so
    that those of a bowl lie at equal distances, however steep or narrow it is."""
    finite = surface.values[np.isfinite(surface.values)]
    if finite.size == 0 or finite.max() <= finite.min():
        return []
    shares = np.linspace(0.0, 1.0, _LEVELS + 2)[1:-1] ** 2
    levels = np.unique(np.quantile(finite, shares))
    found = [Contour(float(level), _joined(_segments(surface, level))) for level in levels]
    return [one for one in found if len(one.points)]


def _segments(surface: Surface, level: float) -> Numbers:
    """Pieces of a level's lines, shape (n, 2, 2): two points each.

    Every square of the grid is cut into two triangles, in which the loss is taken as linear: a
    level crosses a triangle in one straight piece or not at all.
    """
    grid = np.stack([*np.meshgrid(surface.x, surface.y), surface.values], axis=-1)
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
    triangles = np.stack([np.stack([a, b, c], -2), np.stack([a, c, d], -2)]).reshape(-1, 3, 3)
    pieces = []
    above = triangles[..., 2] > level
    crossed = above.any(axis=1) & ~above.all(axis=1) & np.isfinite(triangles[..., 2]).all(axis=1)
    for corners in triangles[crossed]:
        crossings = _crossings(corners, level)
        # At a point of the grid that the level just touches a piece has no length.
        if len(crossings) == 2 and (crossings[0] != crossings[1]).any():
            pieces.append(crossings)
    return np.array(pieces).reshape(-1, 2, 2)


def _crossings(corners: Numbers, level: float) -> list[Numbers]:
    """Where the edges of a triangle (3 corners of x, y, loss) cross the level."""
    found = []
    for first, second in ((0, 1), (1, 2), (2, 0)):
        # An edge is always taken from its smaller end, so that neighbours find the same point.
        p, q = sorted((tuple(corners[first]), tuple(corners[second])))
        if (p[2] > level) != (q[2] > level):
            part = (level - p[2]) / (q[2] - p[2])
            found.append(np.array([p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1])]))
    return found


def _joined(segments: Numbers) -> Numbers:
    """Segments strung together at shared ends; rows of not-a-number between the strings."""
    pieces = [((a, b), (c, d)) for (a, b), (c, d) in segments.tolist()]
    ends: dict[tuple[float, float], list[int]] = {}
    for index, piece in enumerate(pieces):
        for point in piece:
            ends.setdefault(point, []).append(index)
    unused = set(range(len(pieces)))
    lines: list[Numbers] = []
    while unused:
        line = [*pieces[unused.pop()]]
        for _ in range(2):
            line.reverse()
            while (step := next((i for i in ends[line[-1]] if i in unused), None)) is not None:
                unused.discard(step)
                first, second = pieces[step]
                line.append(second if first == line[-1] else first)
        lines += [np.array(line), np.full((1, 2), np.nan)]
    return np.concatenate(lines[:-1]) if lines else np.empty((0, 2))
