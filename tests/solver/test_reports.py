"""The reports beside the answer, as a user asks for them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import xlcollab as xc
from tests.build import build
from tests.faces.shell import Outcome, listing, solver_names, xlcollab
from xlcollab.grid import Scalar

WYNDOR = {
    "A1": "doors",
    "B1": 0.0,
    "A2": "windows",
    "B2": 0.0,
    "A4": "profit",
    "B4": "=3*B1+5*B2",
    "D1": "plant 1",
    "E1": "=B1",
    "F1": 4.0,
    "D2": "plant 2",
    "E2": "=2*B2",
    "F2": 12.0,
    "D3": "plant 3",
    "E3": "=3*B1+2*B2",
    "F3": 18.0,
}
"""Hillier and Lieberman, "Introduction to Operations Research", chapter 3."""


def _solved(folder: Path, cells: dict[str, object], *options: object, **model: str) -> Outcome:
    stored = {"opt": "S!$B$4", "adj": "S!$B$1:$B$2", "typ": "1", "neg": "1", "num": "1"}
    lines = {"lhs1": "S!$E$1:$E$3", "rel1": "1", "rhs1": "S!$F$1:$F$3"}
    path = build(folder / "b.xlsx", {"S": cells}, solver_names("S", **(stored | lines | model)))
    return xlcollab("solve", path, *options)


def _rows(folder: Path, name: str) -> list[list[Scalar]]:
    sheet = xc.open(folder / "b.solved.xlsx").workbook.sheet(name)
    return [[sheet.value(r, c) for c in range(sheet.width)] for r in range(sheet.height)]


def _section(rows: list[list[Scalar]], title: str) -> list[list[Scalar]]:
    first = next(i for i, row in enumerate(rows) if row[0] == title) + 2
    lines = []
    for row in rows[first:]:
        if row[0] is None:
            break
        lines.append(row)
    return lines


def test_sensitivity_is_that_of_the_textbook(tmp_path: Path) -> None:
    found = _solved(tmp_path, WYNDOR, "--report", "answer,sensitivity,limits")
    assert found.code == 0, found.err
    rows = _rows(tmp_path, "S sensitivity")
    assert _section(rows, "Variable Cells") == [
        ["$B$1", "doors", pytest.approx(2.0), pytest.approx(0), 3.0, pytest.approx(4.5), 3.0],
        ["$B$2", "windows", pytest.approx(6.0), pytest.approx(0), 5.0, 1e30, pytest.approx(3.0)],
    ]
    lines = _section(rows, "Constraints")
    assert [row[1] for row in lines] == ["plant 1", "plant 2", "plant 3"]
    assert [row[3] for row in lines] == pytest.approx([0.0, 1.5, 1.0])
    assert [row[4:7] for row in lines] == [
        [4.0, 1e30, pytest.approx(2.0)],
        [12.0, pytest.approx(6.0), pytest.approx(6.0)],
        [18.0, pytest.approx(6.0), pytest.approx(6.0)],
    ]


def test_limits_leave_the_others_as_they_are(tmp_path: Path) -> None:
    assert _solved(tmp_path, WYNDOR, "--report", "limits", "--no-history").code == 0
    names = [sheet.name for sheet in xc.open(tmp_path / "b.solved.xlsx").workbook]
    assert names == ["S", "S limits"]
    lines = _section(_rows(tmp_path, "S limits"), "Variables")
    assert lines[0][2:] == pytest.approx([2.0, 0.0, 30.0, 2.0, 36.0], abs=1e-6)
    assert lines[1][2:] == pytest.approx([6.0, 0.0, 6.0, 6.0, 36.0], abs=1e-6)


def test_a_nonlinear_model_has_reduced_gradients_and_multipliers(tmp_path: Path) -> None:
    cells = WYNDOR | {"B4": "=3*LN(1+B1)+5*B2-B2^2/10"}
    assert _solved(tmp_path, cells, "--report", "sensitivity").code == 0
    rows = _rows(tmp_path, "S sensitivity")
    heads = [row for row in rows if row[0] == "Cell"]
    assert "Reduced Gradient" in heads[0]
    assert "Lagrange Multiplier" in heads[1]
    assert all(math.isfinite(row[3]) for row in _section(rows, "Constraints"))  # type: ignore[arg-type]


def test_a_quadratic_model_has_multipliers_of_all_digits(tmp_path: Path) -> None:
    """By the equations of its optimum, solved: two of three rows press, no bound does."""
    cells: dict[str, object] = {"A1": 100.0, "B1": 100.0, "C1": 100.0}
    cells |= {"A3": "=SUMPRODUCT({95,120,104},A1:C1)-0.004*SUMSQ(A1:C1)"}
    cells |= {"A4": "=SUMPRODUCT({17,24,19},A1:C1)", "A5": "=SUMPRODUCT({0.9,0.6,0.7},A1:C1)"}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    asked = ("--maximize", "S!A3", "--by-changing", "S!A1:C1", "--report", "sensitivity")
    rows = ("--subject-to", "S!A4<=52000", "--subject-to", "S!A5<=1900")
    assert xlcollab("solve", path, *asked, *rows).code == 0
    found = _rows(tmp_path, "S sensitivity")
    pressing = np.array([[17.0, 24.0, 19.0], [0.9, 0.6, 0.7]])
    system = np.block([[0.008 * np.eye(3), pressing.T], [pressing, np.zeros((2, 2))]])
    *_, first, second = np.linalg.solve(system, [95.0, 120.0, 104.0, 52000.0, 1900.0])
    last = [(row[0], [one for one in row if isinstance(one, float)][-1:]) for row in found]
    by_cell = {cell: numbers[0] for cell, numbers in last if cell in _PRICED}
    assert by_cell["$A$4"] == pytest.approx(first, rel=1e-7)
    assert by_cell["$A$5"] == pytest.approx(second, rel=1e-7)
    assert all(abs(by_cell[cell]) < 1e-6 for cell in ("$A$1", "$B$1", "$C$1"))


_PRICED = ("$A$1", "$B$1", "$C$1", "$A$4", "$A$5")


@pytest.mark.parametrize("model", [{"typ": "3", "val": "20"}, {"opt": ""}])
def test_points_that_are_all_as_good_have_no_sensitivity(
    model: dict[str, str], tmp_path: Path
) -> None:
    found = _solved(tmp_path, WYNDOR, "--report", "answer,sensitivity", **model)
    assert found.code == 0, found.err
    rows = _rows(tmp_path, "S sensitivity")
    assert "no meaning" in str(rows[2][0])
    assert not any(row[0] == "Variable Cells" for row in rows)


def test_whole_numbers_have_no_sensitivity(tmp_path: Path) -> None:
    whole = {"num": "2", "lhs2": "S!$B$1:$B$2", "rel2": "4", "rhs2": "integer"}
    assert _solved(tmp_path, WYNDOR, "--report", "sensitivity", **whole).code == 0
    rows = _rows(tmp_path, "S sensitivity")
    assert "whole numbers" in str(rows[2][0])
    assert not [row for row in rows if row[0] == "Cell"]
    assert not {"Reduced Gradient", "Lagrange Multiplier"} & _words(tmp_path, "S answer")


def _words(folder: Path, name: str) -> set[Scalar]:
    return {value for row in _rows(folder, name) for value in row}


def test_a_method_that_learns_no_multiplier_tells_none(tmp_path: Path) -> None:
    """It told 0 of a constraint that binds."""
    options = ("--method", "evolutionary", "--report", "sensitivity", "--time-limit", "60")
    curved = WYNDOR | {"B4": "=3*B1+5*B2-0.001*B1*B1*B2"}
    assert _solved(tmp_path, curved, *options).code == 0
    assert "without learning" in str(_rows(tmp_path, "S sensitivity")[2][0])
    assert not {"Reduced Gradient", "Lagrange Multiplier"} & _words(tmp_path, "S answer")
    assert "Status" in _words(tmp_path, "S answer")


def test_an_infeasible_model_reports_what_contradicts(tmp_path: Path) -> None:
    impossible = {"num": "2", "lhs2": "S!$E$3", "rel2": "3", "rhs2": "40"}
    found = _solved(tmp_path, WYNDOR, "--report", "feasibility", **impossible)
    assert found.code == 4
    assert "contradict each other" in found.err
    limits = [row[0] for row in _section(_rows(tmp_path, "S feasibility"), _CONTRADICTING)]
    assert limits == ["S!E3 <= S!F3", "S!E3 >= 40"]
    workbook = xc.open(tmp_path / "b.solved.xlsx").workbook
    assert workbook.sheet("S").value(0, 1) == 0.0


_CONTRADICTING = "Limits that contradict each other"


def test_without_a_report_an_infeasible_model_writes_nothing(tmp_path: Path) -> None:
    impossible = {"num": "2", "lhs2": "S!$E$3", "rel2": "3", "rhs2": "40"}
    assert _solved(tmp_path, WYNDOR, **impossible).code == 4
    assert set(listing(tmp_path)) == {"b.xlsx"}


def test_unknown_reports_are_refused(tmp_path: Path) -> None:
    found = _solved(tmp_path, WYNDOR, "--report", "sensitivity,other")
    assert found.code == 2
    assert "other" in found.sentence


def test_a_population_is_reported_by_variable_and_constraint(tmp_path: Path) -> None:
    cells = WYNDOR | {"B4": "=3*INT(B1)+5*INT(B2)-ABS(B1-B2)/9"}
    bounds = {"num": "3", "lhs2": "S!$B$1:$B$2", "rel2": "1", "rhs2": "20"}
    bounds |= {"lhs3": "S!$E$3", "rel3": "3", "rhs3": "1"}
    found = _solved(tmp_path, cells, "--report", "population", "--method", "evolutionary", **bounds)
    assert found.code == 0, found.err
    rows = _rows(tmp_path, "S population")
    heads = [row for row in rows if row[0] == "Cell"]
    spread = ["Best Value", "Mean Value", "Standard Deviation", "Maximum Value", "Minimum Value"]
    assert heads == [["Cell", "Name", *spread]] * 2
    variables = _section(rows, "Variable Cells")
    lines = _section(rows, "Constraints")
    assert [row[1] for row in variables + lines][:3] == ["doors", "windows", "plant 1"]
    sheet = xc.open(tmp_path / "b.solved.xlsx").workbook.sheet("S")
    assert [row[2] for row in variables] == [sheet.value(0, 1), sheet.value(1, 1)]
    for row in variables + lines:
        best, mean, deviation, most, least = (float(value) for value in row[2:])  # type: ignore[arg-type]
        assert least <= mean <= most
        assert deviation >= 0.0
        assert least - 1e-6 <= best <= most + 1e-6 or deviation > 0.0


def test_without_a_population_the_report_says_so(tmp_path: Path) -> None:
    assert _solved(tmp_path, WYNDOR, "--report", "population").code == 0
    rows = _rows(tmp_path, "S population")
    assert "No population" in str(rows[2][0])


def test_the_answer_says_which_variables_are_whole(tmp_path: Path) -> None:
    cells = WYNDOR | {"C1": 0.0, "B4": "=3*B1+5*B2+C1"}
    whole = {"adj": "S!$B$1:$B$2,S!$C$1", "num": "4", "lhs2": "S!$B$2", "rel2": "4"}
    whole |= {"rhs2": "integer", "lhs3": "S!$C$1", "rel3": "5", "rhs3": "binary"}
    whole |= {"lhs4": "S!$B$1", "rel4": "1", "rhs4": "9"}
    assert _solved(tmp_path, cells, "--report", "answer", **whole).code == 0
    lines = _section(_rows(tmp_path, "S answer"), "Variable cells")
    assert [row[-1] for row in lines] == ["Contin", "Integer", "Binary"]
    free = _solved(tmp_path, cells, "--report", "answer", **whole | {"rlx": "1"})
    assert free.code == 0
    assert "Integer" not in _words(tmp_path, "S answer")


def test_without_an_objective_no_value_of_it_is_reported(tmp_path: Path) -> None:
    cells = {"B1": 1.0, "B2": 1.0, "B5": "=B1+B2"}
    path = build(tmp_path / "b.xlsx", {"S": cells})
    words = ("--by-changing", "S!B1:B2", "--subject-to", "S!B5<=3", "--subject-to", "S!B1:B2>=0")
    assert xlcollab("solve", path, *words, "--report", "limits").code == 0
    for row in _section(_rows(tmp_path, "S limits"), "Variables"):
        assert [row[4], row[6]] == [None, None]


def test_one_limit_contradicts_no_other(tmp_path: Path) -> None:
    cells = WYNDOR | {"D5": 9.0}
    impossible = {"num": "2", "lhs2": "S!$D$5", "rel2": "1", "rhs2": "7"}
    found = _solved(tmp_path, cells, "--report", "feasibility", **impossible)
    assert found.code == 4
    rows = _rows(tmp_path, "S feasibility")
    assert [row[0] for row in _section(rows, "A limit that cannot be satisfied")] == ["S!D5 <= 7"]
    assert "Without any one of them" not in str(rows)
