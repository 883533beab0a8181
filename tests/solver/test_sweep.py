"""Sweeps over parameters, scenarios and draws, as a user runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import xlcollab as xc
from tests.build import build
from tests.faces.shell import Outcome, solver_names, xlcollab
from xlcollab.api.look import drawing
from xlcollab.api.session.session import Session
from xlcollab.api.solve.given import given_model
from xlcollab.api.solve.simulation import simulated
from xlcollab.api.solve.sweeping import swept
from xlcollab.settings.requests.sweep import SweepRequest

CELLS: dict[str, object] = {
    "A1": 0.0,
    "A2": 0.0,
    "B1": "=B3*A1+5*A2",
    "B3": 3.0,
    "B4": 12.0,
    "C1": "=2*A2",
    "C2": "=3*A1+2*A2",
}
MODEL = {
    "opt": "S!$B$1",
    "adj": "S!$A$1:$A$2",
    "typ": "1",
    "neg": "1",
    "num": "3",
    "lhs1": "S!$A$1",
    "rel1": "1",
    "rhs1": "4",
    "lhs2": "S!$C$1",
    "rel2": "1",
    "rhs2": "S!$B$4",
    "lhs3": "S!$C$2",
    "rel3": "1",
    "rhs3": "18",
}


def _best(price: float, limit: float) -> float:
    """The best corner of x ≤ 4, 2y ≤ limit, 3x + 2y ≤ 18, by hand."""
    top = limit / 2
    corners = [(0.0, min(top, 9.0)), (4.0, min(top, 3.0)), (min(4.0, (18 - limit) / 3), top)]
    return max(price * x + 5 * y for x, y in corners if 3 * x + 2 * y <= 18 + 1e-9)


def _sweep(folder: Path, *options: object, **more: dict[str, object]) -> Outcome:
    path = build(folder / "b.xlsx", {"S": CELLS, **more}, solver_names("S", **MODEL))
    return xlcollab("sweep", path, "--json", *options)


def test_one_parameter_makes_a_table_and_a_chart(tmp_path: Path) -> None:
    found = _sweep(tmp_path, "--parameter", "S!B3=1:10:4")
    assert found.code == 0, found.err
    rows = found.json["rows"]
    assert [row["S!B3"] for row in rows] == [1.0, 4.0, 7.0, 10.0]
    expected = [_best(price, 12.0) for price in (1.0, 4.0, 7.0, 10.0)]
    assert [row["objective S!B1"] for row in rows] == pytest.approx(expected)
    assert {row["status"] for row in rows} == {"optimal"}
    book = xc.open(tmp_path / "b.swept.xlsx").workbook
    assert [sheet.name for sheet in book] == ["S", "S sweep"]
    assert book.sheet("S").value(2, 1) == 3.0
    runs = [
        book.sheet("S sweep").value(6 + place, 0) for place in range(4)
    ]  # where the chart reads
    assert runs == [1.0, 4.0, 7.0, 10.0]


def test_two_parameters_make_a_grid(tmp_path: Path) -> None:
    found = _sweep(tmp_path, "--parameter", "S!B3=1,4", "--parameter", "S!B4=6:12:3")
    rows = found.json["rows"]
    assert [(row["S!B3"], row["S!B4"]) for row in rows] == [
        (price, limit) for price in (1.0, 4.0) for limit in (6.0, 9.0, 12.0)
    ]
    for row in rows:
        assert row["objective S!B1"] == pytest.approx(_best(row["S!B3"], row["S!B4"]))


def test_scenarios_have_names(tmp_path: Path) -> None:
    cases: dict[str, object] = {"B1": "S!B3", "C1": "S!B4", "A2": "bad", "B2": 1.0, "C2": 6.0}
    cases |= {"A3": "good", "B3": 6.0, "C3": 12.0}
    found = _sweep(tmp_path, "--scenarios", "Cases", Cases=cases)
    rows = found.json["rows"]
    assert [row["scenario"] for row in rows] == ["bad", "good"]
    assert [row["objective S!B1"] for row in rows] == pytest.approx(
        [_best(1.0, 6.0), _best(6.0, 12.0)]
    )


def test_an_infeasible_value_leaves_a_blank_and_tells(tmp_path: Path) -> None:
    found = _sweep(tmp_path, "--parameter", "S!B4=-1,12")
    assert found.code == 4
    first, second = found.json["rows"]
    assert (first["status"], first["objective S!B1"]) == ("infeasible", None)
    assert second["status"] == "optimal"


def test_draws_have_means_percentiles_and_chances(tmp_path: Path) -> None:
    cells: dict[str, object] = {"A1": 2.0, "B1": "=A1*C1", "C1": "=RAND()", "D1": "=C1+A1"}
    names = solver_names(
        "S",
        opt="S!$B$1",
        adj="S!$A$1",
        num="1",
        lhs1="S!$D$1",
        rel1="1",
        rhs1="2.25",
    )
    path = build(tmp_path / "b.xlsx", {"S": cells}, names)
    found = xlcollab("sweep", path, "--json", "--samples", "2000")
    assert found.code == 0, found.err
    objective, line = found.json["rows"]
    assert objective["mean"] == pytest.approx(1.0, abs=0.05)
    assert objective["percentile 25"] == pytest.approx(0.5, abs=0.08)
    assert line["share that holds"] == pytest.approx(0.25, abs=0.04)
    assert (
        xlcollab("sweep", path, "--json", "--samples", "50").json["rows"]
        == (xlcollab("sweep", path, "--json", "--samples", "50").json["rows"])
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ((), "--parameter"),
        (("--parameter", "S!B3=1:10"), "S!B3=1:10"),
        (("--parameter", "S!B3"), "S!B3"),
        (("--parameter", "S!B3=1,2", "--samples", "3"), "one of"),
        (("--parameter", "S!B1=1,2"), "formula"),
        (("--samples", "3"), "random"),
    ],
)
def test_what_cannot_be_swept_is_told(tmp_path: Path, options: tuple[str, ...], word: str) -> None:
    found = _sweep(tmp_path, *options)
    assert found.code in (2, 3)
    assert word in found.sentence


def test_draws_are_those_of_the_distribution(tmp_path: Path) -> None:
    """A newsvendor's demand by NORM.INV(RAND(), …) beside scipy, within four standard errors."""
    cells: dict[str, object] = {
        "A1": 120.0,
        "B1": "=NORM.INV(RAND(),100,20)",
        "B2": "=A1-B1",
        "B3": "=-5*LN(RAND())",
        "C1": "=B1+B3",
    }
    names = solver_names(
        "S", opt="S!$C$1", adj="S!$A$1", typ="1", num="1", lhs1="S!$B$2", rel1="3", rhs1="0"
    )
    path = build(tmp_path / "b.xlsx", {"S": cells}, names)
    count = 1000
    found = xlcollab("sweep", path, "--json", "--samples", str(count))
    assert found.code == 0, found.err
    total, left = found.json["rows"]
    spread = (20.0**2 + 5.0**2) ** 0.5
    assert total["mean"] == pytest.approx(105.0, abs=4 * spread / count**0.5)
    assert total["standard deviation"] == pytest.approx(spread, rel=4 / (2 * count) ** 0.5 * 1.5)
    demand = stats.norm(20.0, 20.0)  # what is left of 120
    for share in (5, 25, 50, 75, 95):
        place = demand.ppf(share / 100)
        error = (share / 100 * (1 - share / 100) / count) ** 0.5 / demand.pdf(place)
        assert left[f"percentile {share}"] == pytest.approx(place, abs=4 * error)
    chance = 1 - demand.cdf(0.0)
    error = (chance * (1 - chance) / count) ** 0.5
    assert left["share that holds"] == pytest.approx(chance, abs=4 * error)


def test_a_time_limit_is_one_of_all_runs(tmp_path: Path) -> None:
    """The first is made however little time there is; the others are told as not run."""
    found = _sweep(tmp_path, "--parameter", "S!B3=1:10:4", "--time-limit", "0.001")
    rows = found.json["rows"]
    assert found.code == 4
    assert rows[0]["status"] == "optimal"
    assert {row["status"] for row in rows[1:]} == {"not run: time was up"}
    assert {row["objective S!B1"] for row in rows[1:]} == {None}


def test_a_time_limit_ends_draws(tmp_path: Path) -> None:
    cells: dict[str, object] = {"A1": 1.0, "B1": "=A1+RAND()"}
    model = solver_names("S", opt="S!$B$1", adj="S!$A$1", typ="1", num="0")
    path = build(tmp_path / "b.xlsx", {"S": cells}, model)
    asked = ("--samples", "1000000", "--time-limit", "0.001")
    found = xlcollab("sweep", path, "--json", *asked)
    assert found.code == 0, found.err
    sheet = xc.open(found.json["output"]).workbook.sheet("S simulation")
    title = str(sheet.value(0, 0))
    assert "1000000" not in title
    assert "draws" in title


_DRAWN: dict[str, dict[str, object]] = {
    "newsvendor": {"B1": "=MIN(A1,NORM.INV(RAND(),2,1))*9-A1*4", "B2": "=EXP(-RAND())"},
    "copies": {
        **{f"D{row}": "=NORM.INV(RAND(),2,1)*A$1" for row in range(1, 6)},
        "B1": "=SUM(D1:D5)",
        "B2": "=MAX(D1:D5)",
    },
    "whole numbers": {"B1": "=RANDBETWEEN(1,6)*0.1+A1*0.2", "B2": "=--(B1=0.6)"},
    "chance": {"C1": "=IF(RAND()<0.3,5,1)", "B1": "=C1*A1+RAND()", "B2": "=IF(B1>3,B1,0)"},
    "branch of chance": {"B1": "=IF(RAND()<0.5,RAND(),0)+RAND()", "B2": "=B1*A1"},
    "cells by chance": {"D1": 4.0, "D2": 7.0, "B1": "=IF(RAND()<0.5,D1,D2)", "B2": "=RAND()*B1"},
    "look-up": {"D1": 4.0, "D2": 7.0, "B1": "=INDEX(D1:D2,RANDBETWEEN(1,2))", "B2": "=B1+A1"},
    "errors": {"B1": "=IF(RAND()<0.4,NA(),1)", "B2": "=1/(RANDBETWEEN(0,1))"},
    "text": {"C1": '=IF(RAND()<0.5,"low","high")', "B1": '=IF(C1="low",1,2)', "B2": "=LEN(C1)"},
    "another cell": {"B1": "=OFFSET(A1,RANDBETWEEN(0,1),0)+RAND()", "B2": "=A1"},
    "quantiles": {"B1": "=GAMMA.INV(RAND(),2,A1)", "B2": "=LOGNORM.INV(RAND(),0,1)"},
    "an array": {"B1": "=SUM(RANDARRAY(3,2,1,A1+4,TRUE))", "B2": "=RAND()+SUM(RANDARRAY(2))"},
}


_BY_CHANCE = {"branch of chance", "cells by chance", "another cell", "look-up"}


@pytest.mark.parametrize("case", _DRAWN)
def test_draws_together_are_those_one_by_one(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where chance decides what is drawn or read there is no program for all."""
    names = solver_names(
        "S", opt="S!$B$1", adj="S!$A$1", typ="1", num="1", lhs1="S!$B$2", rel1="1", rhs1="0.5"
    )
    path = build(tmp_path / "b.xlsx", {"S": {"A1": 2.0, **_DRAWN[case]}}, names)
    book = Session(path)
    model = given_model(book, SweepRequest(book=path).model, None)
    made: list[object] = []
    recorded = drawing._recorded

    def looked_at(*given: Any) -> object:
        made.append(recorded(*given))
        return made[-1]

    monkeypatch.setattr(drawing, "_recorded", looked_at)
    together = simulated(book, model, 60, seed=7)
    assert (made != [None]) == (case not in _BY_CHANCE)
    monkeypatch.setattr(drawing, "_recorded", lambda *given: None)
    apart = simulated(book, model, 60, seed=7)
    np.testing.assert_allclose(together.draws, apart.draws, 1e-9)
    for line, other in zip(together.lines, apart.lines, strict=True):
        for one, two in zip(line, other, strict=True):
            assert one == (pytest.approx(two, rel=1e-9) if isinstance(two, float) else two)


_OTHERS: dict[str, object] = {
    "D1": "red",
    "D2": "=1/0",
    "D3": "=B3*2",
    "D4": 7.0,
    "D5": True,
    "E1": "=2*B4",
}
NOT_SWEPT = {
    "S!D1=1,2": "'red'",
    "S!D2=1,2": "formula",
    "S!D3=1,2": "formula",
    "S!A1=1,2": "variable",
    "S!B3:B4=1,2": "single cell",
    "nothing=1,2": "'nothing'",
    "X!B3=1,2": "no such sheet",
}


@pytest.mark.parametrize("text", NOT_SWEPT)
def test_no_constant_number_is_no_parameter(tmp_path: Path, text: str) -> None:
    path = build(tmp_path / "b.xlsx", {"S": CELLS | _OTHERS}, solver_names("S", **MODEL))
    found = xlcollab("sweep", path, "--parameter", text)
    assert found.code == 3
    assert NOT_SWEPT[text] in found.sentence
    assert not (tmp_path / "b.swept.xlsx").exists()


def test_a_cell_is_swept_once(tmp_path: Path) -> None:
    found = _sweep(tmp_path, "--parameter", "S!B3=1,2", "--parameter", "B3=3,4")
    assert found.code == 2
    assert "twice" in found.sentence


def test_a_parameter_that_decides_nothing_is_told(tmp_path: Path) -> None:
    path = build(tmp_path / "b.xlsx", {"S": CELLS | _OTHERS}, solver_names("S", **MODEL))
    told = xlcollab("sweep", path, "--parameter", "S!D4=1,2")
    assert (told.code, "depends on S!D4" in told.err) == (0, True)
    for read in ("S!B3=1,2", "S!B4=6,12"):
        assert "depends on" not in xlcollab("sweep", path, "--parameter", read).err


def test_parameters_have_names_and_the_sheet_of_the_model(tmp_path: Path) -> None:
    names = [*solver_names("S", **MODEL), ("price", "S!$B$3", None, False)]
    path = build(tmp_path / "b.xlsx", {"T": {"B3": "text"}, "S": CELLS}, names)
    for text in ("price=1,4", "B3=1,4", "S!B3=1,4,1"):
        rows = xlcollab("sweep", path, "--json", "--parameter", text).json["rows"]
        found = [row["objective S!B1"] for row in rows]
        assert found == pytest.approx([_best(1.0, 12.0), _best(4.0, 12.0)])


def test_a_value_that_gives_an_error_is_a_row_of_its_own(tmp_path: Path) -> None:
    cells = CELLS | {"B1": "=B3*A1+5*A2/B5", "B5": 1.0}
    path = build(tmp_path / "b.xlsx", {"S": cells}, solver_names("S", **MODEL))
    found = xlcollab("sweep", path, "--json", "--parameter", "S!B5=1,0,1.5")
    assert found.code == 4
    assert [row["status"] for row in found.json["rows"]] == ["optimal", "refused", "optimal"]
    assert [row["objective S!B1"] is None for row in found.json["rows"]] == [False, True, False]
    assert any("S!B5 = 0" in text for text in found.json["warnings"])
    none = xlcollab("sweep", path, "--parameter", "S!B5=0", "--overwrite")
    assert none.code == 3
    assert "#DIV/0!" in none.sentence


def test_scenarios_may_be_formulas_that_a_library_left_at_0(tmp_path: Path) -> None:
    cases: dict[str, object] = {"B1": "S!B3", "C1": "B4", "A2": 2024.0, "B2": "=1+2"}
    cases |= {"C2": "=S!B4/2", "B3": "=B2*2", "C3": 12.0}
    found = _sweep(tmp_path, "--scenarios", "Cases", Cases=cases)
    rows = found.json["rows"]
    assert [row["scenario"] for row in rows] == ["2024", "row 3"]
    assert [(row["S!B3"], row["S!B4"]) for row in rows] == [(3.0, 6.0), (6.0, 12.0)]


def test_without_scenarios_nothing_is_written(tmp_path: Path) -> None:
    found = _sweep(tmp_path, "--scenarios", "Cases", Cases={"B1": "S!B3"})
    assert found.code == 3
    assert "holds no scenarios" in found.sentence


@pytest.mark.parametrize("formula", ["=IF(RAND()<1E-9,1,0)", "=1/(0*RAND())"])
def test_draws_that_are_all_alike_are_draws(tmp_path: Path, formula: str) -> None:
    cells = {"A1": 2.0, "B1": "=A1*C1", "C1": formula}
    path = build(tmp_path / "b.xlsx", {"S": cells}, solver_names("S", opt="S!B1", adj="S!A1"))
    found = xlcollab("sweep", path, "--json", "--samples", "40")
    assert found.code == 0, found.err
    assert found.json["rows"][0]["errors"] == (40.0 if "/" in formula else 0.0)


def test_a_limit_that_is_a_formula_is_judged(tmp_path: Path) -> None:
    cells = {"A1": 2.0, "B1": "=A1*RAND()", "D1": 0.5}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    words = ("--minimize", "S!B1", "--by-changing", "S!A1", "--subject-to", "S!B1<=A1*D1")
    found = xlcollab("sweep", path, "--json", "--samples", "2000", *words)
    assert found.json["rows"][1]["share that holds"] == pytest.approx(0.5, abs=0.04)
    one = xlcollab("sweep", path, "--json", "--samples", "1", "--overwrite", *words)
    assert one.json["rows"][0]["standard deviation"] is None


@pytest.mark.parametrize(("values", "line"), [("1,4,9", True), ("9,4,1", True), ("4,9,1", False)])
def test_points_out_of_order_have_no_line(tmp_path: Path, values: str, line: bool) -> None:
    path = build(tmp_path / "b.xlsx", {"S": CELLS}, solver_names("S", **MODEL))
    book = Session(path)
    (chart,) = swept(book, SweepRequest(book=path, parameter=(f"S!B3={values}",))).sheet.charts
    assert [one.line for one in chart.series] == [line]


def test_draws_that_were_not_made_are_told(tmp_path: Path) -> None:
    cells = {"A1": 2.0, "B1": "=A1*RAND()"}
    path = build(tmp_path / "b.xlsx", {"S": cells}, solver_names("S", opt="S!B1", adj="S!A1"))
    limit = ("--samples", "100000000", "--time-limit", "2")
    (told,) = xlcollab("sweep", path, "--json", *limit).json["warnings"]
    assert "of 100,000,000 draws were made" in told
    whole = xlcollab("sweep", path, "--json", "--samples", "50", "--overwrite")
    assert whole.json["warnings"] == []
