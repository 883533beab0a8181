"""Verbs over any `Book`, not only over a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import build
from xlcollab.api import OpenBook
from xlcollab.errors import UsageError
from xlcollab.files import FileBook
from xlcollab.grid.memory import MemoryBook
from xlcollab.ref import CellRef


def parabola(path: Path) -> Path:
    """(x - 3)² in B1, with x in A1."""
    return build(path / "book.xlsx", {"S": {"A1": 1.0, "B1": ("=(A1-3)^2", 4.0)}})


def test_solves_over_memory_and_stores(tmp_path: Path) -> None:
    memory = MemoryBook(FileBook(parabola(tmp_path)).read())
    book = OpenBook.over(memory, "in memory")
    book.solve(book.model(minimize="S!B1", by_changing="S!A1"), method="lbfgs")
    assert memory.read().value(CellRef("S", 0, 0)) == 1.0
    book.store()
    assert memory.read().value(CellRef("S", 0, 0)) == pytest.approx(3.0)
    assert memory.read().value(CellRef("S", 0, 1)) == pytest.approx(0.0, abs=1e-10)


def test_stores_every_change_once(tmp_path: Path) -> None:
    book = OpenBook.over(MemoryBook(FileBook(parabola(tmp_path)).read()))
    book.solve(book.model(minimize="S!B1", by_changing="S!A1"), history=False)
    book.store()
    assert not book.changes().inputs
    assert not book.changes().results


def test_files_are_saved_and_others_stored(tmp_path: Path) -> None:
    path = parabola(tmp_path)
    with pytest.raises(UsageError, match=r"save\(\) writes it"):
        OpenBook(path).store()
    with pytest.raises(UsageError, match=r"store\(\) writes to it"):
        OpenBook.over(FileBook(path)).save()
