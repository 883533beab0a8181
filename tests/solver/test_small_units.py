"""The same convex model in any unit of its variables has the same optimum: absolute tolerances must
not swallow variables of a millionth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solver.models import Model

AREA = "S!$A$1:$A$2"


@pytest.mark.parametrize("exponent", [-10, -8, -6, -4, -2, 0, 3, 6])
@pytest.mark.parametrize("free", [False, True])
def test_a_bowl_in_any_unit(exponent: int, free: bool, tmp_path: Path) -> None:
    unit = 10.0**exponent
    weight = f"{1 / unit / unit!r}"
    cells = {
        "A1": unit,
        "A2": 2 * unit,
        "C1": f"=(A1-{3 * unit!r})^2*{weight}+(A2-{unit!r})^2*{weight}",
        "D1": "=A1+A2",
    }
    lines = [("S!$D$1", "<=", repr(2 * unit))]
    found = Model(cells, "$C$1", AREA, lines=lines, free=free).solve(tmp_path)
    (told,) = found.json["models"]
    assert told["status"] == "optimal"
    assert told["final"] == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("exponent", [-9, -6, -3, 0, 5])
def test_the_rows_alone_say_how_large_variables_are(exponent: int, tmp_path: Path) -> None:
    unit = 10.0**exponent
    weight = f"{1 / unit / unit!r}"
    cells = {"A1": 0, "A2": 0, "C1": f"=A1^2*{weight}+A2^2*{weight}", "D1": "=A1+2*A2"}
    found = Model(cells, "$C$1", AREA, lines=[("S!$D$1", "=", repr(5 * unit))]).solve(tmp_path)
    (told,) = found.json["models"]
    assert told["status"] == "optimal"
    assert told["final"] == pytest.approx(5.0, rel=1e-6)
