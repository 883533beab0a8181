"""The sheets that a run of tabs adds: history, steps, gradients, comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from xlcollab.api.tabs.run import TabRun
from xlcollab.api.tabs.surface import Contour
from xlcollab.grid import Chart, NewSheet, Scalar, Series, Workbook
from xlcollab.history import (
    HEAD_ROW,
    ChartSpec,
    Record,
    added_name,
    free_of_ours,
    history_sheet,
    top,
    top_looks,
    widths_of,
)
from xlcollab.history.axes import around
from xlcollab.ref import AreaRef, Rect

_LOSS_CHART = ChartSpec("Loss by epoch", "epoch", ("loss",), "loss")
_CHART_ROWS = 22
"""Rows of the sheet that a chart lies over, with free ones below."""
_SQUARE = 560
"""The height of a chart of two weights."""
_WORDS = ("history", "weights", "steps", "gradients", "contours", "comparison")
"""A word in the name of an added sheet."""


def taken_names(workbook: Workbook) -> list[str]:
    """Names that a new sheet must not take: all but those that an earlier run added."""
    return free_of_ours(workbook, _WORDS)


def history_of(
    run: TabRun, contours: Sequence[Contour], taken: Iterable[str]
) -> tuple[NewSheet, ...]:
    """The history sheet of a run: its epochs, the loss chart, and the path of two weights.

    The path lies over contours of the loss, whose points stand on a sheet of their own.
    """
    assert run.record is not None
    sheet = history_sheet(
        run.record,
        sheet=run.sheet,
        title=f"{run.sheet}: the loss by epoch",
        sentence=_sentence(run),
        existing_names=taken,
        charts=(_LOSS_CHART,),
    )
    if len(run.weights) != 2 or not sheet.charts:
        return (sheet,)
    lines = _contour_sheet(run, contours, taken) if contours else None
    row, column = sheet.charts[-1].at
    x_name, y_name = run.record.variables
    path = Chart(
        title=f"Path of {y_name} against {x_name}, with contours of the loss",
        x_title=x_name,
        y_title=y_name,
        series=(_path_series(sheet, x_name, y_name), *_contour_series(lines, contours)),
        at=(row + _CHART_ROWS, column),
        legend=False,
        height=_SQUARE,
        x_range=_axis(run, contours, 0),
        y_range=_axis(run, contours, 1),
    )
    drawn = replace(sheet, charts=(*sheet.charts, path))
    return (drawn,) if lines is None else (drawn, lines)


def _axis(run: TabRun, contours: Sequence[Contour], axis: int) -> tuple[float, float] | None:
    """Around the path and the lines."""
    assert run.record is not None
    points = [one.points[:, axis] for one in contours]
    return around(np.concatenate([run.record.weights[:, axis], *points]))


def _sentence(run: TabRun) -> str:
    first, last = run.losses[0], run.losses[-1]
    return f"run, {run.epochs} epochs of {run.optimizer}: loss {first:.6g} → {last:.6g}"


def _path_series(sheet: NewSheet, x_name: str, y_name: str) -> Series:
    """The weights as the sheet shows them."""
    assert sheet.table is not None
    table = sheet.table
    headings = list(sheet.rows[table.top])
    x, y = (
        AreaRef(sheet.name, Rect(table.top + 1, headings.index(one), table.height - 1, 1))
        for one in (x_name, y_name)
    )
    return Series("path", x, y, markers=True)


def _contour_series(sheet: NewSheet | None, contours: Sequence[Contour]) -> list[Series]:
    if sheet is None:
        return []
    found = []
    for index, one in enumerate(contours):
        x, y = (
            AreaRef(sheet.name, Rect(HEAD_ROW + 1, 1 + 2 * index + axis, len(one.points), 1))
            for axis in (0, 1)
        )
        found.append(Series(f"loss {one.level:.4g}", x, y, faint=True))
    return found


def _contour_sheet(run: TabRun, contours: Sequence[Contour], taken: Iterable[str]) -> NewSheet:
    """Two columns of points per level; a blank row parts the pieces of a line. It is hidden: the
    chart of the history shows it."""
    height = max(len(one.points) for one in contours)
    columns: list[list[Scalar]] = [["point", *(float(i + 1) for i in range(height))]]
    for one in contours:
        for axis, name in enumerate(run.weights):
            values = [None if np.isnan(v) else float(f"{v:.6g}") for v in one.points[:, axis]]
            padding = [None] * (height - len(values))
            columns.append([f"{name} at loss {one.level:.4g}", *values, *padding])
    rows = [list(row) for row in zip(*columns, strict=True)]
    sentence = "run, the points of the contour lines in the chart of the history"
    return NewSheet(
        added_name(run.sheet, "contours", taken),
        [*top(f"{run.sheet}: contours of the loss", sentence), *rows],
        freeze=(HEAD_ROW + 1, 1),
        row_looks=top_looks(),
        widths=widths_of(rows[0]),
        hidden=True,
    )


def steps_of(run: TabRun, taken: Iterable[str]) -> NewSheet:
    """The steps sheet of a run: one row per row of the tab and epoch."""
    assert run.steps is not None
    return table_of(run.steps, run.sheet, "steps", taken)


def table_of(record: Record, sheet: str, what: str, taken: Iterable[str]) -> NewSheet:
    """A record as a table under the name "`sheet` `what`"."""
    return history_sheet(
        record,
        sheet=sheet,
        title=f"{sheet}: {what}",
        sentence=f"run, the {what} of the tab",
        existing_names=taken,
        charts=(),
        what=what,
    )


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
    return history_sheet(
        Record.of(columns),
        sheet="optimizer",
        title="The optimisers compared",
        sentence=(
            "compare, the root of the sum of squared errors over all rows, at the weights after "
            "each epoch"
        ),
        existing_names=taken,
        charts=(spec,),
        what="comparison",
    )


def _label(run: TabRun, taken: Iterable[str]) -> str:
    return added_name(run.sheet, "", taken).strip() if run.sheet in taken else run.sheet
