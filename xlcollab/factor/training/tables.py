"""What a training is given, and the clock by which it is told how long it took."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings import RatingsTable


@dataclass(frozen=True, slots=True)
class Tables:
    """Training ratings and, with the same vocabularies, those to stop by and to test on."""

    train: RatingsTable
    validation: RatingsTable | None = None
    test: RatingsTable | None = None

    def __post_init__(self) -> None:
        if not len(self.train):
            raise DataError("there are no training ratings")
        for name, table in (("validation", self.validation), ("test", self.test)):
            if table is not None and not self._shares(table):
                raise UsageError(
                    f"the {name} ratings are numbered by other ids than the training ratings; cut "
                    "both from one table, or use `joined` of xlcollab.ratings"
                )

    def _shares(self, table: RatingsTable) -> bool:
        train = self.train
        same = table.user_ids is train.user_ids and table.item_ids is train.item_ids
        return same or (table.user_ids == train.user_ids and table.item_ids == train.item_ids)


@dataclass(slots=True)
class Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now
