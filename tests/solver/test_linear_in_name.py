"""Formulas that are linear whatever they are called: with whole numbers each needs HiGHS."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from xlcollab.optim import Status

FORMULAS = {
    "PRODUCT": "=PRODUCT(A1,3)+A2",
    "IFERROR": "=IFERROR(A1*3,0)+A2",
    "IFERROR of SUM": "=IFERROR(SUM(A1:A2,2*A1),-1)",
    "NPV": "=NPV(0.1,A1*3.3,A2*1.21)",
    "FV": "=-FV(0,1,3*A1+A2)",
    "SUBTOTAL": "=SUBTOTAL(9,A1:A2)+2*A1",
    "AGGREGATE": "=AGGREGATE(9,4,A1:A2)+2*A1",
    "AVERAGEIF": '=2*AVERAGEIF(D1:D2,"a",A1:A2)+2*A1',
    "SUMIF": '=SUMIF(D1:D2,"a",A1:A2)+2*A1',
    "POWER": "=3*POWER(A1,1)+A2",
    "x^1": "=3*A1^1+A2",
    "N": "=3*N(A1)+A2",
    "XLOOKUP": '=3*_xlfn.XLOOKUP("x",E1:E2,A1:A2)+A2',
    "VLOOKUP": "=3*VLOOKUP(7,G1:H2,2,FALSE)+A2",
    "INDEX": "=3*INDEX(A1:A2,1)+A2",
    "SUMPRODUCT": "=SUMPRODUCT(A1:A2,F1:F2)",
    "MMULT": "=SUM(MMULT(TRANSPOSE(F1:F2),A1:A2))",
    "SWITCH by a constant": "=SWITCH(G1,7,3*A1+A2,0)",
    "difference of squares": "=(A1+1)^2-A1^2+A1+A2-1",
}
"""Each of them 3 · A1 + A2, written otherwise."""
CELLS: dict[str, object] = {
    "A1": 0.0,
    "A2": 0.0,
    "D1": "a",
    "D2": "a",
    "E1": "x",
    "E2": "y",
    "F1": 3.0,
    "F2": 1.0,
    "G1": 7.0,
    "G2": 8.0,
    "H1": "=A1",
    "H2": "=A2",
    "C1": "=2*A1+3*A2",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_it_is_found_to_be_linear(tmp_path: Path, name: str) -> None:
    """Of 2x + 3y ≤ 12.5 and x ≤ 4 in whole numbers 3x + y has its best at (4, 1)."""
    book = xc.open(build(tmp_path / "b.xlsx", {"S": CELLS | {"B1": FORMULAS[name]}}))
    model = book.model(
        maximize="S!B1",
        by_changing="S!A1:A2",
        subject_to=["S!C1<=12.5", "S!A1<=4", "S!A1:A2=integer"],
        non_negative=True,
    )
    found = book.solve(model, history=False)
    assert found.status is Status.OPTIMAL, found.solution.message
    assert found.solution.method == "highs"
    assert found.weights.tolist() == [4.0, 1.0]
    assert found.objective == pytest.approx(13.0)


@pytest.mark.parametrize("where", ["objective", "constraint"])
def test_a_start_that_gives_an_error_does_not_hinder(tmp_path: Path, where: str) -> None:
    cells: dict[str, object] = {"A1": 0.0, "A2": 0.0, "B1": "=3*A1+A2", "C1": "=A1+A2"}
    cells |= {"B1": "=3*A1/A2*A2+A2"} if where == "objective" else {"C1": "=A1/A2*A2+A2"}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    model = book.model(
        maximize="S!B1",
        by_changing="S!A1:A2",
        subject_to=["S!C1<=5", "S!A1<=2"],
        non_negative=True,
    )
    found = book.solve(model, history=False)
    assert found.status is Status.OPTIMAL, found.solution.message
    assert found.weights == pytest.approx([2.0, 3.0])
