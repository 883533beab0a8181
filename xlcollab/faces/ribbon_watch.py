"""A run that one can watch: weights in the sheet, words in the status bar, and Stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xlcollab.live.desk import Desk
from xlcollab.live.stop import StopFlag

if TYPE_CHECKING:
    from xlcollab.api.desk.sheet_actions import StepRow
    from xlcollab.api.session.told import Progress
    from xlcollab.grid import CellEdit

_SECONDS_BETWEEN_FRAMES = 0.3
"""Excel needs the time between two of them to draw."""


class LiveWatch:
    """Shows the weights under trial every few hundred milliseconds, and stops when asked. `before`
    stands behind the words in the status bar: what the last button did."""

    def __init__(self, desk: Desk, stop: StopFlag, before: str = "") -> None:
        self._desk, self._stop, self._before = desk, stop, before
        self._weights: Callable[[], Sequence[CellEdit]] | None = None
        self._first: Sequence[CellEdit] = ()
        self._shown = 0.0

    def point(self, weights: Callable[[], Sequence[CellEdit]]) -> None:
        """Remember where the run stands; the first point is the start."""
        if self._weights is None:
            self._first = weights()
        self._weights = weights

    def step(self, row: StepRow) -> None:
        """Raises KeyboardInterrupt, which ends a run with its best weights, when Stop was asked.

        Not at the start of a run, where there is nothing to end: its first step will.
        """
        if row.iteration and self._stop.is_set():
            raise KeyboardInterrupt
        if self._is_time():
            self._desk.say(
                f"xlcollab: iteration {row.iteration}, objective {row.objective:.7g}, "
                f"{row.seconds:.1f} s{self._before}"
            )
            if self._weights is not None and row.iteration:
                self._desk.book.put(self._weights())

    def epoch(self, progress: Progress) -> bool:
        """After an epoch of Fit ratings: whether to stop."""
        row = progress.row
        if self._is_time():
            self._desk.say(
                f"xlcollab: epoch {row.epoch}, training RMSE {row.train_rmse:.6g}, "
                f"{row.seconds:.1f} s{self._before}"
            )
        return self._stop.is_set()

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._shown <= _SECONDS_BETWEEN_FRAMES:
            return False
        self._shown = now
        return True

    def undo(self) -> None:
        """Put back the weights of the start, if any others were shown."""
        self._desk.book.put(self._first)
