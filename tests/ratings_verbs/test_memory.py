"""The memory that a fit says it will take, beside what the system counted when it had ended."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xlcollab.ratings import read_ratings

_SAID = re.compile(r"takes about ([0-9,]+) MB at its peak")
_PEAK = re.compile(r"VmHWM:\s*(\d+) kB")
_FIT = """
import atexit, runpy, sys
from pathlib import Path
def tell():
    print(Path("/proc/self/status").read_text(), file=sys.stderr)
atexit.register(tell)
runpy.run_module("xlcollab", run_name="__main__", alter_sys=True)
"""
"""The command, which tells at its end what the system counted for it: what wait4 tells counts the
process too from which it was started."""
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is told by /proc")


def _ratings(path: Path, n: int) -> Path:
    rng = np.random.default_rng(0)
    pairs = np.unique(rng.integers(0, 4000 * 900, int(1.1 * n)))[:n]
    rng.shuffle(pairs)
    frame = pd.DataFrame({"user": pairs // 900, "item": pairs % 900})
    frame["rating"] = rng.integers(1, 11, len(frame)) / 2
    frame.to_csv(path, index=False)
    return path


@linux
@pytest.mark.parametrize(
    ("n", "options"),
    [
        (2_000, ["--quality", "fast", "-o", "model.safetensors"]),
        (400_000, ["--epochs", "2", "-o", "model.safetensors"]),
        pytest.param(
            *(400_000, ["--optimizer", "als", "--epochs", "1", "-o", "model.safetensors"]),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(100_000, ["--epochs", "1", "--n-factors", "8", "-o", "model.xlsx"]),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_memory_said_is_within_a_quarter_of_the_peak(
    n: int, options: list[str], tmp_path: Path
) -> None:
    source = _ratings(tmp_path / "ratings.csv", n)
    command = [sys.executable, "-c", _FIT, "fit", str(source), *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = done.stderr
    assert done.returncode == 0, told
    said = float(_SAID.search(told)[1].replace(",", ""))  # type: ignore[index]
    peak = float(_PEAK.search(told)[1]) * 1024 / 1e6  # type: ignore[index]
    assert 0.75 <= said / peak <= 1.25, told


_READ = """
import sys
from pathlib import Path
def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return [int(l.split()[1]) * 1024 for l in lines if l.startswith(("VmHWM", "VmRSS"))]
from xlcollab.ratings import read_ratings
read_ratings(sys.argv[1])
before = held()[1]
n = len(read_ratings(sys.argv[2]))
print((held()[0] - before) / n)
"""


@linux
def test_a_row_of_text_takes_no_more_than_60_bytes_beyond_what_arrow_holds(tmp_path: Path) -> None:
    few, many = (_ratings(tmp_path / f"{n}.csv", n) for n in (100_000, 800_000))
    done = subprocess.run(
        [sys.executable, "-c", _READ, few, many], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 60 + 45e6 / len(read_ratings(many))
