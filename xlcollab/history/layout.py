"""A record as sheets: a narrow table of its numbers with charts beside it, and its weights.

Few variables stand in the same table. Many would push charts and numbers out of sight: they get a
sheet of their own, thinned, under the names that the workbook's labels give them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import Chart, NewSheet, Scalar, Series
from xlcollab.history.axes import around, ends, log_around, log_base, wants_log
from xlcollab.history.cells import number_rows
from xlcollab.history.names import added_name
from xlcollab.history.page import (
    HEAD_ROW,
    clock_looks,
    look_of,
    looks_of,
    number_widths,
    top,
    top_looks,
    widths_of,
)
from xlcollab.history.record import Record
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, Rect

FEW_VARIABLES = 4
"""So many variables stand in the table of the history itself."""
WEIGHT_ROWS = 200
"""Rows of a sheet of weights: enough to see the way, few enough to keep the file small."""
WEIGHT_CELLS = 100_000
"""Of a sheet of weights: of thousands of variables fewer rows are shown, for they are written in
no time then, too."""
_PLACES = 4
"""Of a number as most columns show it."""
_DIGITS = 6
"""Iterations that change none of the printed digits are not written."""
_CHART_WIDTH, _CHART_HEIGHT, _ROW_HEIGHT = 760, 420, 20
"""Pixels."""
_NOTE_ROWS = 4
"""Rows kept free below the table: the last record, a blank and two notes."""
_ALWAYS = 2
"""The first columns of a record, which are shown even if they do not change."""


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
    sheet: str = "",
    title: str = "",
    sentence: str = "",
    existing_names: Iterable[str] = (),
    charts: Sequence[ChartSpec] = (OBJECTIVE_CHART,),
    what: str = "history",
    name: str = "",
) -> NewSheet:
    """The sheet "`sheet` `what`", or `name`, that shows `record` and `charts` of its columns.

    `existing_names` are sheet names that must not be taken. Columns that are empty or never change
    are left out, and so are rows in which no printed digit of a charted column changes, and the
    weights where they are many (`weights_sheet` has them). A chart's scale is logarithmic where
    that tells more (`wants_log`); a single row is not charted. What exceeds Excel's 1,048,576 rows
    is left out, rows evenly; a note below the table says so. Numbers that are not finite become
    blanks.

    Raises ValueError when a chart names a column that the record does not have.
    """
    name = name or added_name(sheet, what, existing_names)
    charted = [column for spec in charts for column in spec.ys]
    shown = _telling(_moving(_narrow(record), charted), charted)
    shown, notes = _fitted(shown)
    headings: list[Scalar] = [*shown.columns, *shown.variables]
    numbers = np.hstack([shown.rows, shown.weights])
    looks = looks_of(numbers) | clock_looks(headings)
    lines = [*top(title or f"{sheet}: {what}", sentence), headings, *number_rows(numbers)]
    below: list[list[Scalar]] = [[note] for note in notes]
    specs = charts if len(shown) > 1 else ()
    return NewSheet(
        name=name,
        rows=[*lines, [], *below] if notes else lines,
        charts=tuple(_chart(shown, name, spec, number) for number, spec in enumerate(specs)),
        table=Rect(HEAD_ROW, 0, len(shown) + 1, len(headings)) if len(shown) else None,
        widths=number_widths(widths_of(headings), numbers, looks),
        freeze=(HEAD_ROW + 1, 1),
        row_looks=top_looks(),
        column_looks=looks,
    )


def weights_sheet(
    record: Record,
    *,
    sheet: str,
    names: Sequence[str] = (),
    sentence: str = "",
    existing_names: Iterable[str] = (),
) -> NewSheet | None:
    """The sheet "`sheet` weights": the weights at up to 200 iterations, fewer of many variables,
    among them the first and the last, which have all their digits, those between the ones that are
    shown; None for few variables, which stand in the history.

    The row above the headings says the cells, the headings their `names` where they are different.
    Variables that never change are left out where others do.
    """
    if len(record.variables) <= FEW_VARIABLES or not len(record):
        return None
    most = MAX_COLUMNS - 1
    moved = _moved(record)
    shown = record.thinned(math.ceil(len(record) / weight_rows(len(moved[:most]))))
    cells = [record.variables[place] for place in moved[:most]]
    weights = _shortened(shown.weights[:, moved[:most]])
    headings: list[Scalar] = [record.columns[0], *_different(_taken(names, moved[:most]), cells)]
    numbers = np.hstack([shown.rows[:, :1], weights])
    rows = top(f"{sheet}: weights", sentence)
    rows[HEAD_ROW - 1] = ["cell", *cells]
    rows += [headings, *number_rows(numbers)]
    if len(moved) > most:
        note = f"The first {most:,} of {len(record.variables):,}: Excel has no more columns."
        rows += [[], [note]]
    elif still := len(record.variables) - len(moved):
        verb = "is" if still == 1 else "are"
        note = (
            f"{still:,} of {len(record.variables):,} variables never changed and {verb} left out."
        )
        rows += [[], [note]]
    look = look_of(weights)
    looks = {0: look_of(numbers[:, :1]), **dict.fromkeys(range(1, len(headings)), look)}
    return NewSheet(
        name=added_name(sheet, "weights", existing_names),
        rows=rows,
        table=Rect(HEAD_ROW, 0, len(shown) + 1, len(headings)),
        widths=number_widths(widths_of(headings), numbers, looks),
        freeze=(HEAD_ROW + 1, 1),
        row_looks=top_looks({HEAD_ROW - 1: "note"}),
        column_looks=looks,
    )


def weight_rows(variables: int) -> int:
    """How many iterations a sheet of weights shows at most."""
    return max(2, min(WEIGHT_ROWS, WEIGHT_CELLS // max(1, variables)))


def _moved(record: Record) -> list[int]:
    """The variables that change on the way; all of them where none does."""
    changes = (record.weights != record.weights[:1]).any(axis=0)
    return [int(i) for i in np.flatnonzero(changes if changes.any() else ~changes)]


def _taken(names: Sequence[str], places: Sequence[int]) -> list[str]:
    return [names[place] for place in places] if names else []


def _shortened(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The digits that are shown for what is on the way: the others would be most of the file."""
    found = weights.copy()
    if look_of(weights) == "number":
        found[1:-1] = np.round(found[1:-1], _PLACES)
    return found


def _different(names: Sequence[str], cells: Sequence[str]) -> list[str]:
    """The names where each is there once, else with its cell, else the cell."""
    if not names:
        return list(cells)
    counts: dict[str, int] = {}
    for name in names:
        counts[name.casefold()] = counts.get(name.casefold(), 0) + 1
    return [
        cell if not name else name if counts[name.casefold()] == 1 else f"{name} ({cell})"
        for name, cell in zip(names, cells, strict=True)
    ]


def _narrow(record: Record) -> Record:
    if len(record.variables) <= FEW_VARIABLES:
        return record
    return Record(record.columns, record.rows, (), record.weights[:, :0])


def _telling(record: Record, charted: Sequence[str]) -> Record:
    """Without the columns that are empty or the same in every row."""
    kept = [
        i
        for i, name in enumerate(record.columns)
        if i < _ALWAYS or name in charted or _changes(record.rows[:, i])
    ]
    columns = tuple(record.columns[i] for i in kept)
    return Record(columns, record.rows[:, kept], record.variables, record.weights)


def _changes(column: NDArray[np.float64]) -> bool:
    finite = column[np.isfinite(column)]
    return bool(finite.size and (finite != finite[0]).any())


def _moving(record: Record, charted: Sequence[str]) -> Record:
    """Without the rows in which no printed digit of the charted columns, or of few weights, is
    another than in the row before; the last row stays."""
    watched = [record.columns.index(name) for name in charted]
    if len(record) < 3 or not watched:
        return record
    printed = _printed(np.hstack([record.rows[:, watched], record.weights]))
    differs = (printed[1:] != printed[:-1]).any(axis=1)
    kept = np.concatenate([[True], differs])
    kept[-1] = True
    return Record(record.columns, record.rows[kept], record.variables, record.weights[kept])


def _printed(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to the digits that are shown; what is no number is 0."""
    safe = np.where(np.isfinite(numbers), numbers, 0.0)
    size = np.abs(safe).max(axis=0, initial=0.0)
    unit = 10.0 ** (np.floor(np.log10(np.where(size > 0.0, size, 1.0))) - (_DIGITS - 1))
    return np.asarray(np.rint(safe / unit))


def _fitted(record: Record) -> tuple[Record, list[str]]:
    """The rows of `record` that a sheet can hold, and a sentence where some are left out."""
    every = math.ceil(len(record) / (MAX_ROWS - HEAD_ROW - 1 - _NOTE_ROWS)) or 1
    if every == 1:
        return record, []
    note = f"Only every {every}th of {len(record):,} rows is shown: Excel has no more."
    return record.thinned(every), [note]


def _chart(record: Record, sheet: str, spec: ChartSpec, number: int) -> Chart:
    """Charts stand right of the table, one below the other."""
    height = _CHART_HEIGHT // _ROW_HEIGHT + 1
    values = np.concatenate([record.column(y) for y in spec.ys])
    log = wants_log(values)
    return Chart(
        title=spec.title,
        x_title=spec.x,
        y_title=spec.y_title,
        series=tuple(
            Series(y, _data(record, sheet, spec.x), _data(record, sheet, y)) for y in spec.ys
        ),
        at=(HEAD_ROW + number * height, len(record.columns) + len(record.variables) + 1),
        log_y=log,
        log_base=log_base(values),
        legend=len(spec.ys) > 1,
        width=_CHART_WIDTH,
        height=_CHART_HEIGHT,
        x_range=ends(record.column(spec.x)),
        x_whole=_is_short(record.column(spec.x)),
        y_range=log_around(values) if log else around(values),
    )


_SHORT = 12
"""Whole numbers that find room beside one another below a chart."""


def _is_short(values: NDArray[np.float64]) -> bool:
    return bool((values == np.rint(values)).all() and np.ptp(values) <= _SHORT)


def _data(record: Record, sheet: str, column: str) -> AreaRef:
    return AreaRef(sheet, Rect(HEAD_ROW + 1, record.columns.index(column), len(record), 1))
