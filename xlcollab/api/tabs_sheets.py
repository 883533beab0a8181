"""The sheets that a run of tabs adds: history, steps, gradients, comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from xlcollab.api.tabs_run import TabRun
from xlcollab.api.tabs_surface import Contour
from xlcollab.grid import Chart, NewSheet, Scalar, Series, Workbook
from xlcollab.history import ChartSpec, Record, added_name, history_sheet
from xlcollab.ref import AreaRef, Rect

_LOSS_CHART = ChartSpec("Loss by epoch", "epoch", ("loss",), "loss")
_CHART_ROWS = 20
_CHART_COLUMNS = 12
"""Columns that a chart covers: numbers beside it stay in sight."""
_OURS = frozenset({"epoch", "step", "row"})
_WORDS = frozenset({"history", "steps", "gradients", "comparison"})


def taken_names(workbook: Workbook) -> list[str]:
    """Names that a new sheet must not take: all but those that an earlier run added."""
    return [sheet.name for sheet in workbook if not _is_ours(workbook, sheet.name)]


def _is_ours(workbook: Workbook, name: str) -> bool:
    named = any(word in name.casefold().split() for word in _WORDS)
    return named and workbook.sheet(name).value(0, 0) in _OURS


def history_of(run: TabRun, contours: Sequence[Contour], taken: Iterable[str]) -> NewSheet:
    """The history sheet of a run: its epochs, the loss chart, the path of two weights."""
    assert run.record is not None
    sheet = history_sheet(run.record, sheet=run.sheet, existing_names=taken, charts=(_LOSS_CHART,))
    if len(run.weights) != 2 or not sheet.charts:
        return sheet
    return _with_path(sheet, run, contours)


def _with_path(sheet: NewSheet, run: TabRun, contours: Sequence[Contour]) -> NewSheet:
    """Add the chart of one weight against the other, over contours that stand right of it."""
    assert run.record is not None
    row, column = sheet.charts[-1].at
    left = column + _CHART_COLUMNS
    path = _path_series(sheet.name, run.record)
    lines = [_contour_series(sheet.name, left + 2 * i, one) for i, one in enumerate(contours)]
    x_name, y_name = run.record.variables
    chart = Chart(
        title=f"Path of {y_name} against {x_name}, with contours of the loss",
        x_title=x_name,
        y_title=y_name,
        series=(*lines, path),
        at=(row + _CHART_ROWS, column),
    )
    rows = _beside(sheet.rows, left, _contour_columns(contours, x_name, y_name))
    return replace(sheet, rows=rows, charts=(*sheet.charts, chart))


def _path_series(sheet: str, record: Record) -> Series:
    first = len(record.columns)
    x, y = (AreaRef(sheet, Rect(1, first + i, len(record), 1)) for i in (0, 1))
    return Series("path", x, y, markers=True)


def _contour_series(sheet: str, left: int, contour: Contour) -> Series:
    x, y = (AreaRef(sheet, Rect(1, left + i, len(contour.points), 1)) for i in (0, 1))
    return Series(f"loss {contour.level:.4g}", x, y)


def _contour_columns(contours: Sequence[Contour], x_name: str, y_name: str) -> list[list[Scalar]]:
    columns: list[list[Scalar]] = []
    for one in contours:
        for axis, name in enumerate((x_name, y_name)):
            values = one.points[:, axis].astype(object)
            values[np.isnan(one.points[:, axis])] = None
            columns.append([f"{name} at loss {one.level:.4g}", *values.tolist()])
    return columns


def _beside(
    rows: Sequence[Sequence[Scalar]], left: int, columns: Sequence[Sequence[Scalar]]
) -> list[list[Scalar]]:
    """`rows` with `columns` put in from column `left` on."""
    height = max([len(rows), *(len(column) for column in columns)])
    joined: list[list[Scalar]] = []
    for index in range(height):
        row = list(rows[index]) if index < len(rows) else []
        row += [None] * (left - len(row))
        row += [column[index] if index < len(column) else None for column in columns]
        joined.append(row)
    return joined


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
