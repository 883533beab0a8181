"""The generators: the same bytes each time, the committed content, a person's look."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.workbooks.made import FOLDER, NAMES, TRAINED
from xlcollab.api.lessons.evaluated import write_evaluated
from xlcollab.errors import ModelError
from xlcollab.files import FileBook
from xlcollab.grid import Sheet
from xlcollab.history import HEAD_ROW
from xlcollab.lessons import Page
from xlcollab.ref import parse_area

from lessons import collab_filter, graddesc  # isort: skip
from lessons.content import differences, same_text  # isort: skip


def test_two_writings_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_evaluated(tmp_path / name, graddesc.pages()[:2], title=graddesc.TITLE)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    assert list(differences(tmp_path / "one.xlsx", tmp_path / "two.xlsx", 0.0)) == []


def test_a_changed_cell_is_a_difference(tmp_path: Path) -> None:
    pages = graddesc.pages()[:1]
    write_evaluated(tmp_path / "one.xlsx", pages, title=graddesc.TITLE)
    pages[0].put(4, 1, 9.5, "data")
    write_evaluated(tmp_path / "two.xlsx", pages, title=graddesc.TITLE)
    found = list(differences(tmp_path / "one.xlsx", tmp_path / "two.xlsx", 1e-9))
    assert "xl/worksheets/sheet1.xml differs" in found
    assert list(differences(tmp_path / "none.xlsx", tmp_path / "one.xlsx", 1e-9)) == ["is missing"]


def test_a_formula_that_cannot_be_evaluated_is_named(tmp_path: Path) -> None:
    page = Page("s")
    page.put(0, 0, "=NOSUCHFUNCTION(1)")
    with pytest.raises(ModelError, match="s!A1"):
        write_evaluated(tmp_path / "book.xlsx", [page], title="test")


@pytest.mark.slow
def test_the_committed_workbooks_are_up_to_date() -> None:
    script = [sys.executable, str(FOLDER / "regenerate.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout
    assert "up to date" in done.stdout


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("<v>1.0000000001</v>", "<v>1</v>", True),
        ("<v>1.1</v>", "<v>1</v>", False),
        ("<v>1</v>", "<f>1</f>", False),
        ("a 1 b 2e-12", "a 1.0 b 0", True),
    ],
)
def test_content_is_compared_by_number(first: str, second: str, same: bool) -> None:
    assert same_text(first, second, 1e-9) is same


@pytest.mark.parametrize("name", NAMES)
def test_every_sheet_introduces_itself_and_can_be_printed(name: str) -> None:
    for sheet in openpyxl.load_workbook(FOLDER / name):
        assert isinstance(sheet["A1"].value, str), sheet.title
        assert len(sheet["A2"].value.split()) > 25, sheet.title
        assert sheet.freeze_panes is not None, sheet.title
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.column_dimensions, sheet.title


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "gradient_descent_formulas.xlsx"])
def test_control_cells_are_validated(name: str) -> None:
    sheet = openpyxl.load_workbook(FOLDER / name)["control"]
    rules = {str(rule.sqref): rule.type for rule in sheet.data_validations.dataValidation}
    assert rules["B4"] == "list"
    assert all(rule in ("list", "decimal") for rule in rules.values())
    assert len(rules) >= 14


def test_charts_show_their_series_in_every_lesson() -> None:
    books = {name: openpyxl.load_workbook(FOLDER / name) for name in NAMES}
    assert len(books["gradient_descent_formulas.xlsx"]["control"]._charts) == 2
    assert all(sheet._charts for sheet in books["graddesc.xlsx"])
    assert books["collab_filter.xlsx"]["word_embeddings"]._charts


@pytest.mark.parametrize("name", TRAINED)
def test_trained_workbooks_are_the_same_on_any_day(name: str) -> None:
    """Neither a date nor the clock stands in them: two writings could not be compared."""
    for sheet in FileBook(FOLDER / name).read():
        column = [str(sheet.value(row, 0)) for row in range(sheet.height)]
        assert not any(" UTC" in text for text in column), sheet.name
        heads = [sheet.value(HEAD_ROW, place) for place in range(sheet.width)]
        assert "seconds" not in heads, sheet.name
        assert "Seconds" not in column, sheet.name
        for series in _series_of(name, sheet.name):
            x, y = (_heading(sheet, ref.numRef.f) for ref in (series.xVal, series.yVal))
            if series.tx.v in heads:
                assert (x, y) in (("iteration", series.tx.v), ("epoch", series.tx.v)), sheet.name
            elif series.tx.v == "path":
                assert (x, y) == ("b", "a"), sheet.name


@cache
def _loaded(name: str) -> Any:
    return openpyxl.load_workbook(FOLDER / name)


def _series_of(name: str, sheet: str) -> list[Any]:
    return [
        series for chart in _loaded(name)[sheet]._charts for series in chart.series if series.tx
    ]


def _heading(sheet: Sheet, formula: str) -> object:
    """What stands above the column that a series shows."""
    return sheet.value(HEAD_ROW, parse_area(formula.replace("$", "")).rect.left)


def test_invented_films_keep_their_order() -> None:
    crosstab = next(page for page in collab_filter.pages() if page.name == "crosstab")
    assert crosstab.cells[4, 1].content == "Copper Orbit"
