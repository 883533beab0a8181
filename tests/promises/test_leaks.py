"""What a command took it gives back: open files and threads by default, memory as a slow test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import xlcollab as xc
from tests.faces.shell import bowl, xlcollab

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts by /proc")

_ROOT = Path(__file__).parents[2]
_RATINGS = "user,item,rating\n" + "".join(
    f"{user},{item},{1 + (user * item) % 5}\n" for user in range(1, 9) for item in range(1, 9)
)
_MOST_GROWTH = 0.01
_SOLVES = """
import sys
from pathlib import Path
import xlcollab as xc

def resident():
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])

for number in range(200):
    xc.open(sys.argv[1]).solve(iterations=20)
    if number in (99, 199):
        print(resident())
"""


def _solve(folder: Path) -> None:
    assert xlcollab("solve", folder / "book.xlsx", "-o", folder / "out.xlsx").code == 0


def _fit(folder: Path) -> None:
    (folder / "r.csv").write_text(_RATINGS)
    asked = ("--epochs", "1", "-o", folder / "model.xlsx")
    assert xlcollab("fit", folder / "r.csv", *asked).code == 0


def _refused(folder: Path) -> None:
    (folder / "bad.xlsx").write_bytes(b"PK\3\4 and nothing more")
    assert xlcollab("solve", folder / "bad.xlsx").code == 3


def _open(folder: Path) -> None:
    xc.open(folder / "book.xlsx").solve(iterations=3)


@pytest.mark.parametrize("use", [_solve, _fit, _refused, _open])
def test_no_file_or_thread_stays_open(use: Callable[[Path], None], tmp_path: Path) -> None:
    bowl(tmp_path / "book.xlsx")
    use(tmp_path)  # what is made once for the process stays
    before = _held()
    for _ in range(3):
        use(tmp_path)
    assert _held() == before


def _held() -> tuple[int, int]:
    return len(os.listdir("/proc/self/fd")), threading.active_count()


@pytest.mark.slow
def test_memory_is_flat_over_two_hundred_solves(tmp_path: Path) -> None:
    book = bowl(tmp_path / "book.xlsx")
    run = subprocess.run(
        [sys.executable, "-c", _SOLVES, str(book)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        check=True,
    )
    half, whole = map(int, run.stdout.split())
    assert whole < half * (1 + _MOST_GROWTH)
