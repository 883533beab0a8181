"""Sums of squares in disguise: the residuals' squares must move as the objective does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.kernels.engine import workbook
from xlcollab.kernels.trace.compiler import Compiler
from xlcollab.plan import build_plan
from xlcollab.ref import parse_areas

_DATA = {f"A{i}": float(i) for i in range(1, 6)} | {"A3": None}
_WEIGHTS = {"C1": 0.4, "C2": -1.3}
_FITTED = {f"B{i}": f"=$C$1*A{i}+$C$2" for i in range(1, 6)}
_ERRORS = {f"D{i}": f"=(B{i}-E{i})^2" for i in range(1, 6)}
_OBSERVED = {f"E{i}": 2.0 * i - 1.0 + (-1.0) ** i for i in range(1, 6)}
_PICKED = {f"G{i}": f'=IF(A{i}="","",B{i}-E{i})' for i in range(1, 6)}
_CELLS = {**_DATA, **_WEIGHTS, **_FITTED, **_ERRORS, **_OBSERVED, **_PICKED}


def functions(objective: str):  # type: ignore[no-untyped-def]
    book = workbook({**_CELLS, "F1": objective})
    variables = parse_areas("Sheet1!C1:C2")
    compiler = Compiler(build_plan(book), variables, np.array([0.4, -1.3]))
    value = compiler.cells(parse_areas("Sheet1!F1")[0])
    return compiler.function([value]), compiler.residuals(value)


@pytest.mark.parametrize(
    ("objective", "inverse"),
    [
        ("=SUMXMY2(B1:B5,E1:E5)", lambda f: f),
        ("=SQRT(SUMXMY2(B1:B5,E1:E5)/COUNT(E1:E5))", lambda f: 5 * f**2),
        ("=SUM(D1:D5)", lambda f: f),
        ("=AVERAGE(D1:D5)", lambda f: 5 * f),
        ("=SQRT(AVERAGE(D1:D5))", lambda f: 5 * f**2),
        ("=SUM(D1:D5)*3+7", lambda f: (f - 7) / 3),
        ("=SUMSQ(B1:B5)", lambda f: f),
        ("=SUMPRODUCT(B1:B5,B1:B5)", lambda f: f),
        ("=D1+D2+2*D3", lambda f: f),
        ("=DEVSQ(B1:B5)", lambda f: f),
        ("=STDEV.P(B1:B5)", lambda f: 5 * f**2),
        ("=POWER(SUM(D1:D5),0.5)", lambda f: f**2),
        ("=SUMPRODUCT((B1:B5-E1:E5)^2)", lambda f: f),
        ("=SQRT(SUMSQ(G1:G5)/COUNT(G1:G5))", lambda f: 4 * f**2),
    ],
)
def test_the_squares_sum_to_the_objective(objective, inverse) -> None:  # type: ignore[no-untyped-def]
    function, residuals = functions(objective)
    assert residuals is not None
    for x in (torch.tensor([0.4, -1.3]), torch.tensor([2.5, 0.7])):
        x = x.double()
        total = residuals(x).square().sum()
        torch.testing.assert_close(total, inverse(function.scalar(x)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "objective",
    [
        "=SUM(B1:B5)",
        "=SUM(D1:D5)*-1",
        "=10-SUM(D1:D5)",
        "=1/SUM(D1:D5)",
        "=MAX(D1:D5)",
        "=SUM(D1:D5)-SUMSQ(B1:B5)",
        "=EXP(C1)+SUM(D1:D5)",
        "=SUMPRODUCT(B1:B5,E1:E5)",
    ],
)
def test_what_is_no_sum_of_squares_has_no_residuals(objective: str) -> None:
    assert functions(objective)[1] is None
