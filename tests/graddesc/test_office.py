"""The lesson's tabs against LibreOffice, driven through its API: the same buttons."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.graddesc.transcription import NAMES
from tests.shared_data import lesson
from xlcollab.api.tabs.epochs import Epochs
from xlcollab.files import FileBook
from xlcollab.plan import build_plan
from xlcollab.problems.tab.tab import read_tab
from xlcollab.ref import CellRef, parse_cell

COUNTS = (0, 1, 5, 50)
UNTIL = {"eve": 5, "adagrad_ann": 5}
"""LibreOffice adds up with Kahan's correction, Excel from left to right, so that sums differ in
their last digit. These two tabs feed sums back (the loss; the norms of ever smaller gradients),
and their steps amplify the difference; later epochs are judged by the transcription alone."""


def system_python() -> str:
    """A Python with LibreOffice's API and LibreOffice itself, or the test is skipped."""
    python = "/usr/bin/python3"
    usable = Path(python).exists() and shutil.which("soffice")
    if not usable or subprocess.run([python, "-c", "import uno"], capture_output=True).returncode:
        pytest.skip("needs LibreOffice and its Python API (python3-uno)")
    return python


@pytest.mark.slow
def test_epochs_are_those_of_libreoffice(tmp_path: Path) -> None:
    book = tmp_path / "graddesc.xlsx"
    shutil.copy(lesson("graddesc.xlsx"), book)
    script = Path(__file__).with_name("office_replay.py")
    counts = [str(count) for count in COUNTS]
    done = subprocess.run(
        [system_python(), str(script), str(book), ",".join(NAMES), *counts],
        capture_output=True,
        timeout=400,
        check=True,
    )
    replayed: dict[str, dict[str, Any]] = json.loads(done.stdout)
    plan = build_plan(FileBook(book).read())
    for sheet in NAMES:
        epochs = Epochs(plan, read_tab(plan.workbook, sheet))
        epochs.reset()
        for count in range(UNTIL.get(sheet, max(COUNTS)) + 1):
            if count:
                epochs.epoch()
            for address, value in replayed[sheet].get(str(count), {}).items():
                cell = CellRef(sheet, *parse_cell(address))
                found = epochs.registers[epochs.program.register(cell)]
                assert found == pytest.approx(value, rel=1e-12, abs=0.0), (count, str(cell))
