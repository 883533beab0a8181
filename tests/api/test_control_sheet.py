"""The control sheet of a book is the default of a run; what is asked for wins."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc

BOOK = Path(__file__).resolve().parents[2] / "workbooks" / "collab_filter.xlsx"


def test_the_sheet_speaks_where_nothing_is_asked() -> None:
    solved = xc.open(BOOK).solve("word_embeddings", history=False)
    assert solved.solution.method == "adam"
    assert solved.solution.iterations == 300
    assert solved.record.column("penalty")[0] > 0
    assert "as the sheet control asks" in solved.solution.message


def test_what_is_asked_wins() -> None:
    solved = xc.open(BOOK).solve(
        "word_embeddings", method="gd", iterations=3, l2=0.0, history=False
    )
    assert solved.solution.method == "gd"
    assert solved.solution.iterations == 3
    assert solved.record.column("penalty").tolist() == [0.0] * 4
    assert "as asked" in solved.solution.message


@pytest.mark.parametrize("method", ["lbfgs", "lm"])
def test_settings_that_the_asked_method_does_not_take_are_left_out(method: str) -> None:
    solved = xc.open(BOOK).solve("word_embeddings", method=method, iterations=2, history=False)
    assert solved.solution.method == method
