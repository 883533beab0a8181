"""An objective that does not move leaves its variables where they are, whatever the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import minimised, xlcollab

OBJECTIVES = (
    "=0*A1+5",
    "=A1-A1+5",
    "=INT(0*A1)+5",
    "=MAX(A1*0,5)",
    "=A1^0+4",
    "=COUNT(A1)+4",
    "=SIN(A1)^2+COS(A1)^2",
    "=0*A1+0*A2",
)
LIMITS: Mapping[str, dict[str, str]] = {
    "free": {},
    "a bound": {"num": "1", "lhs1": "S!$A$1", "rel1": "1", "rhs1": "10"},
    "maximised": {"typ": "1"},
    "whole numbers": {"num": "1", "lhs1": "S!$A$1", "rel1": "4"},
    "a line": {"num": "1", "lhs1": "S!$C$1", "rel1": "1", "rhs1": "100"},
}


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_nothing_moves(objective: str, limits: str, tmp_path: Path) -> None:
    cells = {"A1": 7.0, "A2": 3.0, "B1": (objective, 5.0), "C1": ("=A1+A2", 10.0)}
    names = minimised("S", "S!$B$1", "S!$A$1:$A$2", **LIMITS[limits])
    path = build(tmp_path / "b.xlsx", {"S": cells}, names)
    found = xlcollab("solve", path, "--json", "--no-history")
    assert found.code in (0, 3, 4), found
    if found.code or not found.json["output"]:
        return
    sheet = xc.open(found.json["output"]).workbook.sheet("S")
    assert (sheet.value(0, 0), sheet.value(1, 0)) == (7.0, 3.0)


def test_a_start_that_breaks_a_limit_is_left(tmp_path: Path) -> None:
    """The objective is constant, the point is not allowed: a feasible one is looked for."""
    limit = {"num": "1", "lhs1": "S!$A$1", "rel1": "1", "rhs1": "2"}
    cells = {"A1": 7.0, "B1": ("=0*A1+5", 5.0)}
    path = build(tmp_path / "b.xlsx", {"S": cells}, minimised("S", "S!$B$1", "S!$A$1", **limit))
    found = xlcollab("solve", path, "--json", "--no-history")
    assert found.code == 0
    value = xc.open(found.json["output"]).workbook.sheet("S").value(0, 0)
    assert isinstance(value, float)
    assert value <= 2.0
