"""How the file says that its formulas are worked out: circular ones, and with which digits."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from xlcollab.grid import Iteration

SETTINGS = {
    "": None,
    'iterate="0"': None,
    'iterate="1"': Iteration(100, 0.001),
    'iterate="1" iterateCount="5" iterateDelta="1E-4"': Iteration(5, 1e-4),
    'iterate="1" iterateCount="many"': Iteration(100, 0.001),
}


def circular_book(path: Path, setting: str) -> Path:
    plain = build(path.with_name("plain.xlsx"), {"S": {"A1": ("=A1+1", 3), "B1": ("=A1*2", 6)}})
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if name == "xl/workbook.xml":
                start = text.index("<calcPr")
                text = text[:start] + f"<calcPr {setting}/>" + text[text.index(">", start) + 1 :]
            new.writestr(name, text)
    return path


@pytest.mark.parametrize(("setting", "expected"), SETTINGS.items())
def test_the_setting_is_read(tmp_path: Path, setting: str, expected: Iteration | None) -> None:
    book = xc.open(circular_book(tmp_path / "b.xlsx", setting))
    assert book.workbook.iteration == expected


def test_a_recalculation_goes_on_from_the_stored_values(tmp_path: Path) -> None:
    book = xc.open(circular_book(tmp_path / "b.xlsx", 'iterate="1" iterateCount="5"'))
    book.recalculate()
    book.save(tmp_path / "out.xlsx")
    sheet = xc.open(tmp_path / "out.xlsx").workbook.sheets[0]
    assert [sheet.value(0, 0), sheet.value(0, 1)] == [8.0, 16.0]


def test_without_it_the_stored_values_stay(tmp_path: Path) -> None:
    found = xc.open(circular_book(tmp_path / "b.xlsx", "")).recalculate()
    assert (found.matched, found.not_evaluated) == (1, 1)


@pytest.mark.parametrize(("setting", "kept"), [('fullPrecision="0"', 2), ('fullPrecision="1"', 0)])
def test_precision_as_displayed_keeps_what_is_stored(
    tmp_path: Path, setting: str, kept: int
) -> None:
    plain = build(tmp_path / "plain.xlsx", {"S": {"A1": ("=1/3", 0.33), "B1": ("=A1*3", 0.99)}})
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, text.replace("<calcPr ", f"<calcPr {setting} "))
    done = xc.open(path).recalculate()
    assert len(done.unsupported) == kept
    assert all("precision as displayed" in one.reason for one in done.unsupported)
