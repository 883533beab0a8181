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
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from xlcollab.disk import atomic_path, refuse_irregular
from xlcollab.errors import DataError, WriteRefusedError
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
from xlcollab.factor.models.model import POPULARITY, FactorModel, Model, Rated, Titles
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.models.uptake import Uptake
from xlcollab.factor.passes.output import Output
from xlcollab.factor.passes.rows import Rows
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.table import SIDES, Feature
from xlcollab.ratings.vocabulary import Id
from xlcollab.settings.fitting import ModelSettings

FORMAT, VERSION = "xlcollab-model", "1"
Arrays = dict[str, NDArray[Any]]


def save_model(model: Model, path: str | Path, more: Mapping[str, str] | None = None) -> None:
    """Write `model` to `path`, whole or not at all, `more` with what the file says of itself.

    Raises DataError on ids that are no text, number, truth value or date.
    """
    arrays = _weights(model) | {
        "rated/starts": model.rated.starts,
        "rated/items": model.rated.items,
        "ids/user": _ids_to_bytes(model.user_ids),
        "ids/item": _ids_to_bytes(model.item_ids),
    }
    levels: Mapping[str, Vocabulary] = getattr(model, "levels", {})
    arrays |= {f"ids/{name}": _ids_to_bytes(vocabulary) for name, vocabulary in levels.items()}
    features: Mapping[str, Feature] = getattr(model, "features", {})
    arrays |= {f"features/{name}": feature.numbers for name, feature in features.items()}
    arrays |= {f"titles/{side}": _as_bytes(titles) for side, titles in model.titles.items()}
    draws: Draws | None = getattr(model, "draws", None)
    uptake: Uptake | None = getattr(model, "uptake", None)
    if draws is not None:
        arrays |= {"draws/user": draws.users, "draws/item": draws.items}
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "kind": "factors" if isinstance(model, FactorModel) else "net",
        "settings": json.dumps(asdict(model.settings)),
        "output": json.dumps(asdict(model.output)),
        "popularity": json.dumps(model.popularity),
        "draws": json.dumps(None if draws is None else [draws.n, draws.noise]),
        "uptake": json.dumps(None if uptake is None else asdict(uptake)),
        "features": json.dumps({name: feature.side for name, feature in features.items()}),
    }
    write_arrays(Path(path), arrays, {**(more or {}), **metadata})


def load_model(path: str | Path) -> Model:
    """The model in a file that `save_model` wrote. Raises DataError on any other file."""
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


def write_arrays(path: Path, arrays: Arrays, metadata: dict[str, str]) -> None:
    """Write a safetensors file, wholly or not at all. Raises WriteRefusedError."""
    solid = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with atomic_path(path) as temporary:
        try:
            save_file(solid, temporary, metadata)
        except SafetensorError as error:
            raise WriteRefusedError(
                f"{path} cannot be written: {error}; write to another file"
            ) from None


def metadata_of(path: Path) -> dict[str, str]:
    """What a safetensors file says of itself. Raises DataError for any other file."""
    refuse_irregular(path, DataError)
    try:
        with safe_open(path, "numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a model: {error}") from None


def format_of(path: Path) -> str:
    """The format that a safetensors file says it has; "" for any other file."""
    try:
        return metadata_of(path).get("format", "")
    except DataError:
        return ""


def read_arrays(path: Path, wanted_format: str) -> tuple[Arrays, dict[str, str]]:
    """Arrays and metadata of a safetensors file of this format and version, else DataError."""
    refuse_irregular(path, DataError)
    try:
        with safe_open(path, "numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise DataError(f"{path} cannot be read as a model: {error}") from None
    found, version = metadata.get("format", "nothing of xlcollab"), metadata.get("version")
    if found != wanted_format:
        raise DataError(f"{path} holds {_told(found)}, expected {_told(wanted_format)}")
    if version != VERSION:
        raise DataError(
            f"{path} holds {_told(found)} of version {version}; this xlcollab reads version "
            f"{VERSION}"
        )
    return arrays, metadata


def _told(format_: str) -> str:
    """ "xlcollab-checkpoint" → "a checkpoint of xlcollab"."""
    room, _, kind = format_.partition("-")
    return f"a {kind} of {room}" if kind else format_


def _weights(model: Model) -> Arrays:
    if isinstance(model, FactorModel):
        names = ("user_factors", "item_factors", "user_bias", "item_bias")
        return {name: getattr(model, name) for name in names}
    weights: Mapping[str, NDArray[np.floating]] = model.weights  # type: ignore[attr-defined]
    return {f"weights/{name}": weight for name, weight in weights.items()}


def _ids_to_bytes(vocabulary: Vocabulary) -> NDArray[np.uint8]:
    ids = [_encoded(one, vocabulary.kind) for one in vocabulary.index.tolist()]
    return _as_bytes(ids)


def _as_bytes(values: object) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(values, ensure_ascii=False).encode(), np.uint8)


def _ids_from_bytes(data: NDArray[np.uint8], kind: str) -> Vocabulary:
    ids = [_decoded(one) for one in json.loads(data.tobytes().decode())]
    return Vocabulary(pd.Index(ids), kind)


def _encoded(identifier: Id, kind: str) -> object:
    """Text, numbers and truth values as they are, a date as {"date": ISO 8601}."""
    if isinstance(identifier, str | int | float):
        return identifier
    if isinstance(identifier, datetime.date):
        return {"date": identifier.isoformat(), "type": type(identifier).__name__}
    raise DataError(
        f"{kind} {identifier!r} is of type {type(identifier).__name__}; a model file holds text, "
        "numbers, truth values and dates"
    )


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
