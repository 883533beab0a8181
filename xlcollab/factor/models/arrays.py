"""Arrays with what they say of themselves as safetensors files, and a model as such arrays."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from xlcollab.disk import atomic_path, refuse_irregular
from xlcollab.errors import DataError, WriteRefusedError
from xlcollab.factor.models.model import FactorModel, Model
from xlcollab.factor.models.uncertainty import Draws
from xlcollab.factor.models.uptake import Uptake
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.table import Feature
from xlcollab.ratings.vocabulary import Id

FORMAT, VERSION = "xlcollab-model", "1"
Arrays = dict[str, NDArray[Any]]


def arrays_of(model: Model) -> Arrays:
    """The arrays of a model file."""
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
    if draws is not None:
        arrays |= {"draws/user": draws.users, "draws/item": draws.items}
    return arrays


def metadata_from(model: Model) -> dict[str, str]:
    """What a model file says of its model."""
    draws: Draws | None = getattr(model, "draws", None)
    uptake: Uptake | None = getattr(model, "uptake", None)
    features: Mapping[str, Feature] = getattr(model, "features", {})
    return {
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
        raise DataError(f"{path} holds {told_format(found)}, expected {told_format(wanted_format)}")
    if version != VERSION:
        raise DataError(
            f"{path} holds {told_format(found)} of version {version}; this xlcollab reads version "
            f"{VERSION}"
        )
    return arrays, metadata


def told_format(format_: str) -> str:
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


def joined_texts(parts: Sequence[NDArray[np.uint8]], order: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Lists of ids or titles as one list in a given order, as bytes (n,)."""
    whole = [one for part in parts for one in json.loads(part.tobytes().decode())]
    return _as_bytes([whole[place] for place in order.tolist()])


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
