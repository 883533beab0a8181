"""Short runs do not pay for compiling the machine; long ones do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.build import build
from xlcollab.errors import UnsupportedError
from xlcollab.kernels.program import function, worth
from xlcollab.kernels.program.function import MachineFunction
from xlcollab.kernels.program.lower import lowered
from xlcollab.kernels.program.machine.ready import seconds_to_compile
from xlcollab.kernels.program.worth import worth_compiling


def lasting(seconds: float) -> Callable[[], None]:
    return lambda: time.sleep(seconds)


def refused() -> None:
    raise UnsupportedError("no such function")


@pytest.mark.parametrize(
    ("cost", "work", "times", "most", "wanted"),
    [
        (0.0, lasting(0.0), 1, 1.0, True),
        (10.0, lasting(0.0), 300, float("inf"), False),
        (10.0, lasting(0.01), 100_000, float("inf"), True),
        (10.0, lasting(0.01), 100_000, 25.0, False),
        (10.0, lasting(0.01), 100_000, 35.0, True),
        (10.0, refused, 100_000, float("inf"), False),
    ],
    ids=["ready", "short", "long", "long-but-limited", "long-enough", "refused"],
)
def test_a_run_is_worth_compiling_when_the_tape_takes_longer(
    cost: float,
    work: Callable[[], None],
    times: int,
    most: float,
    wanted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worth, "seconds_to_compile", lambda *parts: cost)
    assert worth_compiling(work, times, ("evaluate",), most) is wanted


def test_the_first_evaluation_of_all_may_load_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worth, "seconds_to_compile", lambda *parts: 1.0)
    naps = iter([0.3, 0.0, 0.0])
    assert not worth_compiling(lambda: time.sleep(next(naps)), 100, ("evaluate",))


def test_a_function_is_compiled_when_its_calls_have_taken_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(function, "time", SimpleNamespace(perf_counter=lambda: seconds[0]))
    monkeypatch.setattr(function, "seconds_to_compile", lambda *parts: 0.1)
    start = torch.tensor([2.0, 3.0], dtype=torch.float64)

    def slow(x: torch.Tensor) -> torch.Tensor:
        seconds[0] += 0.03
        return (x * x).sum()

    machine = MachineFunction(slow, start)
    found = [machine(start).item() for _ in range(2)]
    assert machine.program is None
    found += [machine(start).item() for _ in range(3)]
    assert machine.program is not None
    assert found == [13.0] * 5


def test_what_has_run_is_ready() -> None:
    start = torch.ones(2, dtype=torch.float64)
    assert lowered(lambda x: (x * x).sum(), start) is not None
    assert seconds_to_compile("evaluate") == 0.0


def test_a_short_solve_with_an_empty_cache_compiles_no_machine(tmp_path: Path) -> None:
    book = build(
        tmp_path / "book.xlsx",
        {"S": {"A1": 1.0, "A2": 2.0, "B1": ("=(A1-3)^2+(A2+1)^2*(1+A1^2)", 22.0)}},
    )
    cache = tmp_path / "cache"
    code = "from xlcollab.faces.cli import main; main()"
    asked = ["solve", str(book), "--minimize", "S!B1", "--by-changing", "S!A1:A2"]
    subprocess.run(
        [sys.executable, "-c", code, *asked, "--method", "adam", "-o", str(tmp_path / "out.xlsx")],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert not list(cache.rglob("*evaluate*.nbc"))
