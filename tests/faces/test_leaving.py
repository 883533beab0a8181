"""The end of a command that loaded torch: quicker than Python's own, and nothing of it is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.build import build

LOADED = """
import atexit, sys, tempfile, types, weakref
sys.modules.setdefault("torch", types.ModuleType("torch"))
folder = tempfile.TemporaryDirectory()
atexit.register(lambda: sys.stderr.write(f"first {{folder.name}}\\n"))
{more}
from xlcollab.faces.cli import main
main()
"""
"""A command in a process that believes to have loaded torch."""


def ended(
    *arguments: str, more: str = "", python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    code = LOADED.format(more=more)
    command = [sys.executable, *python, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(("asked", "wanted"), [("book", 0), ("missing", 3), ("option", 2)])
def test_the_code_the_output_and_what_is_left_for_the_end(
    asked: str, wanted: int, tmp_path: Path
) -> None:
    book = build(tmp_path / "b.xlsx", {"S": {f"A{row}": 1.0 for row in range(1, 4000)}})
    given = {
        "book": ["inspect", str(book), "--json"],
        "missing": ["inspect", str(tmp_path / "no.xlsx")],
        "option": ["inspect", str(book), "--no-such-option"],
    }[asked]
    found = ended(*given)
    assert found.returncode == wanted, found.stderr
    folder = found.stderr.partition("first ")[2].strip()
    assert folder
    assert not Path(folder).exists()
    assert bool(found.stdout.endswith("}\n")) is (wanted == 0)


def test_a_thread_at_work_is_waited_for(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0}})
    work = "import threading\n"
    work += "def late(): threading.main_thread().join(); print('late', flush=True)\n"
    work += "threading.Thread(target=late).start()"
    found = ended("inspect", str(book), more=work)
    assert found.returncode == 0
    assert found.stdout.endswith("late\n")


def test_a_profiler_sees_the_end(tmp_path: Path) -> None:
    book = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0}})
    code = tmp_path / "run.py"
    code.write_text(LOADED.format(more=""))
    stats = tmp_path / "stats"
    command = [sys.executable, "-m", "cProfile", "-o", str(stats), str(code), "inspect", str(book)]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert stats.stat().st_size > 1000
