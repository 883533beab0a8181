"""A chart of labelled points: items by two of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Chart, Place, Series
from xlcollab.history.axes import around
from xlcollab.history.placing import pixels, placed
from xlcollab.ref import AreaRef

_SIZE = (920, 560)
"""Pixels across and down."""
_MARGIN = 0.03
"""Of the points' extent, left free on each side: a label at the border is not cut."""
_LONGEST = 28
"""Characters of a label; longer ones end in …"""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Points (n, 2), what they are called, and where both stand in the sheet."""

    points: NDArray[np.float64]
    names: Sequence[str]
    x: AreaRef
    y: AreaRef


def points_chart(
    cloud: Cloud, title: str, axes: tuple[str, str], at: tuple[int, int]
) -> Chart | None:
    """The chart of a cloud, its labels so placed that they can be read; None for no finite point.

    Points whose label finds no place have none: the table names them.
    """
    texts = [short_name(name) for name in cloud.names]
    finite = np.flatnonzero(np.isfinite(cloud.points).all(axis=1))
    if not len(finite):
        return None
    points = cloud.points[finite]
    ends = (_axis(points[:, 0]), _axis(points[:, 1]))
    found = placed(pixels(points, ends, _SIZE), [texts[i] for i in finite], _SIZE)
    places: list[Place | None] = [None] * len(texts)
    for number, place in zip(finite.tolist(), found, strict=True):
        places[number] = place
    series = Series(
        "items",
        cloud.x,
        cloud.y,
        texts=tuple(texts),
        places=tuple(places),
        markers=True,
        line=False,
    )
    return Chart(
        title,
        *axes,
        (series,),
        at,
        legend=False,
        width=_SIZE[0],
        height=_SIZE[1],
        x_range=ends[0],
        y_range=ends[1],
    )


def short_name(name: str) -> str:
    """As a label in a chart says it."""
    name = " ".join(name.split())
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"


def _axis(values: NDArray[np.float64]) -> tuple[float, float]:
    """Around the points, and around a single value, too."""
    middle = float(values[0])
    return around(values, _MARGIN) or (middle - (abs(middle) or 1.0), middle + (abs(middle) or 1.0))
