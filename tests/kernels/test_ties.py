"""Slopes where numbers are equal: the mean of the slopes over all orders of the equals.

The judge takes the equals apart in every order and looks at finite differences there.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.kernels.engine import workbook
from xlcollab.grid import Scalar
from xlcollab.kernels.program.lower import lowered
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import Compiler, SheetFunction
from xlcollab.kernels.trace.passes import scannable
from xlcollab.kernels.values.block import Context
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

Array = NDArray[np.float64]
POINTS = [(2.0, 2.0, 2.0, 2.0), (1.0, 2.0, 2.0, 3.0), (3.0, 1.0, 3.0, 1.0), (0.0, 0.0, 5.0, -0.0)]
FORMULAS = {
    "MEDIAN": "MEDIAN(A1:A4)",
    "MEDIAN of an odd count": "MEDIAN(A1:A3)",
    "LARGE": "LARGE(A1:B4,2)",
    "SMALL": "SMALL(A1:B4,2)",
    "PERCENTILE": "PERCENTILE(A1:B4,0.3)",
    "PERCENTILE.INC": "PERCENTILE.INC(A1:A4,0.75)",
    "PERCENTILE.EXC": "PERCENTILE.EXC(A1:A4,0.3)",
    "QUARTILE": "QUARTILE(A1:A4,1)",
    "QUARTILE.INC": "QUARTILE.INC(A1:A4,3)",
    "QUARTILE.EXC": "QUARTILE.EXC(A1:A4,3)",
    "TRIMMEAN": "TRIMMEAN(A1:A4,0.5)",
    "MAX": "MAX(A1:B4)",
    "MIN": "MIN(A1,A2:A3,A4)",
    "MAXA": "MAXA(A1:A4)",
    "MINA": "MINA(A1:A4)",
    "MAXIFS": 'MAXIFS(A1:A4,C1:C4,">=1")',
    "MINIFS": 'MINIFS(A1:A4,C1:C4,">=1")',
    "DMAX": 'DMAX(VSTACK("x",A1:A4),1,VSTACK("x",">-9"))',
    "DMIN": 'DMIN(VSTACK("x",A1:A4),1,VSTACK("x",">-9"))',
    "AGGREGATE": "AGGREGATE(14,6,A1:A4/C1:C4^0,2)",
    "SUBTOTAL": "SUBTOTAL(104,A1:A4)+SUBTOTAL(5,A1:A3)",
    "together": "SUMPRODUCT(LARGE(A1:A4,{1,2,3}),{5,3,1})",
}
ORDERING = {
    *("MEDIAN", "LARGE", "SMALL", "PERCENTILE", "PERCENTILE.INC", "PERCENTILE.EXC", "QUARTILE"),
    *("QUARTILE.INC", "QUARTILE.EXC", "TRIMMEAN", "MAX", "MIN", "MAXA", "MINA", "MAXIFS"),
    *("MINIFS", "DMAX", "DMIN", "AGGREGATE", "SUBTOTAL"),
}


def function_of(formula: str, more: dict[str, Scalar] | None = None) -> SheetFunction:
    cells: dict[str, Scalar] = {f"A{row}": float(row) for row in range(1, 5)}
    cells |= {"B2": "text", "B3": True, "C1": 1.0, "C2": 1.5, "C3": 2.0, "C4": 0.5}
    book = workbook({**cells, **(more or {}), "K1": f"={formula}"})
    compiler = Compiler(build_plan(book), [parse_area("Sheet1!A1:A4")], np.arange(1.0, 5.0))
    return compiler.function([compiler.cells(parse_area("Sheet1!K1"))])


def mean_of_all_orders(function: SheetFunction, point: tuple[float, ...]) -> Array:
    """Finite differences where equals are apart, over all orders of the four."""
    step, apart = 1e-6, 1e-4
    slopes = np.zeros(4)
    orders = list(itertools.permutations(range(4)))
    for order in orders:
        there = torch.tensor(point, dtype=torch.float64) + apart * torch.tensor(order)
        for i in range(4):
            move = torch.zeros(4, dtype=torch.float64)
            move[i] = step
            difference = function.scalar(there + move) - function.scalar(there - move)
            slopes[i] += float(difference) / (2 * step)
    return slopes / len(orders)


def taped(function: SheetFunction, point: tuple[float, ...]) -> Array:
    x = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(function.scalar(x), x)
    return slope.numpy()


def exactly(function: SheetFunction, point: tuple[float, ...]) -> Array:
    x = torch.tensor(point, dtype=torch.float64, requires_grad=True)
    (block,) = function.program.run(Context(function.context.texts), x)
    (slope,) = torch.autograd.grad(block.number.sum(), x)
    return slope.numpy()


@pytest.mark.parametrize("name", FORMULAS)
def test_equals_share_the_slope(name: str) -> None:
    function = function_of(FORMULAS[name])
    for point in POINTS:
        expected = mean_of_all_orders(function, point)
        np.testing.assert_allclose(taped(function, point), expected, atol=1e-7)
        np.testing.assert_allclose(exactly(function, point), expected, atol=1e-7)


def test_every_order_statistic_is_looked_at() -> None:
    assert {name for name in FORMULAS if name in RECORDS} == ORDERING


IN_THE_MACHINE = [name for name in FORMULAS if name not in ("DMAX", "DMIN")]


@pytest.mark.parametrize("name", IN_THE_MACHINE)
def test_the_machine_shares_it_too(name: str) -> None:
    function = function_of(FORMULAS[name])
    start = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    program = lowered(function.scalar, start)
    assert program is not None
    for point in POINTS:
        found = program.value_and_gradient(np.array(point))
        assert found is not None
        np.testing.assert_allclose(found[1], mean_of_all_orders(function, point), atol=1e-7)


def test_a_pass_over_rows_shares_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that read the largest and the smallest of all rows above them."""
    monkeypatch.setattr("xlcollab.kernels.trace.passes.MOST_BENT", 0)
    monkeypatch.setattr("xlcollab.kernels.trace.passes.MOST_COLD", 0)
    cells: dict[str, Scalar] = {f"A{row}": float(row) for row in range(1, 5)}
    for row in range(1, 90):
        for one, of, name, move in (("D", "E", "MAX", "-1"), ("F", "G", "MIN", "+1")):
            cells[f"{one}{row}"] = f"=A{row}" if row < 5 else f"={of}{row - 1}{move}"
            cells[f"{of}{row}"] = f"={name}({one}$1:{one}{row})"
    book = workbook({**cells, "K1": "=E89+3*G89"})
    plan = scannable(build_plan(book, few=0), bent=True)
    assert plan.chains
    compiler = Compiler(plan, [parse_area("Sheet1!A1:A4")], np.arange(1.0, 5.0))
    function = compiler.function([compiler.cells(parse_area("Sheet1!K1"))])
    for point in POINTS:
        expected = mean_of_all_orders(function, point)
        np.testing.assert_allclose(taped(function, point), expected, atol=1e-7)


def test_long_lists_share_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xlcollab.kernels.functions.statistics.ties._FEW", 0)
    for name in ("MEDIAN", "LARGE", "TRIMMEAN", "together"):
        function = function_of(FORMULAS[name])
        for point in POINTS:
            expected = mean_of_all_orders(function, point)
            np.testing.assert_allclose(taped(function, point), expected, atol=1e-7)


def test_second_slopes_pass_through() -> None:
    function = function_of("MEDIAN(A1:A4)^2")
    x = torch.tensor(POINTS[0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(function.scalar(x), x, create_graph=True)
    (second,) = torch.autograd.grad(slope[0], x)
    np.testing.assert_allclose(second.numpy(), [2 / 16] * 4, atol=1e-12)
