"""Solve pressed again on what was solved: the same status, and nothing worse."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build

START = {"A1": 1.0, "A2": 1.5}
ENDS_AT_NOTHING = ("(A1-3)^4+(A2-2)^2*A1^2", "COSH(A1-2)*EXP(A2^2)-1", "A1/A2+A2/A1-2")


def pressed(path: Path, to: Path, **words: object) -> xc.Solved:
    book = xc.open(path)
    found = book.solve(book.model(**words), history=False)  # type: ignore[arg-type]
    book.save(to)
    return found


@pytest.mark.parametrize("formula", ENDS_AT_NOTHING)
@pytest.mark.parametrize("size", ["1", "1E6"])
def test_a_least_value_of_zero_is_the_same_optimum_again(
    formula: str, size: str, tmp_path: Path
) -> None:
    """Nothing of that size is left which a slope could be compared with."""
    words = {"minimize": "S!C1", "by_changing": "S!A1:A2", "subject_to": ["S!A1:A2>=0.1"]}
    if "COSH" in formula:
        words["subject_to"] = []
    path = build(tmp_path / "b.xlsx", {"S": {**START, "C1": f"={size}*({formula})"}})
    first = pressed(path, tmp_path / "1.xlsx", **words)
    second = pressed(tmp_path / "1.xlsx", tmp_path / "2.xlsx", **words)
    assert first.status == second.status == "locally_optimal", (first.status, second.status)
    assert abs(second.objective) <= abs(first.objective) + 1e-12


@pytest.mark.parametrize("formula", ["EXP(-A1)", "-ATAN(A1)", "5-NORM.S.DIST(A1,TRUE)"])
def test_what_has_no_end_is_no_optimum_the_second_time(formula: str, tmp_path: Path) -> None:
    words = {"minimize": "S!C1", "by_changing": "S!A1", "subject_to": ["S!A1>=0.1"]}
    path = build(tmp_path / "b.xlsx", {"S": {"A1": 1.0, "C1": f"={formula}"}})
    for press in range(2):
        to = tmp_path / f"{press}.xlsx"
        found = pressed(path, to, **words)
        assert found.status == "tolerance", found.status
        path = to


def test_a_fit_turned_about_is_as_optimal(tmp_path: Path) -> None:
    """The most of what a constant was taken from, in cells of very different slopes."""
    heights = [2.9, 4.4, 6.6, 9.9, 15.2, 21.8, 33.1, 49.7]
    cells: dict[str, object] = {"E1": 1.0, "F1": 0.1, "G1": "=-SUMXMY2(B1:B8,C1:C8)"}
    for row, height in enumerate(heights, 1):
        cells |= {f"A{row}": row, f"B{row}": height, f"C{row}": f"=$E$1*EXP($F$1*A{row})"}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    found = pressed(path, tmp_path / "1.xlsx", maximize="S!G1", by_changing="S!E1:F1")
    assert found.status == "locally_optimal"
    assert found.objective == pytest.approx(-0.2951147066)


@pytest.mark.parametrize("begin", [80.0, 300.0])
def test_a_start_far_out_is_no_proof(begin: float, tmp_path: Path) -> None:
    """A slope that is next to nothing, of a convex model, with another variable at its best."""
    cells = {"A1": begin, "A2": 3.0, "C1": "=EXP(-A1)*(1+(A2-3)^2)"}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    found = pressed(path, tmp_path / "1.xlsx", minimize="S!C1", by_changing="S!A1:A2")
    assert found.status == "tolerance", found.status


def test_an_optimum_on_a_slope_of_its_bound_stays_one(tmp_path: Path) -> None:
    """What falls on beyond a bound does not fall where it may be."""
    cells = {"A1": 50.0, "A2": 1.0, "C1": "=EXP(-A1/10)+(A2-3)^2"}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    words = {"minimize": "S!C1", "by_changing": "S!A1:A2", "subject_to": ["S!A1<=60"]}
    first = pressed(path, tmp_path / "1.xlsx", **words)
    second = pressed(tmp_path / "1.xlsx", tmp_path / "2.xlsx", **words)
    assert first.status == second.status == "optimal"


@pytest.mark.parametrize("begin", [(0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (1.0, 2.0, 3.0)])
def test_a_box_is_told_as_an_optimum_from_anywhere(
    begin: tuple[float, float, float], tmp_path: Path
) -> None:
    """From nothing it was one where the conditions were "missed by 0"."""
    cells: dict[str, object] = dict(zip(("A1", "A2", "A3"), begin, strict=True))
    cells |= {"C1": "=A1*A2*A3", "D1": "=2*(A1*A2+A2*A3+A1*A3)"}
    words = {"maximize": "S!C1", "by_changing": "S!A1:A3", "non_negative": True}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    found = pressed(path, tmp_path / "1.xlsx", **words, subject_to=["S!D1<=150"])
    assert (found.status, found.objective) == ("locally_optimal", pytest.approx(125.0))
