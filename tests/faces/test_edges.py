"""Signals before a command listens and after it has ended: no traceback, and the command's code."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.faces.shell import bowl

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

_ROOT = Path(__file__).parents[2]


def _ended(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    head = "import signal\nfrom xlcollab.faces.edges import edges\n"
    command = [sys.executable, "-c", head + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated"), ("SIGHUP", 129, "terminated")],
)
def test_before_anything_is_loaded_it_ends_at_once(name: str, code: int, word: str) -> None:
    send = f"signal.raise_signal(signal.{name})\nprint('went on')"
    found = _ended(
        f"signal.signal(signal.{name}, signal.default_int_handler)\nedges.watch()\n{send}"
    )
    assert (found.returncode, found.stdout) == (code, "")
    assert found.stderr == f"xlcollab: {word}; nothing was written\n"


def test_after_the_end_one_more_changes_nothing_and_two_end_with_the_code() -> None:
    send = "signal.raise_signal(signal.SIGTERM)\n"
    code = f"edges.watch()\nedges.ended(7)\n{send}print('went on', flush=True)\n{send}print('no')"
    found = _ended(code)
    assert (found.returncode, found.stdout, found.stderr) == (7, "went on\n", "")


def test_what_is_to_be_ignored_stays_ignored() -> None:
    code = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\nedges.watch()\n"
    found = _ended(code + "signal.raise_signal(signal.SIGHUP)\nprint('went on')")
    assert (found.returncode, found.stdout) == (0, "went on\n")


def test_a_command_says_that_it_has_ended(tmp_path: Path) -> None:
    """A signal while Python takes its modules apart, after the last line of the command."""
    late = """
class Late:
    def __del__(self, send=signal.raise_signal, number=signal.SIGTERM): send(number)
signal.late = Late()
"""
    code = f"{late}from xlcollab.__main__ import main\nmain()"
    found = _ended(code, "inspect", bowl(tmp_path / "b.xlsx"))
    assert found.returncode == 0, found.stderr
    assert "Traceback" not in found.stderr


def test_the_script_begins_there() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"xlcollab": "xlcollab.__main__:main"}
