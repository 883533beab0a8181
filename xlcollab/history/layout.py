"""A record as a sheet: one native table from A1, its charts in sight, its header frozen.

The table is one piece, as people and readers expect: first the columns of the record, then one per
variable. So that charts and numbers are seen together and no chart covers a number, the charts
stand right of the table. Where many variables would push them out of sight there, the last column
of the record is made as wide as a chart plus its numbers, and the charts lie on the empty left part
of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Chart, NewSheet, Scalar, Series
from xlcollab.history.cells import number_rows
from xlcollab.history.names import added_name
from xlcollab.history.record import Record
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, Rect

_LOG_FROM = 20.0
_FEW_VARIABLES = 4
_CHART_WIDTH, _CHART_HEIGHT, _ROW_HEIGHT = 640, 380, 20
_PIXELS_PER_CHARACTER = 7
_NUMBER_WIDTH = 12.0
_NOTE_ROWS = 4
"""Rows kept free below the table: the last record, a blank and two notes."""


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """A line chart of the columns `ys` over the column `x`."""

    title: str
    x: str
    ys: tuple[str, ...]
    y_title: str


OBJECTIVE_CHART = ChartSpec("Objective", "iteration", ("objective",), "objective")


def history_sheet(
    record: Record,
    *,
    sheet: str,
    existing_names: Iterable[str] = (),
    charts: Sequence[ChartSpec] = (OBJECTIVE_CHART,),
) -> NewSheet:
    """The sheet "`sheet` history" that shows `record` and `charts` of its columns.

    `existing_names` are sheet names that must not be taken. A chart's scale is logarithmic when all
    its numbers are positive and span more than a factor of 20; a single row is not charted. What
    exceeds Excel's 1,048,576 rows or 16,384 columns is left out, rows evenly; a note below the
    table says so. Numbers that are not finite become blanks.

    Raises ValueError when a chart names a column that the record does not have.
    """
    name = added_name(sheet, "history", existing_names)
    shown, notes = _fitted(record)
    headings: list[Scalar] = [*shown.columns, *shown.variables]
    table = [headings, *number_rows(np.hstack([shown.rows, shown.weights]))]
    below: list[list[Scalar]] = [[note] for note in notes]
    specs = charts if len(shown) > 1 else ()
    return NewSheet(
        name=name,
        rows=[*table, [], *below] if notes else table,
        charts=tuple(_chart(shown, name, spec, number) for number, spec in enumerate(specs)),
        table=Rect(0, 0, len(table), len(headings)) if len(shown) else None,
        widths=_widths(shown, bool(specs)),
        freeze=(1, 1),
    )


def _fitted(record: Record) -> tuple[Record, list[str]]:
    """The part of `record` that a sheet can hold, and a sentence on each thing left out."""
    notes = []
    every = math.ceil(len(record) / (MAX_ROWS - 1 - _NOTE_ROWS)) or 1
    most = MAX_COLUMNS - len(record.columns)
    if every > 1:
        notes.append(f"Only every {every}th of {len(record):,} rows is shown: Excel has no more.")
    if len(record.variables) > most:
        notes.append(
            f"The weights of the first {most:,} of {len(record.variables):,} variables are shown:"
            " Excel has no more columns."
        )
    shown = record.thinned(every) if every > 1 else record
    return Record(shown.columns, shown.rows, shown.variables[:most], shown.weights[:, :most]), notes


def _widths(record: Record, charts: bool) -> dict[int, float]:
    widths = {
        index: max(_NUMBER_WIDTH, len(column) + 4.0) for index, column in enumerate(record.columns)
    }
    if charts and _charts_inside(record):
        widths[len(record.columns) - 1] += _CHART_WIDTH / _PIXELS_PER_CHARACTER
    return widths


def _charts_inside(record: Record) -> bool:
    return len(record.variables) > _FEW_VARIABLES


def _chart_column(record: Record) -> int:
    metrics, variables = len(record.columns), len(record.variables)
    return metrics - 1 if _charts_inside(record) else metrics + variables + 1


def _chart(record: Record, sheet: str, spec: ChartSpec, number: int) -> Chart:
    """Charts stand one below the other, from the first row below the header on."""
    height = _CHART_HEIGHT // _ROW_HEIGHT + 1
    return Chart(
        title=spec.title,
        x_title=spec.x,
        y_title=spec.y_title,
        series=tuple(
            Series(y, _data(record, sheet, spec.x), _data(record, sheet, y)) for y in spec.ys
        ),
        at=(1 + number * height, _chart_column(record)),
        log_y=_wants_log(np.concatenate([record.column(y) for y in spec.ys])),
        legend=len(spec.ys) > 1,
        width=_CHART_WIDTH,
        height=_CHART_HEIGHT,
    )


def _data(record: Record, sheet: str, column: str) -> AreaRef:
    return AreaRef(sheet, Rect(1, record.columns.index(column), len(record), 1))


def _wants_log(values: NDArray[np.float64]) -> bool:
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() > 0 and finite.max() / finite.min() > _LOG_FROM)
