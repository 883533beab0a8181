"""Books whose cells need one another, with iterative calculation switched on."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xlcollab as xc
from tests.build import build
from tests.faces.shell import xlcollab
from tests.solver.models import Model

Lines = list[tuple[str, str, str]]


def iterating(path: Path, setting: str = 'iterate="1"') -> Path:
    """The book with a setting for circular references, its values to be worked out on loading."""
    plain = path.rename(path.with_name("plain.xlsx"))
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name == "xl/workbook.xml":
                start = text.index("<calcPr")
                tag = f'<calcPr {setting} fullCalcOnLoad="1"/>'
                text = text[:start] + tag + text[text.index(">", start) + 1 :]
            new.writestr(name, text)
    return path


LOAN = {
    "A1": 50.0,
    "B1": "=0.1*(A1+B3)/2",
    "B2": "=200-B1",
    "B3": "=A1+B1+20-0.3*B2",
}
"""Interest on the average of what is owed before and after it."""


def owed(drawn: float) -> float:
    """B3 by hand: B3 = a + i + 20 - 0.3 (200 - i) with i = 0.05 (a + B3)."""
    return (1.065 * drawn - 40.0) / 0.935


def test_a_circle_that_nobody_asked_for_says_what_to_do(tmp_path: Path) -> None:
    path = Model(LOAN | {"C1": "=A1*B3"}, "C1", "S!$A$1", "1").build(tmp_path / "book.xlsx")
    found = xlcollab("solve", path)
    assert found.code == 3
    assert "S!B1 → S!B3" in found.err
    assert "switch iterative calculation on" in found.err


def test_a_linear_circle_is_solved_as_linear(tmp_path: Path) -> None:
    lines: Lines = [("S!$B$3", "<=", "60"), ("S!$A$1", "<=", "1000")]
    path = Model(LOAN | {"C1": "=A1"}, "C1", "S!$A$1", "1", lines).build(tmp_path / "book.xlsx")
    found = xlcollab("solve", iterating(path), "--json")
    assert found.code == 0, found.err
    (model,) = found.json["models"]
    assert (model["method"], model["status"]) == ("highs", "optimal")
    assert owed(model["final"]) == pytest.approx(60.0)
    assert any("need one another" in text and "S!B1" in text for text in model["warnings"])
    sheet = xc.open(found.json["output"]).workbook.sheet("S")
    assert sheet.value(2, 1) == pytest.approx(60.0)
    assert xlcollab("recalc", found.json["output"], "--check").code == 0


def test_a_curved_one_goes_through_the_fixed_point(tmp_path: Path) -> None:
    """x with b = cos(b) / 2 + x: the objective is least where b is 1."""
    cells = {"A1": 3.0, "B1": "=COS(B1)/2+A1", "C1": "=(B1-1)^4+(B1-1)^2"}
    path = Model(cells, "C1", "S!$A$1", free=True).build(tmp_path / "book.xlsx")
    found = xlcollab("solve", iterating(path), "--json")
    assert found.code == 0, found.err
    weights = xc.open(found.json["output"]).workbook.sheet("S")
    assert weights.value(0, 0) == pytest.approx(1.0 - 0.5403023058681398 / 2, abs=1e-6)
    assert weights.value(0, 1) == pytest.approx(1.0, abs=1e-6)


def test_a_cell_in_two_circles(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": "=0.3*C1+0.3*D1+A1", "C1": "=B1", "D1": "=B1", "E1": "=B1*2"}
    book = xc.open(iterating(build(tmp_path / "book.xlsx", {"S": cells})))
    book.recalculate()
    found = [book.workbook.sheet("S").value(0, column) for column in range(1, 5)]
    assert found == pytest.approx([2.5, 2.5, 2.5, 5.0], abs=0.004)  # until less than 0.001 changes
    gradient = book.gradient("S!E1", with_respect_to="S!A1")
    assert gradient.derivatives.tolist() == pytest.approx([5.0], rel=1e-12)


@settings(max_examples=15)
@given(st.data())
def test_slopes_are_those_of_the_implicit_function(data: st.DataObject) -> None:
    """y = M y + x b with random M of norm below 0.9: slopes (I - M)^-1 b."""
    size = data.draw(st.integers(1, 4))
    number = st.floats(-1, 1, width=32)
    matrix = np.array(data.draw(st.lists(number, min_size=size**2, max_size=size**2)))
    matrix = matrix.reshape(size, size)
    matrix *= 0.9 / max(1.0, np.abs(matrix).sum(axis=1).max())
    given_ = np.array(data.draw(st.lists(number, min_size=size, max_size=size)))
    cells: dict[str, Any] = {"A1": 0.7}
    for row in range(size):
        terms = "+".join(f"({float(matrix[row, k])!r})*B{k + 1}" for k in range(size))
        cells[f"B{row + 1}"] = f"={terms}+({float(given_[row])!r})*A1"
    with tempfile.TemporaryDirectory() as folder:
        book = xc.open(iterating(build(Path(folder) / "b.xlsx", {"S": cells})))
        found = book.jacobian(f"S!B1:B{size}", "S!A1")
    expected = np.linalg.solve(np.eye(size) - matrix, given_)
    assert np.asarray(found.derivatives).ravel() == pytest.approx(expected, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("formula", ["=2*B1+A1+1", "=-B1+A1", "=COS(3*B1)+A1"])
def test_a_circle_that_does_not_settle_is_refused_by_cell(formula: str, tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": formula, "C1": "=B1^2"}
    path = Model(cells, "C1", "S!$A$1").build(tmp_path / "book.xlsx")
    found = xlcollab("solve", iterating(path))
    assert found.code == 3
    assert "S!B1" in found.err
    assert "do not settle" in found.err


def test_a_circle_that_nothing_needs_hinders_nothing(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": "=(A1-3)^2", "D1": "=D1+1"}
    path = Model(cells, "B1", "S!$A$1").build(tmp_path / "book.xlsx")
    found = xlcollab("solve", iterating(path), "--json")
    assert found.json["models"][0]["final"] == pytest.approx(0.0, abs=1e-12)


def test_without_iteration_a_circle_is_refused(tmp_path: Path) -> None:
    cells = {"A1": 1.0, "B1": "=0.5*B1+A1", "C1": "=B1^2"}
    path = Model(cells, "C1", "S!$A$1").build(tmp_path / "book.xlsx")
    found = xlcollab("solve", iterating(path, 'iterate="0"'))
    assert found.code == 3
    assert "circular" in found.err


def test_steps_in_a_circle(tmp_path: Path) -> None:
    """By a population: each point goes through the rounds."""
    cells = {"A1": 1.0, "B1": "=0.5*B1+INT(A1)", "C1": "=ABS(B1-12.4)+A1/100"}
    lines: Lines = [("S!$A$1", "<=", "20"), ("S!$A$1", ">=", "0")]
    path = Model(cells, "C1", "S!$A$1", lines=lines).build(tmp_path / "book.xlsx")
    found = xlcollab("solve", iterating(path), "--json")
    assert found.code == 0, found.err
    assert found.json["models"][0]["final"] == pytest.approx(0.4 + 0.06, abs=1e-4)
