"""The sheet of a simulation: its figures, and how often the objective was how large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.solve.simulation import Simulated
from xlcollab.grid import Chart, NewSheet, Scalar, Series
from xlcollab.history.axes import around, ends
from xlcollab.history.report import Report, Section, report_sheet
from xlcollab.problems import SolverModel
from xlcollab.ref import AreaRef, Rect

_ALWAYS = 2
"""Cell and name are shown even where they are empty."""
_MOST_BARS = 30
_CHART_ROWS = 24
"""Rows that are kept for the chart beside the frequencies."""
_HEADS = ("middle", "from … to", "share of draws")


def simulation_sheet(model: SolverModel, found: Simulated, taken: Sequence[str]) -> NewSheet:
    """The sheet "<sheet> simulation"; `taken` are names that it must not have."""
    bars = _frequencies(found.draws)
    frequencies = Section("How often the objective lies where", _HEADS, bars, _CHART_ROWS)
    report = Report(
        model.sheet,
        "simulation",
        f"{model.sheet}: {len(found.draws):,} draws of its random cells",
        f"simulation of {model.label} with the variables as they stand",
        [_figures(found), *([frequencies] if bars else [])],
    )
    sheet = report_sheet(report, existing_names=taken)
    return replace(sheet, charts=(_chart(sheet, found, bars),)) if bars else sheet


def _figures(found: Simulated) -> Section:
    """Without the columns that are empty in every line."""
    kept = [
        place
        for place in range(len(found.headings))
        if place < _ALWAYS or any(line[place] not in (None, "") for line in found.lines)
    ]
    lines = [[line[place] for place in kept] for line in found.lines]
    return Section("Draws", [found.headings[place] for place in kept], lines)


def _frequencies(draws: NDArray[np.float64]) -> list[list[Scalar]]:
    """Middle, ends and share of each of about as many equal parts as the root of the draws; none
    where all draws are the same."""
    good = draws[np.isfinite(draws)]
    if not good.size or ends(good) is None:
        return []
    parts = min(_MOST_BARS, max(1, round(float(np.sqrt(good.size)))))
    counts, edges = np.histogram(good, parts)
    return [
        [float(low + (high - low) / 2), f"{low:.6g} … {high:.6g}", float(count / len(draws))]
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _chart(sheet: NewSheet, found: Simulated, bars: Sequence[Sequence[Scalar]]) -> Chart:
    top = sheet.boxes[-1].top + 1
    middles, shares = (AreaRef(sheet.name, Rect(top, at, len(bars), 1)) for at in (0, 2))
    label = str(found.lines[0][1] or found.lines[0][0])
    return Chart(
        title="How often the objective lies where",
        x_title=label,
        y_title=_HEADS[-1],
        series=(Series(_HEADS[-1], middles, shares, markers=True),),
        at=(top - 1, len(_HEADS) + 1),
        legend=False,
        x_range=around(np.array([line[0] for line in bars], np.float64)),
    )
