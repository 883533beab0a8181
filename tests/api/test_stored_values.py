"""Stored values are trusted unless the file says that they may be out of date."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import minimised

CELLS = {"A1": 1.0, "C1": 2.0, "D1": "=C1*10", "E1": "=D1+1", "B1": "=(A1-D1)^2"}
"""XlsxWriter stores 0 for every formula; Excel would show 20, 21 and 361."""


def _book(path: Path) -> Path:
    return build(path, {"S": CELLS}, minimised("S", "S!$B$1", "S!$A$1"))


def test_zeros_of_a_library_are_not_taken_for_values(tmp_path: Path) -> None:
    book = xc.open(_book(tmp_path / "b.xlsx"))
    solved = book.solve()
    assert solved.solution.initial == 361.0
    assert solved.weights == pytest.approx([20.0])
    assert any("3 stored values were out of date" in text for text in solved.warnings)
    sheet = openpyxl.load_workbook(book.save(), data_only=True)["S"]
    assert [sheet[cell].value for cell in ("D1", "E1")] == [20.0, 21.0]


def test_gradients_see_the_true_values(tmp_path: Path) -> None:
    found = xc.open(_book(tmp_path / "b.xlsx")).gradient("B1", with_respect_to="A1")
    assert (found.value, found.derivatives.tolist()) == (361.0, [-38.0])


def test_values_that_excel_stored_are_taken_as_they_are(tmp_path: Path) -> None:
    """A formula off the variables may be beyond us; its value is not."""
    path = _book(tmp_path / "b.xlsx")
    book = openpyxl.load_workbook(path)
    book["S"]["D1"] = 20.0
    book.calculation.fullCalcOnLoad = False
    book.save(path)
    solved = xc.open(path).solve()
    assert solved.weights == pytest.approx([20.0])
    assert solved.warnings == ()


def test_recalculation_happens_once(tmp_path: Path) -> None:
    book = xc.open(_book(tmp_path / "b.xlsx"))
    assert book.refresh() == 3
    assert book.refresh() == 0


def test_a_second_solve_of_our_own_output_finds_all_values_in_date(tmp_path: Path) -> None:
    book = xc.open(_book(tmp_path / "b.xlsx"))
    book.solve()
    again = xc.open(book.save()).solve()
    assert again.warnings == ()
    assert again.objective == pytest.approx(0.0, abs=1e-12)
