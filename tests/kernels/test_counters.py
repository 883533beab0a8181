"""Counts over cells that may fail: constants where what is asked fails too, steps elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.kernels.engine import Cells, value, workbook
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.trace.counters import HANDS_ON
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

START = (1.5, 2.5, 3.5)
SMOOTH: Cells = {"B1": "=1/A1", "B2": "=SQRT(A2)", "B3": "=LN(A3)*A1"}
TEXTS: Cells = {"B1": '=IF(A1>0,1/A1,"none")', "B2": "=SQRT(A2)", "B3": "=A3^0.5"}
RESCUED: Cells = {"B1": '=IFERROR(1/A1,"none")', "B2": "=SQRT(A2)", "B3": "=A3"}
SUMS = (
    *("SUM(B1:B3)", "SUMSQ(B1:B3)", "AVERAGE(B1:B3)", "DEVSQ(B1:B3)", "SUMPRODUCT(B1:B3,B1:B3)"),
    *("SUM(B1:B2)", "B1+B2*B3", 'SUMIF(B1:B3,">0")', "SUBTOTAL(9,B1:B3)", "AGGREGATE(9,6,B1:B3)"),
    *("IFERROR(SUM(B1:B3),7)", "INDEX(B1:B3,2)", "MAX(B1:B3)", "SUM(B1:B3^2)", "A1"),
)
COUNTERS = ("COUNT(B1:B3)", "COUNTA(B1:B3)", "COUNTBLANK(B1:B3)", "SUM(--ISNUMBER(B1:B3))")
WAYS = ("({0})/({1})", "SQRT(({0})^2/({1}+1))", "{0}+IF({1}=3,0,1000)")


def compiled(cells: Cells, formula: str) -> SheetFunction:
    book = workbook({**dict(zip(("A1", "A2", "A3"), START, strict=True)), **cells}, {"K1": formula})
    compiler = Compiler(build_plan(book), [parse_area("Sheet1!A1:A3")], np.array(START))
    return compiler.function([compiler.cells(parse_area("Sheet1!K1"))])


@pytest.mark.parametrize("total", ["SUMSQ(B1:B3)", "SUM(B1:B3)", "SUM(B1:B3^2)", "B1+B2+B3"])
@pytest.mark.parametrize("counter", COUNTERS[:2])
def test_a_count_of_what_is_summed_is_no_step(total: str, counter: str) -> None:
    assert not compiled(SMOOTH, f"=({total})/(1+{counter})").steps


@pytest.mark.parametrize(
    ("cells", "formula"),
    [
        (SMOOTH, "=A1+COUNT(B1:B3)"),
        (SMOOTH, "=SUM(B1:B2)/COUNT(B1:B3)"),
        (SMOOTH, "=IFERROR(SUM(B1:B3),7)/COUNT(B1:B3)"),
        (TEXTS, "=SUM(B1:B3)/COUNT(B1:B3)"),
        (RESCUED, "=SUM(B1:B3)/COUNT(B1:B3)"),
    ],
)
def test_other_counts_are_steps(cells: Cells, formula: str) -> None:
    assert compiled(cells, formula).steps


@given(
    st.sampled_from([SMOOTH, TEXTS, RESCUED]),
    st.sampled_from(SUMS),
    st.sampled_from(COUNTERS),
    st.sampled_from(WAYS),
    st.tuples(*[st.sampled_from([-2.0, -1.0, 0.0, 1.0, 4.0])] * 3),
)
def test_values_are_those_of_a_recalculation(
    cells: Cells, total: str, counter: str, way: str, point: tuple[float, float, float]
) -> None:
    formula = "=" + way.format(total, counter)
    (found,) = compiled(cells, formula)(torch.tensor(point, dtype=torch.float64)).tolist()
    names = ("A1", "A2", "A3")
    wanted = value(formula, {**dict(zip(names, point, strict=True)), **cells})
    if isinstance(wanted, ErrorCode):
        assert math.isnan(found), (formula, wanted)
    else:
        assert found == pytest.approx(wanted, rel=1e-12), formula


@pytest.mark.parametrize(
    "name", [name for name, record in RECORDS.items() if record.facts.role in HANDS_ON]
)
def test_what_hands_errors_on_does_with_each_of_its_cells(name: str) -> None:
    count = max(RECORDS[name].signature.minimum, 2 if name.startswith("SUM") else 1)
    for place in range(count):
        for row in (1, 2, 3):
            cells: dict[str, Scalar] = {f"{column}{r}": 2.0 for column in "DE" for r in (1, 2, 3)}
            cells["D1"], cells["D2"], cells[f"E{row}"] = "text", None, ErrorCode.NUM
            given_ones = ["E1:E3" if i == place else "D1:D3" for i in range(count)]
            found = value(f"=SUM({name}({','.join(given_ones)}))", cells)
            assert isinstance(found, ErrorCode), (name, place, row)
