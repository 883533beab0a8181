"""Tables of the factor engine as sheets, and tables of rows as files of the form that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.api.session.provenance import METADATA, Provenance, record_of, with_line
from xlcollab.disk import atomic_file, refuse_unwritable
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import Table
from xlcollab.files import write_new_workbook
from xlcollab.grid import Chart, NewSheet, Scalar, Series
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, Rect

TABLE_FILES = (".csv", ".parquet", ".xlsx")
_SHEET_NAMES = {"history": "training history"}
"""Excel keeps the name "History" for itself."""
_NARROWEST, _WIDEST, _MARGIN = 11.0, 60.0, 4.0
EXACT = 2**53
"""Whole numbers beyond are written as texts: a cell would round them."""
_LOOKED_AT = 200
"""Rows whose texts decide how wide a column is."""


def sheet_of(table: Table, charts: Sequence[Chart] = ()) -> NewSheet:
    """A plain table as a sheet with a native table, and a chart where one is asked for."""
    head = _unique(table.columns)
    rows: list[Sequence[Scalar]] = [head, *(tuple(map(scalar, row)) for row in table.rows)]
    area = Rect(0, 0, len(rows), len(head)) if table.rows else None
    own = _charts(table)
    return NewSheet(
        sheet_name(table),
        rows,
        charts=(*own, *charts),
        table=area,
        widths=_widths(rows),
        freeze=(1, 1),
    )


def sheet_name(table: Table) -> str:
    return _SHEET_NAMES.get(table.name, table.name)


def write_table(table: Table, path: Path, run: Provenance | None = None) -> None:
    """Write one table as .csv, .parquet or .xlsx, wholly or not at all. A workbook and a Parquet
    file keep what made them; a CSV file has no place for it.

    Raises UsageError on another ending, DataError where a sheet is too small for it.
    """
    check_table_file(path)
    if path.suffix == ".xlsx":
        _refuse_larger_than_a_sheet(table)
        sheet = sheet_of(table)
        write_new_workbook(
            path, [sheet if run is None else with_line(sheet, run)], record_of(run, path)
        )
        return
    frame = pd.DataFrame([list(row) for row in table.rows], columns=list(table.columns))
    frame.attrs[METADATA] = record_of(run, path)  # pandas keeps it in a Parquet file
    with atomic_file(path) as file:
        if path.suffix == ".csv":
            frame.to_csv(file, index=False)
        else:
            frame.to_parquet(file, index=False)


def check_table_file(path: Path) -> None:
    """Refuse, before any work is done, a file that `write_table` could not write. Raises
    UsageError."""
    if path.suffix not in TABLE_FILES:
        raise UsageError(f"{path.name}: write one of {', '.join(TABLE_FILES)}")
    refuse_unwritable(path)


def scalar(value: Any) -> Scalar:
    """A value as a cell holds it: numbers are floats, what is no text or number its text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) > EXACT:
        return str(value)
    return float(value) if isinstance(value, int | float | np.number) else str(value)


def _refuse_larger_than_a_sheet(table: Table) -> None:
    rows, columns = len(table.rows) + 1, len(table.columns)
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        raise DataError(
            f"the {table.name} have {rows:,} rows and {columns:,} columns; Excel has {MAX_ROWS:,} "
            f"and {MAX_COLUMNS:,}. Write a .csv or a .parquet file instead"
        )


def _widths(rows: Sequence[Sequence[Scalar]]) -> dict[int, float]:
    """As wide as the texts in the first rows, within limits."""
    shown = [[len(cell) if isinstance(cell, str) else 0 for cell in row] for row in rows]
    longest = np.max([row for row in shown[:_LOOKED_AT] if len(row) == len(rows[0])], axis=0)
    return {
        column: float(np.clip(length + _MARGIN, _NARROWEST, _WIDEST))
        for column, length in enumerate(longest.tolist())
    }


def _charts(table: Table) -> tuple[Chart, ...]:
    if not table.chart or not table.rows:
        return ()
    sheet, height = sheet_name(table), len(table.rows)
    x = AreaRef(sheet, Rect(1, 0, height))
    series = tuple(
        Series(name, x, AreaRef(sheet, Rect(1, table.columns.index(name), height)))
        for name in table.chart
    )
    at = (1, len(table.columns) + 1)
    return (Chart(f"RMSE by {table.columns[0]}", table.columns[0], "RMSE", series, at),)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Heads of a native table must differ, whatever the case."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        found.append(name if count == 1 else f"{name} ({count})")
    return tuple(found)
