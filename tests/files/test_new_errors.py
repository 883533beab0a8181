"""Errors newer than the file format: stored as #VALUE! with metadata that says what they are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import xlcollab as xc
from tests.build import build
from xlcollab.grid import ErrorCode

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RICH = "http://schemas.microsoft.com/office/spreadsheetml/2017/richdata"
METADATA = f"""<metadata xmlns="{MAIN}" xmlns:xlrd="{RICH}"><metadataTypes count="1">
<metadataType name="XLRICHVALUE"/></metadataTypes><futureMetadata name="XLRICHVALUE" count="2">
<bk><extLst><ext uri="x"><xlrd:rvb i="0"/></ext></extLst></bk>
<bk><extLst><ext uri="x"><xlrd:rvb i="1"/></ext></extLst></bk></futureMetadata>
<valueMetadata count="2"><bk><rc t="1" v="0"/></bk><bk><rc t="1" v="1"/></bk></valueMetadata>
</metadata>"""
STRUCTURES = f"""<rvStructures xmlns="{RICH}" count="1"><s t="_error"><k n="colOffset" t="i"/>
<k n="errorType" t="i"/><k n="rwOffset" t="i"/><k n="subType" t="i"/></s></rvStructures>"""
FORMULA = "_xlfn._xlws.FILTER(A1,A1&gt;9)"
KINDS = {8: ErrorCode.SPILL, 10: ErrorCode.BLOCKED, 13: ErrorCode.CALC}


def rich_book(path: Path, kind: int) -> Path:
    """A1 = 5 and B1 with a stored error of that kind, which really is FILTER's #CALC!."""
    plain = build(path.with_name("plain.xlsx"), {"S": {"A1": 5, "B1": "=A1+1"}})
    values = f"""<rvData xmlns="{RICH}" count="2"><rv s="0"><v>0</v><v>2</v><v>0</v><v>0</v></rv>
<rv s="0"><v>0</v><v>{kind}</v><v>0</v><v>1</v></rv></rvData>"""
    new = {
        "xl/metadata.xml": METADATA,
        "xl/richData/rdrichvalue.xml": values,
        "xl/richData/rdrichvaluestructure.xml": STRUCTURES,
    }
    kinds = {
        "sheetMetadata": "metadata.xml",
        "rdRichValue": "richData/rdrichvalue.xml",
        "rdRichValueStructure": "richData/rdrichvaluestructure.xml",
    }
    links = "".join(
        f'<Relationship Id="x{i}" Type="http://x/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(kinds.items())
    )
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as out:
        for name in old.namelist():
            text = old.read(name).decode()
            if name.endswith("workbook.xml.rels"):
                text = text.replace("</Relationships>", f"{links}</Relationships>")
            if name.endswith("sheet1.xml"):
                text = text.replace('<c r="B1">', '<c r="B1" t="e" vm="2">')
                text = text.replace("<v>0</v>", "<v>#VALUE!</v>")
                text = text.replace("<f>A1+1</f>", f"<f>{FORMULA}</f>")
            out.writestr(name, text)
        for name, text in new.items():
            out.writestr(name, text)
    return path


@pytest.mark.parametrize(("kind", "code"), KINDS.items())
def test_the_error_is_the_one_that_the_metadata_say(
    tmp_path: Path, kind: int, code: ErrorCode
) -> None:
    book = xc.open(rich_book(tmp_path / "b.xlsx", kind))
    assert book.workbook.sheets[0].value(0, 1) is code


def test_an_error_that_stays_is_no_difference_and_one_that_changes_loses_its_metadata(
    tmp_path: Path,
) -> None:
    assert not xc.open(rich_book(tmp_path / "same.xlsx", 13)).recalculate().differences
    book = xc.open(rich_book(tmp_path / "other.xlsx", 10))
    assert [d.computed for d in book.recalculate().differences] == [ErrorCode.CALC]
    book.save(tmp_path / "out.xlsx")
    with zipfile.ZipFile(tmp_path / "out.xlsx") as out:
        sheet = out.read("xl/worksheets/sheet1.xml").decode()
    assert "vm=" not in sheet
    assert xc.open(tmp_path / "out.xlsx").workbook.sheets[0].value(0, 1) is ErrorCode.CALC
