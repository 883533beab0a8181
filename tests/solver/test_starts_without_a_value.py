"""Cells that are blank or 0 are where a new model begins; without a value there, it moves on."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from xlcollab.errors import DataError

_ORDER = "=A2*49/A1+A1/2*A3"


@pytest.mark.parametrize(
    ("cells", "goal", "lines", "best"),
    [
        (
            {"A2": 5000.0, "A3": 2.0, "B1": _ORDER},
            {"minimize": "S!B1"},
            ["S!A1>=0"],
            989.949493661,
        ),
        ({"B1": "=0.55*LN(A1)+0.45*LN(1-A1)"}, {"maximize": "S!B1"}, [], -0.6881388137),
        ({"B1": "=NPV(A1,-90,60,60)/A1*A1"}, {"target": "S!B1=0"}, [], 0.0),
        (
            {"B1": "=INDEX(C1:C3,A1)", "C1": 4.0, "C2": 2.0, "C3": 5.0},
            {"minimize": "S!B1"},
            ["S!A1=integer", "S!A1>=1", "S!A1<=3"],
            2.0,
        ),
        ({"B1": "=A1^2", "B2": "=1/A1"}, {"minimize": "S!B1"}, ["S!B2<=4", "S!B2>=0"], 0.0625),
        ({"B1": "=SUM(MMULT(A1:A1,C1:C1))", "C1": 3.0}, {"minimize": "S!B1"}, ["S!A1>=2"], 6.0),
    ],
)
@pytest.mark.parametrize("start", [None, 0.0, -1000.0])
def test_an_error_at_the_start_is_left(
    cells: dict[str, object],
    goal: dict[str, str],
    lines: list[str],
    best: float,
    start: float | None,
    tmp_path: Path,
) -> None:
    book = xc.open(build(tmp_path / "b.xlsx", {"S": {**cells, "A1": start}}))
    model = book.model(by_changing="S!A1", subject_to=lines, **goal)  # type: ignore[arg-type]
    found = book.solve(model, history=False)
    if start == -1000.0 and "target" in goal:  # from there it falls to 0 for ever, with no root
        assert found.status == "goal_not_met"
        return
    assert found.kept, found.solution.message
    assert found.objective == pytest.approx(best, rel=1e-6, abs=1e-6)


def test_it_is_said_where_the_run_began(tmp_path: Path) -> None:
    book = xc.open(build(tmp_path / "b.xlsx", {"S": {"A1": 0.0, "B1": "=A1+4/A1"}}))
    found = book.solve(book.model(minimize="S!B1", by_changing="S!A1", subject_to=["S!A1>=0"]))
    (told,) = [text for text in found.warnings if "began" in text]
    assert told.startswith("the objective S!B1 has no value at the start: S!B1 is #DIV/0! there")
    assert "The run began elsewhere: S!A1 = 1" in told


def test_an_order_begins_with_one(tmp_path: Path) -> None:
    cells = {f"A{i}": None for i in range(1, 5)}
    cells |= {f"B{i}": f"=INDEX(D1:G1,A{i})*{i}" for i in range(1, 5)}  # type: ignore[misc]
    cells |= {"D1": 4.0, "E1": 1.0, "F1": 3.0, "G1": 2.0, "C1": "=SUM(B1:B4)"}  # type: ignore[dict-item]
    book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
    lines = ["S!A1:A4=alldifferent"]
    found = book.solve(book.model(minimize="S!C1", by_changing="S!A1:A4", subject_to=lines))
    assert found.objective == 20.0


def test_an_error_everywhere_is_refused(tmp_path: Path) -> None:
    book = xc.open(build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "B1": "=SQRT(-1-A1^2)"}}))
    with pytest.raises(DataError, match=r"S!B1 is #NUM! there, and was nowhere else found"):
        book.solve(book.model(minimize="S!B1", by_changing="S!A1"))


def test_what_has_no_slope_far_away_is_not_said_to_be_unread(tmp_path: Path) -> None:
    for formula in ("=EXP(-A1^2)+A2^2", "=SUMSQ(LN(A1),A2)"):
        cells = {"A1": 100.0 if "EXP" in formula else 1e-9, "A2": 1.0, "B1": formula}
        book = xc.open(build(tmp_path / "b.xlsx", {"S": cells}))
        found = book.solve(book.model(minimize="S!B1", by_changing="S!A1:A2"))
        assert not [text for text in found.warnings if "reach" in text]
