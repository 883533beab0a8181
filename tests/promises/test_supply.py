"""What the project says of its supply: licences are listed, bounds stand where we reach inside."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_every_dependency_has_a_licence() -> None:
    run = subprocess.run(
        [sys.executable, str(_ROOT / ".ci" / "licences")],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    assert {"torch", "numba", "openpyxl", "xlcollab"} <= {name for name, *_ in lines}
    assert [line for line in lines if line[2] == "not said"] == []


def test_what_we_reach_into_has_an_upper_bound() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    bounded = {one.partition(">=")[0] for one in project["dependencies"] if "<" in one}
    assert {"torch", "numba", "typer", "highspy", "xlsxwriter"} <= bounded
    assert (_ROOT / ".github" / "SECURITY.md").is_file()
