"""Bad input gets one sentence and an exit code; no traceback, no output file, nothing left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faces.bad_books import FILES, MODELS, USAGE, Case
from tests.faces.shell import listing, xlcollab

ALL = {**FILES, **MODELS, **USAGE}


@pytest.mark.parametrize("name", ALL)
def test_solve_refuses_in_one_sentence(name: str, tmp_path: Path) -> None:
    case = ALL[name]
    book = tmp_path / "book.xlsx"
    case.make(book)
    before = listing(tmp_path)
    found = xlcollab("solve", book, *case.arguments)
    assert found.code == case.code, found
    assert listing(tmp_path) == before
    assert len(found.err.splitlines()) == 1
    said = found.out + found.err
    for word in case.words:
        assert word in " ".join(said.split()), said
    assert "Traceback" not in said
    assert "internal error" not in said
    assert "written to" not in said


@pytest.mark.parametrize("command", ["inspect", "recalc", "gradient"])
@pytest.mark.parametrize("name", FILES)
def test_no_command_reads_what_is_no_workbook(name: str, command: str, tmp_path: Path) -> None:
    case: Case = FILES[name]
    book = tmp_path / "book.xlsx"
    case.make(book)
    more = ("--of", "A1", "--with-respect-to", "B1") if command == "gradient" else ()
    found = xlcollab(command, book, *more)
    assert found.code == 3
    assert not found.out
    for word in case.words:
        assert word in found.sentence
