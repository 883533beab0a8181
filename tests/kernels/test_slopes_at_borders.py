"""Slopes of what is worked out otherwise than a textbook would: they stay exact."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.engine import Cells, workbook
from tests.kernels.slopes import assert_slopes
from xlcollab.grid import RowMark, Scalar
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

CELLS: dict[str, Scalar] = {"A1": 0.4, "A2": 1.3, "A3": 2.2, "B1": 1.0, "B2": 2.0, "B3": 3.0}
FORMULAS = [
    "FV(A1-3,5,A2,A3,1)",
    "PV(A1-3,4,A2,A3)",
    "FV(A1-3,3,A2,A3)",
    "RRI(3,-A2,-A3)",
    "SUMXMY2(A1:A3,B1:B3)+SUMX2MY2(A1:A3,B1:B3)",
    "SUMPRODUCT(A1,A2)*A3",
    "SUM(INDEX(A1:A3*B1:B3,0))",
    "INDEX(A1:A3^2,2)+A1*A3",
    "VLOOKUP(2,CHOOSE({1,2},B1:B3,A1:A3),2,0)^2",
    "LOOKUP(2.5,B1:B3,A1:A3)^2",
    "XLOOKUP(2,B1:B3,A1:A3,,0,2)*A1",
    'SUMIFS(A1:A3,B1:B3,"<>2")*A2',
    "LARGE((A1,A2,A3),1)*A1",
    "AVERAGEA({1;2})*A1*A2",
    "PERCENTILE((A1:A2,A3),0.3)",
    "TRUNC(A1)+A2*A3",
    "(-A1)^(1/3)*A2+(-A3)^0.2",
    "(-A2)^(-1/3)*A1+A3",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_slopes_agree_with_finite_differences(formula: str) -> None:
    assert_slopes(CELLS | {"D1": f"={formula}"}, "A1:A3", "D1")


@pytest.mark.parametrize("formula", ["A1-A2", "A1+A2-A3", "SUM(A1,-A2)", "SUM(A1:A3,-A3,-A1,-A2)"])
def test_a_difference_that_shows_as_0_keeps_its_slope(formula: str) -> None:
    """What is 0 in 15 digits is so when it is stored; a slope knows nothing of it."""
    cells: Cells = {"A1": 0.1, "A2": 0.1 + 2e-17, "A3": 0.2, "D1": f"={formula}"}
    book = workbook(cells)
    start = np.array([0.1, 0.1 + 2e-17, 0.2])
    compiler = Compiler(build_plan(book), [parse_area("A1:A3", "Sheet1")], start)
    function = compiler.function([compiler.cells(parse_area("D1", "Sheet1"))])
    x = compiler.start.clone().requires_grad_()
    function.scalar(x).backward()
    signs = {
        "A1-A2": [1.0, -1.0, 0.0],
        "A1+A2-A3": [1.0, 1.0, -1.0],
        "SUM(A1,-A2)": [1.0, -1.0, 0.0],
        "SUM(A1:A3,-A3,-A1,-A2)": [0.0, 0.0, 0.0],
    }
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), signs[formula])


def test_hidden_rows_have_no_slope() -> None:
    book = workbook(CELLS | {"D1": "=SUBTOTAL(109,A1:A3)"})
    sheet = book.sheets[0]
    sheet.row_marks = np.array([0, RowMark.HIDDEN, 0], np.uint8)
    start = np.array([0.4, 1.3, 2.2])
    compiler = Compiler(build_plan(book), [parse_area("A1:A3", "Sheet1")], start)
    function = compiler.function([compiler.cells(parse_area("D1", "Sheet1"))])
    x = compiler.start.clone().requires_grad_()
    function.scalar(x).backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [1.0, 0.0, 1.0])
    assert float(function.scalar(compiler.start)) == pytest.approx(2.6)


def test_a_look_up_that_is_no_cycle_is_differentiated_through() -> None:
    formulas: dict[str, Scalar] = {f"E{row}": f"=INDEX(E:E,ROW()-1)*A{row}" for row in (2, 3)}
    assert_slopes(CELLS | {"E1": "=A1"} | formulas, "A1:A3", "E3")
