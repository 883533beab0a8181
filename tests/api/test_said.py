"""Sentences spell options as their reader would: flags at a shell, arguments in Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from xlcollab.errors import OutOfTimeError, UsageError, XlcollabError, in_shell, said

SAID = {
    "use --method auto": "use method='auto'",
    "give --minimize, --maximize or --target 'cell=value'": (
        "give minimize, maximize or target='cell=value'"
    ),
    "--minimize 'S!B1' --by-changing 'S!A1:A5'": "minimize='S!B1', by_changing='S!A1:A5'",
    "start from other values (--init uniform)": "start from other values (init='uniform')",
    "use --in-place to overwrite it": "use in_place=True to overwrite it",
    "run with --no-history, which adds none": "run with history=False, which adds none",
    "add --validation-fraction 0.1": "add validation_fraction=0.1",
    "--multistart looks for them, --engine global for a proof.": (
        "multistart looks for them, engine='global' for a proof."
    ),
    "a -- b, x--y, =--(A1>3)": "a -- b, x--y, =--(A1>3)",
}


@pytest.mark.parametrize("text", SAID)
def test_options_are_spelt_for_the_reader(text: str) -> None:
    assert said(text) == SAID[text]
    error = UsageError(text)
    assert str(error) == SAID[text]
    with in_shell():
        assert said(text) == str(error) == text
    assert str(error) == SAID[text]


@pytest.fixture
def book(tmp_path: Path) -> xc.OpenBook:
    cells = {"A1": 1.0, "A2": None, "B1": "=(A1-3)^2", "B2": "=SQRT(-1-A2^2)", "C1": "=SIN(A1)"}
    return xc.open(build(tmp_path / "b.xlsx", {"S": cells, "T": {"A1": 1.0}}))


WRONG: dict[str, Callable[[xc.OpenBook], object]] = {
    "no model": lambda book: book.solve(),
    "none on the sheet": lambda book: book.solve("T"),
    "no variables": lambda book: book.solve(minimize="S!B1"),
    "no sheet": lambda book: book.model(minimize="B1", by_changing="A1"),
    "two goals": lambda book: book.model(minimize="S!B1", maximize="S!B1", by_changing="S!A1"),
    "no value": lambda book: book.model(target="S!B1", by_changing="S!A1"),
    "an error everywhere": lambda book: book.solve(minimize="S!B2", by_changing="S!A2"),
    "an engine and a method": lambda book: book.solve(
        minimize="S!B1", by_changing="S!A1", engine="grg", method="adam"
    ),
    "watched cells": lambda book: book.solve(
        minimize="S!B1", by_changing="S!A1", watch=["S!A1:A2"]
    ),
    "itself": lambda book: book.save(book.path),
    "a model and words": lambda book: book.solve(
        book.model(minimize="S!B1", by_changing="S!A1"), minimize="S!B1"
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_no_flag_is_named_in_python(book: xc.OpenBook, name: str) -> None:
    with pytest.raises(XlcollabError) as raised:
        WRONG[name](book)
    assert "--" not in str(raised.value)


def test_messages_of_runs_name_none_either(book: xc.OpenBook) -> None:
    found = book.solve(minimize="S!C1", by_changing="S!A1")
    assert "multistart looks for them" in found.solution.message
    assert not [text for text in (found.solution.message, *found.warnings) if "--" in text]


def test_at_a_shell_flags_are_named(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "B1": "=A1^2", "C1": "=SIN(A1)"}})
    assert "--by-changing" in xlcollab("solve", path).sentence
    told = xlcollab("solve", path, "--minimize", "S!C1", "--by-changing", "S!A1")
    assert "--multistart looks for them" in told.err
    with pytest.raises(XlcollabError, match="by_changing"):
        xc.open(path).solve()


def test_words_of_a_model_are_arguments_of_solve(book: xc.OpenBook) -> None:
    found = book.solve(minimize="S!B1", by_changing="S!A1", subject_to="S!A1>=4", method="sqp")
    assert found.weights == pytest.approx(np.array([4.0]))
    found = book.solve("S", minimize="B1", by_changing="A1", subject_to=["A1>=4", "A1>=5"])
    assert found.weights == pytest.approx(np.array([5.0]))


def test_a_limit_before_the_first_step_is_an_error_of_ours(
    book: xc.OpenBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a notebook an interruption without a word would look like one's own."""
    monkeypatch.setattr("xlcollab.api.solve.solving.seconds_to_compile", lambda *_: 1e-6)
    with pytest.raises(OutOfTimeError, match="give it a longer time_limit"):
        book.solve(minimize="S!B1", by_changing="S!A1", time_limit=1.0)
    assert not book.changes().inputs
    assert not book.changes().results
