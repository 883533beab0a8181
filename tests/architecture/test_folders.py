"""The arrows inside the rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.folders import FOLDERS, folder_faults
from tests.architecture.rooms import ROOT

MOST_FILES = 22
"""A folder with more files than this wants folders of its own."""
CROWDED = {
    "xlcollab/faces/commands": "a file a command",
    "xlcollab/optim": "the pieces around the one loop, a file each",
}


def test_every_import_inside_a_room_follows_the_table() -> None:
    found = folder_faults()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", FOLDERS)
def test_the_table_of_a_room_has_no_loops(room: str) -> None:
    arrows = {name: set(targets.split()) for name, targets in FOLDERS[room].items()}
    while arrows:
        free = {name for name, targets in arrows.items() if not targets}
        assert free, f"folders that import one another: {sorted(arrows)}"
        arrows = {name: targets - free for name, targets in arrows.items() if name not in free}


@pytest.mark.parametrize(
    "text",
    [
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from xlcollab.kernels.trace.tracer import Tracer\n",
        "from xlcollab.kernels import trace\n",
        "def f() -> None:\n    import xlcollab.kernels.trace.tracer\n",
    ],
)
def test_a_planted_fault_is_caught(text: str, tmp_path: Path) -> None:
    file = tmp_path / "kernels" / "values" / "planted.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    (sentence,) = folder_faults(tmp_path)
    assert "kernels/values → kernels/trace" in sentence


def test_no_folder_is_crowded_without_a_reason() -> None:
    counts = {
        folder.relative_to(ROOT.parent).as_posix(): len(list(folder.glob("*.py")))
        for folder in [ROOT, *ROOT.rglob("*")]
        if folder.is_dir()
    }
    crowded = {name for name, count in counts.items() if count > MOST_FILES}
    assert crowded <= CROWDED.keys(), crowded - CROWDED.keys()
