"""Drawing the random cells of a workbook again and again, what its model comes to, and the sheet
that tells of it: its figures, and how often the objective was how large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.look.checking import refresh
from xlcollab.api.look.drawing import Asked, drawn
from xlcollab.api.look.reach import Reach
from xlcollab.api.session.session import Session
from xlcollab.errors import ModelError
from xlcollab.grid import Chart, NewSheet, Scalar, Series
from xlcollab.history import cell_names
from xlcollab.history.axes import around, ends
from xlcollab.history.report import Report, Section, cell_value, report_sheet
from xlcollab.problems import Constraint, SolverModel
from xlcollab.ref import AreaRef, Rect

_PERCENTILES = (5, 25, 50, 75, 95)
"""Half of the draws, nine tenths, and the middle."""

HEADINGS = (
    "cell",
    "name",
    "constraint",
    "share that holds",
    "mean",
    "standard deviation",
    "minimum",
    *(f"percentile {share}" for share in _PERCENTILES),
    "maximum",
    "errors",
)


class Simulated(NamedTuple):
    """Headings, a line for the objective and for each constraint cell, and what the first of these
    was in each draw, (draws,)."""

    headings: tuple[str, ...]
    lines: list[list[Scalar]]
    draws: NDArray[np.float64]


def simulated(
    book: Session, model: SolverModel, samples: int, seed: int, deadline: float = math.inf
) -> Simulated:
    """Over `samples` draws of every random function, by `seed`, or as many as come before the
    deadline (perf_counter). Raises ModelError for a model without any."""
    refresh(book)
    if not Reach.of_draws(book.plan).meets(model):
        raise ModelError(
            f"nothing that {model.label} and its constraints read is random; --samples draws"
            " RAND, RANDBETWEEN and what is made of them"
        )
    goal = [] if model.objective is None else [(model.objective, "", None)]
    asked = [*goal, *_constraint_cells(model)]
    draws = drawn(book, asked, model.sheet, range(seed, seed + samples), deadline)
    names = cell_names(book.workbook, [cell for cell, _, _ in asked])
    lines = []
    for place, ((cell, text, relation), name) in enumerate(zip(asked, names, strict=True)):
        values, limits = draws[:, 2 * place], draws[:, 2 * place + 1]
        held, wrong = _held(values, limits, relation), float((~np.isfinite(values)).sum())
        lines.append([str(cell), name, text, held, *_figures(values), wrong])
    return Simulated(HEADINGS, lines, draws[:, 0])


def _constraint_cells(model: SolverModel) -> Asked:
    return [
        (cell, str(constraint), constraint)
        for constraint in model.constraints
        for cell in constraint.left.cells()
    ]


def _figures(values: NDArray[np.float64]) -> list[Scalar]:
    good = values[np.isfinite(values)]
    if not good.size:
        return [None] * (4 + len(_PERCENTILES))
    spread = float(good.std(ddof=1)) if good.size > 1 else math.nan
    shares = [float(value) for value in np.percentile(good, _PERCENTILES)]
    figures = [float(good.mean()), spread, float(good.min()), *shares, float(good.max())]
    return [cell_value(value) for value in figures]


def _held(
    values: NDArray[np.float64], limits: NDArray[np.float64], constraint: Constraint | None
) -> Scalar:
    """In what share of the draws a constraint holds; None where there is none to judge."""
    if constraint is None or not np.isfinite(limits).any():
        return None
    slack = 1e-9 * (1.0 + np.abs(limits))
    below, above = values <= limits + slack, values >= limits - slack
    holds = {"<=": below, ">=": above, "=": below & above}[constraint.relation]
    return float(holds.mean())


_SHOWN_ALWAYS = 2
"""Cell and name are shown even where they are empty."""
_MOST_BARS = 30
"""Parts that a chart of this width still tells apart."""
_CHART_ROWS = 24
"""Rows that are kept for the chart beside the frequencies."""
_HEADS = ("middle", "from … to", "share of draws")


def simulation_sheet(model: SolverModel, found: Simulated, taken: Sequence[str]) -> NewSheet:
    """The sheet "<sheet> simulation"; `taken` are names that it must not have."""
    bars = _frequencies(found.draws)
    what = "the objective" if model.objective is not None else str(found.lines[0][0])
    title = f"How often {what} lies where"
    frequencies = Section(title, _HEADS, bars, _CHART_ROWS)
    report = Report(
        model.sheet,
        "simulation",
        f"{model.sheet}: {len(found.draws):,} draws of its random cells",
        f"simulation of {model.label} with the variables as they stand",
        [_section_of_figures(found), *([frequencies] if bars else [])],
    )
    sheet = report_sheet(report, existing_names=taken)
    return replace(sheet, charts=(_chart(sheet, found, bars, title),)) if bars else sheet


def _section_of_figures(found: Simulated) -> Section:
    """Without the columns that are empty in every line."""
    kept = [
        place
        for place in range(len(found.headings))
        if place < _SHOWN_ALWAYS or any(line[place] not in (None, "") for line in found.lines)
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


def _chart(
    sheet: NewSheet, found: Simulated, bars: Sequence[Sequence[Scalar]], title: str
) -> Chart:
    top = sheet.boxes[-1].top + 1
    middles, shares = (AreaRef(sheet.name, Rect(top, at, len(bars), 1)) for at in (0, 2))
    label = str(found.lines[0][1] or found.lines[0][0])
    return Chart(
        title=title,
        x_title=label,
        y_title=_HEADS[-1],
        series=(Series(_HEADS[-1], middles, shares, markers=True),),
        at=(top - 1, len(_HEADS) + 1),
        legend=False,
        x_range=around(np.array([line[0] for line in bars], np.float64)),
    )
