"""`gradient -o`: slopes, Jacobians and Hessians as sheets under a heat map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from tests.build import Cells, build
from tests.faces.shell import xlcollab

CELLS: Cells = {
    "A1": 0.0, "A2": 0.0,
    "B1": ("=A1^2+2*A2^2", 0.0),
    "B2": ("=A1^2-A2^2", 0.0),
    "B3": ("=A1^2+0*A2", 0.0),
    "B4": ("=3*A1+5*A2", 0.0),
}  # fmt: skip


def book(folder: Path, x: float = 0.0) -> Path:
    return build(folder / "book.xlsx", {"S": CELLS | {"A1": x}})


@pytest.mark.parametrize(
    ("cell", "word", "condition"),
    [("B1", "minimum", 2.0), ("B2", "saddle", 1.0), ("B3", "valley", None)],
)
def test_a_hessian_says_what_the_point_is(
    cell: str, word: str, condition: float | None, tmp_path: Path
) -> None:
    target = tmp_path / "out.xlsx"
    options = ("--of", f"S!{cell}", "--with-respect-to", "S!A1:A2", "--second")
    done = xlcollab("gradient", book(tmp_path), *options, "-o", target)
    assert done.code == 0, done.err
    assert word in done.out
    sheet = openpyxl.load_workbook(target)["S hessian"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert word in rows[0][0]
    assert rows[3] == ["cell", "name", "gradient", "S!A1", "S!A2"]
    told = {str(row[0]): row for row in rows[6:]}
    assert word in told["point"][1]
    assert told["condition number"][1] == (
        "infinite" if condition is None else pytest.approx(condition, rel=1e-6)
    )
    values = [told[name][2] for name in ("λ 1", "λ 2")]
    matrix = np.array([row[3:5] for row in rows[4:6]], float)
    assert values == pytest.approx(np.linalg.eigvalsh(matrix).tolist(), abs=1e-9)
    (heat,) = sheet.conditional_formatting
    assert str(heat.sqref) == "D5:E6"


def test_away_from_a_stationary_point_its_bend_is_named(tmp_path: Path) -> None:
    options = ("--of", "S!B1", "--with-respect-to", "S!A1:A2", "--second")
    done = xlcollab("gradient", book(tmp_path, 1.0), *options)
    assert "no stationary point" in done.out
    assert "minimum" in done.out


def test_a_jacobian_in_place_and_again(tmp_path: Path) -> None:
    source = book(tmp_path, 2.0)
    options = ("--of", "S!B1:B4", "--with-respect-to", "S!A1:A2", "--in-place")
    for _ in range(2):
        assert xlcollab("gradient", source, *options).code == 0
    found = openpyxl.load_workbook(source)
    assert found.sheetnames == ["S", "S jacobian"]
    sheet = found["S jacobian"]
    matrix = [[cell.value for cell in row[3:5]] for row in sheet.iter_rows(min_row=5, max_row=8)]
    assert matrix == [[4, 0], [4, 0], [4, 0], [3, 5]]
    assert found["S"]["A1"].value == 2.0


def test_a_gradient_has_its_sheet_too(tmp_path: Path) -> None:
    options = ("--of", "S!B4", "--with-respect-to", "S!A1:A2", "-o", tmp_path / "out.xlsx")
    assert xlcollab("gradient", book(tmp_path), *options).code == 0
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["S gradient"]
    assert [cell.value for cell in sheet["D"][3:6]] == ["derivative of S!B4", 3, 5]


def test_a_long_name_goes_on_and_no_slope_is_a_plain_nought(tmp_path: Path) -> None:
    name = "The share of the second plant in what the third plant sells abroad, in tonnes a year"
    cells = {"A1": name, "B1": 2.0, "A2": "x", "B2": 1.0, "C1": ("=B1^3*1E-9", 8e-9)}
    options = ("--of", "S!C1", "--with-respect-to", "S!B1:B2", "-o", tmp_path / "out.xlsx")
    assert xlcollab("gradient", build(tmp_path / "b.xlsx", {"S": cells}), *options).code == 0
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["S gradient"]
    assert [sheet[f"B{row}"].alignment.wrap_text for row in (5, 6)] == [True, None]
    assert sheet["D6"].number_format.endswith(";0")


def test_nothing_is_written_unless_asked(tmp_path: Path) -> None:
    assert (
        xlcollab("gradient", book(tmp_path), "--of", "S!B4", "--with-respect-to", "S!A1").code == 0
    )
    assert [one.name for one in tmp_path.iterdir()] == ["book.xlsx"]


def test_equal_sizes_are_equally_strong_under_the_heat_map(tmp_path: Path) -> None:
    """No slope, or nearly none, is white, even where it is the least of all."""
    target = tmp_path / "out.xlsx"
    options = ("--of", "S!B1:B4", "--with-respect-to", "S!A1:A2")
    assert xlcollab("gradient", book(tmp_path, 2.0), *options, "-o", target).code == 0
    (heat,) = openpyxl.load_workbook(target)["S jacobian"].conditional_formatting
    (rule,) = heat.rules
    ends = [(one.type, float(one.val)) for one in rule.colorScale.cfvo]
    assert ends == [("num", -5.0), ("num", 0.0), ("num", 5.0)]
