"""Signals one by one, in this process: which end a run at once, which wait, and what is left."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from xlcollab import interrupts
from xlcollab.interrupts import (
    OutOfTime,
    Terminated,
    finished_first,
    heard,
    listening,
    raise_if_stopped,
    raise_stopped,
    reason,
    time_limit,
    unheard,
)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Those of before, whatever a test left."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [(signal.SIGINT, KeyboardInterrupt, 130), (signal.SIGTERM, Terminated, 143)],
)
def test_a_signal_ends_what_runs(number: int, kind: type[BaseException], code: int) -> None:
    with listening() as listener:
        assert listener.exit_code is None
        with pytest.raises(kind) as found:
            signal.raise_signal(number)
        assert type(found.value) is kind
        assert listener.received == [number]
        assert listener.exit_code == code


def test_a_second_signal_is_told_and_the_third_ends_at_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with listening() as listener:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert (
            "stopping; the best so far is kept (once more ends at once)" in capfd.readouterr().err
        )
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert listener.exit_code == 130


def test_what_is_written_is_finished_first(capfd: pytest.CaptureFixture[str]) -> None:
    done = []
    with listening() as listener:
        with finished_first(), finished_first():
            signal.raise_signal(signal.SIGINT)
            done.append("inner")
        with finished_first():
            signal.raise_signal(signal.SIGTERM)
            done.append("again")
        assert capfd.readouterr().err.count("what is under way is finished first") == 2
        assert listener.received == [signal.SIGINT, signal.SIGTERM]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)  # nothing is held any more
    assert done == ["inner", "again"]


def test_within_an_outer_block_an_inner_one_does_not_let_go() -> None:
    with listening(), finished_first():
        with finished_first():
            pass
        signal.raise_signal(signal.SIGINT)


def test_without_a_listener_the_signal_comes_after_the_block() -> None:
    came = []
    signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    with finished_first():
        signal.raise_signal(signal.SIGTERM)
        assert came == []
    assert came == [signal.SIGTERM]

    def broken() -> None:
        with finished_first():
            signal.raise_signal(signal.SIGTERM)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken()
    assert came == [signal.SIGTERM] * 2


def test_handlers_are_given_back_and_ignored_signals_stay_so() -> None:
    mine = lambda number, frame: None  # noqa: E731
    signal.signal(signal.SIGINT, mine)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with listening() as listener:
        assert signal.getsignal(signal.SIGINT) is not mine
        signal.raise_signal(signal.SIGTERM)
        assert listener.received == []
    assert signal.getsignal(signal.SIGINT) is mine
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_a_loop_hears_what_did_not_end_it() -> None:
    with listening():
        before = unheard()
        before()
        with finished_first():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            before()
        unheard()()  # what came before is not heard again
        with pytest.raises(KeyboardInterrupt):
            raise_if_stopped()
    raise_if_stopped()


class _Slow:
    """Takes its time to clear up, where Python loses every exception."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __del__(self) -> None:
        until = time.perf_counter() + self.seconds
        while time.perf_counter() < until:
            pass


def _loop() -> None:
    """Longer in destructors than outside of them."""
    check = unheard()
    with time_limit(0.01):
        while True:
            check()
            _Slow(0.002)


def _lost_once() -> None:
    with time_limit(0.01):
        _busy()


def _busy() -> None:
    """At first in a destructor."""
    _Slow(0.02)
    until = time.perf_counter() + 10.0
    while time.perf_counter() < until:
        pass


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no timers on this system")
def test_a_limit_that_is_over_rings_no_more() -> None:
    """Else the clock, lost in a destructor and sent once more, ended the process."""
    late: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: late.append(number))
    try:
        with listening():
            for _ in range(20):
                with pytest.raises(OutOfTime):
                    _loop()
                time.sleep(0.02)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert late == []


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no timers on this system")
@pytest.mark.parametrize("listens", [True, False])
def test_a_limit_that_was_lost_rings_again(listens: bool) -> None:
    before = sys.unraisablehook
    with listening() if listens else nullcontext(), pytest.raises(OutOfTime):
        _lost_once()
    assert sys.unraisablehook == before


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no timers on this system")
def test_what_listens_within_a_limit_loses_none() -> None:
    with pytest.raises(OutOfTime), time_limit(0.01), listening():
        _busy()


def test_a_signal_obeyed_by_others_counts() -> None:
    heard(signal.SIGTERM)  # nobody listens
    with listening() as listener:
        heard(signal.SIGTERM)
        assert listener.exit_code == 143


def test_other_threads_have_no_signals() -> None:
    found = []

    def work() -> None:
        with listening() as listener, finished_first():
            found.append(listener.received)

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [[]]
    assert signal.getsignal(signal.SIGINT) is before


def test_who_ended_a_run_is_a_word_and_back() -> None:
    assert reason(OutOfTime()) == "time_limit"
    assert reason(Terminated()) == reason(KeyboardInterrupt()) == "interrupted"
    with pytest.raises(OutOfTime):
        raise_stopped("time_limit")
    with pytest.raises(KeyboardInterrupt) as found:
        raise_stopped("interrupted")
    assert type(found.value) is KeyboardInterrupt


def test_what_is_put_off_is_sent_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """While modules load: each arrival had started another that sent it, and these others, until
    nothing else ran."""
    with listening() as listener:
        monkeypatch.setattr(interrupts, "_is_importing", lambda frame: True)
        before = threading.active_count()
        signal.raise_signal(signal.SIGINT)
        until = time.perf_counter() + 0.3
        most = 0
        while time.perf_counter() < until:
            most = max(most, threading.active_count())
        assert most <= before + 1
        with pytest.raises(KeyboardInterrupt):
            _all_is_loaded(monkeypatch)
    assert listener.received == [signal.SIGINT]


def _all_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_is_importing", lambda frame: False)
    time.sleep(5.0)


@pytest.mark.parametrize("is_ended", [False, True])
def test_halves_that_a_signal_left_are_cleared_up_in_silence(is_ended: bool) -> None:
    """torch's destructors miss what an object never got."""
    lost: list[object] = []
    before, sys.unraisablehook = sys.unraisablehook, lost.append
    try:
        with listening() as listener:
            if is_ended:
                listener.received.append(signal.SIGINT)
            _cleared_up()
    finally:
        sys.unraisablehook = before
    assert len(lost) == (0 if is_ended else 1)


class _Half:
    """Without what its destructor asks for."""

    given: object

    def __del__(self) -> None:
        assert self.given


def _cleared_up() -> None:
    _Half()
