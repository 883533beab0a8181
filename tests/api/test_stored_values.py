"""Stored values are trusted unless the file says that they may be out of date."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import openpyxl
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import minimised
from xlcollab.grid import ErrorCode

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


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("=[1]!rate*2", "rate is a name of another workbook"),
        ("=[1]Sheet1!rate*2", "rate is a name of another workbook"),
        ("=[1]Sheet1!A1*2", "lies in another workbook"),
        ("=SUM([1]Sheet1!A1:A3)", "lies in another workbook"),
        ('=GETPIVOTDATA("x",A1)', "GETPIVOTDATA reads a pivot table"),
        ('=CUBEVALUE("c","m")', "asks a data server"),
        ('=WEBSERVICE("http://example.org")', "asks a service"),
    ],
)
def test_what_cannot_be_evaluated_keeps_its_stored_value(
    formula: str, said: str, tmp_path: Path
) -> None:
    """And who reads it goes on with it."""
    cells = {"A1": 1.0, "B1": (formula, 42.0), "C1": "=B1+A1", "D1": ("=[0]!own*2", 0.0)}
    names = [("own", "S!$A$1", None, False)]
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}, names))
    (refused,) = book.recalculate().unsupported
    assert said in refused.reason
    again = xc.open(book.save(tmp_path / "out.xlsx"))
    sheet = again.workbook.sheets[0]
    assert [sheet.value(0, column) for column in (1, 2, 3)] == [42.0, 43.0, 2.0]


def test_an_array_formula_reaches_past_the_used_area(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "A2": 2.0, "D1": ("{=A1:A2*2}", "D1:E6"), "A3": '=SUMIF(D1:E6,">0")'}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    assert not book.recalculate().unsupported
    again = xc.open(book.save(tmp_path / "out.xlsx"))
    sheet = again.workbook.sheets[0]
    found = [[sheet.value(row, column) for column in (3, 4)] for row in range(6)]
    assert found == [[2.0, 2.0], [4.0, 4.0]] + [[ErrorCode.NA, ErrorCode.NA]] * 4
    assert sheet.value(2, 0) == 12.0
    assert not again.recalculate().differences


def test_two_formulas_far_apart_take_no_room_between_them(tmp_path: Path) -> None:
    """They were compared in an array of all cells from one to the other; and in reading order."""
    cells = {"A1": 2.0, "CZ60000": "=B1+1", "B1": "=A1^2", "B60000": "=B1+2", "CZ1": "=A1"}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    found = book.recalculate()
    tracemalloc.start()
    again = book.recalculate()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (again.matched, again.differences) == (4, ())
    told = [(str(one.cell).split("!")[1], one.computed) for one in found.differences]
    assert told == [("B1", 4.0), ("CZ1", 2.0), ("B60000", 6.0), ("CZ60000", 5.0)]
    assert peak < 20e6
