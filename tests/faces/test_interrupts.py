"""SIGTERM is Ctrl-C, a second signal waits for the file, a time limit keeps what there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.faces.shell import xlcollab
from tests.graddesc.typed_tabs import Layout, sgd_cells, write
from xlcollab.interrupts import OutOfTime, finished_first, listening, time_limit


def graddesc_book(path: Path) -> Path:
    return write(path, {"sgd": sgd_cells(Layout()), "again": sgd_cells(Layout())})


pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def test_a_signal_waits_for_what_is_being_written() -> None:
    done = []
    with listening() as listener:
        with finished_first():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("whole")
        assert (done, listener.exit_code) == (["whole"], 130)


def test_a_program_that_is_no_command_hears_of_it_afterwards() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the order is the point
        with finished_first():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("whole")
        done.append("never")
    assert done == ["whole"]


def test_a_signal_is_heard_of_after_an_error_too() -> None:
    def fail() -> None:
        with finished_first():
            os.kill(os.getpid(), signal.SIGINT)
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        fail()


def test_sigterm_is_an_interrupt_with_a_code_of_its_own() -> None:
    with listening() as listener:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert listener.exit_code == 143
        signal.raise_signal(signal.SIGTERM)  # a second one is only told
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_time_limit_rings_and_is_put_away() -> None:
    with pytest.raises(OutOfTime), time_limit(0.05):
        time.sleep(60)
    with time_limit(0.05):
        pass
    time.sleep(0.1)


def test_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with listening():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_outside_of_the_main_thread_nothing_is_taken() -> None:
    seen: list[object] = []

    def work() -> None:
        with listening() as listener, finished_first(), time_limit(0.01):
            time.sleep(0.05)
            seen.append(listener.exit_code)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]


@pytest.mark.parametrize("verb", ["run", "compare"])
def test_the_time_limit_of_tabs(verb: str, tmp_path: Path) -> None:
    book = graddesc_book(tmp_path / "g.xlsx")
    xlcollab(verb, book, "--epochs", "1")  # loads torch, which is not what is limited here
    limit = ("--epochs", "100000000", "--time-limit", "2", "--json")
    found = xlcollab(verb, book, *limit)
    assert found.code == 0
    assert found.json["tabs"][-1]["status"] == "time_limit"
    assert Path(found.json["output"]).exists()
    found = xlcollab(verb, book, *limit, "--no-keep-partial", "-o", tmp_path / "none.xlsx")
    assert found.json["output"] is None
    assert not (tmp_path / "none.xlsx").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("verb", ["run", "compare"])
def test_signals_end_a_verb_with_its_file_whole(
    verb: str, number: signal.Signals, tmp_path: Path
) -> None:
    book = graddesc_book(tmp_path / "g.xlsx")
    command = [sys.executable, "-m", "xlcollab", verb, str(book), "--epochs", "100000000", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(15)
        process.send_signal(number)
        time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number, err
    said = json.loads(out)
    assert said["tabs"][-1]["status"] == "interrupted"
    assert Path(said["output"]).exists()
