"""The rows of a run while it goes on: few enough for a sheet, however many epochs there are."""

from __future__ import annotations

from dataclasses import dataclass, field

from xlcollab.factor.training.result import EpochRow

MOST = 2**16
"""A sheet has room for sixteen times as many, and no chart shows more of a curve."""


@dataclass(slots=True)
class Record:
    """A row for every epoch; beyond `most` for every 2nd, then every 4th … and always the last."""

    most: int = MOST
    last: EpochRow | None = None
    _kept: list[EpochRow] = field(default_factory=list)
    _every: int = 1

    def add(self, row: EpochRow) -> None:
        """The row of the next epoch."""
        self.last = row
        if not self._kept or (row.epoch - self._kept[0].epoch) % self._every == 0:
            self._kept.append(row)
        if len(self._kept) > self.most:
            self._kept = self._kept[::2]
            self._every *= 2

    def rows(self) -> tuple[EpochRow, ...]:
        """What is kept, first and last epoch included."""
        rows = tuple(self._kept)
        if self.last is None or self.last is rows[-1]:
            return rows
        return (*rows, self.last)
