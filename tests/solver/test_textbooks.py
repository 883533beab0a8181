"""What a reader of textbooks gets with all defaults, beside another engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solver.textbook import BOOKS


@pytest.mark.parametrize("name", BOOKS)
def test_a_textbook_model_is_solved_as_it_stands(name: str, tmp_path: Path) -> None:
    book = BOOKS[name]()
    found = book.model.solve(tmp_path)
    assert found.code == 0, found.err
    (told,) = found.json["models"]
    truth = book.truth()
    assert told["final"] == pytest.approx(truth, rel=book.rel, abs=1e-6), told["message"]
    assert book.status in ("", told["status"])
