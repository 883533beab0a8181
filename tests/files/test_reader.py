"""Every construct of the format that people's workbooks hold, read as ECMA-376 says."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

import xlcollab as xc
from tests.build import build
from tests.files.packages import (
    HEAD,
    MAIN,
    STRICT_MAIN,
    STRICT_OFFICE,
    one_sheet_parts,
    relationships,
    sheet_xml,
    workbook_xml,
    write_package,
)
from tests.shared_data import lesson
from xlcollab.errors import NotAWorkbookError, WorkbookError
from xlcollab.files import FileBook
from xlcollab.grid import (
    ArrayFormula,
    DefinedName,
    ErrorCode,
    Kind,
    Sheet,
    Table,
    Workbook,
    formula_texts,
)
from xlcollab.ref import Rect


def read(path: Path, parts: dict[str, str | bytes]) -> Workbook:
    return FileBook(write_package(path / "book.xlsx", parts)).read()


def read_rows(path: Path, rows: str, **more: str) -> Sheet:
    return read(path, one_sheet_parts(sheet_xml(rows, **more))).sheet("S")


CELLS = [
    ('<c r="A1"><v>1.5</v></c>', 1.5),
    ('<c r="A1" t="n"><v>-2E-3</v></c>', -0.002),
    ('<c r="A1"><v> 7 </v></c>', 7.0),
    ('<c r="A1" t="b"><v>1</v></c>', True),
    ('<c r="A1" t="b"><v>0</v></c>', False),
    ('<c r="A1" t="b"><v>TRUE</v></c>', True),
    ('<c r="A1" t="b"><v>false</v></c>', False),
    ('<c r="A1" t="e"><v>#DIV/0!</v></c>', ErrorCode.DIV0),
    ('<c r="A1" t="e"><v>#SPILL!</v></c>', ErrorCode.SPILL),
    ('<c r="A1" t="str"><f>B1</f><v>a &lt; b</v></c>', "a < b"),
    ('<c r="A1" t="str"><f>B1</f><v></v></c>', ""),
    ('<c r="A1" t="str"><f>B1</f><v/></c>', ""),
    ('<c r="A1" t="str"><v>_x0041__x005F_x0041_</v></c>', "A_x0041_"),
    ('<c r="A1" t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>', " x "),
    (
        '<c r="A1" t="inlineStr"><is><r><t>rich</t></r><r><rPr><b/></rPr><t>er</t></r>'
        '<rPh sb="0" eb="1"><t>no</t></rPh></is></c>',
        "richer",
    ),
    ('<c r="A1" t="d"><v>1900-01-01</v></c>', 1.0),
    ('<c r="A1" t="d"><v>1900-03-01</v></c>', 61.0),
    ('<c r="A1" t="d"><v>2023-06-15T12:00:00Z</v></c>', 45092.5),
    ('<c r="A1" t="d"><v>06:00:00</v></c>', 0.25),
    ('<c r="A1"><f>1+1</f></c>', None),
    ('<c r="A1" s="3"/>', None),
    ('<c r="A1" t="n"><v></v></c>', None),
    ("<c><v>3</v></c>", 3.0),
    ("<c r='A1'><v><![CDATA[4]]></v></c>", 4.0),
    ('<!-- note --><c r="A1"><v>5</v></c>', 5.0),
]


@pytest.mark.parametrize(("cell", "expected"), CELLS)
def test_value_of_every_cell_type(tmp_path: Path, cell: str, expected: object) -> None:
    value = read_rows(tmp_path, f'<row r="1">{cell}</row>').value(0, 0)
    assert value == expected
    assert type(value) is type(expected)


def test_elements_in_an_extension_are_not_the_cells_own(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1"><v>1</v><extLst><ext><v>9</v><f>B1</f></ext></extLst></c></row>'
    sheet = read_rows(tmp_path, row)
    assert sheet.value(0, 0) == 1.0
    assert len(sheet.formulas) == 0


def test_a_formula_without_value_is_part_of_the_used_area(tmp_path: Path) -> None:
    sheet = read_rows(tmp_path, '<row r="2"><c r="C2"><f>1</f></c><c r="D2" s="1"/></row>')
    assert (sheet.height, sheet.width) == (2, 3)
    assert sheet.kinds[1, 2] == Kind.BLANK
    assert formula_texts(sheet) == {(1, 2): "1"}


def test_rows_and_cells_without_r_follow_each_other(tmp_path: Path) -> None:
    rows = (
        "<row><c><v>1</v></c><c><v>2</v></c></row><row/><row><c><v>3</v></c></row>"
        '<row r="7"><c r="C7"><v>4</v></c><c><v>5</v></c></row><row><c><v>6</v></c></row>'
    )
    sheet = read_rows(tmp_path, rows)
    found = {
        (row, column): sheet.value(row, column)
        for row, column in sheet.used.cells()
        if sheet.value(row, column) is not None
    }
    assert found == {(0, 0): 1, (0, 1): 2, (2, 0): 3, (6, 2): 4, (6, 3): 5, (7, 0): 6}


def test_a_stale_dimension_hides_nothing(tmp_path: Path) -> None:
    rows = '<row r="5"><c r="E5"><v>1</v></c></row>'
    assert read_rows(tmp_path, rows, before='<dimension ref="A1:B2"/>').value(4, 4) == 1.0


def test_shared_formulas_keep_the_text_and_place_of_their_first_cell(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><f t="shared" si="0"/><v>0</v></c>'
        '<c r="B1"><f t="shared" ref="B1:B3" si="0">A1*2</f><v>1</v></c></row>'
        '<row r="2"><c r="B2"><f t="shared" si="0"/><v>2</v></c></row>'
        '<row r="3"><c r="B3"><f>A3*2</f><v>3</v></c><c r="C3"><f>A1*2</f><v>3</v></c></row>'
    )
    formulas = read_rows(tmp_path, rows).formulas
    found = {
        (int(row), int(column)): (formulas.texts[text], (int(anchor_row), int(anchor_column)))
        for row, column, text, anchor_row, anchor_column in zip(
            formulas.rows,
            formulas.columns,
            formulas.text_ids,
            formulas.anchor_rows,
            formulas.anchor_columns,
            strict=True,
        )
    }
    assert found == {
        (0, 0): ("A1*2", (0, 1)),
        (0, 1): ("A1*2", (0, 1)),
        (1, 1): ("A1*2", (0, 1)),
        (2, 1): ("A3*2", (2, 1)),
        (2, 2): ("A1*2", (2, 2)),
    }
    assert len(formulas.texts) == 2


def test_array_formulas_own_their_children(tmp_path: Path) -> None:
    metadata = (
        f'{HEAD}<metadata xmlns="{MAIN}"><metadataTypes count="1"><metadataType name="XLDAPR"/>'
        '</metadataTypes><cellMetadata count="1"><bk><rc t="1" v="0"/></bk></cellMetadata>'
        "</metadata>"
    )
    rows = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:B1">MMULT(D1:E1,G1:H2)</f><v>1</v></c>'
        '<c r="B1"><f ca="1"/><v>2</v></c><c r="C1" cm="1"><f t="array" ref="C1">SUM(A1:B1)</f>'
        '<v>3</v></c><c r="D1"><f ca="1"/><v>4</v></c></row>'
    )
    parts = one_sheet_parts(
        sheet_xml(rows), related=(("rId2", "sheetMetadata", "/xl/metadata.xml"),)
    )
    workbook = read(tmp_path, parts | {"xl/metadata.xml": metadata})
    sheet = workbook.sheet("S")
    assert sheet.arrays == [
        ArrayFormula(Rect(0, 0, 1, 2), "MMULT(D1:E1,G1:H2)", dynamic=False),
        ArrayFormula(Rect(0, 2), "SUM(A1:B1)", dynamic=True),
    ]
    assert len(sheet.formulas) == 0
    assert [sheet.value(0, column) for column in range(4)] == [1, 2, 3, 4]
    assert workbook.notes == ["S has formulas without a text in D1; their stored values are used"]


def test_a_data_table_keeps_its_values_and_is_noted(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><f t="dataTable" ref="A1:A2" dt2D="0" dtr="0" r1="C1"/><v>1</v></c>'
        '</row><row r="2"><c r="A2"><v>2</v></c></row>'
    )
    workbook = read(tmp_path, one_sheet_parts(sheet_xml(rows)))
    assert workbook.sheet("S").value(1, 0) == 2.0
    assert len(workbook.sheet("S").formulas) == 0
    assert workbook.notes == [
        "S!A1:A2 is a data table (What-If Analysis); its stored values are used"
    ]


def test_shared_strings_join_runs_and_drop_phonetics(tmp_path: Path) -> None:
    strings = (
        f'{HEAD}<sst xmlns="{MAIN}"><si><t xml:space="preserve"> a&amp;b </t></si>'
        '<si><r><t>one</t></r><r><t xml:space="preserve"> two</t></r>'
        '<rPh sb="0" eb="1"><t>no</t></rPh><phoneticPr fontId="1"/></si><si/></sst>'
    )
    rows = '<row r="1">' + "".join(
        f'<c r="{letter}1" t="s"><v>{index}</v></c>' for index, letter in enumerate("ABC")
    )
    parts = one_sheet_parts(
        sheet_xml(rows + "</row>"), related=(("rId2", "sharedStrings", "sharedStrings.xml"),)
    )
    sheet = read(tmp_path, parts | {"xl/sharedStrings.xml": strings}).sheet("S")
    assert [sheet.value(0, column) for column in range(3)] == [" a&b ", "one two", ""]


def test_sheets_without_cells_count_for_the_scope_of_names(tmp_path: Path) -> None:
    parts = one_sheet_parts(sheet_xml(""))
    parts["xl/workbook.xml"] = workbook_xml(
        '<sheet name="Chart" sheetId="4" r:id="rId4"/><sheet name="S" sheetId="1" r:id="rId1"/>',
        after='<definedNames><definedName name="solver_opt" localSheetId="1" hidden="1">S!$A$1'
        '</definedName><definedName name="g">"a&amp;b"</definedName></definedNames>',
    )
    parts["xl/_rels/workbook.xml.rels"] = relationships(
        ("rId1", "worksheet", "/xl/worksheets/sheet1.xml"),
        ("rId4", "chartsheet", "chartsheets/sheet1.xml"),
    )
    workbook = read(tmp_path, parts)
    assert [sheet.name for sheet in workbook] == ["S"]
    assert workbook.names == [
        DefinedName("solver_opt", "S!$A$1", "S", hidden=True),
        DefinedName("g", '"a&b"'),
    ]
    assert workbook.notes == ["sheets without cells are left alone: Chart (chartsheet)"]


def test_external_links_are_noted(tmp_path: Path) -> None:
    links = '<externalReferences><externalReference r:id="rId9"/></externalReferences>'
    workbook = read(tmp_path, one_sheet_parts(sheet_xml(""), after=links))
    assert "links to 1 other workbook(s) are not followed" in workbook.notes[0]


def test_dates_of_1904(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" t="d"><v>1904-01-02</v></c></row>'
    workbook = read(tmp_path, one_sheet_parts(sheet_xml(rows), before='<workbookPr date1904="1"/>'))
    assert workbook.date1904
    assert workbook.sheet("S").value(0, 0) == 1.0


def test_merged_cells_and_protection(tmp_path: Path) -> None:
    after = (
        '<sheetProtection sheet="1" objects="1"/><mergeCells count="1">'
        '<mergeCell ref="A1:B2"/></mergeCells>'
    )
    sheet = read_rows(tmp_path, "", after=after)
    assert sheet.protected
    assert sheet.merged == [Rect(0, 0, 2, 2)]


def test_tables(tmp_path: Path) -> None:
    path = build(
        tmp_path / "t.xlsx",
        {"Data": {"A1": "x", "B1": "y z", "A2": 1}},
        tables=[("Data", "A1:B3", "Ratings", ["x", "y z"])],
    )
    assert FileBook(path).read().tables == [
        Table("Ratings", "Data", Rect(0, 0, 3, 2), ("x", "y z"), 1, 0)
    ]


def test_strict_namespaces(tmp_path: Path) -> None:
    sheet = sheet_xml('<row r="1"><c r="A1"><v>2</v></c></row>', main=STRICT_MAIN)
    parts = one_sheet_parts(sheet, main=STRICT_MAIN, office=STRICT_OFFICE)
    assert read(tmp_path, parts).sheet("S").value(0, 0) == 2.0


def test_prefixed_elements(tmp_path: Path) -> None:
    sheet = (
        f'{HEAD}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1">'
        "<x:f>1+1</x:f><x:v>2</x:v></x:c></x:row></x:sheetData><x:mergeCells>"
        '<x:mergeCell ref="A1:B1"/></x:mergeCells></x:worksheet>'
    )
    read_back = read(tmp_path, one_sheet_parts(sheet)).sheet("S")
    assert read_back.value(0, 0) == 2.0
    assert formula_texts(read_back) == {(0, 0): "1+1"}
    assert read_back.merged == [Rect(0, 0, 1, 2)]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings(tmp_path: Path, codec: str) -> None:
    declared = {"utf-8-sig": "UTF-8", "latin-1": "ISO-8859-1"}.get(codec, "UTF-16")
    text = sheet_xml('<row r="1"><c r="A1" t="str"><v>é</v></c></row>')
    data = text.replace("UTF-8", declared).encode(codec)
    assert read(tmp_path, one_sheet_parts(data)).sheet("S").value(0, 0) == "é"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_byte_order_marks(tmp_path: Path, codec: str) -> None:
    text = sheet_xml('<row r="1"><c r="A1" t="str"><v>é</v></c></row>').replace("UTF-8", "UTF-16")
    data = f"\ufeff{text}".encode(codec)
    assert read(tmp_path, one_sheet_parts(data)).sheet("S").value(0, 0) == "é"


def test_a_part_that_says_it_is_utf16_and_is_not(tmp_path: Path) -> None:
    text = sheet_xml('<row r="1"><c r="A1" t="str"><v>é</v></c></row>').replace("UTF-8", "UTF-16")
    parts = one_sheet_parts(text.encode())
    assert read(tmp_path, parts).sheet("S").value(0, 0) == "é"


def test_part_names_are_found_in_any_case(tmp_path: Path) -> None:
    parts = one_sheet_parts(sheet_xml('<row r="1"><c r="A1"><v>2</v></c></row>'))
    parts["xl/Worksheets/Sheet1.xml"] = parts.pop("xl/worksheets/sheet1.xml")
    assert read(tmp_path, parts).sheet("S").value(0, 0) == 2.0


BROKEN_CELLS = [
    ('<c r="A1"><v>one</v></c>', "A1 holds 'one'"),
    ('<c r="B1"><v>NaN</v></c>', "B1 holds 'NaN'"),
    ('<c r="A1" t="s"><v>0</v></c>', "A1 holds '0'"),
    ('<c r="A1" t="s"><v>-1</v></c>', "A1 holds '-1'"),
    ('<c r="A1" t="d"><v>soon</v></c>', "A1 holds 'soon'"),
    ('<c r="A1" t="what"><v>1</v></c>', "type t='what'"),
    ('<c r="1A"><v>1</v></c>', "'1A' is not a cell address"),
    ('<c r="A2"><v>1</v></c>', "has the cell A2 inside row 1"),
    ('<c r="XFE1"><v>1</v></c>', "beyond XFD"),
    ('<c r="A1"><f t="array" ref="no">1</f></c>', "A1 has a formula for an area that is none"),
]


@pytest.mark.parametrize(("cell", "sentence"), BROKEN_CELLS)
def test_a_cell_that_makes_no_sense_is_named(tmp_path: Path, cell: str, sentence: str) -> None:
    with pytest.raises(NotAWorkbookError, match=sentence) as caught:
        read_rows(tmp_path, f"<row>{cell}</row>")
    assert "sheet1.xml" in str(caught.value)


def test_a_far_cell_is_named(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    with pytest.raises(WorkbookError, match="'S' reaches to XFD1048576"):
        read_rows(tmp_path, rows)


def test_a_far_cell_that_only_has_a_style_does_no_harm(tmp_path: Path) -> None:
    sheet = read_rows(tmp_path, '<row r="1048576"><c r="XFD1048576" s="1"/></row>')
    assert sheet.used.size == 0


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_lesson_books_as_openpyxl_reads_them(name: str) -> None:
    path = lesson(name)
    workbook = FileBook(path).read()
    other = openpyxl.load_workbook(path, read_only=True, data_only=True)
    assert other.sheetnames == [sheet.name for sheet in workbook]
    for sheet in workbook:
        for row, values in enumerate(other[sheet.name].iter_rows(min_col=1, values_only=True)):
            ours = [sheet.value(row, column) for column in range(len(values))]
            assert [getattr(value, "text", value) or None for value in ours] == [
                value or None for value in values
            ]
    other.close()


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_lesson_formulas_as_openpyxl_expands_them(name: str) -> None:
    """openpyxl translates shared formulas; we compare which cells have one, and texts typed."""
    path = lesson(name)
    workbook = FileBook(path).read()
    other = openpyxl.load_workbook(path, read_only=True)
    for sheet in workbook:
        expected = {
            (cell.row - 1, cell.column - 1): str(getattr(cell.value, "text", cell.value))
            for row in other[sheet.name].iter_rows()
            for cell in row
            if getattr(cell, "data_type", "") == "f"
        }
        mask = sheet.formula_mask()
        assert {cell for cell in sheet.used.cells() if mask[cell]} == set(expected)
        for cell, text in formula_texts(sheet).items():
            assert expected[cell].lstrip("=") == text
    other.close()


@pytest.mark.parametrize("id_", ["", "rId8"])
def test_a_macro_sheet_without_a_part_is_left_alone(id_: str, tmp_path: Path) -> None:
    """Modules of Excel 95 and macro sheets have a name in the list and no part."""
    module = f'<sheet name="Module1" sheetId="2" state="veryHidden" r:id="{id_}"/>'
    sheets = f'<sheet name="S" sheetId="1" r:id="rId1"/>{module}'
    parts = one_sheet_parts(sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'))
    path = write_package(tmp_path / "b.xlsx", {**parts, "xl/workbook.xml": workbook_xml(sheets)})
    book = xc.open(path)
    assert [sheet.name for sheet in book.workbook] == ["S"]
    assert "Module1 (sheet without a part)" in " ".join(book.workbook.notes)
    book.save(tmp_path / "out.xlsx")
    with zipfile.ZipFile(tmp_path / "out.xlsx") as package:
        assert module.encode() in package.read("xl/workbook.xml")
