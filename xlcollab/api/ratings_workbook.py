"""A trained factor model as a workbook, and back: sheets model, history, users, items, …"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.errors import DataError
from xlcollab.factor import FactorModel, ModelSettings, Table, TrainingResult, result_tables
from xlcollab.factor.model import Rated
from xlcollab.factor.output import Output
from xlcollab.factor.rows import Floats, Rows
from xlcollab.files import FileBook, write_new_workbook
from xlcollab.grid import Chart, NewSheet, Scalar, Series, Workbook
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ref import MAX_ROWS, AreaRef, Rect

_SETTINGS = "saved settings"
"""The row of the model sheet whose value is all that the factors do not say, as JSON."""
_RATINGS = "ratings"
_SHEET_NAMES = {"history": "training history"}
"""Excel keeps the name "History" for itself."""


def write_model_workbook(
    result: TrainingResult, table: RatingsTable, path: Path, *, with_predictions: bool
) -> None:
    """Write model, history with its chart, users, items, predictions, recommendations, ratings.

    Raises DataError with the number of rows, and what to do, where a sheet has too few.
    """
    if len(table) >= MAX_ROWS:
        raise DataError(
            f"{len(table):,} ratings do not fit a sheet of {MAX_ROWS:,} rows; write a model file "
            "instead: -o model.safetensors"
        )
    corner = (table.user_ids.index.tolist(), table.item_ids.index.tolist())
    tables = result_tables(result, crosstab=corner if with_predictions else None)
    sheets = [sheet_of(one) for one in tables]
    if isinstance(result.model, FactorModel):
        sheets[0] = _with_settings(sheets[0], result.model)
        sheets.append(sheet_of(_ratings_table(table)))
    write_new_workbook(path, sheets)


def sheet_of(table: Table) -> NewSheet:
    """A plain table as a sheet with a native table, and a chart where one is asked for."""
    head = _unique(table.columns)
    rows: list[Sequence[Scalar]] = [head, *(tuple(map(_scalar, row)) for row in table.rows)]
    area = Rect(0, 0, len(rows), len(head)) if table.rows else None
    widths = {column: max(12.0, len(text) + 4.0) for column, text in enumerate(head)}
    if table.name == "model":
        widths = {0: 24.0, 1: 60.0}
    return NewSheet(
        _sheet_name(table), rows, charts=_charts(table), table=area, widths=widths, freeze=(1, 1)
    )


def _sheet_name(table: Table) -> str:
    return _SHEET_NAMES.get(table.name, table.name)


def _charts(table: Table) -> tuple[Chart, ...]:
    if not table.chart or not table.rows:
        return ()
    sheet, height = _sheet_name(table), len(table.rows)
    x = AreaRef(sheet, Rect(1, 0, height))
    series = tuple(
        Series(name, x, AreaRef(sheet, Rect(1, table.columns.index(name), height)))
        for name in table.chart
    )
    at = (1, len(table.columns) + 1)
    return (Chart("Error by epoch", table.columns[0], "RMSE", series, at),)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Heads of a native table must differ, whatever the case."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        found.append(name if count == 1 else f"{name} ({count})")
    return tuple(found)


def _scalar(value: Any) -> Scalar:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float | np.number):
        return float(value)
    return str(value)


def _with_settings(sheet: NewSheet, model: FactorModel) -> NewSheet:
    saved = {"settings": asdict(model.settings), "output": asdict(model.output)}
    rows = [*sheet.rows, (_SETTINGS, json.dumps(saved))]
    return NewSheet(
        sheet.name,
        rows,
        table=Rect(0, 0, len(rows), 2),
        widths=sheet.widths,
        freeze=sheet.freeze,
    )


def _ratings_table(table: RatingsTable) -> Table:
    users, items = table.user_ids.ids(table.users), table.item_ids.ids(table.items)
    rows = list(zip(users, items, table.ratings.tolist(), strict=True))
    return Table(_RATINGS, ("user", "item", "rating"), [list(row) for row in rows])


def read_model_workbook(path: Path) -> FactorModel:
    """The model that `write_model_workbook` wrote. Raises DataError for any other workbook."""
    workbook = FileBook(path).read()
    wanted = ("model", "users", "items", _RATINGS)
    missing = [name for name in wanted if workbook.find(name) is None]
    saved = None if missing else _saved(workbook)
    if saved is None:
        raise DataError(
            f"{path.name} holds no factor model; make one with `xlcollab fit … -o {path.name}` "
            "(a net is kept in a .safetensors file)"
        )
    settings = _record(ModelSettings, saved["settings"])
    output = _record(Output, saved["output"])
    users, user_factors, user_bias = _side(workbook, "users", settings)
    items, item_factors, item_bias = _side(workbook, "items", settings)
    rows = Rows.pack(user_factors, item_factors, user_bias, item_bias)
    pairs = [_column(workbook, _RATINGS, column) for column in (0, 1)]
    rated = RatingsTable(
        users.numbers(pairs[0]),
        items.numbers(pairs[1]),
        np.ones(len(pairs[0])),
        users,
        items,
    )
    return FactorModel(settings, users, items, rows, output, Rated.of(rated))


def _saved(workbook: Workbook) -> Any:
    sheet = workbook.sheet("model")
    for row in range(sheet.height):
        value = sheet.value(row, 1)
        if sheet.value(row, 0) == _SETTINGS and isinstance(value, str):
            return json.loads(value)
    return None


def _record(kind: type[Any], values: dict[str, Any]) -> Any:
    """A frozen record from JSON, where tuples have become lists."""
    known = {field.name for field in fields(kind)}
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in known
        }
    )


def _column(workbook: Workbook, sheet: str, column: int) -> list[Any]:
    part = workbook.sheet(sheet)
    return [_id(part.value(row, column)) for row in range(1, part.height)]


def _id(value: Scalar) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _side(
    workbook: Workbook, name: str, settings: ModelSettings
) -> tuple[Vocabulary, Floats, Floats]:
    """The ids of a side, its factors (n, k) and its biases (n,)."""
    sheet = workbook.sheet(name)
    ids = Vocabulary(pd.Index(_column(workbook, name, 0)), name.removesuffix("s"))
    numbers = sheet.numbers[1:].astype(settings.dtype)
    return ids, numbers[:, sheet.width - settings.n_factors :], numbers[:, 2]
