"""Gradients of every function in a range and in a family, as they are in a cell.

The table of formulas is that of `test_gradients`, where each is compared with finite differences in
a cell of its own.
"""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.kernels.engine import workbook
from tests.kernels.test_gradients import (
    CASES,
    ORDINARY,
    compiled,
    differences,
    value_and_gradient,
    with_slope,
)
from tests.kernels.test_records import calls
from xlcollab.errors import ModelError
from xlcollab.formula import parse, to_text
from xlcollab.grid import Scalar
from xlcollab.kernels.table import RECORDS
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.kernels.values.record import Slope
from xlcollab.plan import build_plan
from xlcollab.ref import parse_area

_CELL = re.compile(r"(?<![:\w$])A[1-4](?![:\w(])")
_SPREAD = "{0;0.01;0.02}"
ELEMENTWISE = sorted(name for name in CASES if RECORDS[name].elementwise)
POINT = (*ORDINARY, 5.1)
"""A1:A5: the second copy reads one row further down."""
HOME = "K"
CELLS: dict[str, Scalar] = {
    "B1": 2.0,
    "B3": "text",
    "B4": True,
    **{f"C{row}": x for row, x in enumerate((0.5, 1.5, 1.0, 2.5, 3.5), 1)},
    **{f"D{row}": f"=A{row}" for row in range(1, 6)},
    **{f"{column}1": float(i) for i, column in enumerate("FGHI")},
    **{f"{column}2": f"=A{i + 1}" for i, column in enumerate("FGHI")},
    **{f"{column}3": f"=A{i + 2}*2" for i, column in enumerate("FGHI")},
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_of_a_range(name: str) -> None:
    """Of three values beside one another, taken from a cell that varies."""
    spread, count = _CELL.subn(lambda match: f"({match[0]}+{_SPREAD})", CASES[name], count=1)
    assert count, f"{CASES[name]} has no cell of its own"
    function = compiled(f"SUM({spread})")
    value, gradient = value_and_gradient(function, ORDINARY)
    assert math.isfinite(value)
    assert any(gradient)
    expected = differences(function, ORDINARY, 1e-3)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


def copies(formula: str) -> dict[str, str]:
    """The formula filled down: {cell: formula}."""
    node = parse(formula, 0, 10)
    return {f"{HOME}{row + 1}": f"={to_text(node, row, 10)}" for row in range(2)}


def gradients(formulas: dict[str, str]) -> dict[str, NDArray[np.float64] | str]:
    """Per cell the slopes in A1:A5, or the sentence with which it is refused; none for an error."""
    cells = {f"A{row}": x for row, x in enumerate(POINT, 1)}
    plan = build_plan(workbook({**cells, **CELLS, **formulas}))
    found: dict[str, NDArray[np.float64] | str] = {}
    for cell in formulas:
        compiler = Compiler(plan, [parse_area("Sheet1!A1:A5")], np.array(POINT))
        try:
            function = compiler.function([compiler.cells(parse_area(f"Sheet1!{cell}"))])
        except ModelError as error:
            found[cell] = type(error).__name__
            continue
        x = compiler.start.clone().requires_grad_()
        value = function.scalar(x)
        if not math.isfinite(value.item()):
            found[cell] = "error"
        elif value.requires_grad:
            found[cell] = torch.autograd.grad(value, x)[0].numpy()
        else:
            found[cell] = np.zeros(len(POINT))
    return found


@cache
def together_and_alone(name: str) -> list[tuple[NDArray[np.float64] | str, ...]]:
    """For each copy (what it is in its family, what it is alone)."""
    formulas = copies(CASES[name])
    together = gradients(formulas)
    return [
        (together[cell], gradients({cell: formula})[cell]) for cell, formula in formulas.items()
    ]


@pytest.mark.parametrize("name", CASES)
def test_in_a_family(name: str) -> None:
    if RECORDS[name].random:
        return  # each copy draws for itself
    for family, alone in together_and_alone(name):
        if isinstance(family, str) or isinstance(alone, str):
            assert isinstance(family, str)
            assert family == alone
        else:
            np.testing.assert_allclose(family, alone, rtol=1e-9, atol=1e-12)


def test_most_functions_have_slopes_in_a_family() -> None:
    """Only a few formulas of the table need to be array formulas, or mean nothing one row down."""
    both = [
        name
        for name in CASES
        if not any(isinstance(found, str) for pair in together_and_alone(name) for found in pair)
    ]
    assert len(both) > 0.85 * len(CASES)


@pytest.mark.parametrize(
    "formula",
    [
        "LN(A1)*$A$5",
        "$A$5/SQRT(A1)",
        "EXP(SQRT(A1))*$A$5",
        "$A$5^LN(A1)",
        "A1^0.5*$A$5",
        "LOG(A1,$A$5)",
        "1/(A1+1)*$A$5",
        "MAX(LN(A1),$A$5)",
        "AVERAGE(LN(A1),$A$5)^2",
    ],
)
def test_an_error_beside_a_cell_leaves_its_slopes_alone(formula: str) -> None:
    """The second copy, which nobody reads, is an error; both read A5."""
    cells: dict[str, Scalar] = {"A1": 2.0, "A2": -1.0, "A5": 3.0, "K1": f"={formula}"}
    start = np.array([2.0, -1.0, 0.0, 0.0, 3.0])
    found = []
    for beside in ({}, {"K2": f"={formula.replace('A1', 'A2')}"}):
        plan = build_plan(workbook({**cells, **beside}))
        compiler = Compiler(plan, [parse_area("Sheet1!A1:A5")], start)
        function = compiler.function([compiler.cells(parse_area("Sheet1!K1"))])
        x = compiler.start.clone().requires_grad_()
        found.append(torch.autograd.grad(function.scalar(x), x)[0].numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


def test_what_has_no_slope_gives_0_in_a_family() -> None:
    wrong = []
    for name in sorted(with_slope(Slope.ZERO, Slope.CUT)):
        for call in list(calls(RECORDS[name]))[:2]:
            for cell, found in gradients(copies(call)).items():
                if not isinstance(found, str) and found.any():
                    wrong.append(f"{cell} {call}: {found}")
    assert not wrong, "\n".join(wrong)
