"""Scalar machine, tensor engine and exact evaluation mean the same, on random books."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.kernels.engine import workbook
from tests.random_books import books
from xlcollab.errors import XlcollabError
from xlcollab.grid import Kind
from xlcollab.kernels.scalar import build_program
from xlcollab.kernels.scalar.digits import closed, same_digits
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.plan import Plan, build_plan
from xlcollab.ref import AreaRef, CellRef, Rect, parse_area

INPUTS = [CellRef("Sheet1", row, 0) for row in range(4)]
pytestmark = pytest.mark.filterwarnings("ignore:The recursion limit")
QUIET = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def shown(plan: Plan) -> dict[CellRef, tuple[Kind, float]]:
    """What a recalculation shows in every formula cell."""
    found = {}
    for family, block in recalculate(plan).results:
        kinds = block.kinds().reshape(-1).tolist()
        numbers = block.number.expand(block.shape).reshape(-1).tolist()
        for cell, kind, number in zip(family.area.cells(), kinds, numbers, strict=True):
            found[cell] = Kind(kind), number
    return found


def differences(cells: dict[str, object]) -> list[str]:
    """The formulas whose scalar value is not what a recalculation shows."""
    plan = build_plan(workbook(cells))  # type: ignore[arg-type]
    program = build_program(plan, INPUTS)
    registers = program.start()
    wrong = []
    for cell, (kind, number) in shown(plan).items():
        if cell not in program.cells:
            continue
        value = float(registers[program.cells[cell]])
        own = Kind.BOOLEAN if cell in program.booleans else Kind.NUMBER
        alike = math.isnan(value) if kind is Kind.ERROR else own is kind and _near(value, number)
        if not alike:
            formula = cells[f"C{cell.row + 1}"]
            wrong.append(f"{formula}: {value} ({own.name}) for {number} ({kind.name}) in {cells}")
    return wrong


def _near(value: float, number: float) -> bool:
    return math.isclose(value, number, rel_tol=1e-12, abs_tol=0.0)


def tensors(cells: dict[str, object]) -> list[str]:
    """The formulas whose value in an optimiser's loop is not what a recalculation shows."""
    plan = build_plan(workbook(cells))  # type: ignore[arg-type]
    start = np.array([cells[f"A{row}"] for row in range(1, 5)], dtype=np.float64)
    compiler = Compiler(plan, [parse_area("Sheet1!A1:A4")], start)
    wrong = []
    for cell, (kind, number) in shown(plan).items():
        try:
            values = compiler.cells(AreaRef(cell.sheet, Rect(cell.row, cell.column)))
        except XlcollabError:
            continue
        value = float(compiler.function([values]).scalar(compiler.start))
        alike = not math.isfinite(value) if kind is Kind.ERROR else _near(value, number)
        if kind is not Kind.TEXT and not alike and not _is_rest(value, number, cells):
            formula = cells[f"C{cell.row + 1}"]
            wrong.append(f"{formula}: {value} for {number} ({kind.name}) in {cells}")
    return wrong


def _is_rest(value: float, number: float, cells: dict[str, object]) -> bool:
    """Whether a 0 of Excel's 15 digits is there what rounding left: slopes know nothing of it."""
    sizes = [abs(x) for x in cells.values() if isinstance(x, float)]
    return number == 0.0 and abs(value) <= 1e-14 * max(1.0, *sizes)


@settings(QUIET, max_examples=15)
@given(cells=books(rows=4))
def test_tensor_is_exact(cells: dict[str, object]) -> None:
    assert not tensors(cells)


@pytest.mark.slow
@settings(QUIET, max_examples=800)
@given(cells=books())
def test_tensor_is_exact_widely(cells: dict[str, object]) -> None:
    assert not tensors(cells)


@settings(QUIET, max_examples=25)
@given(cells=books())
def test_scalar_is_exact(cells: dict[str, object]) -> None:
    assert not differences(cells)


@pytest.mark.slow
@settings(QUIET, max_examples=1500)
@given(cells=books())
def test_scalar_is_exact_widely(cells: dict[str, object]) -> None:
    assert not differences(cells)


@pytest.mark.parametrize(
    "formula",
    [
        "(A1>0)=1",
        "(A1>0)=TRUE",
        "1<(A1>5)",
        '"a"<(A1>0)',
        '"b">"A"',
        "SQRT(-A1)>TRUE",
        "SUM(A1,SQRT(-A1)>0)",
        "SUM(IF(A1>0,B3,1),A2)",
        "SUM(IF(TRUE,B3,1),A2)",
        "SUM(IF(TRUE,B1:B4,1),A2)",
        "MAX(IFERROR(B3,1))",
        "AND(B1:B4)",
        "OR(A1>9,B1)",
        "PRODUCT(B1:B2)",
        "MIN(B1:B3)",
        "DEVSQ(B1:B2)",
        "VAR.S(A1)",
        "SUMXMY2(A1:A2,B1:B2)",
        "MOD(1E20+A1,3)",
        "MOD(-1E18,7)",
        "INT(1E25*A1)",
        "0.5-0.4-0.1",
        "(0.5-0.4-0.1)*A1",
        "SUM(0.1,0.2,-0.3)",
        "1.1-1=0.1",
        "IF(A1>0,TRUE,0)=1",
        "IF(A1>0,TRUE,0)+1",
        "(-A1)^(1/3)",
        "POWER(-A2,0.2)*A1",
        "(-A1)^(2/3)",
        "(-A2)^(-1/3)",
    ],
)
def test_what_was_told_otherwise(formula: str) -> None:
    """Logicals beside numbers, references that a choice returns, huge quotients, 15 digits."""
    cells = {"A1": 2.0, "A2": 3.0, "A3": 0.0, "A4": 1.0, "B2": "text", "B3": True, "B4": 3.0}
    assert not differences({**cells, "C1": f"={formula}"})


def test_digits_are_those_that_are_written() -> None:
    generator = np.random.default_rng(0)
    sizes = 10.0 ** generator.uniform(-30, 30, 4000)
    for x in [*sizes.tolist(), 1.0, 0.1, 1e23, 9.5, 999999999999999.0]:
        y = x * (1 + float(generator.integers(-40, 40)) * 2.0**-52)
        expected = x != y and f"{x:.14e}" == f"{y:.14e}"
        assert same_digits(x, y) == expected, (x, y)
        assert closed(x, -y) == (0.0 if expected else x - y)
