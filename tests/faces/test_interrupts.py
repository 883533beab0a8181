"""SIGTERM is Ctrl-C, a second signal waits for the file, a time limit keeps what there is."""

from __future__ import annotations

import importlib
import itertools
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faces.shell import bowl, listing, two_bowls, xlcollab
from tests.graddesc.typed_tabs import Layout, sgd_cells, write
from xlcollab.api.solve import running, sweeping
from xlcollab.api.tabs import descent, run
from xlcollab.faces.commands import COMMANDS
from xlcollab.interrupts import (
    OutOfTime,
    finished_first,
    in_time,
    is_out_of_time,
    listening,
    time_limit,
    unheard,
)


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


def test_what_can_be_done_without_is_given_up_in_time() -> None:
    assert in_time(5.0, lambda: 3) == 3
    assert in_time(math.inf, lambda: 3) == 3
    assert in_time(0.05, lambda: time.sleep(60) or 3) is None
    assert not is_out_of_time()
    with pytest.raises(OutOfTime), time_limit(0.2):  # noqa: PT012 - the order is the point
        assert in_time(0.05, lambda: time.sleep(60) or 3) is None
        time.sleep(60)


def test_the_limit_that_is_open_says_whether_it_was_reached() -> None:
    with time_limit(0.05):
        with suppress(OutOfTime):
            time.sleep(60)
        assert in_time(5.0, lambda: 3) == 3
        assert is_out_of_time()
    assert not is_out_of_time()


@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_a_module_is_loaded_whole(
    number: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off in its midst it would stay in halves for whoever loads it next."""
    name = f"slow_module_{number}"
    told = "" if number is None else f"os.kill(os.getpid(), {int(number)})\n"
    lines = ["import os, time", told, "until = time.monotonic() + 0.3"]
    lines += ["while time.monotonic() < until:", "    pass", "whole = True"]
    (tmp_path / f"{name}.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    limit = 0.05 if number is None else None
    began = time.monotonic()
    with listening(), pytest.raises(KeyboardInterrupt), time_limit(limit):  # noqa: PT012
        importlib.import_module(name)
        time.sleep(60)
    assert importlib.import_module(name).whole
    assert time.monotonic() - began < 30.0


def test_a_signal_that_waited_for_a_module_wakes_a_sleep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it comes just before the sleep, too: modules that end at all phases of its waiting."""
    monkeypatch.syspath_prepend(tmp_path)
    began = time.monotonic()
    for i in range(20):
        lines = ["import os, time", f"os.kill(os.getpid(), {int(signal.SIGTERM)})"]
        lines += [f"until = time.monotonic() + {0.02 + 0.0005 * i}"]
        lines += ["while time.monotonic() < until:", "    pass"]
        (tmp_path / f"module_of_phase_{i}.py").write_text("\n".join(lines))
        with listening(), pytest.raises(KeyboardInterrupt):  # noqa: PT012
            importlib.import_module(f"module_of_phase_{i}")
            time.sleep(60)
    assert time.monotonic() - began < 30.0


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


def test_the_earlier_of_two_time_limits_counts() -> None:
    with pytest.raises(OutOfTime), time_limit(0.05), time_limit(60):
        time.sleep(60)
    with time_limit(60), pytest.raises(OutOfTime), time_limit(0.05):
        time.sleep(60)
    with pytest.raises(OutOfTime), time_limit(0.2):  # noqa: PT012 - the order is the point
        with time_limit(60):
            pass
        time.sleep(60)


def test_what_other_code_has_caught_is_heard_of_in_a_loop() -> None:
    with listening():
        check = unheard()
        check()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()
    with time_limit(0.01):
        check = unheard()
        with suppress(OutOfTime):
            time.sleep(60)
        with pytest.raises(OutOfTime):
            check()


@pytest.mark.parametrize(
    ("module", "note", "options"),
    [(run, "note_epoch", ()), (descent, "_note", ("--optimizer", "adam"))],
)
def test_a_tab_hears_of_what_other_code_has_caught(
    module: object,
    note: str,
    options: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted, epochs = getattr(module, note), itertools.count()

    def note_and_catch(*arguments: object) -> None:
        noted(*arguments)
        if next(epochs) == 3:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(module, note, note_and_catch)
    found = xlcollab("run", graddesc_book(tmp_path / "g.xlsx"), "--epochs", 50, "--json", *options)
    assert found.code == 130, found
    assert found.json["tabs"][0]["status"] == "interrupted"
    assert next(epochs) < 10


def _ratings(folder: Path) -> Path:
    path = folder / "r.csv"
    pairs = ((user, item) for user in range(1, 9) for item in range(1, 9))
    lines = [f"{user},{item},{1 + (user * item) % 5}" for user, item in pairs]
    path.write_text("\n".join(["user,item,rating", *lines]))
    return path


LIMITED: dict[str, tuple[object, ...]] = {
    "recalc": ("{book}",),
    "gradient": ("{book}", "--of", "S!B1", "--with-respect-to", "S!A1:A2", "--in-place"),
    "lr-find": ("{book}",),
    "factors": ("{lesson}", "--sheet", "bias"),
    "new": ("matrix-factorisation", "{ratings}"),
    "crosstab": ("{ratings}",),
    "predict": ("{model}", "--crosstab", "-o", "{folder}/p.csv"),
    "recommend": ("{model}", "--all", "-o", "{folder}/p.csv"),
    "fold-in": ("{model}", "{few}"),
    "rerun": ("{solved}",),
}
"""What has no half result: nothing is written."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("made")
    book, ratings = bowl(folder / "b.xlsx"), _ratings(folder)
    few, names = folder / "few.csv", ("model.xlsx", "lesson.xlsx", "solved.xlsx")
    model, lesson, solved = (folder / name for name in names)
    few.write_text("user,item,rating\nnew,2,4\n")
    kind = ("matrix-factorisation", ratings, "--n-users", 4, "--n-items", 4)
    assert xlcollab("fit", ratings, "--epochs", 1, "-o", model).code == 0
    assert xlcollab("new", *kind, "-o", lesson).code == 0
    assert xlcollab("solve", book, "-o", solved).code == 0
    files = {"book": book, "ratings": ratings, "few": few, "model": model}
    return files | {"lesson": lesson, "solved": solved, "folder": folder}


@pytest.mark.parametrize("verb", LIMITED)
def test_the_time_limit_of_what_has_no_half_result(verb: str, made: dict[str, Path]) -> None:
    before = listing(made["folder"])
    words = (str(word).format(**made) for word in LIMITED[verb])
    found = xlcollab(verb, *words, "--time-limit", "0.000001")
    assert found.code == 4, found
    assert "the time limit was reached before there was a result" in found.err
    assert listing(made["folder"]) == before


def test_every_command_that_computes_has_a_time_limit() -> None:
    free = {"inspect", "addin", "live", "docs", "warm"}
    without = {name for name in COMMANDS if "--time-limit" not in xlcollab(name, "--help").out}
    assert without == free


def _interrupting(monkeypatch: pytest.MonkeyPatch, module: object, at: int) -> None:
    """Ctrl-C while the solve of that number is being put down, where nothing hears of it."""
    solve, numbers = module.solve_model, itertools.count()  # type: ignore[attr-defined]

    def solved(*arguments: object, **options: object) -> object:
        with finished_first():
            if next(numbers) == at:
                signal.raise_signal(signal.SIGINT)
        return solve(*arguments, **options)

    monkeypatch.setattr(module, "solve_model", solved)


def test_an_interrupt_ends_the_row_of_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupting(monkeypatch, sweeping, 1)
    found = xlcollab("sweep", bowl(tmp_path / "b.xlsx"), "--parameter", "S!D1=1:9:9", "--json")
    assert found.code == 130, found
    said = [row["status"] for row in found.json["rows"]]
    assert said[2:] == ["not run: interrupted"] * 7
    assert "interrupted" not in said[0]
    assert Path(found.json["output"]).exists()


def test_an_interrupt_ends_the_row_of_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupting(monkeypatch, running, 0)
    found = xlcollab("solve", two_bowls(tmp_path / "b.xlsx"), "--json")
    assert found.code == 130, found
    assert [one["status"] for one in found.json["models"]][1] == "interrupted"


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


def test_a_signal_that_meets_a_destructor_comes_again() -> None:
    """Python prints and forgets what is raised in one: the run would go on."""

    class Slow:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)
            sum(range(1000))

    def work() -> None:
        one = Slow()
        del one
        time.sleep(20.0)

    with listening() as listener, pytest.raises(KeyboardInterrupt):
        work()
    assert listener.received == [signal.SIGINT]
    assert listener.exit_code == 130
