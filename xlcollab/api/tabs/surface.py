"""The loss over a grid of two weights, and its contour lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.scalar import build_program
from xlcollab.plan import Plan
from xlcollab.problems.tab.tab import GraddescTab

Numbers = NDArray[np.float64]

_GRID = 61
_LEVELS = 8
_MARGIN = 0.15


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


def loss_surface(plan: Plan, tab: GraddescTab, path: Numbers) -> Surface:
    """The root of the sum of squared errors around `path` (n, 2), a path of the two weights.

    All rows are taken at the same weights.
    """
    text = f"SQRT(SUMXMY2({tab.area(tab.prediction).rect},{tab.area(tab.target).rect}))"
    columns = [list(tab.area(weight.column).cells()) for weight in tab.weights]
    program = build_program(
        plan, [cell for column in columns for cell in column], {"loss": (tab.sheet, text)}
    )
    registers = program.start()
    first, second = ([program.register(cell) for cell in column] for column in columns)
    x, y = (_around(path[:, axis]) for axis in (0, 1))
    values = np.empty((len(y), len(x)))
    for i, j in np.ndindex(values.shape):
        registers[first], registers[second] = x[j], y[i]
        program.calculate(registers)
        values[i, j] = registers[program.extra["loss"]]
    return Surface(x, y, values)


def _around(values: Numbers) -> Numbers:
    """Grid lines over the range of `values` with a margin."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) or max(abs(high), 1.0)
    return np.linspace(low - _MARGIN * width, high + _MARGIN * width, _GRID)


def contours(surface: Surface) -> list[Contour]:
    """Lines of equal loss, closer together near the lowest loss."""
    finite = surface.values[np.isfinite(surface.values)]
    if finite.size == 0 or finite.max() <= finite.min():
        return []
    parts = np.linspace(0.0, 1.0, _LEVELS + 2)[1:-1] ** 2
    levels = finite.min() + parts * (finite.max() - finite.min())
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
        if len(crossings) == 2:
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
