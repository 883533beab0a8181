"""How long sheets take: a million formula cells, a sheet beside torch by hand, and the help."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import xlcollab as xc
from tests.benchmarks.crosstab import Crosstab, drawn, write
from tests.oracle.lesson import rmse, start
from tests.shared_data import lesson

pytestmark = pytest.mark.benchmark

COMMAND = [sys.executable, "-c", "from xlcollab.faces.cli import main; main()"]
RATE = "0.05"
GIGABYTE = 1 << 20
"""ru_maxrss counts kilobytes."""


def _adam(path: Path, table: Crosstab, *more: str) -> dict[str, Any]:
    model = ["--minimize", f"S!{table.objective}", "--by-changing", table.variables]
    run = ["--method", "adam", "--learning-rate", RATE, "--iterations", "100", "--json", *more]
    command = [*COMMAND, "solve", str(path), *model, *run]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    (model_found,) = json.loads(found.stdout)["models"]
    assert isinstance(model_found, dict)
    return model_found


def test_a_million_formula_cells(tmp_path: Path) -> None:
    """Read, compiled and a hundred Adam iterations within 90 s and 4 GB on two cores."""
    table = drawn(1000)
    path = write(tmp_path / "crosstab.xlsx", table)
    began = time.perf_counter()
    found = _adam(path, table, "--history-every", "10")
    whole = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / GIGABYTE
    seconds = found["seconds"]
    ratio = seconds["solve"] / _by_hand(table.loss, table.start(), 100)
    print(f"\n{seconds}, whole {whole:.1f} s, {memory:.2f} GB, {ratio:.2f} times torch by hand")
    assert found["initial"] == pytest.approx(table.rmse(), rel=1e-9)
    assert found["final"] < 0.6 * found["initial"]
    assert seconds["read"] + seconds["compile"] + seconds["solve"] < 90
    assert memory < 4
    assert ratio < 3


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_million_formula_cells_on_a_gpu(tmp_path: Path) -> None:
    """The same objective as on the CPU, and how much sooner."""
    table = drawn(1000)
    path = write(tmp_path / "crosstab.xlsx", table)
    here, there = (
        _adam(path, table, "--no-history", "--device", device) for device in ("cpu", "cuda")
    )
    print(f"\ncpu {here['seconds']}, gpu {there['seconds']}")
    assert there["final"] == pytest.approx(here["final"], rel=1e-6)


def test_a_small_sheet_beside_torch_by_hand() -> None:
    """What the sheet costs over the bare tensors where a step is a fraction of a millisecond."""
    threads, steps = torch.get_num_threads(), 1000
    torch.set_num_threads(1)
    by_hand = _by_hand(rmse, start(), steps)
    torch.set_num_threads(threads)
    book = xc.open(lesson("collab_filter.xlsx"))
    solved = book.solve(
        "dotprod",
        method="adam",
        learning_rate=float(RATE),
        iterations=steps,
        history_every=100,
        history=False,
    )
    seconds = solved.solution.seconds
    print(f"\nsheet {seconds:.2f} s, torch {by_hand:.2f} s, ratio {seconds / by_hand:.2f}")
    assert seconds / by_hand < 5


def _by_hand(loss: Callable[[Tensor], Tensor], at: Tensor, steps: int) -> float:
    """Seconds of torch's own Adam."""
    x = at.clone().requires_grad_()
    optimiser = torch.optim.Adam([x], lr=float(RATE))
    began = time.perf_counter()
    for _ in range(steps):
        optimiser.zero_grad()
        loss(x).backward()
        optimiser.step()
    return time.perf_counter() - began


def test_help_takes_less_than_a_third_of_a_second() -> None:
    """CPU time of the quickest of five: what others do on the machine is not ours."""
    used = min(_cpu_seconds([*COMMAND, "--help"]) for _ in range(5))
    print(f"\n--help: {used:.2f} s of CPU")
    assert used < 0.3


def _cpu_seconds(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
