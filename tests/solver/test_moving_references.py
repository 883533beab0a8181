"""OFFSET, INDIRECT and ranges to an INDEX whose place depends on the variables: every point is
recalculated."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.faces.shell import xlcollab
from tests.solver.models import Model

PRICES = [9.0, 4.0, 7.0, 2.5, 6.0, 3.0, 8.0, 5.0]
TABLE: dict[str, object] = {f"E{i + 1}": price for i, price in enumerate(PRICES)}
LINES = [("S!$A$1", ">=", "1"), ("S!$A$1", "<=", "8"), ("S!$A$1", "int", "")]

FORMULAS = {
    "offset": "=OFFSET($E$1,A1-1,0)+A1/100",
    "indirect": '=INDIRECT("E"&A1)+A1/100',
    "size": "=AVERAGE(OFFSET($E$1,0,0,A1,1))+A1/100",
    "sum": '=SUM(INDIRECT("E"&A1&":E8"))/(9-A1)+A1/100',
    "end": "=SUM($E$1:INDEX($E$1:$E$8,A1))/A1+A1/100",
    "both": "=SUM(INDEX($E:$E,A1):INDEX(E1:F8,8,1))/(9-A1)+A1/100",
}


def truth(name: str, place: int) -> float:
    found = {
        "offset": PRICES[place - 1],
        "indirect": PRICES[place - 1],
        "size": sum(PRICES[:place]) / place,
        "sum": sum(PRICES[place - 1 :]) / (9 - place),
        "end": sum(PRICES[:place]) / place,
        "both": sum(PRICES[place - 1 :]) / (9 - place),
    }
    return found[name] + place / 100


@pytest.mark.parametrize("name", FORMULAS)
def test_against_every_place(name: str, tmp_path: Path) -> None:
    cells = TABLE | {"A1": 1, "B1": FORMULAS[name], "C1": "=B1*2"}
    found = Model(cells, "B1", "S!$A$1", lines=LINES).solve(tmp_path)
    assert found.code == 0, found.err
    (model,) = found.json["models"]
    assert model["final"] == pytest.approx(min(truth(name, place) for place in range(1, 9)))
    assert (model["method"], model["status"]) == ("evolutionary", "optimal")
    assert any("recalculated" in text for text in model["warnings"])
    sheet = xc.open(found.json["output"]).workbook.sheet("S")
    assert sheet.value(0, 2) == pytest.approx(2 * model["final"])
    assert xlcollab("recalc", found.json["output"], "--check").code == 0


def test_as_a_constraint_and_beside_a_curve(tmp_path: Path) -> None:
    """Two variables: a place and an amount; the place's limit holds the amount."""
    cells = TABLE | {
        "A1": 2, "A2": 1.0, "B1": "=OFFSET($E$1,A1-1,0)", "C1": "=(A2-20)^2+3*A1", "D1": "=A2-B1",
    }  # fmt: skip
    lines = [*LINES, ("S!$D$1", "<=", "0"), ("S!$A$2", "<=", "50")]
    found = Model(cells, "C1", "S!$A$1:$A$2", lines=lines).solve(
        tmp_path, "--population", "16", "--iterations", "60"
    )
    assert found.code == 0, found.err
    best = min((20 - price) ** 2 + 3 * place for place, price in enumerate(PRICES, 1))
    assert found.json["models"][0]["final"] == pytest.approx(best, rel=0.02)
    assert found.json["models"][0]["status"] == "best_found"


def test_a_place_beyond_the_sheet_is_no_solution(tmp_path: Path) -> None:
    cells = TABLE | {"A1": 3, "B1": "=OFFSET($E$3,A1-4,0)"}
    lines = [("S!$A$1", ">=", "0"), ("S!$A$1", "<=", "5"), ("S!$A$1", "int", "")]
    found = Model(cells, "B1", "S!$A$1", lines=lines).solve(tmp_path)
    assert found.json["models"][0]["final"] == pytest.approx(2.5)
