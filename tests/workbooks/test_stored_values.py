"""Stored values against LibreOffice's recalculation and against our own."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

import xlcollab
from tests.workbooks.made import FOLDER, NAMES, TRAINED, recalculated_elsewhere


def differences(stored: object, other: object) -> list[str]:
    """Cells that differ by more than 1e-9 of their size or of one; blank and "" are the same."""
    found = []
    for sheet in stored:  # type: ignore[attr-defined]
        for row in sheet.iter_rows():
            for cell in row:
                ours, theirs = cell.value, other[sheet.title][cell.coordinate].value  # type: ignore[index]
                if not _same(ours, theirs):
                    found.append(f"{sheet.title}!{cell.coordinate}: {ours!r} and {theirs!r}")
    return found


def _same(ours: object, theirs: object) -> bool:
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) <= 1e-9 * max(1.0, abs(ours))
    return (ours or None) == (theirs or None)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, *TRAINED])
def test_libreoffice_computes_what_is_stored(name: str, tmp_path: Path) -> None:
    stored = openpyxl.load_workbook(FOLDER / name, data_only=True)
    assert differences(stored, recalculated_elsewhere(FOLDER / name, tmp_path)) == []


@pytest.mark.slow
def test_libreoffice_sees_the_difference_that_a_wrong_value_makes(tmp_path: Path) -> None:
    path = tmp_path / "wrong.xlsx"
    book = openpyxl.load_workbook(FOLDER / "graddesc.xlsx")
    book["data"]["A5"] = 3.25
    book.save(path)
    stored = openpyxl.load_workbook(FOLDER / "graddesc.xlsx", data_only=True)
    found = differences(stored, recalculated_elsewhere(path, tmp_path))
    assert any(text.startswith("data!E5") for text in found)


@pytest.mark.parametrize("name", ["collab_filter.xlsx"])
def test_our_recalculation_finds_nothing_new(name: str) -> None:
    check = xlcollab.open(FOLDER / name).recalculate()
    assert check.differences == ()
    assert check.unsupported == ()
    assert check.matched == check.formulas > 1000


@pytest.mark.parametrize("name", [*NAMES, *TRAINED])
def test_no_formula_is_an_error(name: str) -> None:
    book = openpyxl.load_workbook(FOLDER / name, data_only=True, read_only=True)
    wrong = [
        f"{sheet.title}: {value}"
        for sheet in book
        for row in sheet.iter_rows(values_only=True)
        for value in row
        if isinstance(value, str) and value.startswith("#")
    ]
    assert wrong == []
