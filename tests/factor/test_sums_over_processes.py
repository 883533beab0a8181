"""What processes say to one another, each way against numpy, and alone; three that are there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.factor.processes_script import outcomes, own
from xlcollab.factor.several.processes import Interrupt, Processes
from xlcollab.factor.several.tensor_sums import device_here, reason

ROOT = Path(__file__).resolve().parents[2]
SIZE = 3
ALL = [own(rank) for rank in range(SIZE)]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    job = str(tmp_path_factory.mktemp("job"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.factor.processes_script", *map(str, one), job],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        for one in ((rank, SIZE) for rank in range(SIZE))
    ]
    return [json.loads(process.communicate(timeout=300)[0]) for process in started]


def expected(rank: int) -> dict[str, Any]:
    """What numpy makes of what all ranks have."""
    rows = {0: ALL[0][:1], 1: ALL[1][1:1], 2: ALL[2][1:]}
    return {
        "sum": sum(ALL).tolist(),
        "total": 4.5,
        "told": [{"rank": other} for other in range(SIZE)],
        "agreed": f"rank {rank}",
        "refused": "DataError: rank 1 cannot read",
        "from first": "rank 0",
        "first fails": "DataError: rank 0 cannot read",
        "exchanged": [ALL[other][: rank + other].tolist() for other in range(SIZE)],
        "summed blocks": sum(part[rank : rank + 1] for part in ALL).tolist(),
        "spread": np.concatenate(list(rows.values())).tolist(),
        "passed on": ALL[(rank + 1) % SIZE].tolist(),
        "gathered": None if rank else np.concatenate([ALL[1][:1], ALL[2][:2]]).tolist(),
        "stop": [False, True],
        "torch": False,
    }


@pytest.mark.parametrize("rank", range(SIZE))
def test_every_way_is_what_numpy_makes_of_it(rank: int, found: list[dict[str, Any]]) -> None:
    assert found[rank] == expected(rank)


def test_one_alone_asks_nobody() -> None:
    parts = own(0)
    alone = outcomes(Processes(0, 1))
    assert alone["sum"] == alone["spread"] == alone["passed on"] == parts.tolist()
    assert (alone["total"], alone["told"], alone["gathered"]) == (0.5, [{"rank": 0}], [])
    assert (alone["exchanged"], alone["summed blocks"]) == ([[]], parts[:1].tolist())
    assert (alone["agreed"], alone["refused"], alone["from first"]) == ("rank 0",) * 3
    assert (alone["stop"], alone["first fails"]) == (
        [False, False],
        "DataError: rank 0 cannot read",
    )


def test_who_is_interrupted_stops_and_the_first_signal_counts() -> None:
    one = Processes(0, 1, Interrupt())
    assert not one.stop(False)
    one.interrupt.note(15, None)
    one.interrupt.note(2, None)
    assert one.stop(False)
    assert one.interrupt.signum == 15


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer "
            "[127.0.0.1]:40961. This may indicate a crash.\nSecond line",
            "Connection closed by peer [127.0.0.1]:40961",
        ),
        ("Timed out", "Timed out"),
        ("Address [::1]:3 in use\nmore", "Address [::1]:3 in use"),
    ],
)
def test_the_reason_is_the_first_sentence_without_a_place(text: str, said: str) -> None:
    assert reason(RuntimeError(text)) == said


def test_a_gpu_is_shared_out_by_the_place_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert device_here(torch.device("cuda")) == torch.device("cuda", 1)
    monkeypatch.delenv("LOCAL_RANK")
    assert device_here(torch.device("cuda")) == torch.device("cuda", 0)
    assert device_here(torch.device("cpu")) == torch.device("cpu")
