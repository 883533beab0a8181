"""Models as files: safetensors, which holds arrays and text and cannot run code.

Layout, version 1. Arrays: the factors and biases, or the weights of a net as `weights/NAME`; what
was rated as `rated/starts`, `rated/items`; ids as UTF-8 JSON in byte arrays `ids/user`, `ids/item`,
`ids/COLUMN`; levels that belong to ids as `features/COLUMN`, titles as `titles/SIDE`. Metadata:
`format`, `version`, `kind` ("factors", "net"), `settings`, `output`, `features` (JSON).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.errors import DataError
from xlcollab.factor.models.arrays import (
    FORMAT,
    Arrays,
    arrays_of,
    metadata_from,
    read_arrays,
    write_arrays,
)
from xlcollab.factor.models.checks import (
    check_floats,
    check_output,
    check_rated,
    check_weight,
    check_weights,
    checked_draws,
    checked_uptake,
    told_as_damage,
)
from xlcollab.factor.models.folder import read_folder
from xlcollab.factor.models.model import POPULARITY, FactorModel, Model, Rated, Titles
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Rows
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.table import SIDES, Feature
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.fitting import ModelSettings


def save_model(model: Model, path: str | Path, more: Mapping[str, str] | None = None) -> None:
    """Write `model` to `path`, whole or not at all, `more` with what the file says of itself.

    Raises DataError on ids that are no text, number, truth value or date.
    """
    write_arrays(Path(path), arrays_of(model), {**(more or {}), **metadata_from(model)})


def load_model(path: str | Path) -> Model:
    """The model in a file that `save_model` wrote, or in a folder of shards. Raises DataError on
    any other file or folder."""
    if Path(path).is_dir():
        arrays, metadata = read_folder(Path(path))
    else:
        arrays, metadata = read_arrays(Path(path), FORMAT)
    with told_as_damage(Path(path)):
        model = _model(arrays, metadata)
        check_rated(model.rated, len(model.user_ids), len(model.item_ids))
        check_output(model.output)
        check_weights(model)
        if len(model.user_ids) and len(model.item_ids):  # as a whole: a net has many layers
            users = np.array([len(model.user_ids) - 1, -1], np.int32)
            items = np.array([len(model.item_ids) - 1, -1], np.int32)
            check_floats("a prediction", np.asarray(model.predict_numbers(users, items)))
    return model


def _model(arrays: Arrays, metadata: Mapping[str, str]) -> Model:
    settings = ModelSettings(**_tuples(json.loads(metadata["settings"])))
    output = Output(**_tuples(json.loads(metadata["output"])))
    rated = Rated(arrays["rated/starts"], arrays["rated/items"])
    users = _ids_from_bytes(arrays["ids/user"], "user")
    items = _ids_from_bytes(arrays["ids/item"], "item")
    popularity = check_weight(json.loads(metadata.get("popularity", str(POPULARITY))))
    titles = _titles(arrays)
    if metadata["kind"] == "factors":
        names = ("user_factors", "item_factors", "user_bias", "item_bias")
        check_floats("user_bias", arrays["user_bias"], (len(users),))
        check_floats("item_bias", arrays["item_bias"], (len(items),))
        check_floats("item_factors", arrays["item_factors"], (len(items), *_width(arrays)))
        rows, draws = Rows.pack(*(arrays[name] for name in names)), _draws(arrays, metadata)
        uptake = checked_uptake(json.loads(metadata.get("uptake", "null")), settings)
        return FactorModel(
            settings, users, items, rows, output, rated, titles, popularity, draws, uptake
        )
    if metadata["kind"] != "net":
        raise DataError(f"it holds a model of an unknown kind, {metadata['kind']!r}")
    from xlcollab.factor.models.netmodel import NetModel  # torch only where it is needed

    weights = {
        name.removeprefix("weights/"): array
        for name, array in arrays.items()
        if name.startswith("weights/")
    }
    for name, weight in weights.items():
        check_floats(name, weight)
    levels = {name: _ids_from_bytes(arrays[f"ids/{name}"], name) for name in settings.side_columns}
    features = {
        name: Feature(side, arrays[f"features/{name}"], levels[name])
        for name, side in json.loads(metadata.get("features", "{}")).items()
    }
    return NetModel(
        settings, users, items, weights, levels, output, rated, features, titles, popularity
    )


def _width(arrays: Arrays) -> tuple[int, ...]:
    """How many factors the users have, looked at before rows of both sides are padded alike."""
    return arrays["user_factors"].shape[1:]


def _titles(arrays: Arrays) -> Titles:
    return {
        side: tuple(json.loads(arrays[f"titles/{side}"].tobytes().decode()))
        for side in SIDES
        if f"titles/{side}" in arrays
    }


def _draws(arrays: Arrays, metadata: Mapping[str, str]) -> Draws | None:
    said = json.loads(metadata.get("draws", "null"))
    if said is None:
        return None
    n, noise = said
    draws = Draws(n, noise, arrays["draws/user"], arrays["draws/item"])
    return checked_draws(draws, arrays["user_factors"].shape[1])


def _ids_from_bytes(data: NDArray[np.uint8], kind: str) -> Vocabulary:
    ids = [_decoded(one) for one in json.loads(data.tobytes().decode())]
    return Vocabulary(pd.Index(ids), kind)


_DATES: Mapping[str, Callable[[str], Id]] = {
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "Timestamp": pd.Timestamp,
}


def _decoded(value: Id | dict[str, str]) -> Id:
    return _DATES[value["type"]](value["date"]) if isinstance(value, dict) else value


def _tuples(values: Mapping[str, object]) -> dict[str, Any]:
    """JSON has no tuples; settings have no lists."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
