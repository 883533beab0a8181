"""A model as a folder: each process writes the users and items it owns, nobody holds them all.

    model/model.json                              what the model is, and how many shards it has
    model/users-00000-of-00002.safetensors        factors, biases, ids and what was rated, of some
    model/items-00000-of-00002.safetensors        factors, biases, ids and titles, of some

Shards name the numbers of the users and items that they are about; `load_model` reads the folder as
the one model that it is. For Spark there are, if asked for, the factors in the layout of its
ALSModel beside them: see `spark`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xlcollab.disk import refuse_unwritable
from xlcollab.errors import DataError, WriteRefusedError
from xlcollab.factor.models.arrays import (
    FORMAT,
    Arrays,
    arrays_of,
    joined_texts,
    metadata_from,
    read_arrays,
    write_arrays,
)
from xlcollab.factor.models.checks import told_as_damage
from xlcollab.factor.models.model import FactorModel

MANIFEST, STATE = "model.json", "state.json"
_VERSION = 1
"""Of the folder's layout: one that we do not know is refused."""
_SHARD = "xlcollab-shard"
_SIDES = {"users": "user", "items": "item"}


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `rank` of `size` of a model: `model` has some users and some items, whose numbers in the
    whole are `users` and `items`."""

    model: FactorModel
    users: NDArray[np.integer]
    items: NDArray[np.integer]
    rank: int = 0
    size: int = 1

    @staticmethod
    def whole(model: FactorModel) -> Shard:
        """The only part of a model."""
        return Shard(model, np.arange(len(model.user_ids)), np.arange(len(model.item_ids)))


def is_model_folder(path: Path) -> bool:
    """Whether a folder holds a model that was fitted."""
    with suppress(DataError):
        return path.is_dir() and bool(manifest_of(path))
    return False


def refuse_folder(target: Path, *, overwrite: bool) -> None:
    """Raises WriteRefusedError where a model folder cannot take the place of `target`: it is a
    file, or a folder that holds something else."""
    whole = target.absolute()
    if target.is_dir():
        if overwrite or not any(target.iterdir()) or is_model_folder(target):
            refuse_unwritable(whole.parent / f".{whole.name}.json")
            return
        raise WriteRefusedError(
            f"{target} is a folder already and no model that xlcollab wrote; name another one, or "
            "say --overwrite to replace it"
        )
    if target.exists():
        raise WriteRefusedError(f"{target} is a file; name a folder that is not there yet")
    refuse_unwritable(whole.parent / f".{whole.name}.json")


def begin_folder(target: Path) -> Path:
    """An empty folder beside the target, for shards to be written into."""
    whole = target.absolute()
    new = whole.parent / f".{whole.name}.new"
    try:
        if new.exists():
            shutil.rmtree(new)
        new.mkdir()
    except OSError as error:
        raise _unwritable(target, error) from None
    return new


def write_shard(folder: Path, shard: Shard) -> None:
    """Write the part of a model; several processes may do so at once."""
    arrays = arrays_of(shard.model)
    for side, kind in _SIDES.items():
        own = {name: array for name, array in arrays.items() if _side_of(name) == side}
        own["numbers"] = np.asarray(getattr(shard, side), np.int64)
        said = {"format": _SHARD, "version": "1", "kind": kind}
        write_arrays(folder / _name(side, shard.rank, shard.size), own, said)


def name_folder(new: Path, shard: Shard, size: tuple[int, int], more: Mapping[str, str]) -> None:
    """Say what the shards in a folder are parts of; `size` counts all users and items, `more` joins
    what the model says of itself."""
    said = {
        "format": FORMAT,
        "version": _VERSION,
        "users": size[0],
        "items": size[1],
        "shards": shard.size,
        "metadata": {**more, **metadata_from(shard.model)},
    }
    try:
        (new / MANIFEST).write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise _unwritable(new, error) from None


def finish_folder(
    new: Path, target: Path, shard: Shard, size: tuple[int, int], more: Mapping[str, str]
) -> None:
    """Name the folder, see `name_folder`, and put it in the place of an earlier model."""
    name_folder(new, shard, size, more)
    old = new.with_name(f"{new.name}.old")
    try:
        if target.exists():
            os.replace(target, old)
        os.replace(new, target.absolute())
        if old.exists():
            shutil.rmtree(old)
    except OSError as error:
        raise _unwritable(target, error) from None


def has_state(path: Path) -> bool:
    """Whether a folder holds the state of an unfinished run, see `sharded.checkpoint`."""
    return (path / STATE).is_file()


@dataclass(frozen=True, slots=True)
class Manifest:
    """How many users, items and shards a model folder has, and what the model says of itself."""

    users: int
    items: int
    shards: int
    metadata: dict[str, str]


def manifest_of(path: Path) -> Manifest:
    """What a model folder says of itself. Raises DataError for any other folder."""
    try:
        found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if found["format"] == FORMAT and found["version"] == _VERSION:
            metadata = {str(name): str(text) for name, text in found["metadata"].items()}
            return Manifest(
                int(found["users"]), int(found["items"]), int(found["shards"]), metadata
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        if has_state(path):
            raise DataError(
                f"{path} holds a checkpoint of xlcollab, expected a model of xlcollab"
            ) from None
        raise DataError(
            f"{path} is a folder without a model of xlcollab; name what `xlcollab fit` wrote"
        ) from None
    raise DataError(f"{path} holds no model of this version of xlcollab")


def read_folder(path: Path) -> tuple[Arrays, dict[str, str]]:
    """The arrays and the metadata of the whole model, as a model file has them. Raises DataError
    where shards are missing or damaged."""
    said = manifest_of(path)
    with told_as_damage(path):
        if said.shards < 1:
            raise DataError(f"it says that it has {said.shards} shards, expected 1 or more")
        arrays: Arrays = {}
        for side in _SIDES:
            parts = [
                read_arrays(path / _name(side, rank, said.shards), _SHARD)[0]
                for rank in range(said.shards)
            ]
            arrays |= _assembled(side, parts, getattr(said, side))
        return arrays, said.metadata


def _assembled(side: str, parts: list[Arrays], n: int) -> Arrays:
    """The arrays of all parts by the numbers of their ids."""
    numbers = np.concatenate([part.pop("numbers") for part in parts])
    if len(numbers) != n or not np.array_equal(np.sort(numbers), np.arange(n)):
        raise DataError(f"its shards do not hold each of the {n:,} {side} once")
    order = np.argsort(numbers)
    found: Arrays = {}
    if side == "users":
        found |= _rated(
            [(part.pop("rated/starts"), part.pop("rated/items")) for part in parts], order
        )
    for name in list(parts[0]):
        columns = [part.pop(name) for part in parts]
        is_text = name.startswith(("ids/", "titles/"))
        found[name] = joined_texts(columns, order) if is_text else np.concatenate(columns)[order]
    return found


def _rated(
    lists: list[tuple[NDArray[np.int64], NDArray[np.int32]]], order: NDArray[np.intp]
) -> Arrays:
    """What was rated, user by user in the order given."""
    counts = np.concatenate([np.diff(starts) for starts, _ in lists])
    ends = np.cumsum(counts)
    items = np.concatenate([items for _, items in lists])
    if counts.min(initial=0) < 0 or ends[-1:].sum() != len(items):
        raise DataError("rated/starts does not rise from 0 to the number of ratings")
    starts = np.concatenate([[0], np.cumsum(counts[order])]).astype(np.int64)
    shift = np.repeat((ends - counts)[order] - starts[:-1], counts[order])
    return {"rated/starts": starts, "rated/items": items[shift + np.arange(len(items))]}


def _side_of(name: str) -> str:
    """ "user_factors", "ids/user", "rated/items" … → whose shard holds it."""
    is_item = name.startswith("item_") or name in ("ids/item", "titles/item", "draws/item")
    return "items" if is_item else "users"


def _name(side: str, rank: int, size: int) -> str:
    return f"{side}-{rank:05d}-of-{size:05d}.safetensors"


def _unwritable(target: Path, error: OSError) -> WriteRefusedError:
    return WriteRefusedError(
        f"{target} cannot be written: {error.strerror or error}; write to another folder"
    )
