"""A function without a derivative on the way to the objective: the cell is named, everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from xlcollab.errors import UnsupportedError
from xlcollab.settings.methods import METHODS

SAID = "Sheet1!B7 uses GAMMA.DIST, which has no derivative here; put functions that have one"
MINIMISED = ("--minimize", "Sheet1!B9", "--by-changing", "A1:A2")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    cells = {
        "A1": 1.0,
        "A2": 2.0,
        "B7": ("=GAMMA.DIST(1,A1,1,TRUE)", 0.8),
        "B8": ("=A2^2", 4.0),
        "B9": ("=(B7-0.4)^2+B8", 4.16),
        "C1": ("=GAMMA.DIST(1,A2,1,TRUE)", 0.9),
        "C2": ("=GAMMA.DIST(1,B2+1,1,TRUE)", 0.9),
    }
    return build(tmp_path / "b.xlsx", {"Sheet1": cells})


@pytest.mark.parametrize("method", [m for m, row in METHODS.items() if row.follows_slopes])
def test_solve(book: Path, method: str) -> None:
    found = xlcollab("solve", book, *MINIMISED, "--method", method)
    assert found.code == 3
    assert SAID in found.err
    assert not book.with_name("b.solved.xlsx").exists()


def test_solve_with_it_in_a_constraint(book: Path) -> None:
    given = ("--minimize", "Sheet1!B8", "--by-changing", "A1:A2", "--subject-to", "B7>=0.5")
    found = xlcollab("solve", book, *given, "--method", "sqp")
    assert found.code == 3
    assert SAID in found.err


def test_auto_has_a_population_for_it(book: Path) -> None:
    """To 0.4 by the shape, and the other cell to 0."""
    words = {"minimize": "Sheet1!B9", "by_changing": "Sheet1!A1:A2", "history": False}
    found = xc.open(book).solve(**words, population=20, time_limit=1.5)  # type: ignore[arg-type]
    assert found.solution.method == "evolutionary"
    assert found.objective < 0.1 < found.solution.initial


def test_solve_with_it_off_the_path(book: Path) -> None:
    found = xlcollab("solve", book, "--minimize", "Sheet1!B8", "--by-changing", "A2")
    assert found.code == 0


def test_gradient(book: Path) -> None:
    found = xlcollab("gradient", book, "--of", "Sheet1!B9", "--with-respect-to", "Sheet1!A1:A2")
    assert found.code == 3
    assert SAID in found.err


def test_python(book: Path) -> None:
    opened = xc.open(book)
    with pytest.raises(UnsupportedError, match=r"Sheet1!B7 uses GAMMA\.DIST"):
        opened.solve(minimize="Sheet1!B9", by_changing="Sheet1!A1:A2", method="lbfgs")
    with pytest.raises(UnsupportedError, match=r"Sheet1!B7 uses GAMMA\.DIST"):
        opened.gradient("Sheet1!B9", with_respect_to="Sheet1!A1:A2")
    function = opened.function("Sheet1!B9", by_changing="Sheet1!A1:A2")
    with pytest.raises(UnsupportedError, match=r"Sheet1!B7 uses GAMMA\.DIST"):
        function.value_and_gradient(np.array([1.0, 2.0]))
    with pytest.raises(UnsupportedError, match=r"Sheet1!B7 uses GAMMA\.DIST"):
        function(torch.ones(2, dtype=torch.float64, requires_grad=True))
    assert torch.isfinite(function(torch.ones(2, dtype=torch.float64)))


@pytest.mark.parametrize("second", [(), ("--second",)])
def test_a_text_has_no_slope_but_a_sentence(tmp_path: Path, second: tuple[str, ...]) -> None:
    cells = {"A1": 2.0, "B1": ('="x"&A1', "x2")}
    path = build(tmp_path / "t.xlsx", {"S": cells})
    run = ("gradient", path, "--of", "S!B1", "--with-respect-to", "S!A1", *second)
    found = xlcollab(*run)
    assert found.code == 3
    assert "S!B1 is no number" in found.err
