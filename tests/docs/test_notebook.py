"""The notebook runs from its first cell to its last, and holds no output that was not made now."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import xlcollab

NOTEBOOK = Path(xlcollab.__file__).parent / "docs" / "lesson.ipynb"
_RUN = """
import nbformat, sys
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], 4)
NotebookClient(book, timeout=240, kernel_name="python3").execute(cwd=sys.argv[2])
nbformat.write(book, sys.argv[3])
"""


def test_the_notebook_is_committed_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) > 8
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_the_notebook_runs(tmp_path: Path) -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("matplotlib")
    done = tmp_path / "done.ipynb"
    command = [sys.executable, "-c", _RUN, str(NOTEBOOK), str(tmp_path), str(done)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    cells = json.loads(done.read_text("utf-8"))["cells"]
    shown = [
        kind
        for cell in cells
        if cell["cell_type"] == "code"
        for output in cell["outputs"]
        for kind in output.get("data", {})
    ]
    assert shown.count("text/html") >= 5  # the table, the book, two runs, the model
    assert shown.count("image/png") == 3
