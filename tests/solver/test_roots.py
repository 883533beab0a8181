"""Starts and ends on a bound at which a root or a power has no slope: 0 stands for it, and proves
nothing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.solver.models import Model

_TEN = ("S!$B$2", "<=", "10")
_WHOLE = ("S!$A$1:$A$2", "int", "")
_CASES: dict[str, tuple[str, list[tuple[str, str, str]], float]] = {
    "two roots": ("SQRT(A1)+2*SQRT(A2)", [_TEN], math.sqrt(50)),
    "in money": ("1E6*SQRT(A1)+2E6*SQRT(A2)", [_TEN], 1e6 * math.sqrt(50)),
    "whole": ("SQRT(A1)+2*SQRT(A2)", [_TEN, _WHOLE], math.sqrt(50)),
    "whole, many": (
        "SQRT(A1)+2*SQRT(A2)",
        [("S!$B$2", "<=", "1000"), _WHOLE],
        math.sqrt(5000),
    ),
    "a product of powers": ("A1^0.3*A2^0.7", [_TEN], 3**0.3 * 7**0.7),
    "a box": ("A1^0.5+A2^0.5-A1/4-A2/2", [("S!$A$1:$A$2", "<=", "50")], 1.5),
    "a root that ends at 0": ("SQRT(A1)-A2", [("S!$B$2", "=", "4")], 2.0),
    "spread of equal cells": ("STDEV(A1:A2)", [_TEN], 10 / math.sqrt(2)),
}


@pytest.mark.parametrize("name", _CASES)
def test_a_root_is_left_where_it_has_no_slope(name: str, tmp_path: Path) -> None:
    formula, lines, truth = _CASES[name]
    cells = {"A1": 0.0, "A2": 0.0, "B1": f"={formula}", "B2": "=A1+A2"}
    found = Model(cells, "$B$1", "S!$A$1:$A$2", "1", lines).solve(tmp_path)
    assert found.code == 0
    (told,) = found.json["models"]
    assert told["status"] in ("optimal", "locally_optimal")
    assert told["final"] == pytest.approx(truth, rel=1e-7)


def test_a_root_in_a_constraint(tmp_path: Path) -> None:
    """√x + √y is 3 at least: by Lagrange x = 4 and y = 1."""
    cells = {"A1": 0.0, "A2": 0.0, "B1": "=A1+2*A2", "B2": "=SQRT(A1)+SQRT(A2)"}
    lines = [("S!$B$2", ">=", "3")]
    (told,) = Model(cells, "$B$1", "S!$A$1:$A$2", "2", lines).solve(tmp_path).json["models"]
    assert told["status"] == "optimal"
    assert told["final"] == pytest.approx(6.0, rel=1e-6)


def test_a_distance_that_ends_at_0_is_proved(tmp_path: Path) -> None:
    """The slope of a norm breaks off, too, and 0 is one of those it has there."""
    cells = {"A1": 3.0, "A2": 4.0, "B1": "=SQRT(A1^2+A2^2)+A1"}
    (told,) = Model(cells, "$B$1", "S!$A$1:$A$2", "2").solve(tmp_path).json["models"]
    assert told["status"] in ("optimal", "locally_optimal")
    assert told["final"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_row_that_was_missed_within_the_tolerance_is_held(unit: float, tmp_path: Path) -> None:
    """The largest box of edges that sum to 15, from no box at all: 125, and no more."""
    cells = {f"A{row}": 0.0 for row in range(1, 4)} | {"B1": f"={unit!r}*A1*A2*A3"}
    cells |= {"B2": "=SUM(A1:A3)"}
    lines = [("S!$B$2", "<=", "15")]
    (told,) = Model(cells, "$B$1", "S!$A$1:$A$3", "1", lines).solve(tmp_path).json["models"]
    assert told["final"] == pytest.approx(125.0 * unit, rel=1e-8)
    assert told["max_violation"] < 1e-7
