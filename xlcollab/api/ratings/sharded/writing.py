"""The model of a sharded fit written by all processes at once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from xlcollab.api.ratings.model import Size, refuse_too_large, write_model_workbook
from xlcollab.api.ratings.scores import Measured
from xlcollab.api.ratings.sharded.asked import Asked
from xlcollab.api.session.provenance import METADATA, record_of
from xlcollab.factor import (
    load_model,
    save_model,
)
from xlcollab.factor.models.folder import (
    Shard,
    begin_folder,
    finish_folder,
    name_folder,
    write_shard,
)
from xlcollab.factor.models.spark import (
    finish_for_spark,
    note_on,
    types_of,
    write_for_spark,
)
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.run import ShardedRun
from xlcollab.ratings.spark import widest_type


def write(asked: Asked, run: ShardedRun, measured: Measured, processes: Processes) -> list[str]:
    """A folder of shards; or what one file is to hold put together from such a folder by the first
    process. Sentences on what a reader should know."""
    target, shard = asked.target, run.shard()
    new = processes.from_first(lambda: begin_folder(target.path))
    processes.agreed(lambda: write_shard(new, shard))
    notes: list[str] = []
    if target.is_for_spark:
        told = processes.told(types_of(run.model))
        types = widest_type([one[0] for one in told]), widest_type([one[1] for one in told])
        processes.agreed(lambda: write_for_spark(new, shard, types))
        notes = note_on(types)
    processes.from_first(lambda: _finish(asked, run, shard, new, measured))
    return notes


def _finish(asked: Asked, run: ShardedRun, shard: Shard, new: Path, measured: Measured) -> None:
    """What the first process does when all shards are there."""
    size = run.job.ready.n_users, run.job.ready.n_items
    path, made = asked.target.path, asked.made
    record = {METADATA: record_of(made, path)}
    if asked.target.is_folder:
        if asked.target.is_for_spark:
            finish_for_spark(new, shard.model)
        finish_folder(new, path, shard, size, record)
        return
    name_folder(new, shard, size, record)
    try:
        whole = load_model(new)
        if not asked.target.is_workbook:
            save_model(whole, path, record)
            return
        refuse_too_large(Size.of(whole), path, is_crosstab=False)
        write_model_workbook(
            replace(run.result, model=whole),
            path,
            run=made,
            with_predictions=False,
            measured=measured.rows(),
            more=measured.tables(),
        )
    finally:
        shutil.rmtree(new, ignore_errors=True)
