"""A point that there is is found, from starts where the rows are flat, far away, or no number."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build

_CHAIN = {f"B{i}": f"=SQRT(1-A{i}^2)" for i in range(1, 11)}
_ZERO = {f"B{i}": f"=EXP(-A{i}*{i})" for i in range(1, 6)}
_ZERO |= {f"C{i}": f"=0.0{i + 1}*SUM(B$1:B{i})+B{i}" for i in range(1, 6)}


@pytest.mark.parametrize("unit", [1.0, pytest.param(1e6, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("n", "start", "cells", "lines"),
    [
        (1, None, {"B1": "=NORM.DIST(A1,400,60,TRUE)"}, [("B1", ">=", 0.95)]),
        (1, -900.0, {"B1": "=NORM.DIST(A1,400,60,TRUE)"}, [("B1", ">=", 0.95)]),
        (1, -400.0, {"B1": "=A1/(1+EXP(40-A1))"}, [("B1", ">=", 20.0)]),
        (10, None, {**_CHAIN, "C1": "=SUM(B1:B10)", "C2": "=SUM(A1:A10)"},
         [("C1", "=", 8.0), ("C2", "=", 0.0)]),
        (5, 900.0, _ZERO, [(f"C{i}", "=", 1.0) for i in range(1, 6)]),
    ],
)  # fmt: skip
def test_what_can_be_satisfied_is(
    n: int,
    start: float | None,
    cells: dict[str, str],
    lines: list[tuple[str, str, float]],
    unit: float,
    tmp_path: Path,
) -> None:
    sheet: dict[str, object] = {f"A{i}": start for i in range(1, n + 1)}
    sheet |= cells
    sheet |= {f"E{i}": f"={unit!r}*{cell}" for i, (cell, _, _) in enumerate(lines, 1)}
    sheet |= {f"F{i}": unit * end for i, (_, _, end) in enumerate(lines, 1)}
    sheet |= {"D1": f"=SUMSQ(A1:A{n})"}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": sheet}))
    rows = [f"S!E{i}{sign}S!F{i}" for i, (_, sign, _) in enumerate(lines, 1)]
    model = book.model(minimize="S!D1", by_changing=f"S!A1:A{n}", subject_to=rows)
    found = book.solve(model, history=False)
    assert found.kept, found.solution.message
