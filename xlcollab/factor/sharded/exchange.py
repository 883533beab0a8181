"""From what each process has read to what each holds: ids merged, users owned, ratings sent."""

from __future__ import annotations

from collections.abc import Mapping

from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.cut import Cut
from xlcollab.factor.sharded.held import Along, Held, Owned, held
from xlcollab.factor.sharded.ids import common_ids
from xlcollab.factor.sharded.job import Ready
from xlcollab.ratings import RatingsTable
from xlcollab.settings.fitting import ModelSettings, TrainingSettings

Read = Mapping[str, list[RatingsTable]]
"""The tables that a process has read, by the part that they are of; lists are emptied."""


def exchanged(
    read: Read,
    model: ModelSettings,
    training: TrainingSettings,
    processes: Processes,
    along: Along,
) -> Ready:
    """Every rating where its user is owned, with what is sent `along` with those to train on.

    Every process calls this. Raises DataError on all of them alike.
    """
    tables = [table for part in read.values() for table in part]
    users = common_ids([one.user_ids for one in tables], "user", processes)
    items = common_ids([one.item_ids for one in tables], "item", processes)
    del tables
    cut = Cut.of(len(users), len(items), model, training, processes.size)
    owned = Owned.of(cut.owners, (users, items), processes)
    parts: dict[str, Held] = {}
    for name, part in read.items():
        sent = along if name == "train" else Along()
        parts[name] = held(part, (users, items), owned, processes, sent)
    return Ready(
        processes=processes,
        cut=cut,
        parts=parts,
        users=owned.users,
        n_users=len(users),
        n_items=len(items),
    )
