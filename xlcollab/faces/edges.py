"""Signals before a command's work begins and after it has ended: Python's own answer to them is a
traceback, or a code that is not the command's.

Before, nothing can be lost: the process ends at once, with a sentence. After, all is written and
said: the first signal changes nothing, one more ends the process with the command's own code.
Between the two the command listens itself (`xlcollab.interrupts`).
"""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Callable
from types import FrameType

_STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")


class Edges:
    """Which of the two edges the process is at."""

    def __init__(self) -> None:
        self._code: int | None = None
        self._signals_after = 0

    def watch(self) -> None:
        """From now on; for the process of a command, whose signals nobody else has."""
        self._answer(self._arrive)
        atexit.register(self._answer, signal.SIG_IGN)  # Python's end takes handlers away

    def ended(self, code: int) -> None:
        """The command's work is done, and this is its exit code."""
        self._code = code

    def _answer(self, handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
        """To those that nobody has asked to be ignored."""
        for name in _STOPPING:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                signal.signal(number, handler)

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        if self._code is None:
            _say("interrupted" if number == signal.SIGINT else "terminated")
            os._exit(128 + number)
        self._signals_after += 1
        if self._signals_after > 1:
            os._exit(self._code)


edges = Edges()


def _say(word: str) -> None:
    """Past Python's buffers: whatever was running may hold them."""
    try:
        os.write(2, f"xlcollab: {word}; nothing was written\n".encode())
    except OSError:
        return  # the terminal is gone
