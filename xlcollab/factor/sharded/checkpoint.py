"""The state of an unfinished run as a folder: every process writes its own part.

    run/state.json                        which epoch is whole, and of what run
    run/epoch-00000010/rank-00000.safetensors …

An epoch's folder counts when `state.json` names it, which is written when all parts are there.
Parts name the users and items that they are about: any number of processes goes on from them.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xlcollab.disk import atomic_file
from xlcollab.errors import DataError, UsageError, WriteRefusedError
from xlcollab.factor.models.arrays import (
    Arrays,
    format_of,
    read_arrays,
    told_format,
    write_arrays,
)
from xlcollab.factor.models.checks import check_floats, told_as_damage
from xlcollab.factor.models.folder import STATE, is_model_folder
from xlcollab.factor.passes.rows import Rows, row_width
from xlcollab.factor.sharded.engine import ShardEngine
from xlcollab.factor.sharded.job import ShardJob
from xlcollab.factor.training.loop import Best

FORMAT = "xlcollab-checkpoint"


@dataclass(frozen=True, slots=True)
class Saving:
    """The folder of the state, after how many epochs it is saved, whether to go on from there."""

    path: Path
    every: int = 10
    resume: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """After which epoch a run of so many processes was saved, its best until then, and, as JSON,
    what two runs must share to be the same run."""

    epoch: int
    processes: int
    best_epoch: int
    best_error: float
    run: str


def save(saving: Saving, epoch: int, best: Best, engine: ShardEngine, job: ShardJob) -> None:
    """Write the state after an epoch, whole or not at all; every process must call this."""
    processes = job.processes
    folder = saving.path / f"epoch-{epoch:08d}"
    processes.from_first(lambda: _made(folder))
    part = folder / f"rank-{processes.rank:05d}.safetensors"
    processes.agreed(lambda: write_arrays(part, _arrays(engine, best, job), dict(_SAID)))
    error = best.error if best.epoch else 0.0
    state = State(epoch, processes.size, best.epoch, error, _run(job))
    processes.from_first(lambda: _finish(saving.path, folder, state))


_SAID = {"format": FORMAT, "version": "1"}


def _made(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise WriteRefusedError(
            f"{folder} cannot be made: {error.strerror or error}; keep the checkpoint elsewhere"
        ) from None


def _finish(path: Path, folder: Path, state: State) -> None:
    """Name the new epoch, then give up the older ones."""
    with atomic_file(path / STATE) as file:
        said = {"format": FORMAT, "version": 1, **asdict(state)}
        file.write(json.dumps(said).encode())
    for other in path.glob("epoch-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)


def _arrays(engine: ShardEngine, best: Best, job: ShardJob) -> Arrays:
    rows = engine.rows()
    arrays: Arrays = {
        "numbers/users": job.ready.users.astype(np.int64),
        "numbers/items": np.asarray(engine.items, np.int64),
        "users/rows": rows.users,
        "items/rows": rows.items,
    }
    for side, buffers in zip(("users", "items"), engine.buffers, strict=True):
        arrays |= {f"{side}/buffer.{i}": buffer for i, buffer in enumerate(buffers)}
    if best.epoch:
        arrays |= {"users/best": best.snapshot.users, "items/best": best.snapshot.items}
    return arrays


def resume(path: Path, engine: ShardEngine, job: ShardJob) -> tuple[int, Best]:
    """Take up the state; its epoch and the best until then. Every process must call this.

    Raises DataError where the state is damaged, UsageError where it belongs to another run.
    """
    processes = job.processes
    state = processes.from_first(lambda: _checked(path, job))
    found = processes.agreed(lambda: _own(path, state, engine, job))
    k = job.model.n_factors
    n = sum(name.startswith("users/buffer.") for name in found)
    buffers = [[found[f"{side}/buffer.{i}"] for i in range(n)] for side in ("users", "items")]
    engine.restore(
        Rows(found["users/rows"], found["items/rows"], k), (buffers[0], buffers[1]), state.epoch
    )
    if not state.best_epoch:
        return state.epoch, Best()
    rows = Rows(found["users/best"], found["items/best"], k)
    return state.epoch, Best(state.best_error, state.best_epoch, rows)


def _checked(path: Path, job: ShardJob) -> State:
    state = _state(path)
    if state.run != _run(job):
        raise UsageError(
            f"{path} was saved by a run with other ratings or settings; resume with the same ones, "
            "or start anew"
        )
    return state


def _state(path: Path) -> State:
    """What a checkpoint says of itself. Raises DataError where there is none."""
    if path.is_file():
        found = told_format(format_of(path) or "no file of xlcollab")
        raise DataError(
            f"{path} holds {found}, expected a checkpoint of xlcollab: a folder, which is what "
            "runs without a GPU keep"
        )
    if is_model_folder(path):
        raise DataError(f"{path} holds a model of xlcollab, expected a checkpoint of xlcollab")
    try:
        found = json.loads((path / STATE).read_text(encoding="utf-8"))
        if found["format"] == FORMAT and found["version"] == 1:
            state = State(**{one.name: found[one.name] for one in fields(State)})
            _check_state(state)
            return state
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} holds no checkpoint of xlcollab ({error})") from None
    raise DataError(f"{path} holds no checkpoint of this version of xlcollab")


def _check_state(state: State) -> None:
    """Raises ValueError for what no run has said of itself."""
    counts = state.epoch, state.processes, state.best_epoch
    if any(type(one) is not int for one in counts) or not isinstance(state.run, str):
        raise ValueError("its counts are none")
    if not (0 <= state.best_epoch <= state.epoch <= _MOST and 1 <= state.processes <= _MOST):
        raise ValueError("its counts are none")
    if type(state.best_error) not in (int, float) or not math.isfinite(state.best_error):
        raise ValueError("its best error is no number")


_MOST = 10**12
"""Epochs and processes beyond anybody's."""


def _own(path: Path, state: State, engine: ShardEngine, job: ShardJob) -> Arrays:
    """The rows of our users and items out of all parts, one part in memory at a time."""
    own = {"users": job.ready.users, "items": np.asarray(engine.items)}
    width = row_width(job.model.n_factors)
    found: Arrays = {}
    filled = dict.fromkeys(own, 0)
    for part, arrays in _parts(path, state):
        with told_as_damage(part):
            for side, numbers in own.items():
                theirs = arrays[f"numbers/{side}"]
                here, there = _shared(numbers, theirs)
                filled[side] += len(here)
                for name in [name for name in arrays if name.startswith(f"{side}/")]:
                    check_floats(name, arrays[name], (len(theirs), width))
                    empty = np.zeros((len(numbers), width), arrays[name].dtype)
                    found.setdefault(name, empty)[here] = arrays[name][there]
    best = {f"{side}/best" for side in own}
    if state.best_epoch and not best <= found.keys():
        raise DataError(f"{path} is damaged: it lacks the rows of its best epoch")
    if any(filled[side] != len(numbers) for side, numbers in own.items()):
        raise DataError(f"{path} is damaged: it lacks rows of some users or items")
    return found


def _shared(
    ours: NDArray[np.integer], theirs: NDArray[np.integer]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the numbers that both have (each list ascending) are in ours, and in theirs."""
    _, here, there = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    return here, there


def _parts(path: Path, state: State) -> Iterator[tuple[Path, Arrays]]:
    for rank in range(state.processes):
        part = path / f"epoch-{state.epoch:08d}" / f"rank-{rank:05d}.safetensors"
        yield part, read_arrays(part, FORMAT)[0]


def _run(job: ShardJob) -> str:
    """What two runs must share to be the same run."""
    held = {name: one.n for name, one in sorted(job.ready.parts.items())}
    found = {
        "model": asdict(job.model),
        "training": asdict(job.training),
        "ratings": held,
        "ids": [job.ready.n_users, job.ready.n_items],
        "blocks": job.ready.cut.n if job.training.optimizer == "sgd" else None,
        "scale": [f"{job.final.centre:.6g}", f"{job.final.spread:.6g}", *job.seen],
    }
    return json.dumps(found, sort_keys=True)
