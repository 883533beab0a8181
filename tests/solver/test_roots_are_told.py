"""A root has no slope, or an endless one, where it is 0: a model that holds one is not told as
smooth everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solver.models import Model

ROOTS = {
    "SQRT": "=SQRT(A1)+SQRT(A2)+(A1-A2)^2",
    "a power": "=A1^0.5+A2^1.5",
    "POWER": "=POWER(A1,1/3)+(A2-1)^2",
    "an exponent that moves": "=A1^A2",
    "STDEV": "=STDEV(A1:A2)+(A1-3)^4",
    "STDEV.P": "=STDEV.P(A1:A2)*A1",
}
SMOOTH = {"a square": "=A1^4+A2^2*A1", "VAR": "=VAR(A1:A2)*A1+A2", "EXP": "=EXP(A1)*A2+2^A1+A1^-1"}


def told(formula: str, folder: Path) -> str:
    cells = {"A1": 2, "A2": 5, "C1": formula, "D1": "=A1*A2"}
    model = Model(cells, "$C$1", "S!$A$1:$A$2", lines=[("S!$D$1", ">=", "4")])
    (found,) = model.solve(folder).json["models"]
    return str(found["message"])


@pytest.mark.parametrize("name", ROOTS)
def test_a_root_is_told(name: str, tmp_path: Path) -> None:
    assert "is smooth but where a root is 0" in told(ROOTS[name], tmp_path)


@pytest.mark.parametrize("name", SMOOTH)
def test_what_has_none_is_smooth(name: str, tmp_path: Path) -> None:
    message = told(SMOOTH[name], tmp_path)
    assert "is smooth" in message
    assert "root" not in message
