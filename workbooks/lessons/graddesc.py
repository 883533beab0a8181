"""graddesc.xlsx: one tab per optimiser, one row per step, one data point a row."""

from __future__ import annotations

import numpy as np

from lessons.graddesc_table import TABS
from lessons.graddesc_tabs import tab_page
from xlcollab.lessons import Chart, Line, Page
from xlcollab.ref import Rect

TITLE = "Optimisers, step by step"

_SEED = 3
_COUNT = 30
_SLOPE, _CONST = 2.4, 7.0
_INTRO = (
    "Thirty taxi rides: how far each went and what it cost. The tabs behind this one all fit the "
    "same line, fare = a · distance + b, and differ in nothing but how a step is made of a "
    "gradient. The line that least squares finds in one go stands beside; that is where they are "
    "all heading. Try: `xlcollab run graddesc.xlsx --sheet momentum --epochs 50`, and `xlcollab "
    "compare graddesc.xlsx`."
)


def pages() -> list[Page]:
    """The data, then a tab per optimiser."""
    rides = _rides()
    return [_data_page(rides), *(tab_page(tab, rides) for tab in TABS)]


def _rides() -> list[tuple[float, float]]:
    """(distance in km, fare) of each ride, drawn with a seed."""
    rng = np.random.default_rng(_SEED)
    distances = np.round(rng.uniform(0.5, 9.5, _COUNT), 1)
    fares = np.round(_CONST + _SLOPE * distances + rng.normal(0.0, 0.8, _COUNT), 1)
    return list(zip(distances.tolist(), fares.tolist(), strict=True))


def _data_page(rides: list[tuple[float, float]]) -> Page:
    page = Page("data", freeze=(4, 0), widths={0: 14, 1: 14, 2: 4, 3: 18, 4: 12})
    page.heading("Taxi rides", _INTRO, 12, 4)
    page.row(3, 0, ("distance (km)", "fare"), "head")
    for row, ride in enumerate(rides, 4):
        page.row(row, 0, ride, "data")
    x, y = Rect(4, 0, len(rides)), Rect(4, 1, len(rides))
    page.names |= {"distance": x, "fare": y}
    page.put(3, 3, "least squares", "left head")
    page.put(3, 4, "", "left head")
    measures = (
        ("slope a", "least_a", "=SLOPE(fare,distance)"),
        ("intercept b", "least_b", "=INTERCEPT(fare,distance)"),
        ("mean squared error", "least_mse", "=SUMPRODUCT((fare-E5*distance-E6)^2)/COUNT(fare)"),
        ("RMSE", "least_rmse", "=SQRT(least_mse)"),
        ("mean of x", "mean_x", "=AVERAGE(distance)"),
        ("mean of x²", "mean_x2", "=SUMSQ(distance)/COUNT(distance)"),
    )
    for row, (label, name, formula) in enumerate(measures, 4):
        page.put(row, 3, label, "label")
        page.put(row, 4, formula, "result")
        page.book_names[name] = Rect(row, 4)
    line = Line("rides", x, y, points=True)
    page.charts.append(Chart("Fare by distance", "distance (km)", "fare", (line,), at=(12, 3)))
    return page
