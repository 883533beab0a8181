"""The state of an unfinished run as a file, whole: it fits any number of processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from xlcollab.errors import UsageError
from xlcollab.factor.models.arrays import Arrays, read_arrays, write_arrays
from xlcollab.factor.models.checks import check_floats, told_as_damage
from xlcollab.factor.passes.rows import Floats, Rows, row_width
from xlcollab.factor.training.loop import Best
from xlcollab.factor.training.trainable import Job

FORMAT = "xlcollab-checkpoint"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Rows (n, width) and the buffers of the rule after `epoch` epochs.

    `best` has rows for its snapshot, and epoch 0 where there is no validation.
    """

    epoch: int
    rows: Rows
    user_buffers: list[Floats]
    item_buffers: list[Floats]
    best: Best


@dataclass(frozen=True, slots=True)
class Saving:
    """Where to save the state of the run and after how many epochs; whether to go on from there."""

    path: Path
    every: int = 10
    resume: bool = False


def write_checkpoint(path: Path, saved: Checkpoint, job: Job) -> None:
    """Write `saved` to `path`, whole or not at all."""
    arrays: Arrays = {"users": saved.rows.users, "items": saved.rows.items}
    arrays |= {f"user_buffer.{i}": buffer for i, buffer in enumerate(saved.user_buffers)}
    arrays |= {f"item_buffer.{i}": buffer for i, buffer in enumerate(saved.item_buffers)}
    best = saved.best
    if best.epoch:
        arrays |= {"best_users": best.snapshot.users, "best_items": best.snapshot.items}
    numbers = {"epoch": saved.epoch, "best_epoch": best.epoch, "best_error": best.error}
    said = {name: repr(number) for name, number in numbers.items()}
    write_arrays(path, arrays, {"format": FORMAT, "version": "1", "run": _run(job), **said})


def read_checkpoint(path: Path, job: Job) -> Checkpoint:
    """The checkpoint at `path`.

    Raises DataError if it is none, UsageError if it belongs to other ratings or settings.
    """
    arrays, metadata = read_arrays(path, FORMAT)
    with told_as_damage(path):
        is_other = metadata["run"] != _run(job)
        if not is_other:
            _check(arrays, job)
            return _checkpoint(arrays, metadata, job)
    raise UsageError(
        f"{path} was saved by a run with other ratings or settings; resume with the same ones, "
        "or start anew"
    )


def _check(arrays: Arrays, job: Job) -> None:
    """Every array is one row for each user, or each item, and finite."""
    width = row_width(job.model.n_factors)
    for name, array in arrays.items():
        n = job.table.n_users if "user" in name else job.table.n_items
        check_floats(name, array, (n, width))


def _checkpoint(arrays: Arrays, metadata: Mapping[str, str], job: Job) -> Checkpoint:
    def buffers(side: str) -> list[Floats]:
        count = sum(name.startswith(f"{side}_buffer.") for name in arrays)
        return [arrays[f"{side}_buffer.{i}"] for i in range(count)]

    def rows(name: str) -> Rows:
        return Rows(arrays[f"{name}users"], arrays[f"{name}items"], job.model.n_factors)

    best_epoch = int(metadata["best_epoch"])
    kept = rows("best_") if best_epoch else None
    best = Best(float(metadata["best_error"]), best_epoch, kept)
    epoch = int(metadata["epoch"])
    return Checkpoint(epoch, rows(""), buffers("user"), buffers("item"), best)


def _run(job: Job) -> str:
    """What two runs must share to be the same run."""
    table = job.table
    return json.dumps(
        {
            "model": asdict(job.model),
            "training": asdict(job.training),
            "ratings": [len(table), table.n_users, table.n_items],
            "sum": float(np.sum(table.ratings, dtype=np.float64)),
            "scale": [job.scale.mean, job.scale.spread],
        },
        sort_keys=True,
    )
