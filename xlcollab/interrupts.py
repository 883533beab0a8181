"""How a command is stopped: Ctrl-C, SIGTERM, a closed terminal, a time limit.

All arrive as a KeyboardInterrupt, which every loop ends on with its best weights. What is being
written is finished first; a second signal waits for it.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Literal, NoReturn, TypeVar

_T = TypeVar("_T")
_SOON = 1e-6
"""Seconds: the least that a timer takes for a time."""
_A_MOMENT = 0.01
"""Seconds after which a destructor that swallowed a signal has returned, or a module may be loaded.
"""
_LONGEST = 0.3
"""Seconds between two tries to send a signal, at most: on a machine that does much else, each has
to be over before the next one comes."""
_ALARM = getattr(signal, "SIGALRM", None)
_STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: the machine shuts down, a scheduler ends the job."""


class OutOfTime(KeyboardInterrupt):
    """The time limit was reached."""


class Listener:
    """What has arrived while it listened, and whether something is being written."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self._holding = 0
        self._old: dict[int, Any] = {}
        self._hook = sys.unraisablehook

    @property
    def exit_code(self) -> int | None:
        """128 + the first signal, as shells have it: 130, 143; None without one."""
        return 128 + self.received[0] if self.received else None

    def start(self) -> None:
        """Take the signals that nobody has asked to be ignored."""
        for number in _STOPPING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._old[number] = signal.signal(number, self._arrive)
        self._hook, sys.unraisablehook = sys.unraisablehook, self._again

    def stop(self) -> None:
        """Give the signals back; those that others have taken meanwhile stay theirs."""
        for number, handler in self._old.items():
            if signal.getsignal(number) == self._arrive:
                signal.signal(number, handler)
        if sys.unraisablehook == self._again:
            sys.unraisablehook = self._hook

    @contextmanager
    def holding(self) -> Iterator[None]:
        """While it is open, what arrives is noted."""
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1

    def _again(self, lost: sys.UnraisableHookArgs) -> None:
        """A signal that came while Python could not raise its exception, in a destructor or a
        callback of C, comes once more."""
        if isinstance(lost.exc_value, OutOfTime):
            _ring_again()
        elif not isinstance(lost.exc_value, KeyboardInterrupt):
            if not (self._is_ended() and isinstance(lost.exc_value, AttributeError)):
                self._hook(lost)
        elif self.received:
            _send_later(self.received.pop())

    def _is_ended(self) -> bool:
        """Whether something was broken off: an object may be left in halves, and its destructor
        misses what it never got."""
        return bool(self.received) or _clock.expired

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        if _is_importing(frame):
            if number not in _on_the_way:  # else it comes again by itself
                _send_later(number)
            return
        _on_the_way.pop(number, None)
        if _clock.expired and _ALARM is None and not self._holding:
            raise OutOfTime
        self.received.append(number)
        if self._holding:
            _tell("what is under way is finished first; the command ends after that")
        elif len(self.received) == 2:
            _tell("stopping; the best so far is kept (once more ends at once)")
        else:
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being loaded: one that is broken off stays in halves, and whoever goes on
    to write what was found would meet it."""
    while frame is not None:
        if frame.f_code.co_filename == _LOADER:
            return True
        frame = frame.f_back
    return False


_LOADER = "<frozen importlib._bootstrap>"


_on_the_way: dict[int, object] = {}
"""Signals that are sent once more, until the listener has them, each with the mark of the thread
that does so: one alone, for each that sent the same would make others do so."""


def _send_later(number: int) -> None:
    mark = _on_the_way[number] = object()
    threading.Thread(target=_send_until_taken, args=[number, mark], daemon=True).start()


def _send_until_taken(number: int, mark: object) -> None:
    """Again and again: what comes just before the main thread falls asleep does not wake it."""
    moment = _A_MOMENT
    time.sleep(moment)
    while _on_the_way.get(number) is mark and _listeners:
        _send(number)
        moment = min(2.0 * moment, _LONGEST)
        time.sleep(moment)


def _send(number: int) -> None:
    """To the main thread, out of its sleep if need be."""
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, number)


_listeners: list[Listener] = []


def _tell(text: str) -> None:
    """Past Python's buffers, which a signal may find in the middle of a write."""
    try:
        os.write(2, f"xlcollab: {text}\n".encode())
    except OSError:
        return  # the terminal is gone


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def listening() -> Iterator[Listener]:
    """Signals become KeyboardInterrupt while it is open; only the main thread can have them."""
    listener = Listener()
    if not _in_main_thread():
        yield listener
        return
    listener.start()
    _listeners.append(listener)
    try:
        yield listener
    finally:
        _listeners.remove(listener)
        _on_the_way.clear()
        listener.stop()


@contextmanager
def finished_first() -> Iterator[None]:
    """A block that no signal ends: for writing.

    In a program that is not a command of ours, the signal is delivered when the block has ended.
    """
    if _listeners and _in_main_thread():
        with _listeners[-1].holding():
            yield
        return
    received: list[int] = []
    try:
        with listening() as listener, listener.holding():
            received = listener.received
            yield
    finally:  # after an error, too: nobody else would hear of it
        if received and _in_main_thread():
            signal.raise_signal(received[0])


def raise_if_stopped() -> None:
    """For who runs several things in a row, before each: a signal or the time limit may have come
    while the last one was being written."""
    if _clock.expired:
        raise OutOfTime
    if any(listener.received for listener in _listeners):
        raise KeyboardInterrupt


def heard(number: int) -> None:
    """A signal that was obeyed by other means: the command ends with its code."""
    if _listeners:
        _listeners[-1].received.append(number)


def unheard() -> Callable[[], None]:
    """For a loop: a function to call before each step. It raises KeyboardInterrupt where a signal
    has come since now, or OutOfTime where the time is up, and neither ended the loop: it came while
    something was written, or code that was running caught it (what Python calls while it clears up
    loses every exception)."""
    before = _received()

    def check() -> None:
        if _clock.expired:
            raise OutOfTime
        if _received() > before:
            raise KeyboardInterrupt

    return check


def _received() -> int:
    return sum(len(listener.received) for listener in _listeners)


def raise_stopped(word: str) -> NoReturn:
    """The other way round of `reason`: what was stopped is not to be kept."""
    raise OutOfTime if word == "time_limit" else KeyboardInterrupt


def reason(stop: KeyboardInterrupt) -> Literal["time_limit", "interrupted"]:
    """The word for a run that `stop` ended."""
    return "time_limit" if isinstance(stop, OutOfTime) else "interrupted"


class _Clock:
    expired = False
    """Whether the limit that is open was reached."""
    putting_away = False
    """While a limit is taken back, which nothing may break off: what rang is over."""


_clock = _Clock()


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raises OutOfTime in the block after so many seconds; None is no limit.

    What is being written then is finished. Of two limits, one in the other, the earlier counts. Has
    no effect outside of the main thread.
    """
    if seconds is None or not _in_main_thread():
        yield
        return
    before, _clock.expired = _clock.expired, False
    try:
        with _alarm(seconds) if _ALARM is not None else _thread_alarm(seconds):
            yield
    finally:
        _clock.expired = before


def in_time(seconds: float, make: Callable[[], _T]) -> _T | None:
    """What can be done without, where it is made in so many seconds; None where it is not."""
    if seconds == math.inf:
        return make()
    try:
        with time_limit(max(seconds, _SOON)):
            return make()
    except OutOfTime:
        return None


def is_out_of_time() -> bool:
    """Whether the limit that is open was reached, and no signal has come."""
    return _clock.expired and not _received()


def _ring(number: int, frame: FrameType | None) -> None:
    if _clock.putting_away:
        return
    _clock.expired = True
    if _is_importing(frame):
        _ring_again()
    elif not (_listeners and _listeners[-1]._holding):
        raise OutOfTime


def _ring_again() -> None:
    """In a moment, by the timer that ends with the limit: a signal sent later from a thread would
    find nobody who takes it, and end the process."""
    if _ALARM is not None and _clock.expired and not _clock.putting_away:
        signal.setitimer(signal.ITIMER_REAL, _A_MOMENT)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    assert _ALARM is not None
    outer, began = signal.getitimer(signal.ITIMER_REAL)[0], time.monotonic()
    old, hook = signal.signal(_ALARM, _ring), sys.unraisablehook

    def lost(what: sys.UnraisableHookArgs) -> None:
        if isinstance(what.exc_value, OutOfTime):
            _ring_again()
        else:
            hook(what)

    sys.unraisablehook = lost
    try:
        signal.setitimer(signal.ITIMER_REAL, max(min(seconds, outer or seconds), _SOON))
        yield
    finally:
        _clock.putting_away = True  # Python looks for signals at calls, of which this is none
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(_ALARM, old)
        if sys.unraisablehook is lost:
            sys.unraisablehook = hook
        _clock.putting_away = False
        if outer > 0:
            signal.setitimer(signal.ITIMER_REAL, max(outer - time.monotonic() + began, _SOON))


@contextmanager
def _thread_alarm(seconds: float) -> Iterator[None]:
    """Systems without SIGALRM (Windows): a thread that breaks into the main one."""
    import _thread

    def ring() -> None:
        _clock.expired = True
        _thread.interrupt_main()

    timer = threading.Timer(max(seconds, _SOON), ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
