"""Tables that are looked up by whole numbers have a form in the global engine: what it proves is
what trying every combination on the sheet itself finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.solver.models import Model

pytest.importorskip("pyscipopt")

_PRICES = (3.0, 7.5, -2.0, 4.0, 9.0, 1.0, -4.5, 8.0)
_BREAKS = (0, 2, 3, 5, 6, 8, 9, 11)
LOOKED_UP = {
    "INDEX": "=INDEX(F1:F8,A1)+(A2-3)^2",
    "INDEX of a table": "=INDEX(H1:J8,A1,2)+A2*INDEX(H1:J8,A1,3)",
    "CHOOSE": "=CHOOSE(A1,3,7,-2,4,9,1,-4,8)*A2",
    "CHOOSE of formulas": "=INDEX(F1:F8,A1)+CHOOSE(A2,A1,A1^2,5,6,7,8,1,1)",
    "VLOOKUP, exact": "=VLOOKUP(A1,E1:F8,2,FALSE)*A2+A1",
    "VLOOKUP, brackets": "=A1*VLOOKUP(A1,G1:J8,2)+A2^2",
    "HLOOKUP": "=HLOOKUP(A2,H1:J2,2)+A1",
    "LOOKUP": "=LOOKUP(A1,G1:G8,F1:F8)+A2^2",
    "XLOOKUP": "=XLOOKUP(A1,E1:E8,F1:F8)+A2^2",
    "MATCH, exact": "=(MATCH(A1,E1:E8,0)-4)^2+A2",
    "MATCH, brackets": "=(MATCH(A1,G1:G8,1)-4)^2+A2",
    "INDEX of MATCH": "=INDEX(F1:F8,MATCH(A1,G1:G8,1))*A2",
    "INDEX of MOD": "=INDEX(F1:F8,MOD(A1*A2,7)+1)+A2",
    "COUNTIF by a variable": "=COUNTIF(G1:G8,A1)*A2+A1",
    "IFS": "=IFS(A1<3,5,A1<6,2*A2,TRUE,A1)",
}


def book(formula: str, goal: str, most: str = "8") -> Model:
    cells: dict[str, object] = {"A1": 1, "A2": 2, "C1": formula}
    for row, (price, edge) in enumerate(zip(_PRICES, _BREAKS, strict=True), 1):
        cells |= {f"E{row}": row, f"F{row}": price, f"G{row}": edge}
        cells |= {f"{name}{row}": (row * 7 + j * 5) % 11 - 3 for j, name in enumerate("HIJ")}
    area = "S!$A$1:$A$2"
    lines = [(area, ">=", "1"), (area, "<=", most), (area, "int", "")]
    return Model(cells, "$C$1", area, goal=goal, lines=lines)


@pytest.mark.parametrize("goal", ["1", "2"])
@pytest.mark.parametrize("name", LOOKED_UP)
def test_the_proof_is_that_of_trying_all(name: str, goal: str, tmp_path: Path) -> None:
    model = book(LOOKED_UP[name], goal)
    (proved,) = model.solve(tmp_path, "--engine", "global").json["models"]
    (tried,) = model.solve(tmp_path, "--method", "evolutionary").json["models"]
    assert (proved["status"], proved["method"]) == ("optimal", "global"), proved["message"]
    assert tried["status"] == "optimal"
    assert proved["final"] == pytest.approx(tried["final"], abs=1e-6)


@pytest.mark.parametrize("name", ["VLOOKUP, exact", "INDEX", "CHOOSE"])
def test_a_place_beyond_the_table_is_told(name: str, tmp_path: Path) -> None:
    """Where the look-up may be an error, no form says what the sheet does."""
    found = book(LOOKED_UP[name], "2", most="12").solve(tmp_path, "--engine", "global")
    (told,) = found.json["models"]
    function = name.partition(",")[0]
    assert (found.code, told["status"]) == (3, "refused")
    assert f"{function} in S!C1" in told["message"]


def test_a_tour_by_index(tmp_path: Path) -> None:
    """All different places, and the way between two of them from a table."""
    cells: dict[str, object] = {f"A{i}": i for i in range(1, 6)}
    for row in range(5):
        cells |= {"GHIJK"[j] + str(row + 1): abs(row * row - j * j) % 7 for j in range(5)}
    legs = "+".join(f"INDEX(G1:K5,A{i},A{i % 5 + 1})" for i in range(1, 6))
    model = Model({**cells, "C1": "=" + legs}, "$C$1", "S!$A$1:$A$5",
                  lines=[("S!$A$1:$A$5", "dif", "")])  # fmt: skip
    (proved,) = model.solve(tmp_path, "--engine", "global").json["models"]
    (tried,) = model.solve(tmp_path, "--method", "evolutionary").json["models"]
    assert (proved["status"], tried["status"]) == ("optimal", "optimal"), proved["message"]
    assert proved["final"] == pytest.approx(tried["final"])
