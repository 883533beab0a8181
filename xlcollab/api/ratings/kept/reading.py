"""A trained factor model out of its workbook.

Only the sheets are read that hold the model. What cannot be read from those that people look at is
kept as JSON in the last one, `saved`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.api.ratings.kept.net_sheets import is_of_net, read_features, read_layers, read_levels
from xlcollab.api.ratings.kept.sheet_ids import ids_in
from xlcollab.errors import DataError
from xlcollab.factor import FactorModel, Model, ModelSettings
from xlcollab.factor.models.checks import check_weight, checked_draws, checked_uptake
from xlcollab.factor.models.model import POPULARITY, Rated
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Floats, Rows
from xlcollab.files import FileBook
from xlcollab.grid import Scalar, Workbook
from xlcollab.history import head_row_of
from xlcollab.ratings import RatingsTable, Vocabulary
from xlcollab.ratings.table import SIDES, Side

SAVED, RATED, DRAWS = "saved", "rated", "draws"
"""Hidden sheets of a fitted model: what is read back, which pairs were rated, and what is known of
its uncertainty."""
_FEATURES = " features"


def holds_model(workbook: Workbook) -> bool:
    """Whether `fit` wrote the workbook: then its ratings are predictions."""
    return all(workbook.find(name) is not None for name in (SAVED, RATED, "users", "items"))


def read_model_workbook(path: Path, *, rated: bool = True) -> Model:
    """The model that `write_model_workbook` wrote; without `rated` nothing of what was rated.

    Raises DataError for any other workbook.
    """
    needed = (SAVED, "users", "items", *([RATED] if rated else []))

    def wanted(name: str) -> bool:
        return name in (*needed, DRAWS) or is_of_net(name) or name.endswith(_FEATURES)

    workbook = FileBook(path).read_sheets(wanted)
    if any(workbook.find(name) is None for name in needed):
        raise DataError(
            f"{path.name} holds no factor model; make one with "
            "`xlcollab fit RATINGS -o model.xlsx` and name model.xlsx"
        )
    try:
        return _read(workbook, rated=rated)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(
            f"the model in {path.name} was changed and cannot be read back ({error}); fit it anew"
        ) from None


def _read(workbook: Workbook, *, rated: bool) -> Model:
    pairs = dict(zip(*(_column(workbook, SAVED, column) for column in (0, 1)), strict=True))
    saved = {str(name): json.loads(str(text)) for name, text in pairs.items()}
    settings = ModelSettings(**_tuples(saved["settings"], ModelSettings))
    output = Output(**_tuples(saved["output"], Output))
    width = saved.get("width", settings.n_factors)
    types = {"user": saved["user ids"], "item": saved["item ids"]}
    users = _side(workbook, "users", settings.dtype, width, types["user"])
    items = _side(workbook, "items", settings.dtype, width, types["item"])
    popularity = check_weight(saved.get("popularity", POPULARITY))
    known = (
        Rated.of(_rated(workbook, users.ids, items.ids, types))
        if rated
        else Rated.nothing(len(users.ids))
    )
    titles: dict[Side, tuple[str | None, ...]] = {
        side: found
        for side in SIDES
        if (found := _titles(workbook, f"{side}{_FEATURES}")) is not None
    }
    if saved.get("kind", "factors") == "factors":
        rows = Rows.pack(users.factors, items.factors, users.bias, items.bias)
        draws = _draws(workbook, saved.get("draws"), width)
        uptake = checked_uptake(saved.get("uptake"), settings)
        ids = users.ids, items.ids
        return FactorModel(settings, *ids, rows, output, known, titles, popularity, draws, uptake)
    from xlcollab.factor.models.netmodel import NetModel  # torch only where it is needed

    weights = {"user_factors": users.factors, "item_factors": items.factors}
    if settings.bias:
        weights |= {"user_bias": users.bias, "item_bias": items.bias}
    levels, tables = read_levels(workbook, settings, saved["level ids"])
    weights |= tables | read_layers(workbook, settings.dtype)
    features = read_features(workbook, levels, saved["features"], saved["level ids"])
    ids = users.ids, items.ids
    return NetModel(settings, *ids, weights, levels, output, known, features, titles, popularity)


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


def _draws(workbook: Workbook, said: Sequence[float] | None, width: int) -> Draws | None:
    if said is None:
        return None
    columns = (_column(workbook, DRAWS, column) for column in (0, 1))
    users, items = (
        np.array([one for one in column if one is not None], float) for column in columns
    )
    return checked_draws(Draws(int(said[0]), said[1], users, items), width)


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
