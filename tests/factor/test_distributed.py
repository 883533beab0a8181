"""Two processes equal one; a killed process ends the job with a sentence; a run can be resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.factor.data import planted
from tests.factor.torchrun_script import ENGINES, MODEL, TRAINING, VALIDATED, outcome, tables
from xlcollab.errors import UsageError
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, load_model, train
from xlcollab.factor.training import distributed
from xlcollab.factor.training.distributed import Saving, train_distributed
from xlcollab.factor.training.result import Progress
from xlcollab.settings.optimizers import GRADIENT_RULES

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("torchrun_script.py")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine that has a distributed form."""
    return str(request.param)


def torchrun(folder: Path, how: str, engine: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    # A free port each: --standalone lets the kernel choose it.
    command += ["--standalone", str(SCRIPT), str(folder), how, engine]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def outcome_of(done: subprocess.CompletedProcess[str]) -> tuple[str, list[float]]:
    assert done.returncode == 0, done.stderr
    status, *numbers = json.loads(done.stdout)
    return status, numbers


def check_equals_one_process(path: Path) -> None:
    one, two = train(planted(), MODEL, TRAINING).model, load_model(path)
    np.testing.assert_allclose(two.user_factors, one.user_factors, rtol=0, atol=1e-12)
    np.testing.assert_allclose(two.item_factors, one.item_factors, rtol=0, atol=1e-12)
    np.testing.assert_allclose(two.user_bias, one.user_bias, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path, engine: str) -> None:
    status, _ = outcome_of(torchrun(tmp_path, "whole", engine))
    assert status == "epoch_limit"
    check_equals_one_process(tmp_path / "whole.safetensors")


@pytest.mark.slow
def test_a_killed_process_ends_the_job_with_a_sentence_and_resume_goes_on(
    tmp_path: Path, engine: str
) -> None:
    done = torchrun(tmp_path, "die", engine)
    assert done.returncode != 0
    assert "rank 0: another process of this run ended or could not be reached" in done.stderr
    assert "go on from the last checkpoint with resume" in done.stderr
    assert not (tmp_path / "die.safetensors").exists()
    _, (best_epoch, _, *history) = outcome_of(torchrun(tmp_path, "resume", engine))
    assert (best_epoch, len(history)) == (12, 4 * 4)
    check_equals_one_process(tmp_path / "resume.safetensors")


@pytest.mark.slow
def test_two_processes_stop_early_where_one_does(tmp_path: Path) -> None:
    status, numbers = outcome_of(torchrun(tmp_path, "validated", "cpu"))
    one = train(tables(), MODEL, VALIDATED)
    assert status == one.status == "early_stopped"
    np.testing.assert_allclose(numbers, outcome(one), rtol=1e-10)
    kept = load_model(tmp_path / "validated.safetensors")
    np.testing.assert_allclose(kept.user_factors, one.model.user_factors, rtol=0, atol=1e-10)


@pytest.mark.parametrize("stopped_at", [8, 16])
def test_one_process_resumes_with_the_best_until_then(stopped_at: int, tmp_path: Path) -> None:
    """Stopped while the error still falls, and while it no longer does."""
    state = tmp_path / "state.safetensors"

    def stop(progress: Progress) -> bool:
        return progress.row.epoch == stopped_at

    settings = replace(VALIDATED, patience=10)
    one = train(tables(), MODEL, settings)
    part = train_distributed(
        tables(), MODEL, settings, saving=Saving(state, every=1), on_epoch=stop
    )
    assert part is not None
    assert part.status == "interrupted"
    assert (part.best_epoch < stopped_at) == (stopped_at == 16)
    rest = train_distributed(tables(), MODEL, settings, saving=Saving(state, resume=True))
    assert rest is not None
    assert (rest.status, rest.best_epoch) == (one.status, one.best_epoch)
    assert len(rest.history) == len(one.history) - stopped_at
    np.testing.assert_allclose(rest.model.user_factors, one.model.user_factors, rtol=0, atol=1e-12)


def test_a_run_that_was_done_is_resumed_as_it_ended(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "state.safetensors", every=4)
    whole = train_distributed(planted(), MODEL, TRAINING, saving=saving)
    again = train_distributed(planted(), MODEL, TRAINING, saving=replace(saving, resume=True))
    assert whole is not None
    assert again is not None
    assert (again.best_epoch, again.history) == (12, ())
    np.testing.assert_equal(astuple(again.train), astuple(whole.train))


@pytest.mark.parametrize("optimizer", GRADIENT_RULES)
def test_one_process_alone_saves_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, optimizer: str
) -> None:
    training = replace(TRAINING, optimizer=optimizer, device="cuda" if engine == "gpu" else "cpu")
    monkeypatch.setattr(distributed, "device_of", lambda settings: torch.device("cpu"))
    state = tmp_path / "state.safetensors"

    def interrupt(progress: object) -> None:
        if progress.row.epoch == 9:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    train_distributed(planted(), MODEL, training, saving=Saving(state, every=4), on_epoch=interrupt)
    saving = Saving(state, every=4, resume=True)
    result = train_distributed(planted(), MODEL, training, saving=saving)
    assert result is not None
    assert [row.epoch for row in result.history] == [9, 10, 11, 12]
    whole = train(planted(), MODEL, replace(training, device="cpu")).model
    np.testing.assert_allclose(result.model.user_factors, whole.user_factors, atol=1e-12)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    train_distributed(planted(), MODEL, TRAINING, saving=Saving(state, every=12))
    with pytest.raises(UsageError, match="saved by a run with other ratings or settings"):
        train_distributed(planted(seed=1), MODEL, TRAINING, saving=Saving(state, resume=True))


@pytest.mark.parametrize(
    ("model", "training", "message"),
    [
        (MODEL, TrainingSettings(), "by a gradient rule on all ratings at once"),
        (MODEL, TrainingSettings(optimizer="adam", batch_size=9), "without batch_size"),
        (ModelSettings(hidden_sizes=(3,)), TRAINING, "leave the net out"),
        (MODEL, TrainingSettings(optimizer="adam", restarts=1), "leave restarts out"),
        (MODEL, TrainingSettings(optimizer="adam", patience=1), "patience needs validation"),
    ],
)
def test_what_has_no_distributed_form_is_refused(
    model: ModelSettings, training: TrainingSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        train_distributed(Tables(planted()), model, training)
