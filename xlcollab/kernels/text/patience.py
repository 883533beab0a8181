"""Regular expressions of strangers: `(a+)+b` takes twice as long for every letter of a text."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from xlcollab.errors import UnsupportedError

_MOST_SECONDS = 2.0
"""Of the processor for one text: what is meant to end does so in thousandths."""
_ALARM = getattr(signal, "SIGVTALRM", None)
_SHOWN = 40
"""Characters of a pattern in a sentence."""


class _TooLongError(Exception):
    """The seconds are over."""


@contextmanager
def bounded(pattern: str) -> Iterator[None]:
    """Raises UnsupportedError where the block takes long. Seconds of the processor are counted,
    not those of a clock, by a signal that Python looks for within a match; only the main thread
    has signals, and Windows has none of this kind."""
    if _ALARM is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.signal(_ALARM, _ring)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, _MOST_SECONDS)
        yield
    except _TooLongError:
        raise UnsupportedError(
            f"the pattern {pattern[:_SHOWN]!r} takes more than {_MOST_SECONDS:g} seconds on a text"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(_ALARM, old)


def _ring(number: int, frame: FrameType | None) -> None:
    raise _TooLongError
