"""A trained factor model as a workbook: sheets model, history, users, items, …

What cannot be read from the sheets that people look at is kept as JSON in the last one, `saved`.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np

from xlcollab.api.ratings.kept.net_sheets import (
    layer_table,
    level_tables,
)
from xlcollab.api.ratings.kept.opening import MODEL_FILE
from xlcollab.api.ratings.kept.reading import DRAWS, RATED, SAVED
from xlcollab.api.ratings.kept.sheet_ids import type_in_texts
from xlcollab.api.ratings.live.sheets import live_sheets
from xlcollab.api.ratings.sheets import sheet_of
from xlcollab.api.session.provenance import Provenance, record_of, with_line
from xlcollab.errors import DataError
from xlcollab.factor import (
    FactorModel,
    Model,
    ModelSettings,
    Table,
    TrainingResult,
    TrainingSettings,
    result_tables,
)
from xlcollab.factor.engines.draws import averaged_width
from xlcollab.factor.models.arrays import FORMAT, format_of
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.models.uptake import Uptake
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.files import is_result, write_new_workbook
from xlcollab.grid import Chart
from xlcollab.grid.limits import MAX_TEXT, text_length
from xlcollab.history import HEAD_ROW
from xlcollab.history.points import Cloud, points_chart
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.table import Feature
from xlcollab.ratings.vocabulary import Id
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, Rect

_RECOMMENDED = 10
"""Recommendations of a user that are written beside the model."""
_HEAD_COLUMNS = 6
"""Columns of the sheets users and items besides the factors."""
_LARGEST_MAP = 100
"""Items that a chart can name legibly."""


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


def refuse_long_ids(ids: Iterable[Id], kind: str, instead: str) -> None:
    """Raises DataError, before any work is done, for an id that no cell can hold; `instead` says
    what to do."""
    for one in ids:
        if isinstance(one, str) and len(one) > MAX_TEXT // 2 and text_length(one) > MAX_TEXT:
            raise DataError(
                f"the {kind} {one[:_SHOWN]!r}… has {text_length(one):,} characters; a cell "
                f"holds {MAX_TEXT:,}. {instead}"
            )


_SHOWN = 20
"""Characters of an id in a sentence: enough to know it by."""


def is_model(path: Path) -> bool:
    """Whether a file holds a model that was fitted, as its mark, its sheets or its format say."""
    if zipfile.is_zipfile(path):
        return is_result(path, _RESULT, ("model", "users", "items"))
    return format_of(path) == FORMAT


_RESULT = "model"


def write_model_workbook(
    result: TrainingResult | Model,
    path: Path,
    *,
    with_predictions: bool = False,
    measured: Sequence[tuple[str, object]] = (),
    more: Sequence[Table] = (),
    run: Provenance | None = None,
) -> None:
    """Write model, history with its chart, users, items, predictions, recommendations, `more`, and
    for a net its layers, then what was rated and how it is read back. `measured` joins the model
    sheet. Of a model alone there is no history.

    Raises DataError where a table is larger than a sheet, or ids mix dates with other things.
    """
    if isinstance(result, TrainingResult):
        result = replace(result, model=plain(result.model))
        model = result.model
    else:
        result = model = plain(result)
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
    return [Table(DRAWS, head, [list(row) for row in rows])]


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
