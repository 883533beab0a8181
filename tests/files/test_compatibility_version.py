"""Whether an emoji counts as one character or two, as the workbook's compatibility version says."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build

EXTENSION = (
    '<extLst><ext xmlns:v="http://schemas.microsoft.com/office/spreadsheetml/2024/'
    'workbookCompatibilityVersion" uri="{D14903EA-33C4-47F7-8F05-3474C54BE107}">'
    '<v:version setVersion="VERSION"/></ext></extLst></workbook>'
)


@pytest.mark.parametrize(("version", "length"), [("", 2.0), ("1", 2.0), ("2", 1.0)])
def test_a_pair_of_units_counts_as_the_version_says(
    tmp_path: Path, version: str, length: float
) -> None:
    plain = build(tmp_path / "plain.xlsx", {"S": {"A1": "😀", "B1": ("=LEN(A1)", 0.0)}})
    path = tmp_path / "b.xlsx"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            if version and name == "xl/workbook.xml":
                text = text.replace("</workbook>", EXTENSION.replace("VERSION", version))
            new.writestr(name, text)
    book = xc.open(path)
    book.recalculate()
    book.save(tmp_path / "out.xlsx")
    assert xc.open(tmp_path / "out.xlsx").workbook.sheets[0].value(0, 1) == length
