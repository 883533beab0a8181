"""Long runs: a terminal sees progress, Ctrl-C keeps the best, checkpoints and torchrun."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import ratings_csv
from xlcollab.api.ratings.kept.opening import open_model

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
ADAM = ("--n-factors", "2", "--optimizer", "adam", "--learning-rate", "0.01", "--dtype", "float64")
FOREVER = "100000000"


def same_models(one: Path, other: Path) -> None:
    for name in ("user_factors", "item_factors", "user_bias", "item_bias"):
        a, b = getattr(open_model(one), name), getattr(open_model(other), name)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


_LONGEST_WAIT = 240
"""Seconds for the first step on a slow, busy machine; nothing is judged by it but a test that would
wait for ever."""


class Terminal:
    """A command whose standard error is a terminal, where it shows how far it is."""

    def __init__(self, *arguments: object) -> None:
        self.screen, end = pty.openpty()
        self.run = subprocess.Popen(
            [sys.executable, "-m", "xlcollab", *map(str, arguments)],
            env=ENVIRONMENT | {"COLUMNS": "160"},
            stdout=subprocess.PIPE,
            stderr=end,
            text=True,
        )
        os.close(end)
        self.seen = ""

    def interrupted_at(self, pattern: str) -> str:
        """Its standard output when Ctrl-C comes as soon as the pattern was seen."""
        began = time.monotonic()
        while not re.search(pattern, self.seen):
            if time.monotonic() - began > _LONGEST_WAIT:
                self.run.kill()
                self.run.communicate(timeout=120)
                pytest.fail(self.seen[-300:])
            self._read()
        self.run.send_signal(signal.SIGINT)
        while self.run.poll() is None:  # a full terminal would stop the program
            self._read()
        os.close(self.screen)
        return self.run.communicate(timeout=120)[0]

    def _read(self) -> None:
        if select.select([self.screen], [], [], 0.05)[0]:
            try:
                self.seen += os.read(self.screen, 65536).decode(errors="replace")
            except OSError:  # Linux says so when the program closed the terminal
                self.run.wait(timeout=120)


@pytest.mark.slow
def test_ctrl_c_keeps_the_model_and_a_terminal_sees_progress(tmp_path: Path) -> None:
    target = tmp_path / "m.safetensors"
    options = ("--n-factors", 2, "--epochs", FOREVER, "-o", target)
    terminal = Terminal("fit", ratings_csv(tmp_path), *options)
    out = terminal.interrupted_at(r"epoch .*\d+ of 100000000, \d+ \w+ left")
    assert terminal.run.returncode == 130
    assert "Ctrl-C keeps the best so far" in terminal.seen
    assert "The run was stopped; the best model so far is kept." in out
    assert open_model(target).user_factors.shape == (20, 2)


def test_ctrl_c_keeps_the_trials_so_far(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    target = tmp_path / "t.csv"
    endless = ("--trials", FOREVER, "-o", target)
    terminal = Terminal("tune", ratings_csv(tmp_path), "--search", "epochs=1..9", *endless)
    out = terminal.interrupted_at(r"trial .*\d+ of 100000000")
    assert terminal.run.returncode == 130
    assert "Traceback" not in terminal.seen
    tried = re.search(r"The search was stopped; the (\d+) of 100000000 trials so far are kept", out)
    assert tried
    assert len(target.read_text().splitlines()) == int(tried[1]) + 1


@pytest.mark.slow
def test_ctrl_c_among_the_folds_says_that_nothing_is_kept(tmp_path: Path) -> None:
    endless = ("--folds", 3, "--epochs", FOREVER, "-o", tmp_path / "m.xlsx")
    terminal = Terminal("fit", ratings_csv(tmp_path), *endless)
    assert not terminal.interrupted_at(r"epoch .*\d+ of 100000000")
    assert terminal.run.returncode == 130
    assert "xlcollab: interrupted; nothing was written" in terminal.seen
    assert "Traceback" not in terminal.seen
    assert [file.name for file in tmp_path.iterdir()] == ["r.csv"]


def test_a_checkpoint_is_gone_on_from(tmp_path: Path) -> None:
    source, state = ratings_csv(tmp_path), tmp_path / "state.safetensors"
    base = ("fit", source, *ADAM, "--epochs", 20)
    assert xlcollab(*base, "-o", tmp_path / "whole.safetensors").code == 0
    saved = (*base, "--checkpoint", state, "--checkpoint-every", 15)
    assert xlcollab(*saved, "-o", tmp_path / "part.safetensors").code == 0
    found = xlcollab(*saved, "--resume", "--json", "-o", tmp_path / "rest.safetensors")
    assert found.code == 0, found.err
    assert found.json["epochs"] == 5
    same_models(tmp_path / "whole.safetensors", tmp_path / "rest.safetensors")


def shell(*arguments: object) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return _started("-m", "xlcollab", *arguments)


def torchrun(*arguments: object) -> subprocess.Popen[str]:
    """Two processes of the command line, at a port that is free."""
    two = ("--standalone", "--nproc-per-node", 2)
    return _started("-m", "torch.distributed.run", *two, "-m", "xlcollab", *arguments)


def _started(*arguments: object, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=ENVIRONMENT | dict(more or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(run: subprocess.Popen[str]) -> tuple[str, str]:
    """What it said on both outputs."""
    return run.communicate(timeout=120)


def wait_for(state: Path, run: subprocess.Popen[str]) -> None:
    """Until the run has saved its state, which it does in the midst of training."""
    while not (state / "state.json").exists() and run.poll() is None:
        time.sleep(0.01)


def nothing_of_ours_broke(err: str) -> None:
    """torchrun ends its own report with a traceback of its own; none may come from this package."""
    assert f"{ROOT}/xlcollab" not in err
    assert "internal error" not in err


LONG = (*ADAM, "--checkpoint-every", 10, "--json", "--epochs")
"""Begins a run that is killed after its first checkpoint; how many epochs last long enough."""


def check_goes_on(run: subprocess.Popen[str], whole: dict[str, float], folder: Path) -> None:
    """A resumed run ends as one that was never killed."""
    out, err = ended(run)
    assert run.returncode == 0, err
    found = json.loads(out)
    assert 0 < found["epochs"] < whole["epochs"]
    assert found["train_rmse"] == pytest.approx(whole["train_rmse"], rel=1e-9)
    same_models(folder / "whole.safetensors", folder / "rest.safetensors")


@pytest.mark.slow
def test_a_killed_run_is_gone_on_from(tmp_path: Path) -> None:
    source, state = ratings_csv(tmp_path), tmp_path / "state.safetensors"
    whole = xlcollab("fit", source, *LONG, 4000, "-o", tmp_path / "whole.safetensors").json
    saved = ("fit", source, *LONG, 4000, "--checkpoint", state, "-o", tmp_path / "rest.safetensors")
    run = shell(*saved)
    wait_for(state, run)
    run.kill()
    ended(run)
    assert run.returncode == -signal.SIGKILL
    assert not (tmp_path / "rest.safetensors").exists()
    check_goes_on(shell(*saved, "--resume"), whole, tmp_path)


@pytest.mark.slow
def test_a_job_whose_process_was_killed_is_gone_on_from(tmp_path: Path) -> None:
    source, state = ratings_csv(tmp_path), tmp_path / "state.safetensors"
    whole = xlcollab("fit", source, *LONG, 600, "-o", tmp_path / "whole.safetensors").json
    saved = ("fit", source, *LONG, 600, "--checkpoint", state, "-o", tmp_path / "rest.safetensors")
    run = torchrun(*saved)
    wait_for(state, run)
    os.kill(_worker(run.pid, "1"), signal.SIGKILL)
    _, err = ended(run)
    assert run.returncode != 0
    assert re.search(r"^xlcollab: another process of this run ended .* with resume$", err, re.M)
    nothing_of_ours_broke(err)
    assert not (tmp_path / "rest.safetensors").exists()
    check_goes_on(torchrun(*saved, "--resume"), whole, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("hears", ["all", "torchrun"])
def test_a_signal_stops_all_processes_and_keeps_the_model(
    hears: str, number: signal.Signals, tmp_path: Path
) -> None:
    """A terminal, or a scheduler, tells every process, and torchrun tells its workers once more."""
    state, target = tmp_path / "state.safetensors", tmp_path / "m.safetensors"
    base = ("fit", ratings_csv(tmp_path), *ADAM, "--epochs", FOREVER, "--json")
    run = torchrun(*base, "--patience", FOREVER, "--checkpoint", state, "-o", target)
    wait_for(state, run)
    workers = [_worker(run.pid, "0"), _worker(run.pid, "1")] if hears == "all" else []
    for process in (run.pid, *workers):
        os.kill(process, number)
    out, err = ended(run)
    found = json.loads(out)
    assert "another process of this run ended" not in err
    assert found["status"] == "interrupted"
    assert found["validation_rmse"] is not None
    assert open_model(target).user_factors.shape == (20, 2)
    nothing_of_ours_broke(err)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [target.name, "r.csv", state.name]
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_processes_that_are_stopped_end_with_the_code_of_the_signal(
    number: signal.Signals, tmp_path: Path
) -> None:
    """One alone is told, without torchrun above them: all stop after the same epoch."""
    state, target = tmp_path / "state", tmp_path / "m.safetensors"
    options = (*ADAM, "--epochs", FOREVER, "--checkpoint", state, "-o", target)
    port = free_port()
    runs = [
        _started(
            *("-m", "xlcollab", "fit", ratings_csv(tmp_path), *options),
            more={
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "2",
                "LOCAL_WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                "TORCHELASTIC_RUN_ID": "test",
            },
        )
        for rank in range(2)
    ]
    wait_for(state, runs[0])
    runs[1].send_signal(number)
    said = [ended(run) for run in runs]
    assert [run.returncode for run in runs] == [130, 128 + number], said
    assert "The run was stopped; the best model so far is kept." in said[0][0]
    assert open_model(target).user_factors.shape == (20, 2)
    assert (state / "state.json").exists()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
def test_two_processes_give_what_one_gives_and_say_it_once(tmp_path: Path) -> None:
    base = ("fit", ratings_csv(tmp_path), *ADAM, "--epochs", 20, "--json")
    one = xlcollab(*base, "-o", tmp_path / "one.safetensors").json
    run = torchrun(*base, "-o", tmp_path / "two.safetensors")
    out, err = ended(run)
    assert run.returncode == 0, err
    two = json.loads(out)
    assert two["train_rmse"] == pytest.approx(one["train_rmse"], rel=1e-10)
    assert err.count("150 ratings in r.csv") == 1
    same_models(tmp_path / "one.safetensors", tmp_path / "two.safetensors")


@pytest.mark.slow
def test_an_error_of_all_processes_is_told_once(tmp_path: Path) -> None:
    run = torchrun("fit", ratings_csv(tmp_path), "--n-factors", 2, "--quality", "best")
    _, err = ended(run)
    assert run.returncode != 0
    assert err.count("not by gibbs; add --optimizer with one of sgd, als") == 1


def test_two_processes_write_a_folder_that_is_read_as_one_model(tmp_path: Path) -> None:
    """By the shell, with neither an output nor a rule named; one share cannot be read at first."""
    ratings = tmp_path / "ratings"
    ratings.mkdir()
    lines = ratings_csv(tmp_path).read_text().splitlines()
    for part in range(3):
        (ratings / f"part-{part}.csv").write_text("\n".join([lines[0], *lines[1 + part :: 3]]))
    options = ("--n-factors", 2, "--test-fraction", 0.2, "--epochs", 5, "--json")
    one = xlcollab("fit", ratings, *options, "-o", tmp_path / "one.safetensors").json
    run = torchrun("fit", ratings, *options)
    out, err = ended(run)
    assert run.returncode == 0, err
    two = json.loads(out)
    for name in ("train_rmse", "train_mae", "test_rmse", "test_mae"):
        assert two[name] == pytest.approx(one[name], abs=1e-4)
    assert (two["ratings"], two["users"], two["items"]) == (120, 20, 12)
    assert two["output"] == str(tmp_path / "ratings.model")
    same_models(tmp_path / "one.safetensors", tmp_path / "ratings.model")
    found = xlcollab("recommend", tmp_path / "ratings.model", "--user", 1, "-k", 2, "--json").json
    assert len(found["items"]) == 2


def _worker(parent: int, rank: str) -> int:
    """The process id of the worker of that rank."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(
        int(child)
        for child in children
        if f"\0RANK={rank}\0" in Path(f"/proc/{child}/environ").read_text()
    )
