"""No network at run time, no process is started, and nothing is written but the result, its
temporary file beside it, and caches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faces.shell import bowl
from tests.graddesc.typed_tabs import Layout, sgd_cells, write

_ROOT = Path(__file__).parents[2]
_RATINGS = "user,item,rating\n" + "".join(
    f"{user},{item},{1 + (user * item) % 5}\n" for user in range(1, 9) for item in range(1, 9)
)


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
def test_commands_ask_nothing_else_of_the_system(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    bowl(folder / "book.xlsx")
    write(folder / "tabs.xlsx", {"sgd": sgd_cells(Layout())})
    (folder / "ratings.csv").write_text(_RATINGS)
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("watched.py")), str(folder)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "HOME": str(tmp_path / "home")},
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    said = json.loads(run.stdout.splitlines()[-1])
    assert {name: code for name, (code, _) in said["codes"].items() if code} == {}, said
    assert said["found"] == []
    strays = [path.name for path in folder.iterdir() if path.name.startswith(".xlcollab")]
    assert strays == []
