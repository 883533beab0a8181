"""A trained factor model as a workbook, and back: sheets model, history, users, items, …

What cannot be read from the sheets that people look at is kept as JSON in the last one, `saved`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.api.ratings.live_sheets import live_sheets
from xlcollab.api.ratings.net_sheets import (
    layer_table,
    level_tables,
    read_features,
    read_layers,
    read_levels,
)
from xlcollab.api.ratings.sheet_ids import ids_in, type_in_texts
from xlcollab.api.ratings.sheets import sheet_of
from xlcollab.api.ratings.source import RATED, SAVED, WORKBOOKS, holds_model
from xlcollab.api.session.provenance import Provenance, record_of, with_line
from xlcollab.disk import refuse_irregular
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import (
    FactorModel,
    Model,
    ModelSettings,
    Table,
    TrainingResult,
    TrainingSettings,
    load_model,
    result_tables,
)
from xlcollab.factor.engines.draws import averaged_width
from xlcollab.factor.models.arrays import FORMAT, format_of
from xlcollab.factor.models.checks import check_weight, checked_draws, checked_uptake
from xlcollab.factor.models.model import POPULARITY, Rated
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.models.uptake import Uptake
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.files import FileBook, is_result, write_new_workbook
from xlcollab.grid import Chart, Scalar, Workbook
from xlcollab.history import HEAD_ROW, head_row_of
from xlcollab.history.points import Cloud, points_chart
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.table import SIDES, Feature, Side
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, Rect

MODEL_FILE = ".safetensors"
_RECOMMENDED = 10
_DRAWS = "draws"
_HEAD_COLUMNS = 6
"""Columns of the sheets users and items besides the factors."""
_LARGEST_MAP = 100
"""Items that a chart can name legibly."""


def open_model(path: Path) -> Model:
    """A model from a workbook, a model file or a folder that `fit` wrote. Raises DataError for
    others."""
    if path.is_dir():
        return load_model(path)
    refuse_irregular(path)
    if path.suffix == MODEL_FILE:
        return load_model(path)
    if path.suffix.lower() in WORKBOOKS:
        return read_model_workbook(path)
    raise UsageError(f"{path.name} is no model; give a workbook or a {MODEL_FILE} file from fit")


@dataclass(frozen=True, slots=True)
class Size:
    """How much a workbook is to hold: counts of ratings, users, items and factors."""

    ratings: int
    users: int
    items: int
    n_factors: int

    @staticmethod
    def of(model: Model) -> Size:
        n_users, n_items = len(model.user_ids), len(model.item_ids)
        return Size(len(model.rated.items), n_users, n_items, model.user_factors.shape[1])

    @staticmethod
    def expected(table: RatingsTable, model: ModelSettings, training: TrainingSettings) -> Size:
        """That of the model that these settings will leave: an average lays its draws side by
        side."""
        width = model.n_factors
        if training.optimizer == "gibbs":
            width = averaged_width(width, training.resolved(model).epochs or 0)
        return Size(len(table), table.n_users, table.n_items, width)


def refuse_too_large(size: Size, path: Path, *, is_crosstab: bool) -> None:
    """Raises DataError, before anything is trained, where a sheet has too few rows or columns."""
    recommended = size.users * min(_RECOMMENDED, size.items)
    rows = {RATED: size.ratings, "recommendations": recommended, "items": size.items}
    name, most = max(rows.items(), key=lambda one: one[1])
    if most >= MAX_ROWS:
        raise DataError(
            f"the sheet {name!r} would need {most:,} rows below its header; Excel has "
            f"{MAX_ROWS - 1:,}. Write a model file instead: -o {path.stem}{MODEL_FILE}"
        )
    widest = max(size.n_factors, size.items if is_crosstab else 0)
    if widest + _HEAD_COLUMNS > MAX_COLUMNS:
        raise DataError(
            f"{widest:,} columns of numbers do not fit Excel's {MAX_COLUMNS:,}. Write a model file "
            f"instead: -o {path.stem}{MODEL_FILE}"
        )


def is_model(path: Path) -> bool:
    """Whether a file holds a model that was fitted, as its mark, its sheets or its format say."""
    if zipfile.is_zipfile(path):
        return is_result(path, _RESULT, ("model", "users", "items"))
    return format_of(path) == FORMAT


_RESULT = "model"


def write_model_workbook(
    result: TrainingResult,
    path: Path,
    *,
    with_predictions: bool,
    measured: Sequence[tuple[str, object]] = (),
    more: Sequence[Table] = (),
    run: Provenance | None = None,
) -> None:
    """Write model, history with its chart, users, items, predictions, recommendations, `more`, and
    for a net its layers, then what was rated and how it is read back. `measured` joins the model
    sheet.

    Raises DataError where a table is larger than a sheet, or ids mix dates with other things.
    """
    result = replace(result, model=plain(result.model))
    model = result.model
    corner = (model.user_ids.index.tolist(), model.item_ids.index.tolist())
    tables = result_tables(result, crosstab=corner if with_predictions else None, k=_RECOMMENDED)
    tables += more
    if not isinstance(model, FactorModel):
        tables += [layer_table(model), *level_tables(model)]
    tables += [*_draws_tables(model), _rated_table(model), _saved_table(model)]
    tables[0] = replace(tables[0], rows=[*_without_blanks(tables[0]), *measured])
    sheets = [sheet_of(tables[0], _item_map(tables)), *map(sheet_of, tables[1:])]
    if isinstance(model, FactorModel):
        heads = {one.name: one.columns for one in tables if one.name in ("users", "items")}
        sheets[1:1] = live_sheets(model, heads)
    if run is not None:
        sheets = [with_line(sheet, run) for sheet in sheets]
    write_new_workbook(path, sheets, record_of(run, path), _RESULT)


def plain(model: Model) -> Model:
    """A dot product with a learned padding as the factor model it has become; others as they are.

    Only for unknown ids the two differ: a net takes the mean of its embeddings for them.
    """
    if isinstance(model, FactorModel) or model.settings.hidden_sizes:
        return model
    padding: Floats = model.weights["padding"]  # type: ignore[attr-defined]
    parts = model.user_factors, model.item_factors, model.user_bias, model.item_bias
    output = model.output.widened(float(padding[0]))
    return FactorModel(
        model.settings,
        model.user_ids,
        model.item_ids,
        Rows.pack(*parts),
        output,
        model.rated,
        model.titles,
        model.popularity,
    )


def read_model_workbook(path: Path) -> Model:
    """The model that `write_model_workbook` wrote. Raises DataError for any other workbook."""
    workbook = FileBook(path).read()
    if not holds_model(workbook):
        raise DataError(
            f"{path.name} holds no factor model; make one with "
            "`xlcollab fit RATINGS -o model.xlsx` and name model.xlsx"
        )
    try:
        return _read(workbook)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(
            f"the model in {path.name} was changed and cannot be read back ({error}); fit it anew"
        ) from None


def _read(workbook: Workbook) -> Model:
    pairs = dict(zip(*(_column(workbook, SAVED, column) for column in (0, 1)), strict=True))
    saved = {str(name): json.loads(str(text)) for name, text in pairs.items()}
    settings = ModelSettings(**_tuples(saved["settings"], ModelSettings))
    output = Output(**_tuples(saved["output"], Output))
    width = saved.get("width", settings.n_factors)
    types = {"user": saved["user ids"], "item": saved["item ids"]}
    users = _side(workbook, "users", settings.dtype, width, types["user"])
    items = _side(workbook, "items", settings.dtype, width, types["item"])
    popularity = check_weight(saved.get("popularity", POPULARITY))
    rated = Rated.of(_rated(workbook, users.ids, items.ids, types))
    titles: dict[Side, tuple[str | None, ...]] = {
        side: found
        for side in SIDES
        if (found := _titles(workbook, f"{side} features")) is not None
    }
    if saved.get("kind", "factors") == "factors":
        rows = Rows.pack(users.factors, items.factors, users.bias, items.bias)
        draws = _draws(workbook, saved.get("draws"), width)
        uptake = checked_uptake(saved.get("uptake"), settings)
        ids = users.ids, items.ids
        return FactorModel(settings, *ids, rows, output, rated, titles, popularity, draws, uptake)
    from xlcollab.factor.models.netmodel import NetModel  # torch only where it is needed

    weights = {"user_factors": users.factors, "item_factors": items.factors}
    if settings.bias:
        weights |= {"user_bias": users.bias, "item_bias": items.bias}
    levels, tables = read_levels(workbook, settings, saved["level ids"])
    weights |= tables | read_layers(workbook, settings.dtype)
    features = read_features(workbook, levels, saved["features"], saved["level ids"])
    ids = users.ids, items.ids
    return NetModel(settings, *ids, weights, levels, output, rated, features, titles, popularity)


def _rated(
    workbook: Workbook, users: Vocabulary, items: Vocabulary, types: Mapping[str, str | None]
) -> RatingsTable:
    return RatingsTable(
        users.numbers(ids_in(workbook, RATED, 0, types["user"])),
        items.numbers(ids_in(workbook, RATED, 1, types["item"])),
        np.ones(workbook.sheet(RATED).height - head_row_of(workbook.sheet(RATED)) - 1),
        users,
        items,
    )


def _titles(workbook: Workbook, sheet: str) -> tuple[str | None, ...] | None:
    if workbook.find(sheet) is None:
        return None
    found = tuple(None if one is None else str(one) for one in _column(workbook, sheet, 1))
    return found if any(found) else None


def _without_blanks(table: Table) -> list[Sequence[object]]:
    """Settings that were not asked for are no news."""
    return [row for row in table.rows if row[1] not in (None, "")]


def _rated_table(model: Model) -> Table:
    users, items = model.rated.pairs()
    rows = zip(model.user_ids.ids(users), model.item_ids.ids(items), strict=True)
    return Table(RATED, ("user", "item"), [list(row) for row in rows])


def _draws_tables(model: Model) -> list[Table]:
    """How uncertain biases are over the draws of an averaged model; none for any other."""
    draws: Draws | None = getattr(model, "draws", None)
    if draws is None:
        return []
    head = ("variance of the user bias", "variance of the item bias")
    rows = zip_longest(draws.users.tolist(), draws.items.tolist())
    return [Table(_DRAWS, head, [list(row) for row in rows])]


def _draws(workbook: Workbook, said: Sequence[float] | None, width: int) -> Draws | None:
    if said is None:
        return None
    columns = (_column(workbook, _DRAWS, column) for column in (0, 1))
    users, items = (
        np.array([one for one in column if one is not None], float) for column in columns
    )
    return checked_draws(Draws(int(said[0]), said[1], users, items), width)


def _saved_table(model: Model) -> Table:
    draws: Draws | None = getattr(model, "draws", None)
    uptake: Uptake | None = getattr(model, "uptake", None)
    levels: Mapping[str, Vocabulary] = getattr(model, "levels", {})
    features: Mapping[str, Feature] = getattr(model, "features", {})
    saved = {
        "kind": "factors" if isinstance(model, FactorModel) else "net",
        "width": model.user_factors.shape[1],
        "settings": asdict(model.settings),
        "output": asdict(model.output),
        "popularity": model.popularity,
        "draws": None if draws is None else [draws.n, draws.noise],
        "uptake": None if uptake is None else asdict(uptake),
        "user ids": type_in_texts(model.user_ids),
        "item ids": type_in_texts(model.item_ids),
        "level ids": {name: type_in_texts(ids) for name, ids in levels.items()},
        "features": {name: one.side for name, one in features.items()},
    }
    return Table(
        SAVED, ("name", "value"), [(name, json.dumps(value)) for name, value in saved.items()]
    )


def _item_map(tables: Sequence[Table]) -> tuple[Chart, ...]:
    """A chart of the items by the two main directions of their factors, where they are few."""
    items = next(table for table in tables if table.name == "items")
    heads, axes = items.columns, ("component 1", "component 2")
    if not set(axes) <= set(heads) or not 3 <= len(items.rows) <= _LARGEST_MAP:
        return ()
    places = [heads.index(axis) for axis in axes]
    x, y = (AreaRef("items", Rect(HEAD_ROW + 1, place, len(items.rows))) for place in places)
    named = heads.index("title") if "title" in heads else 0
    cloud = Cloud(
        np.array([[row[place] for place in places] for row in items.rows], np.float64),
        [str(row[named] or row[0]) for row in items.rows],
        x,
        y,
    )
    chart = points_chart(cloud, "Items by their factors", axes, (HEAD_ROW, 3))
    return () if chart is None else (chart,)


def _tuples(values: Mapping[str, object], kind: type) -> dict[str, Any]:
    """The fields of a frozen record from JSON, where tuples have become lists."""
    return {
        field.name: tuple(value) if isinstance(value := values[field.name], list) else value
        for field in fields(kind)
        if field.name in values
    }


def _column(workbook: Workbook, sheet: str, column: int) -> list[Scalar]:
    part = workbook.sheet(sheet)
    return [part.value(row, column) for row in range(head_row_of(part) + 1, part.height)]


@dataclass(frozen=True, slots=True)
class _Side:
    """The ids of a side, its factors (n, k) and its biases (n,)."""

    ids: Vocabulary
    factors: Floats
    bias: Floats


def _side(workbook: Workbook, name: str, dtype: str, width: int, type_: str | None) -> _Side:
    sheet = workbook.sheet(name)
    ids = Vocabulary(pd.Index(ids_in(workbook, name, 0, type_)), name.removesuffix("s"))
    head = head_row_of(sheet)
    heads = [sheet.value(head, column) for column in range(sheet.width)]
    numbers = sheet.numbers[head + 1 :].astype(dtype)
    return _Side(ids, numbers[:, sheet.width - width :], numbers[:, heads.index("bias")])
