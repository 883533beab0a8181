"""Long runs: a terminal sees progress, Ctrl-C keeps the best, checkpoints and torchrun."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faces.shell import xlcollab
from tests.ratings_verbs.data import ratings_csv
from xlcollab.api.ratings_model import open_model

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
ADAM = ("--n-factors", "2", "--optimizer", "adam", "--learning-rate", "0.01", "--dtype", "float64")
FOREVER = "1000000"


def same_models(one: Path, other: Path) -> None:
    for name in ("user_factors", "item_factors", "user_bias", "item_bias"):
        a, b = getattr(open_model(one), name), getattr(open_model(other), name)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


@pytest.mark.slow
def test_ctrl_c_keeps_the_model_and_a_terminal_sees_progress(tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "xlcollab", "fit", str(ratings_csv(tmp_path)), "--json"]
    command += ["--n-factors", "2", "--epochs", FOREVER, "-o", str(tmp_path / "m.safetensors")]
    wide = ENVIRONMENT | {"COLUMNS": "160"}
    run = subprocess.Popen(command, env=wide, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    seen = b""
    while not re.search(rb"epoch \d+ of 1000000 .*s left", seen):
        seen += os.read(terminal, 65536)
    run.send_signal(signal.SIGINT)
    while run.poll() is None:  # a full terminal would stop the program
        os.set_blocking(terminal, False)
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            time.sleep(0.02)
    assert run.returncode == 130
    assert b"Ctrl-C keeps the best so far" in seen
    os.close(terminal)
    out, _ = run.communicate()
    assert json.loads(out)["status"] == "interrupted"
    assert open_model(tmp_path / "m.safetensors").user_factors.shape == (20, 2)


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


def torchrun(*arguments: object) -> subprocess.Popen[str]:
    """Two processes of the command line, at a port that is free."""
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "xlcollab"]
    return subprocess.Popen(
        [sys.executable, *run, *map(str, arguments)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_give_what_one_gives_and_say_it_once(tmp_path: Path) -> None:
    base = ("fit", ratings_csv(tmp_path), *ADAM, "--epochs", 20, "--json")
    one = xlcollab(*base, "-o", tmp_path / "one.safetensors").json
    run = torchrun(*base, "-o", tmp_path / "two.safetensors")
    out, err = run.communicate(timeout=120)
    assert run.returncode == 0, err
    two = json.loads(out)
    assert two["train_rmse"] == pytest.approx(one["train_rmse"], rel=1e-10)
    assert err.count("150 ratings in r.csv") == 1
    same_models(tmp_path / "one.safetensors", tmp_path / "two.safetensors")


@pytest.mark.slow
def test_an_error_of_all_processes_is_told_once(tmp_path: Path) -> None:
    run = torchrun("fit", ratings_csv(tmp_path), "--n-factors", 2)
    _, err = run.communicate(timeout=120)
    assert run.returncode != 0
    assert err.count("need a gradient rule on all ratings at once: add --optimizer") == 1


@pytest.mark.slow
def test_a_killed_process_ends_the_job_with_a_sentence(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    base = ("fit", ratings_csv(tmp_path), *ADAM, "--checkpoint", state)
    run = torchrun(*base, "--epochs", FOREVER, "-o", tmp_path / "m.safetensors")
    until = time.monotonic() + 60
    while not state.exists() and time.monotonic() < until:
        time.sleep(0.1)
    os.kill(_worker(run.pid, "1"), signal.SIGKILL)
    _, err = run.communicate(timeout=120)
    assert run.returncode != 0
    assert "xlcollab: another process of this run ended or could not be reached" in err
    assert "go on from the last checkpoint with resume" in err
    assert not (tmp_path / "m.safetensors").exists()


def _worker(parent: int, rank: str) -> int:
    """The process id of the worker of that rank."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(
        int(child)
        for child in children
        if f"\0RANK={rank}\0" in Path(f"/proc/{child}/environ").read_text()
    )
