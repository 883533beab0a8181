"""Labels of points in a chart, placed so that none lies on another or on a point.

Greedy point-feature labelling with four places a point (Christensen, Marks and Shieber, "An
empirical study of algorithms for point-feature label placement", ACM TOG 1995): the most telling
points, those far out, choose first; a point for which no place is left stays without a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import PLOT, Place

LABEL_WIDTH, LABEL_HEIGHT = 6.5, 15.0
"""Pixels of a character and of a line at 8 points, on the wide side for any font."""
_GAP, _POINT = 6.0, 4.0
_MOST = 60
"""Labels that a chart can take before nobody reads any."""
_PLACES: tuple[Place, ...] = ("right", "left", "above", "below")


class Box(NamedTuple):
    """In pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def label_box(point: tuple[float, float], text: str, place: Place) -> Box:
    """What the label of a point covers."""
    x, y = point
    width, height = LABEL_WIDTH * len(text), LABEL_HEIGHT
    if place in ("right", "left"):
        left = x + _GAP if place == "right" else x - _GAP - width
        return Box(left, y - height / 2, left + width, y + height / 2)
    top = y - _GAP - height if place == "above" else y + _GAP
    return Box(x - width / 2, top, x + width / 2, top + height)


def pixels(
    points: NDArray[np.float64],
    ends: tuple[tuple[float, float], tuple[float, float]],
    size: tuple[int, int],
) -> NDArray[np.float64]:
    """Where points (n, 2) lie in a chart of `size` whose axes have these `ends`, (n, 2)."""
    (x_low, x_high), (y_low, y_high) = ends
    left, top, width, height = PLOT
    across = (points[:, 0] - x_low) / (x_high - x_low)
    down = (y_high - points[:, 1]) / (y_high - y_low)
    return np.column_stack([size[0] * (left + width * across), size[1] * (top + height * down)])


def placed(
    points: NDArray[np.float64], texts: Sequence[str], size: tuple[int, int]
) -> tuple[Place | None, ...]:
    """The place of each label; None for those that are left out. `points` (n, 2) in pixels."""
    marks = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points.tolist()]
    whole = Box(0.0, 0.0, float(size[0]), float(size[1]))
    places: list[Place | None] = [None] * len(texts)
    taken: list[Box] = []
    for number in _most_telling(points, size):
        if len(taken) == _MOST:
            break
        others = [mark for i, mark in enumerate(marks) if i != number]
        for place in _PLACES:
            box = label_box(tuple(points[number].tolist()), texts[number], place)
            if _is_inside(box, whole) and not any(map(box.meets, [*taken, *others])):
                places[number] = place
                taken.append(box)
                break
    return tuple(places)


def _most_telling(points: NDArray[np.float64], size: tuple[int, int]) -> list[int]:
    """The points by their distance from the middle, the farthest first."""
    away = (points - points.mean(axis=0)) / np.array(size, np.float64)
    order: list[int] = np.argsort(-np.square(away).sum(axis=1), kind="stable").tolist()
    return order


def _is_inside(box: Box, whole: Box) -> bool:
    return (
        whole.left <= box.left
        and box.right <= whole.right
        and whole.top <= box.top
        and box.bottom <= whole.bottom
    )
