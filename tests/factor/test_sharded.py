"""Shares trained by several processes give what one process gives; a killed job is gone on with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factor.data import planted
from tests.factor.sharded_script import FRACTION, MODEL, TRAININGS, fitted, outcome
from xlcollab.errors import DataError, UsageError
from xlcollab.factor import ModelSettings, Tables, TrainingSettings, load_model, train
from xlcollab.factor.several.processes import Processes
from xlcollab.factor.sharded.checkpoint import Saving
from xlcollab.factor.sharded.run import check_sharded
from xlcollab.factor.training.result import TrainingResult
from xlcollab.ratings import random_split

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("sharded_script.py")
ALONE = Processes(0, 1)


def ratings(folder: Path) -> Path:
    """A CSV file of them."""
    path = folder / "r.csv"
    if not path.exists():
        planted(40, 30, 500).to_frame().drop(columns="time").to_csv(path, index=False)
    return path


def whole(rule: str) -> TrainingResult:
    """The same run by the engines of one process."""
    table = planted(40, 30, 500)
    numbers = table.ratings.astype(np.float32)
    rest, test = random_split(replace(table, ratings=numbers), FRACTION, np.random.default_rng(0))
    return train(Tables(rest, test=test), MODEL, TRAININGS[rule])


def torchrun(n: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Processes of the script, at a port that is free."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(n)]
    command += ["--standalone", str(SCRIPT), *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def check_equal(found: Mapping[str, Any], rule: str) -> None:
    one = whole(rule)
    assert one.test is not None
    errors = [[row.train_rmse, row.test_rmse, row.test_mae] for row in one.history]
    np.testing.assert_allclose(found["errors"], errors[-len(found["errors"]) :], rtol=1e-6)
    np.testing.assert_allclose(found["last"], [one.train.rmse, one.test.rmse], rtol=1e-6)
    alone = [one.biases[name].rmse for name in ("train", "test")]
    np.testing.assert_allclose(found["biases"], alone, rtol=1e-6)


def check_model(folder: Path, rule: str) -> None:
    one, two = whole(rule).model, load_model(folder)
    assert (two.user_ids, two.item_ids) == (one.user_ids, one.item_ids)
    for name in ("user_factors", "item_factors", "user_bias", "item_bias"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=0, atol=1e-5)
    assert sorted(two.rated.by(3).tolist()) == sorted(one.rated.by(3).tolist())


@pytest.mark.parametrize("rule", TRAININGS)
def test_one_rank_alone_gives_what_the_engines_give(rule: str, tmp_path: Path) -> None:
    check_equal(outcome(fitted(ratings(tmp_path), rule, ALONE, None)), rule)


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    done = torchrun(2, ratings(tmp_path), tmp_path, ",".join(TRAININGS))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for rule in TRAININGS:
        check_equal(found[rule], rule)
        check_model(tmp_path / rule, rule)


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 9])
def test_any_number_of_processes_gives_the_same(n: int, tmp_path: Path) -> None:
    """Beyond eight the blocks of sgd are others, and with them the order of its ratings."""
    rules = list(TRAININGS) if n <= 8 else ["als", "adam"]
    done = torchrun(n, ratings(tmp_path), tmp_path, ",".join(rules))
    assert done.returncode == 0, done.stderr
    for rule, found in json.loads(done.stdout).items():
        check_equal(found, rule)


@pytest.mark.slow
@pytest.mark.parametrize("rule", TRAININGS)
def test_a_killed_job_is_gone_on_with_by_any_number_of_processes(rule: str, tmp_path: Path) -> None:
    """Rank 1 is killed when its part of a second checkpoint is there and the whole is not."""
    source = ratings(tmp_path)
    done = torchrun(2, source, tmp_path, rule, "die")
    assert done.returncode != 0
    assert "rank 0: another process of this run ended or could not be reached" in done.stderr
    assert "go on from the last checkpoint with resume" in done.stderr
    assert not (tmp_path / rule).exists()
    state = json.loads((tmp_path / f"{rule}.run" / "state.json").read_text())
    assert state["epoch"] == 2
    again = torchrun(3, source, tmp_path, rule, "resume")
    assert again.returncode == 0, again.stderr
    found = json.loads(again.stdout)[rule]
    assert len(found["errors"]) == len(whole(rule).history) - 2
    check_equal(found, rule)
    check_model(tmp_path / rule, rule)


@pytest.mark.parametrize("rule", TRAININGS)
def test_a_run_goes_on_from_its_checkpoint(rule: str, tmp_path: Path) -> None:
    source, saving = ratings(tmp_path), Saving(tmp_path / "state", every=2)
    fitted(source, rule, ALONE, saving)
    (epoch,) = (tmp_path / "state").glob("epoch-*")
    assert int(epoch.name.rpartition("-")[2]) == len(whole(rule).history)
    saving = replace(saving, every=len(whole(rule).history) - 1)
    fitted(source, rule, ALONE, saving)
    found = outcome(fitted(source, rule, ALONE, replace(saving, resume=True)))
    assert len(found["errors"]) == 1  # type: ignore[arg-type]
    check_equal(found, rule)


def _part_gone(folder: Path) -> None:
    next(folder.glob("epoch-*/rank-00000*")).unlink()


def _part_cut(folder: Path) -> None:
    part = next(folder.glob("epoch-*/rank-00000*"))
    part.write_bytes(part.read_bytes()[:100])


def _no_state(folder: Path) -> None:
    (folder / "state.json").write_text("{")


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_part_gone, "there is no file .*rank-00000"),
        (_part_cut, "rank-00000.* cannot be read"),
        (_no_state, "holds no checkpoint of xlcollab"),
    ],
)
def test_a_damaged_checkpoint_says_so(harm: Any, sentence: str, tmp_path: Path) -> None:
    saving = Saving(tmp_path / "state", every=2)
    fitted(ratings(tmp_path), "als", ALONE, saving)
    harm(tmp_path / "state")
    with pytest.raises(DataError, match=sentence):
        fitted(ratings(tmp_path), "als", ALONE, replace(saving, resume=True))


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    saving = Saving(tmp_path / "state", every=2)
    fitted(ratings(tmp_path), "als", ALONE, saving)
    with pytest.raises(UsageError, match="saved by a run with other ratings or settings"):
        fitted(ratings(tmp_path), "sgd", ALONE, replace(saving, resume=True))


@pytest.mark.parametrize(
    ("model", "training", "sentence"),
    [
        (ModelSettings(hidden_sizes=(3,)), TrainingSettings(optimizer="adam"), "leave the net out"),
        (ModelSettings(), TrainingSettings(optimizer="gibbs"), "not by gibbs; add optimizer"),
        (ModelSettings(), TrainingSettings(optimizer="adam", batch_size=9), "leave batch_size out"),
        (ModelSettings(), TrainingSettings(restarts=2), "leave restarts out"),
        (
            ModelSettings(output_range=(1, 5)),
            TrainingSettings(optimizer="als"),
            "als has no output range",
        ),
        (ModelSettings(), TrainingSettings(patience=2), "patience needs validation"),
    ],
)
def test_what_has_no_form_for_several_processes_is_refused(
    model: ModelSettings, training: TrainingSettings, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_sharded(model, training, validated=False)
