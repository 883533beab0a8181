"""What a viewer is told of a tab that runs: its loss by epoch, and its weights."""

from __future__ import annotations

import time
from collections.abc import Callable

from xlcollab.api.session.viewer import SECONDS_BETWEEN_PICTURES, Viewer, blocks_of, row_of
from xlcollab.grid import CellEdit


class TabView:
    """The callbacks of one tab's run; `on_epoch` is told the tab, the epochs and the loss."""

    def __init__(
        self,
        sheet: str,
        epochs: int,
        viewer: Viewer | None,
        on_epoch: Callable[[str, int, float], None] | None,
    ) -> None:
        self._sheet, self._epochs = sheet, epochs
        self._viewer, self._on_epoch = viewer, on_epoch
        self._began, self._shown = time.perf_counter(), -SECONDS_BETWEEN_PICTURES
        self._weights: Callable[[], list[CellEdit]] | None = None
        if viewer is not None:
            viewer.tell({"kind": "begin", "run": sheet, "others": []})

    def epoch(self, done: int, loss: float, weights: Callable[[], list[CellEdit]]) -> None:
        """Before each epoch. Raises KeyboardInterrupt where the viewer wants the run to end."""
        self._weights = weights
        if self._on_epoch is not None:
            self._on_epoch(self._sheet, done, loss)
        if self._viewer is None:
            return
        if done and self._viewer.is_stopped():
            raise KeyboardInterrupt
        self._viewer.tell(row_of(done, self._epochs, loss, time.perf_counter() - self._began))
        if time.perf_counter() - self._shown > SECONDS_BETWEEN_PICTURES:
            self._picture()

    def finish(self, sentence: str) -> None:
        """Tell how it ended."""
        if self._viewer is not None:
            self._picture()
            self._viewer.tell({"kind": "end", "sentence": sentence})

    def _picture(self) -> None:
        if self._viewer is not None and self._weights is not None:
            self._viewer.tell({"kind": "weights", "blocks": blocks_of(self._weights())})
        self._shown = time.perf_counter()
