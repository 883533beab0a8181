"""A command that needs more memory than it may have says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faces.hostile_books import formula_book
from tests.faces.shell import xlcollab
from xlcollab.faces.memory import available_memory


def test_there_is_memory() -> None:
    assert 1 << 28 < available_memory() <= 1 << 45


def test_no_memory_is_no_limit() -> None:
    found = xlcollab("--memory-limit", "0", "inspect", "x.xlsx")
    assert (found.code, "0.25 gigabytes or more" in found.err) == (2, True)


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_a_limit_ends_in_a_sentence(tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    formula_book("SUM(SEQUENCE(8000,8000)*2)")(book)
    command = [sys.executable, "-m", "xlcollab", "--memory-limit", "1", "recalc", str(book)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode in (0, 3), found
    assert "needs more memory than there is" in found.stdout + found.stderr
    assert "internal error" not in found.stderr
