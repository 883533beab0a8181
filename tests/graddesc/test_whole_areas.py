"""Formulas that the program of an epoch does not have are evaluated exactly at the end of a run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import xlcollab
from tests.build import build
from tests.graddesc.typed_tabs import Layout, data, sgd_cells
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.ref import parse_area

LAYOUT = Layout()
FIRST, LAST = LAYOUT.top + 1, LAYOUT.bottom + 1
X, Y, PREDICTION, ERROR = (LAYOUT.column(what) for what in ("x", "y", "prediction", "error"))
PREDICTIONS, TARGETS = f"{PREDICTION}{FIRST}:{PREDICTION}{LAST}", f"{Y}{FIRST}:{Y}{LAST}"
ERRORS = f"{ERROR}{FIRST}:{ERROR}{LAST}"


def book(path: Path, formula: str, **more: Any) -> xlcollab.OpenBook:
    cells = sgd_cells(LAYOUT) | {"A1": (formula, 0.25)}
    return xlcollab.open(build(path / "book.xlsx", {"lesson": cells, **more}))


def value(opened: xlcollab.OpenBook, sheet: str = "lesson") -> Scalar:
    return opened.workbook.sheet(sheet).value(0, 0)


def squared_errors(opened: xlcollab.OpenBook) -> list[float]:
    """From the predictions that the rows now hold."""
    predictions = parse_area(PREDICTIONS, "lesson").rect
    _, block = opened.workbook.sheet("lesson").block(predictions)
    y = data(LAYOUT.rows)[1]
    return [(p - t) ** 2 for p, t in zip(block[:, 0].tolist(), y, strict=True)]


@pytest.mark.parametrize("verb", ["run", "reset", "engine"])
def test_a_product_over_areas_is_no_stale_value(tmp_path: Path, verb: str) -> None:
    opened = book(tmp_path, f"=SUMPRODUCT(({PREDICTIONS}-{TARGETS})^2)")
    tab = opened.tab("lesson")
    if verb == "reset":
        tab.reset()
    else:
        run = tab.run(3, optimizer="gd" if verb == "engine" else None)
        assert "stored value" not in run.message
    assert value(opened) == pytest.approx(math.fsum(squared_errors(opened)), rel=1e-12)


def test_texts_on_other_sheets_follow(tmp_path: Path) -> None:
    more = {"report": {"A1": ('="loss "&TEXT(lesson!A1,"0.000")', "stale")}}
    opened = book(tmp_path, f"=SUM({ERRORS})", **more)
    opened.tab("lesson").run(3)
    assert value(opened, "report") == f"loss {math.fsum(squared_errors(opened)):.3f}"


def test_a_function_of_the_tensor_engine_alone(tmp_path: Path) -> None:
    opened = book(tmp_path, f"=GAMMALN({LAYOUT.start(0)}+1)")
    run = opened.tab("lesson").run(3)
    assert value(opened) == pytest.approx(math.lgamma(run.weights["b"] + 1), rel=1e-12)


def test_the_tab_s_own_loss_may_be_one_of_them(tmp_path: Path) -> None:
    opened = book(tmp_path, f"=SQRT(SUMPRODUCT({ERRORS}*1)/{LAYOUT.rows})")
    run = opened.tab("lesson").run(3)
    expected = math.sqrt(math.fsum(squared_errors(opened)) / LAYOUT.rows)
    assert run.loss[-1] == pytest.approx(expected, rel=1e-12)
    assert value(opened) == pytest.approx(expected, rel=1e-12)
    assert [loss * math.sqrt(LAYOUT.rows) for loss in run.loss] == pytest.approx(run.measured[1:])


def test_an_error_is_an_error(tmp_path: Path) -> None:
    opened = book(tmp_path, f"=SUMPRODUCT({PREDICTIONS}/({TARGETS}-{TARGETS}))")
    opened.tab("lesson").run(1)
    assert value(opened) == ErrorCode.DIV0
