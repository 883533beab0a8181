"""How the time of a full-batch step grows with ratings and with factors, as a workbook with charts.

    python -m tests.benchmarks.factor_growth [-o growth.xlsx] [--largest 25M] [--seconds 2]

Ratings are random parts of one synthetic set, so users and items stay the same; times are the
lowest of the steps that fit into the seconds given. A straight line is fitted to each series.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xlsxwriter

from tests.benchmarks.factor_data import SHAPES, synthetic
from tests.benchmarks.factor_step import lowest, our_step
from xlcollab.factor.engines.base import n_parts
from xlcollab.ratings import RatingsTable

FACTORS = (5, 20, 50)
SHARES = (0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
COLOURS = ("#1F77B4", "#FF7F0E", "#2CA02C")
WIDTHS = (6, 14, 22, 30, 38, 46, 54, 62)
"""Factors whose rows, with two biases, fill 1 … 8 vectors of 8."""


@dataclass(frozen=True)
class Series:
    """Seconds a step, and the straight line through them."""

    name: str
    axis: str
    at: Sequence[float]
    seconds: Sequence[float]

    @property
    def line(self) -> tuple[float, float]:
        """Slope and start."""
        slope, start = np.polyfit(self.at, self.seconds, 1)
        return float(slope), float(start)

    @property
    def r_squared(self) -> float:
        slope, start = self.line
        left = np.asarray(self.seconds) - slope * np.asarray(self.at) - start
        return float(1 - np.var(left) / np.var(self.seconds))

    def __str__(self) -> str:
        slope, start = self.line
        times = "  ".join(
            f"{at:g}: {1e3 * s:.1f}" for at, s in zip(self.at, self.seconds, strict=True)
        )
        return (
            f"{self.name}, ms by {self.axis}: {times}\n  {1e3 * start:.1f} + {1e3 * slope:.3f} ms "
            f"× {self.axis}, R² {self.r_squared:.4f}"
        )


def step_seconds(table: RatingsTable, k: int, seconds: float) -> float:
    """The quickest step on `table` with k factors."""
    engine = our_step(table, k)
    engine.run_epoch(0)
    return lowest(partial(engine.run_epoch, 0), seconds)


def by_ratings(table: RatingsTable, seconds: float) -> list[Series]:
    """A series for each number of factors, in millions of ratings."""
    order = np.random.default_rng(0).permutation(len(table))
    sizes = [round(share * len(table)) for share in SHARES]
    parts = [table.take(np.sort(order[:size])) for size in sizes]
    millions = [size / 1e6 for size in sizes]
    return [
        Series(
            f"{k} factors",
            "million ratings",
            millions,
            [step_seconds(part, k, seconds) for part in parts],
        )
        for k in FACTORS
    ]


def by_factors(table: RatingsTable, seconds: float) -> Series:
    """A series over rows of 1 to 8 vectors."""
    times = [step_seconds(table, k, seconds) for k in WIDTHS]
    return Series(f"{len(table) / 1e6:.0f} million ratings", "factors", WIDTHS, times)


def write(path: str, groups: Sequence[Sequence[Series]]) -> None:
    """A sheet with the times in ms, and for each group a chart with its straight lines."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("growth")
        sheet.set_landscape()
        sheet.fit_to_pages(1, 1)
        sheet.set_column(0, 8, 13, book.add_format({"num_format": "0.0"}))
        column = 0
        for group in groups:
            chart = book.add_chart({"type": "scatter"})
            first = group[0]
            sheet.write_column(0, column, [first.axis, *first.at])
            for offset, (series, colour) in enumerate(zip(group, COLOURS, strict=False), 1):
                sheet.write_column(
                    0, column + offset, [series.name, *(1e3 * s for s in series.seconds)]
                )
                rows = (1, len(series.at))
                chart.add_series(
                    {
                        "name": ["growth", 0, column + offset],
                        "categories": ["growth", rows[0], column, rows[1], column],
                        "values": ["growth", rows[0], column + offset, rows[1], column + offset],
                        "trendline": {
                            "type": "linear",
                            "name": f"line, R² {series.r_squared:.4f}",
                            "line": {"color": colour, "width": 1.25},
                        },
                        "marker": {
                            "type": "circle",
                            "size": 7,
                            "fill": {"color": colour},
                            "border": {"color": colour},
                        },
                    }
                )
            chart.set_title({"name": f"A full-batch step by {first.axis}"})
            chart.set_x_axis({"name": first.axis, "min": 0})
            chart.set_y_axis({"name": "ms a step", "min": 0})
            chart.set_legend({"position": "bottom"})
            chart.set_size({"width": 560, "height": 400})
            sheet.insert_chart(11, 0 if column == 0 else 6, chart)
            column += len(group) + 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--output", default="growth.xlsx")
    parser.add_argument("--largest", default="25M", choices=SHAPES)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    began = time.perf_counter()
    table = synthetic(*SHAPES[options.largest])
    print(f"{n_parts()} threads; made in {time.perf_counter() - began:.0f} s", flush=True)
    groups = [by_ratings(table, options.seconds), [by_factors(table, options.seconds)]]
    for series in (one for group in groups for one in group):
        print(series, flush=True)
    write(options.output, groups)


if __name__ == "__main__":
    main()
