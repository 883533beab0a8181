"""A point that breaks constraints is called no optimum, whatever the slopes near the start were."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from xlcollab.optim import Status


@pytest.mark.parametrize(
    "scale", [1.0, *(pytest.param(unit, marks=pytest.mark.slow) for unit in (1e-6, 1e6))]
)
@pytest.mark.parametrize(
    ("cost", "bound", "start", "least"),
    [
        ("15*A1+40*10/(A1-10)", 10.01, 12.0, 304.919),  # beside a pole, where slopes are 4E6
        ("15*A1+40*10/(A1-10)", 10.0001, 300.0, 304.919),
        ("EXP(A1)-6*A1", -9.0, 30.0, -4.7506),
        ("(A1-3)^4+2", -1e3, 500.0, 2.0),
        ("LN(A1)^2+1/A1", 1e-6, 1e-5, 0.5946),
    ],
)
def test_a_limit_below_the_least_value_has_no_solution(
    cost: str, bound: float, start: float, least: float, scale: float, tmp_path: Path
) -> None:
    wish = scale * (least - 0.03 * abs(least))
    cells = {"A1": start, "B1": f"={cost}", "B2": f"={scale!r}*({cost})", "B3": wish}
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    lines = [f"S!A1>={bound!r}", "S!A1<=1000", "S!B2<=S!B3"]
    found = book.solve(book.model(minimize="S!B1", by_changing="S!A1", subject_to=lines))
    if scale < 1.0:  # the tolerance is 1E-6 of a row that is smaller than 1
        assert found.kept or found.status is Status.INFEASIBLE
        return
    assert found.status is Status.INFEASIBLE, found.solution.message
    assert not found.kept
    for word in ("no better", "optimality hold", "locally optimal"):
        assert word not in found.solution.message
