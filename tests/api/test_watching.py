"""Cells that are watched while a model is solved: in history, chart, table and JSON."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from xlcollab.errors import UsageError

NAMES = [
    ("solver_opt", "S!$B$1", "S", True),
    ("solver_adj", "S!$A$1", "S", True),
    ("solver_typ", "2", "S", True),
]
RUN = {"method": "gd", "learning_rate": 0.1, "iterations": 4}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    cells = {
        "A1": 1.0,
        "B1": ("=(A1-3)^2", 4.0),
        "C1": "test RMSE",
        "D1": ("=ABS(A1-2)", 1.0),
        "E1": "other",
        "F1": ("=2*A1", 2.0),
        "G1": "validation loss",
        "H1": ("=5", 5.0),
        "D3": "test loss",
        "D4": ("=ABS(A1-1)", 0.0),
    }
    return build(tmp_path / "b.xlsx", {"S": cells}, names=NAMES)


def test_a_cell_that_nothing_moves_is_named(book: Path) -> None:
    opened = xc.open(book)
    said = opened.solve(**RUN, watch=["H1", "E1", "F1"]).warnings
    assert [one.split(",")[0] for one in said] == ["S!H1", "S!E1"]
    assert not opened.solve(**RUN).warnings


def _column(sheet: xc.OpenBook, heading: str) -> list[object]:
    history = sheet.workbook.sheet("S history")
    column = next(c for c in range(history.width) if history.value(3, c) == heading)
    return [history.value(row, column) for row in range(4, history.height)]


def test_a_cell_labelled_as_test_error_is_watched_without_asking(book: Path) -> None:
    opened = xc.open(book)
    solved = opened.solve(**RUN)  # type: ignore[arg-type]
    weights = solved.history["A1"].to_numpy()
    assert solved.watched == {
        "test RMSE": (pytest.approx(1.0), pytest.approx(abs(weights[-1] - 2))),
        "test loss": (pytest.approx(0.0), pytest.approx(abs(weights[-1] - 1))),
    }
    assert _column(opened, "test RMSE") == pytest.approx(list(abs(weights - 2)))
    charts = opened.changes().sheets[0].charts
    assert [series.name for series in charts[0].series] == ["objective", "test RMSE", "test loss"]


def test_the_cells_that_are_asked_for_are_watched(book: Path) -> None:
    opened = xc.open(book)
    solved = opened.solve(watch=["F1", "S!D1"], **RUN)  # type: ignore[arg-type]
    assert list(solved.watched) == ["other", "test RMSE"]
    assert solved.watched["other"][1] == pytest.approx(2 * solved.weights[0])


@pytest.mark.parametrize("text", ["D1:D2", "D1,F1"])
def test_an_area_is_no_cell(book: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no single cell"):
        xc.open(book).solve(watch=[text], **RUN)  # type: ignore[arg-type]


def test_the_shell_shows_before_and_after(book: Path) -> None:
    run = ("--method", "gd", "--learning-rate", "0.1", "--iterations", "4")
    found = xlcollab("solve", book, *run)
    assert "before → after" in found.out
    assert "test RMSE" in found.out
    (model,) = xlcollab("solve", book, *run, "--watch", "F1", "--json").json["models"]
    assert model["watched"]["other"]["initial"] == 2.0


def test_many_rows_are_evaluated_at_once_and_alike(book: Path) -> None:
    """By the machine, where a few go through the sheet one by one."""
    run = {"method": "gd", "learning_rate": 0.01, "iterations": 120}
    solved = xc.open(book).solve(**run)  # type: ignore[arg-type]
    opened = xc.open(book)
    opened.solve(**run)  # type: ignore[arg-type]
    weights = solved.history["A1"].to_numpy()
    shown = _column(opened, "test RMSE")
    assert shown[0] == pytest.approx(1.0)
    assert shown[-1] == pytest.approx(abs(weights[-1] - 2))
    assert len(shown) > 50
