"""What each process of a sharded fit holds: its share is read, ratings are sent to the owners of
their users, and some are set aside.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from xlcollab.api.ratings.sharded.asked import Asked, validation_of
from xlcollab.api.ratings.source import (
    columns_of,
    duplicates_of,
    is_workbook,
    read_source,
    reads_long,
    shown,
)
from xlcollab.api.ratings.split import HoldOut
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.exchange import exchanged
from xlcollab.factor.sharded.held import Along, without_duplicates
from xlcollab.factor.sharded.holdout import WAYS
from xlcollab.factor.sharded.job import Ready
from xlcollab.ratings import RatingsTable
from xlcollab.ratings.delimited import Wanted
from xlcollab.ratings.features import About, described, read_about
from xlcollab.ratings.parted.shares import read_pieces, shares_of
from xlcollab.settings.counting import amount
from xlcollab.settings.requests.ratings import FitPlace, FitRequest


def ready_for(asked: Asked, processes: Processes) -> tuple[Ready, int]:
    """What this process holds: read, exchanged, its duplicates merged, and split; and how many
    ratings the source has."""
    place, test = asked.request.place, HoldOut.of(asked.request.test_part)
    read = {"train": _share(place, processes)}
    if "test" in test.ways:
        source = Path(str(test.ways["test"]))
        other = replace(place, source=source, sheet=None, area=None)
        read["test"] = _share(other, processes)
    validation = validation_of(asked)
    ways = {name for part in (test, validation) for name in part.ways}
    timed = duplicates_of(place) == "last" or any("time" in way or "leave" in way for way in ways)
    word = test.ways.get("test_split")
    along = Along(times=timed, word=None if word is None else str(word))
    ready = exchanged(read, asked.model, asked.training, processes, along)
    sources = {"train": place.source.name, "test": str(test.ways.get("test", ""))}
    for name, held in ready.parts.items():
        ready.parts[name] = without_duplicates(held, duplicates_of(place), processes, sources[name])
    n = ready.train.n
    _split(ready, test, validation, asked.training.seed)
    _describe(ready, asked.request)
    return ready, n


def _split(ready: Ready, test: HoldOut, validation: HoldOut, seed: int) -> None:
    """Set ratings aside for test, then to stop by, as a run in one process would."""
    rng = np.random.default_rng(seed)
    for name, part in (("test", test), ("validation", validation)):
        for way, value in part.ways.items():
            if way != "test":
                drawn = WAYS[way.removeprefix(f"{name}_")]
                chosen = drawn(ready.train, value, rng, ready.processes)
                ready.parts["train"], ready.parts[name] = ready.train.cut(chosen)


def _share(place: FitPlace, processes: Processes) -> list[RatingsTable]:
    """What this process reads of a source: its pieces, or all of what cannot be cut, which the
    first process reads."""
    is_long = processes.from_first(lambda: not is_workbook(place) and reads_long(place))
    if not is_long:
        return processes.agreed(lambda: [read_source(place).table] if processes.rank == 0 else [])
    wanted = Wanted(columns_of(place), headless=place.no_header)
    shares = processes.from_first(lambda: shares_of(place.source, wanted, processes.size))
    return processes.agreed(lambda: read_pieces(shares[processes.rank], wanted))


def _describe(ready: Ready, request: FitRequest) -> None:
    about = [read_about(request.items, "item")] if request.items is not None else []
    for one in about:
        held = ready.train
        ready.parts["train"] = replace(held, table=_titled(held.table, one))


def _titled(table: RatingsTable, about: About) -> RatingsTable:
    return replace(described(table, about), features={})


def spread_said(place: FitPlace, ready: Ready, n: int) -> str:
    """What was read, and how it is spread."""
    found = f"{amount(n, 'rating')} in {shown(place.source)}"
    if ready.processes.size == 1:
        return found
    return (
        f"{found}; {ready.processes.size} processes, this one holds "
        f"{amount(len(ready.train.table), 'rating')} to train on and {len(ready.users):,} of "
        f"{amount(ready.n_users, 'user')}"
    )
