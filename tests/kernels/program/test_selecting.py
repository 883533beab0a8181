"""What looks up, counts, ranks and sorts by variables is a program without branches: a population
is evaluated in one call."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.kernels.engine import workbook
from xlcollab.grid import Kind, Scalar
from xlcollab.kernels.functions.lookup.search import Keys, _halving, _Line, bisect
from xlcollab.kernels.program.lower import lowered_values, values_plainly
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

FORMULAS = [
    "VLOOKUP(A1*20,C1:D4,2)",
    "VLOOKUP(INT(A1),E1:F4,2,FALSE)",
    "IFERROR(VLOOKUP(INT(A1)*2,E1:F4,2,FALSE),7)",
    "HLOOKUP(A1*20,C6:F7,2)",
    "INDEX(D1:D4,MATCH(A1*20,C1:C4))",
    "INDEX(D1:D4,MATCH(INT(A1),E1:E4,0))",
    "INDEX(C1:D4,INT(A1),2)",
    "XLOOKUP(A1*20,C1:C4,D1:D4,,-1)",
    "XLOOKUP(INT(A1),E1:E4,D1:D4)",
    "LOOKUP(A1*20,C1:C4,D1:D4)",
    "CHOOSE(INT(A1),10,A2,30,40)",
    'COUNTIF(A1:A4,">2")',
    'SUMIF(A1:A4,">2",D1:D4)',
    "SUMIF(E1:E4,INT(A1),D1:D4)",
    "SUM(COUNTIF(A1:A4,{1;2;3}))",
    'SUMIFS(D1:D4,E1:E4,INT(A1),A1:A4,">1")',
    'AVERAGEIF(A1:A4,">0")',
    'MAXIFS(D1:D4,A1:A4,">2")+MINIFS(A1:A4,D1:D4,"<9")',
    "RANK(A1,A1:A4)+RANK.AVG(A2,A1:A4,1)",
    "LARGE(A1:A4,2)+SMALL(A1:A4,1)+MEDIAN(A1:A4)",
    "PERCENTILE(A1:A4,0.3)+TRIMMEAN(A1:A4,0.5)",
    "INDEX(SORT(A1:A4,,-1),2)",
]
KEYS = {"C": (0.0, 30.0, 50.0, 80.0), "D": (10.0, 9.0, 8.0, 7.5), "E": (1.0, 2.0, 3.0, 4.0)}


def function_of(formula: str) -> SheetFunction:
    cells: dict[str, Scalar] = {f"A{row}": float(row) for row in range(1, 5)}
    cells |= {f"{c}{i}": v for c, values in KEYS.items() for i, v in enumerate(values, 1)}
    cells |= {f"F{row}": float(row * row) for row in range(1, 5)}
    cells |= {f"{c}6": 30.0 * i for i, c in enumerate("CDEF")}
    cells |= {f"{c}7": 9.0 - i for i, c in enumerate("CDEF")}
    book = workbook({**cells, "K1": f"={formula}"})
    compiler = Compiler(build_plan(book), [parse_area("Sheet1!A1:A4")], np.arange(1.0, 5.0))
    return compiler.function([compiler.cells(parse_area("Sheet1!K1"))])


def points() -> np.ndarray:
    """Between the keys, on them, and where some are equal."""
    random = np.random.default_rng(1)
    between = random.uniform(1.0, 4.99, (60, 4))
    return np.concatenate([between, random.integers(2, 9, (60, 4)) / 2.0])


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_program_says_what_the_tape_says(formula: str) -> None:
    function = function_of(formula)
    program = values_plainly(function.scalar, torch.arange(1.0, 5.0, dtype=torch.float64))
    assert program is not None
    found = program.batch(points())[0]
    known = [float(function.scalar(torch.tensor(point))) for point in points()]
    answered = ~np.isnan(found)
    assert answered.mean() > (0.5 if "IFERROR" in formula else 0.9)
    np.testing.assert_allclose(found[answered], np.array(known)[answered], rtol=1e-12)


@pytest.mark.parametrize("formula", FORMULAS[::7])
def test_the_machine_says_it_too(formula: str) -> None:
    function = function_of(formula)
    start = torch.arange(1.0, 5.0, dtype=torch.float64)
    plain, native = values_plainly(function.scalar, start), lowered_values(function.scalar, start)
    assert plain is not None
    assert native is not None
    np.testing.assert_allclose(native.batch(points())[0], plain.batch(points())[0], rtol=1e-12)


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[float], list[int]]:
    """Ascending numbers, often equal, with other types between them."""
    values = sorted(draw(st.lists(st.integers(0, 6), min_size=1, max_size=9)))
    kinds = draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    return [float(v) for v in values], [int(Kind.NUMBER if k else Kind.TEXT) for k in kinds]


@given(columns(), st.lists(st.integers(-2, 15), min_size=1, max_size=5))
def test_halving_is_counting_where_keys_ascend(
    column: tuple[list[float], list[int]], halves: list[int]
) -> None:
    number = torch.tensor(column[0], dtype=torch.float64)[None, None]
    kind = torch.tensor(column[1], dtype=torch.uint8)[None, None]
    keys = Keys(kind, number, number)
    asked = torch.tensor(halves, dtype=torch.float64)[None, None] / 2
    wanted = Keys(torch.full_like(asked, int(Kind.NUMBER), dtype=torch.uint8), asked, asked)
    line = _Line(keys, kind == Kind.NUMBER)
    assert bisect(wanted, keys).tolist() == _halving(line, asked).tolist()
