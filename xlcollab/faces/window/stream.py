"""The events of a run, in order, for as many readers as there are."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from xlcollab.api.session.viewer import Event

_MOST_ROWS = 20_000
"""Rows beyond are thinned: a curve has no more points to show."""


class Stream:
    """What was told so far. Readers wait for what comes next; any of them may ask to stop.

    `at_first` is called before the first event of a run is told: there is something to see.
    """

    def __init__(self, at_first: Callable[[], None] | None = None) -> None:
        self._at_first = at_first
        self._events: list[str] = []
        """Of pictures the last alone: those it replaced are empty."""
        self._picture = -1
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._rows = 0
        self.is_over = False

    def tell(self, event: Event) -> None:
        """Add an event."""
        if self._at_first is not None and event["kind"] != "done":
            at_first, self._at_first = self._at_first, None
            at_first()
        if event["kind"] == "row":
            self._rows += 1
            if self._rows > _MOST_ROWS and self._rows % (self._rows // _MOST_ROWS + 1):
                return
        with self._changed:
            if event["kind"] == "weights":
                if self._picture >= 0:
                    self._events[self._picture] = ""
                self._picture = len(self._events)
            self._events.append(json.dumps(dict(event), allow_nan=False))
            self.is_over = self.is_over or event["kind"] == "done"
            self._changed.notify_all()

    def since(self, first: int, seconds: float) -> list[str]:
        """The events from the place `first` on; waits up to `seconds` for one. Of pictures that
        were replaced the place is left, empty."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._events) > first, seconds)
            return self._events[first:]

    def is_over_at(self, place: int) -> bool:
        """Whether nothing will come from this place on."""
        with self._changed:
            return self.is_over and place >= len(self._events)

    def stop(self) -> None:
        """Ask the run to end."""
        self._stop.set()

    def is_stopped(self) -> bool:
        """Whether somebody asked the run to end."""
        return self._stop.is_set()
