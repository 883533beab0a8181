"""1,000 epochs of every lesson tab, and how many times faster than LibreOffice that is.

    python -m tests.benchmarks.graddesc_epochs [BOOK]

needs the lesson's workbook. LibreOffice is asked for 50 epochs of each tab through its API; without
it the ratio is left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.graddesc.transcription import NAMES
from tests.shared_data import SHARED
from xlcollab.api.tabs.epochs import Epochs
from xlcollab.api.tabs.record import Recorder
from xlcollab.api.tabs.run import run_epochs
from xlcollab.files import FileBook
from xlcollab.plan import build_plan
from xlcollab.problems.tab.tab import read_tab

EPOCHS = 1000
REPLAYED = 50


def ours(book: Path) -> dict[str, tuple[float, float]]:
    """{tab: seconds to compile, seconds for the epochs with their record}."""
    plan = build_plan(FileBook(book).read())
    Epochs(plan, read_tab(plan.workbook, NAMES[0])).epoch()
    found = {}
    for sheet in NAMES:
        began = time.perf_counter()
        tab = read_tab(plan.workbook, sheet)
        epochs = Epochs(plan, tab)
        compiled = time.perf_counter()
        epochs.reset()
        ending = run_epochs(epochs, EPOCHS, Recorder.of_tab(tab, steps=False))
        found[sheet] = compiled - began, time.perf_counter() - compiled
        assert ending.status in ("done", "converged"), ending
    return found


def theirs(book: Path) -> dict[str, dict[str, Any]]:
    """The replay's answer by tab; empty where LibreOffice or its API is missing."""
    script = Path(__file__).parents[1] / "graddesc" / "office_replay.py"
    command = ["/usr/bin/python3", str(script), str(book), ",".join(NAMES), str(REPLAYED)]
    done = subprocess.run(command, capture_output=True)
    answer: dict[str, dict[str, Any]] = {} if done.returncode else json.loads(done.stdout)
    return answer


def main() -> None:
    source = Path(sys.argv[1]) if sys.argv[1:] else SHARED / "lesson" / "graddesc.xlsx"
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder, "book.xlsx")
        book.write_bytes(source.read_bytes())
        mine, others = ours(book), theirs(book)
    print(f"{'tab':12} {'compile s':>10} {'1,000 epochs s':>15} {'LibreOffice s':>14} {'ratio':>8}")
    for sheet, (compiled, seconds) in mine.items():
        office = others[sheet]["seconds"] * EPOCHS / REPLAYED if others else float("nan")
        row = f"{sheet:12} {compiled:10.3f} {seconds:15.3f} {office:14.1f}"
        print(f"{row} {office / seconds:8.0f}")


if __name__ == "__main__":
    main()
