"""A net's own sheets: the weights of its layers, and its side columns with their embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from xlcollab.api.ratings.kept.sheet_ids import ids_in
from xlcollab.errors import DataError
from xlcollab.factor import Model, ModelSettings, Table
from xlcollab.factor.passes.rows import Floats
from xlcollab.grid import Workbook
from xlcollab.history import head_row_of
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.table import Feature, Side
from xlcollab.ref import MAX_COLUMNS

LAYERS = "layers"
_LEVELS = "levels {}"


def is_of_net(sheet: str) -> bool:
    """Whether a sheet holds something of a net."""
    return sheet == LAYERS or sheet.startswith(_LEVELS.format(""))


def layer_table(model: Model) -> Table:
    """A row of the weights of every unit, its bias in front. Raises DataError on too wide ones."""
    weights: Mapping[str, Floats] = model.weights  # type: ignore[attr-defined]
    names = [name.removesuffix(".weight") for name in weights if name.endswith(".weight")]
    width = max(weights[f"{name}.weight"].shape[1] for name in names)
    if width + 3 > MAX_COLUMNS:
        raise DataError(
            f"a layer of {width:,} inputs does not fit Excel's {MAX_COLUMNS:,} columns; write a "
            ".safetensors file"
        )
    rows = []
    for number, name in enumerate(names):
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        for unit, (row, one) in enumerate(zip(weight.tolist(), bias.tolist(), strict=True), 1):
            rows.append((number, unit, one, *row, *[None] * (width - len(row))))
    head = ("layer", "unit", "bias", *(f"weight {i + 1}" for i in range(width)))
    return Table(LAYERS, head, list(rows))


def level_tables(model: Model) -> list[Table]:
    """A sheet for each side column: the levels and their embeddings."""
    levels: Mapping[str, Vocabulary] = getattr(model, "levels", {})
    weights: Mapping[str, Floats] = model.weights  # type: ignore[attr-defined]
    tables = []
    for number, (name, ids) in enumerate(levels.items(), 1):
        embedding = weights[f"side.{name}"]
        head = (name, *(f"factor {i + 1}" for i in range(embedding.shape[1])))
        pairs = zip(ids.index.tolist(), embedding.tolist(), strict=True)
        rows = [(one if one != "" else None, *row) for one, row in pairs]
        tables.append(Table(_LEVELS.format(number), head, list(rows)))
    return tables


def read_layers(workbook: Workbook, dtype: str) -> dict[str, Floats]:
    """`layer.I.weight` (out, in) and `layer.I.bias` (out,)."""
    sheet = workbook.sheet(LAYERS)
    first = head_row_of(sheet) + 1
    numbers, kinds = sheet.numbers[first:], sheet.kinds[first:]
    found: dict[str, Floats] = {}
    for layer in np.unique(numbers[:, 0]).astype(int).tolist():
        rows = numbers[:, 0] == layer
        width = int((kinds[rows][0, 3:] != 0).sum())
        found[f"layer.{layer}.weight"] = numbers[rows, 3 : 3 + width].astype(dtype)
        found[f"layer.{layer}.bias"] = numbers[rows, 2].astype(dtype)
    return found


def read_levels(
    workbook: Workbook, settings: ModelSettings, types: Mapping[str, str | None]
) -> tuple[dict[str, Vocabulary], dict[str, Floats]]:
    """The levels of every side column, and its embedding as `side.NAME`."""
    levels, weights = {}, {}
    for number, name in enumerate(settings.side_columns, 1):
        sheet = _LEVELS.format(number)
        ids = ids_in(workbook, sheet, 0, types[name])
        texts: pd.Index = pd.Index(["" if one is None else one for one in ids])
        levels[name] = Vocabulary(texts, name)
        part = workbook.sheet(sheet)
        embedding = part.numbers[head_row_of(part) + 1 :, 1:]
        weights[f"side.{name}"] = embedding.astype(settings.dtype)
    return levels, weights


def read_features(
    workbook: Workbook,
    levels: Mapping[str, Vocabulary],
    sides: Mapping[str, Side],
    types: Mapping[str, str | None],
) -> dict[str, Feature]:
    """What the sheets say of the levels that belong to users and items."""
    found = {}
    for name, side in sides.items():
        sheet = f"{side} features"
        part = workbook.sheet(sheet)
        row = head_row_of(part)
        head = [part.value(row, column) for column in range(part.width)]
        ids = ids_in(workbook, sheet, _place(head, name), types[name])
        blank = "" if "" in levels[name] else None
        known = [blank if one is None else one for one in ids]
        numbers = np.array(
            [-1 if one is None else levels[name].number(one) for one in known], np.int32
        )
        found[name] = Feature(side, numbers, levels[name])
    return found


def _place(head: list[Any], name: str) -> int:
    """The column of a feature; the first two are the id and the title, which it may be called."""
    return head.index(name, 2)
