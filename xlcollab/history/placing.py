"""Labels of points in a chart, placed so that none lies on another or on a point.

Greedy point-feature labelling with four places a point (Christensen, Marks and Shieber, "An
empirical study of algorithms for point-feature label placement", ACM TOG 1995): the most telling
points, those far out, choose first. Those for which no place beside them is left then look for one
further away, to which a leader goes; a point that finds none stays without a label.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import PLOT, Away, Place, Side

LABEL_WIDTH, LABEL_HEIGHT = 6.5, 15.0
"""Pixels of a character and of a line at 8 points, on the wide side for any font."""
_GAP, _POINT = 6.0, 4.0
"""Pixels between a point and its label, and of half a point."""
_MOST = 60
"""Labels that a chart can take before nobody reads any."""
_SIDES: tuple[Side, ...] = ("right", "left", "above", "below")
_FAR = (26.0, 44.0, 66.0, 90.0, 120.0)
"""Pixels from a point to where its leader ends."""
_WAYS = tuple(
    math.pi * turn / 8.0 for turn in (1, 15, 7, 9, 3, 13, 5, 11, 4, 12, 0, 8, 2, 14, 6, 10)
)
"""The directions of leaders: first the flat ones, which are read with the least effort."""
_STEP = 6.0
"""A leader is looked at as marks so far apart."""


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
    if isinstance(place, Away):
        left, top = x + _GAP + place.across, y - height / 2 + place.down
    elif place in ("right", "left"):
        left, top = x + _GAP if place == "right" else x - _GAP - width, y - height / 2
    else:
        left, top = x - width / 2, y - _GAP - height if place == "above" else y + _GAP
    return Box(left, top, left + width, top + height)


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
    picture = _Picture(points, texts, size)
    order = _most_telling(points, size)
    for number in order:
        picture.put_beside(number)
    for number in order:
        picture.put_away(number)
    return tuple(picture.places)


class _Picture:
    """What is taken so far."""

    def __init__(
        self, points: NDArray[np.float64], texts: Sequence[str], size: tuple[int, int]
    ) -> None:
        self.places: list[Place | None] = [None] * len(texts)
        self._points: list[tuple[float, float]] = [(x, y) for x, y in points.tolist()]
        self._texts = texts
        self._marks = [_mark(point, _POINT) for point in self._points]
        self._whole = Box(0.0, 0.0, float(size[0]), float(size[1]))
        self._plot = _plot(size)
        self._labels: list[Box] = []
        self._leaders: list[Box] = []

    def put_beside(self, number: int) -> None:
        """Give the label a free place at its point, if there is one."""
        for place in _SIDES if len(self._labels) < _MOST else ():
            box = label_box(self._points[number], self._texts[number], place)
            if self._is_free(box, number):
                self._take(number, place, box, [])
                return

    def put_away(self, number: int) -> None:
        """Give a label that has no place one further away, whose leader meets nothing."""
        if self.places[number] is not None or len(self._labels) >= _MOST:
            return
        point, text = self._points[number], self._texts[number]
        for place, end in _away(point, text):
            box, leader = label_box(point, text, place), _leader(point, end)
            in_plot = _is_inside(box, self._plot)
            if in_plot and self._is_free(box, number) and self._is_clear(leader, number):
                self._take(number, place, box, leader)
                return

    def _is_free(self, box: Box, number: int) -> bool:
        return _is_inside(box, self._whole) and self._is_clear([box], number)

    def _is_clear(self, boxes: Sequence[Box], number: int) -> bool:
        """Whether no label, leader or other point is met."""
        others = [mark for i, mark in enumerate(self._marks) if i != number]
        taken = [*self._labels, *self._leaders, *others]
        return not any(box.meets(other) for box in boxes for other in taken)

    def _take(self, number: int, place: Place, box: Box, leader: list[Box]) -> None:
        self.places[number] = place
        self._labels.append(box)
        self._leaders += leader


def _plot(size: tuple[int, int]) -> Box:
    """What the axes enclose: a label with a leader does not go among their numbers."""
    left, top, width, height = PLOT
    across, down = size
    return Box(across * left, down * top, across * (left + width), down * (top + height))


def _mark(point: tuple[float, float], half: float) -> Box:
    x, y = point
    return Box(x - half, y - half, x + half, y + half)


def _away(point: tuple[float, float], text: str) -> Iterator[tuple[Away, tuple[float, float]]]:
    """Places from near to far, and where the leader to each ends: at the label's nearest side."""
    x, y = point
    width = LABEL_WIDTH * len(text)
    for far in _FAR:
        for way in _WAYS:
            across, down = far * math.cos(way), far * math.sin(way)
            steep = abs(across) < abs(down)
            left = across - width / 2 if steep else across if across > 0.0 else across - width
            top = down + math.copysign(LABEL_HEIGHT / 2, down) if steep else down
            yield Away(left - _GAP, top), (x + across, y + down)


def _leader(point: tuple[float, float], end: tuple[float, float]) -> list[Box]:
    """The line from a point to its label, without its two ends."""
    (x, y), (to_x, to_y) = point, end
    count = max(2, math.ceil(math.dist(point, end) / _STEP))
    shares = [step / count for step in range(1, count)]
    return [_mark((x + s * (to_x - x), y + s * (to_y - y)), 1.0) for s in shares]


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
