"""Two processes equal one; a killed process ends the job with a sentence; a run can be resumed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.factor.data import planted
from tests.factor.torchrun_script import MODEL, TRAINING
from xlcollab.errors import UsageError
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, load_model, train
from xlcollab.factor.distributed import Saving, train_distributed

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("torchrun_script.py")


def torchrun(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    # A free port each: --standalone lets the kernel choose it.
    command += ["--standalone", str(SCRIPT), str(folder), how]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def check_equals_one_process(path: Path) -> None:
    one, two = train(planted(), MODEL, TRAINING).model, load_model(path)
    np.testing.assert_allclose(two.user_factors, one.user_factors, rtol=0, atol=1e-12)
    np.testing.assert_allclose(two.item_factors, one.item_factors, rtol=0, atol=1e-12)
    np.testing.assert_allclose(two.user_bias, one.user_bias, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    done = torchrun(tmp_path, "whole")
    assert done.returncode == 0, done.stderr
    assert "epochs 12" in done.stdout
    check_equals_one_process(tmp_path / "whole.safetensors")


@pytest.mark.slow
def test_a_killed_process_ends_the_job_with_a_sentence_and_resume_goes_on(tmp_path: Path) -> None:
    done = torchrun(tmp_path, "die")
    assert done.returncode != 0
    assert "rank 0: another process of this run ended or could not be reached" in done.stderr
    assert "go on from the last checkpoint with resume" in done.stderr
    assert not (tmp_path / "die.safetensors").exists()
    done = torchrun(tmp_path, "resume")
    assert done.returncode == 0, done.stderr
    assert "epochs 4" in done.stdout
    check_equals_one_process(tmp_path / "resume.safetensors")


def test_one_process_alone_saves_and_resumes(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"

    def interrupt(progress: object) -> None:
        if progress.row.epoch == 9:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    train_distributed(planted(), MODEL, TRAINING, saving=Saving(state, every=4), on_epoch=interrupt)
    saving = Saving(state, every=4, resume=True)
    result = train_distributed(planted(), MODEL, TRAINING, saving=saving)
    assert result is not None
    assert [row.epoch for row in result.history] == [9, 10, 11, 12]
    whole = train(planted(), MODEL, TRAINING).model
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
        (MODEL, TrainingSettings(optimizer="adam", restarts=1), "no restarts"),
    ],
)
def test_what_has_no_distributed_form_is_refused(
    model: ModelSettings, training: TrainingSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        train_distributed(Tables(planted()), model, training)
