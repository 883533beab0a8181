"""The sheets that a run of tabs adds: history, steps, gradients, comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from xlcollab.api.tabs.run import TabRun
from xlcollab.api.tabs.surface import Contour
from xlcollab.grid import Chart, NewSheet, Scalar, Series, Workbook
from xlcollab.history import ChartSpec, Record, added_name, history_sheet
from xlcollab.ref import AreaRef, Rect

_LOSS_CHART = ChartSpec("Loss by epoch", "epoch", ("loss",), "loss")
_CHART_ROWS = 20
_OURS = frozenset({"epoch", "step", "row", "point"})
"""What the first cell of an added sheet says."""
_WORDS = frozenset({"history", "steps", "gradients", "contours", "comparison"})
"""A word in the name of an added sheet."""


def taken_names(workbook: Workbook) -> list[str]:
    """Names that a new sheet must not take: all but those that an earlier run added."""
    return [sheet.name for sheet in workbook if not _is_ours(workbook, sheet.name)]


def _is_ours(workbook: Workbook, name: str) -> bool:
    named = any(word in name.casefold().split() for word in _WORDS)
    return named and workbook.sheet(name).value(0, 0) in _OURS


def history_of(
    run: TabRun, contours: Sequence[Contour], taken: Iterable[str]
) -> tuple[NewSheet, ...]:
    """The history sheet of a run: its epochs, the loss chart, and the path of two weights.

    The path lies over contours of the loss, whose points stand on a sheet of their own.
    """
    assert run.record is not None
    sheet = history_sheet(run.record, sheet=run.sheet, existing_names=taken, charts=(_LOSS_CHART,))
    if len(run.weights) != 2 or not sheet.charts:
        return (sheet,)
    lines = _contour_sheet(run, contours, taken) if contours else None
    row, column = sheet.charts[-1].at
    x_name, y_name = run.record.variables
    path = Chart(
        title=f"Path of {y_name} against {x_name}, with contours of the loss",
        x_title=x_name,
        y_title=y_name,
        series=(_path_series(sheet.name, run.record), *_contour_series(lines, contours)),
        at=(row + _CHART_ROWS, column),
        legend=False,
    )
    drawn = replace(sheet, charts=(*sheet.charts, path))
    return (drawn,) if lines is None else (drawn, lines)


def _path_series(sheet: str, record: Record) -> Series:
    first = len(record.columns)
    x, y = (AreaRef(sheet, Rect(1, first + i, len(record), 1)) for i in (0, 1))
    return Series("path", x, y, markers=True)


def _contour_series(sheet: NewSheet | None, contours: Sequence[Contour]) -> list[Series]:
    if sheet is None:
        return []
    found = []
    for index, one in enumerate(contours):
        x, y = (
            AreaRef(sheet.name, Rect(1, 1 + 2 * index + axis, len(one.points), 1))
            for axis in (0, 1)
        )
        found.append(Series(f"loss {one.level:.4g}", x, y, faint=True))
    return found


def _contour_sheet(run: TabRun, contours: Sequence[Contour], taken: Iterable[str]) -> NewSheet:
    """Two columns of points per level; a blank row parts the pieces of a line."""
    height = max(len(one.points) for one in contours)
    columns: list[list[Scalar]] = [["point", *(float(i + 1) for i in range(height))]]
    for one in contours:
        for axis, name in enumerate(run.weights):
            values = [None if np.isnan(v) else float(v) for v in one.points[:, axis]]
            padding = [None] * (height - len(values))
            columns.append([f"{name} at loss {one.level:.4g}", *values, *padding])
    rows = [list(row) for row in zip(*columns, strict=True)]
    return NewSheet(added_name(run.sheet, "contours", taken), rows, freeze=(1, 1))


def steps_of(run: TabRun, taken: Iterable[str]) -> NewSheet:
    """The steps sheet of a run: one row per row of the tab and epoch."""
    assert run.steps is not None
    name = added_name(run.sheet, "steps", taken)
    return replace(history_sheet(run.steps, sheet=run.sheet, charts=()), name=name)


def table_of(record: Record, sheet: str, what: str, taken: Iterable[str]) -> NewSheet:
    """A record as a plain table under the name "`sheet` `what`"."""
    name = added_name(sheet, what, taken)
    return replace(history_sheet(record, sheet=sheet, charts=()), name=name)


def comparison_of(runs: Sequence[TabRun], taken: Iterable[str]) -> NewSheet:
    """One column of losses and one line of a chart per run."""
    longest = max(len(run.measured) for run in runs)
    columns = {"epoch": np.arange(longest, dtype=np.float64)}
    for run in runs:
        values = np.full(longest, np.nan)
        values[: len(run.measured)] = run.measured
        columns[_label(run, columns)] = values
    names = tuple(name for name in columns if name != "epoch")
    spec = ChartSpec("Loss by epoch", "epoch", names, "root of the sum of squared errors")
    record = Record.of(columns)
    name = added_name("optimizer", "comparison", taken)
    drawn = history_sheet(record, sheet="optimizer", charts=(spec,))
    return _renamed(drawn, name)


def _label(run: TabRun, taken: Iterable[str]) -> str:
    return added_name(run.sheet, "", taken).strip() if run.sheet in taken else run.sheet


def _renamed(sheet: NewSheet, name: str) -> NewSheet:
    """The sheet and the areas of its charts under another name."""
    charts = [
        replace(
            chart,
            series=tuple(
                replace(series, x=AreaRef(name, series.x.rect), y=AreaRef(name, series.y.rect))
                for series in chart.series
            ),
        )
        for chart in sheet.charts
    ]
    return replace(sheet, name=name, charts=tuple(charts))
