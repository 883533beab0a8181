"""`xlcollab warm`: afterwards nothing is left to compile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_WARM = "from xlcollab.faces.cli import main; main()"
_LEFT = (
    "from xlcollab.kernels.program.machine.ready import seconds_to_compile as left;"
    "print(left('evaluate', 'batch', 'descend'))"
)


def said(cache: Path, code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    ).stdout


@pytest.mark.slow
def test_after_warm_nothing_is_left_to_compile(tmp_path: Path) -> None:
    assert float(said(tmp_path, _LEFT)) > 0
    seconds = json.loads(said(tmp_path, _WARM, "warm", "--json"))["seconds"]
    assert set(seconds) == {"sheets", "chains of rows", "factor models"}
    assert float(said(tmp_path, _LEFT)) == 0
    compiled = sorted(tmp_path.rglob("*.nbc"))
    said(tmp_path, _WARM, "warm")
    assert sorted(tmp_path.rglob("*.nbc")) == compiled
