"""`--subject-to` without a model in words is added to the stored one."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.faces.shell import bowl, two_bowls, xlcollab


@pytest.mark.parametrize(
    ("constraint", "wanted"),
    [
        ("A1<=2", (2.0, -1.0)),
        ("S!A1:A2>=0", (3.0, 0.0)),
        ("A1+A2<=1", None),
        ("A1=binary", (1.0, -1.0)),
    ],
)
def test_a_bound_joins_the_stored_model(
    constraint: str, wanted: tuple[float, float] | None, tmp_path: Path
) -> None:
    done = xlcollab("solve", bowl(tmp_path / "b.xlsx"), "--subject-to", constraint)
    if wanted is None:  # not an area on the left
        assert done.code in (2, 3)
        return
    assert done.code == 0, done.err
    sheet = openpyxl.load_workbook(tmp_path / "b.solved.xlsx")["S"]
    found = sheet["A1"].value, sheet["A2"].value
    assert found == pytest.approx(wanted, abs=1e-5)
    told = xlcollab("rerun", tmp_path / "b.solved.xlsx", "--show").out
    assert "--subject-to" in told


def test_non_negative_joins_it_too(tmp_path: Path) -> None:
    assert xlcollab("solve", bowl(tmp_path / "b.xlsx"), "--non-negative").code == 0
    sheet = openpyxl.load_workbook(tmp_path / "b.solved.xlsx")["S"]
    assert sheet["A2"].value == pytest.approx(0.0, abs=1e-5)


def test_of_several_models_one_must_be_named(tmp_path: Path) -> None:
    found = xlcollab("solve", two_bowls(tmp_path / "b.xlsx"), "--subject-to", "A1<=2")
    assert found.code == 2
    assert "name the sheet" in found.sentence
    named = xlcollab("solve", tmp_path / "b.xlsx", "--sheet", "T", "--subject-to", "A1<=2")
    assert named.code == 0
    book = openpyxl.load_workbook(tmp_path / "b.solved.xlsx")
    assert book["T"]["A1"].value == pytest.approx(2.0, abs=1e-5)
    assert book["S"]["A1"].value == 1.0
