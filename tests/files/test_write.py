"""Values go into their cells; every other byte of the package stays."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build import build
from tests.files.packages import (
    HEAD,
    MAIN,
    STRICT_MAIN,
    STRICT_OFFICE,
    one_sheet_parts,
    read_parts,
    relationships,
    sheet_xml,
    write_package,
)
from tests.shared_data import lesson
from xlcollab.errors import NotAWorkbookError, WorkbookError, WriteRefusedError
from xlcollab.files import FileBook
from xlcollab.files.writing.sheet_patch import patch_sheet
from xlcollab.grid import CellEdit, Changes, ErrorCode, Kind, Scalar, TextPool, encode
from xlcollab.ref import CellRef, cell_name, parse_area, parse_cell


def edit(address: str, *values: float) -> CellEdit:
    area = parse_area(address, "S")
    shape = (area.rect.height, area.rect.width)
    return CellEdit.of_numbers(area, np.array(values, float).reshape(shape))


def inputs(*edits: CellEdit) -> Changes:
    return Changes(inputs=edits)


def results(*edits: CellEdit) -> Changes:
    return Changes(results=edits)


def sheet_after(tmp_path: Path, sheet: str | bytes, changes: Changes) -> str:
    """The sheet's XML after the write."""
    path = write_package(tmp_path / "book.xlsx", one_sheet_parts(sheet))
    FileBook(path).write(changes)
    return read_parts(path)["xl/worksheets/sheet1.xml"].decode()


def rows_after(tmp_path: Path, rows: str, changes: Changes) -> str:
    after = sheet_after(tmp_path, sheet_xml(rows), changes)
    return after.partition("<sheetData>")[2].partition("</sheetData>")[0]


REWRITES = [
    ('<c r="A1" s="2"><v>1</v></c>', '<c r="A1" s="2"><v>0.25</v></c>'),
    ('<c r="A1" s="2"/>', '<c r="A1" s="2"><v>0.25</v></c>'),
    ('<c r="A1" t="s" s="2"><v>7</v></c>', '<c r="A1" s="2"><v>0.25</v></c>'),
    ('<c r="A1" t="inlineStr"><is><t>x</t></is></c>', '<c r="A1"><v>0.25</v></c>'),
    ('<c r="A1" t="e" vm="1"><v>#VALUE!</v></c>', '<c r="A1"><v>0.25</v></c>'),
    ('<c t="b"><v>1</v></c>', "<c><v>0.25</v></c>"),
    ("<c r='A1' t='n'><v/></c>", "<c r='A1' t='n'><v>0.25</v></c>"),
    ('<c r="A1"><v>2.5E-1</v></c>', '<c r="A1"><v>2.5E-1</v></c>'),
    ('<c r="A1"></c>', '<c r="A1"><v>0.25</v></c>'),
]


@pytest.mark.parametrize(("before", "after"), REWRITES)
def test_a_number_over_a_constant(tmp_path: Path, before: str, after: str) -> None:
    around = '<row r="1">{}<c r="B1" t="s"><v>3</v></c></row>'
    changed = rows_after(tmp_path, around.format(before), inputs(edit("A1", 0.25)))
    assert changed == around.format(after)


def of_value(address: str, value: Scalar, texts: TextPool) -> CellEdit:
    return CellEdit.of_value(parse_area(address, "S"), value, texts)


VALUES: list[tuple[Scalar, str, str]] = [
    (1.5, '<c r="A1"><v>1.5</v></c>', '<c r="A1"><f>B1</f><v>1.5</v></c>'),
    (True, '<c r="A1" t="b"><v>1</v></c>', '<c r="A1" t="b"><f>B1</f><v>1</v></c>'),
    (
        "a < b ",
        '<c r="A1" t="inlineStr"><is><t xml:space="preserve">a &lt; b </t></is></c>',
        '<c r="A1" t="str"><f>B1</f><v>a &lt; b </v></c>',
    ),
    (ErrorCode.NA, '<c r="A1" t="e"><v>#N/A</v></c>', '<c r="A1" t="e"><f>B1</f><v>#N/A</v></c>'),
    (None, '<c r="A1"></c>', '<c r="A1"><f>B1</f></c>'),
    ("", '<c r="A1" t="inlineStr"><is><t></t></is></c>', '<c r="A1" t="str"><f>B1</f><v></v></c>'),
]


@pytest.mark.parametrize(("value", "constant", "result"), VALUES)
def test_every_kind_of_value(tmp_path: Path, value: Scalar, constant: str, result: str) -> None:
    for old, expected, field in (
        ('<c r="A1"><v>9</v></c>', constant, "inputs"),
        ('<c r="A1"><f>B1</f><v>9</v></c>', result, "results"),
        ('<c r="A1" t="str"><f>B1</f><v>old</v></c>', result, "results"),
        ('<c r="A1"><f>B1</f></c>', result, "results"),
    ):
        path = write_package(
            tmp_path / "book.xlsx", one_sheet_parts(sheet_xml(f'<row r="1">{old}</row>'))
        )
        book = FileBook(path)
        texts = book.read().texts
        book.write(Changes(**{field: [of_value("A1", value, texts)]}))
        assert expected in read_parts(path)["xl/worksheets/sheet1.xml"].decode()
        assert book.read().sheet("S").value(0, 0) == value


def test_results_keep_formulas_and_dynamic_marks(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" s="1" cm="1"><f t="array" ref="A1:B1">C1:D1*2</f><v>0</v></c>'
        '<c r="B1"><f ca="1"/><v>0</v></c></row>'
        '<row r="2"><c r="A2" t="e" vm="2"><f t="shared" ref="A2:A3" si="0">A1</f><v>#N/A</v></c>'
        '</row><row r="3"><c r="A3"><f t="shared" si="0"/></c></row>'
    )
    expected = (
        '<row r="1"><c r="A1" s="1" cm="1"><f t="array" ref="A1:B1">C1:D1*2</f><v>1</v></c>'
        '<c r="B1"><f ca="1"/><v>2</v></c></row>'
        '<row r="2"><c r="A2"><f t="shared" ref="A2:A3" si="0">A1</f><v>3</v></c></row>'
        '<row r="3"><c r="A3"><f t="shared" si="0"/><v>4</v></c></row>'
    )
    changes = results(edit("A1:B1", 1, 2), edit("A2:A3", 3, 4))
    assert rows_after(tmp_path, rows, changes) == expected


FORMULA_CELLS = (
    '<c r="{}"><f>1+1</f><v>2</v></c>',
    '<c r="{}" s="1"><f t="shared" si="0"/><v>2.50</v></c>',
    '<c r="{}"><f>1+1</f><v>x</v></c>',
    '<c r="{}"><f>1+1</f></c>',
    '<c r="{}" t="str"><f>1+1</f><v>2</v></c>',
    '<c r="{}" t="e" vm="1"><f>1+1</f><v>#VALUE!</v></c>',
    '<c r="{}"><v>2</v></c>',
    "",
)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(0), st.integers(0, len(FORMULA_CELLS) - 1)),
            st.sampled_from([2.0, 2.5, -0.0, 1e15, 1e-7, 1 / 3, 12345678.0]),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_a_row_at_once_is_as_cell_by_cell(cells: list[tuple[int, float]]) -> None:
    names = [cell_name(0, column) for column in range(len(cells))]
    row = "".join(
        FORMULA_CELLS[form].format(name) for name, (form, _) in zip(names, cells, strict=True)
    )
    data = sheet_xml(f'<row r="1">{row}</row>').encode()
    numbers = [number for _, number in cells]
    together = [edit(f"Sheet1!A1:{names[-1]}", *numbers)]
    alone = [edit(f"Sheet1!{name}", number) for name, number in zip(names, numbers, strict=True)]
    outcomes = []
    for edits in (together, alone):
        try:
            patched = patch_sheet("Sheet1", data, "sheet", TextPool(), [], edits)
            outcomes.append(patched.whole())
        except WriteRefusedError as error:
            outcomes.append(str(error).encode())
    assert outcomes[0] == outcomes[1]


def test_array_children_without_a_formula_element_take_results(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:B2">C1:D2</f><v>0</v></c>'
        '<c r="B1"><v>0</v></c></row><row r="2"><c r="A2"><v>0</v></c></row>'
    )
    expected = (
        '<row r="1"><c r="A1"><f t="array" ref="A1:B2">C1:D2</f><v>1</v></c>'
        '<c r="B1"><v>2</v></c></row><row r="2"><c r="A2"><v>3</v></c>'
        '<c r="B2"><v>4</v></c></row>'
    )
    assert rows_after(tmp_path, rows, results(edit("A1:B2", 1, 2, 3, 4))) == expected


def test_new_cells_and_rows_come_in_order(tmp_path: Path) -> None:
    rows = (
        '<row r="2" spans="2:4" ht="20"><c r="B2"><v>1</v></c><c r="D2"><v>2</v></c></row>'
        '<row r="4" s="5" customFormat="1"/>'
    )
    expected = (
        '<row r="1"><c r="A1" s="8"><v>1</v></c></row>'
        '<row r="2" spans="1:5" ht="20"><c r="A2" s="8"><v>2</v></c><c r="B2"><v>1</v></c>'
        '<c r="C2"><v>3</v></c><c r="D2"><v>2</v></c><c r="E2"><v>4</v></c></row>'
        '<row r="3"><c r="C3"><v>5</v></c></row>'
        '<row r="4" s="5" customFormat="1"><c r="B4" s="5"><v>6</v></c></row>'
        '<row r="9"><c r="C9"><v>7</v></c></row>'
    )
    before = '<dimension ref="B2:D4"/><cols><col min="1" max="1" width="9" style="8"/></cols>'
    cells = {"A1": 1, "A2": 2, "C2": 3, "E2": 4, "C3": 5, "B4": 6, "C9": 7}
    changes = inputs(*(edit(name, value) for name, value in cells.items()))
    after = sheet_after(tmp_path, sheet_xml(rows, before=before), changes)
    assert after == sheet_xml(expected, before=before.replace("B2:D4", "A1:E9"))


@pytest.mark.parametrize("empty", ["<sheetData/>", "<sheetData />", "<sheetData></sheetData>"])
def test_the_first_cell_of_an_empty_sheet(tmp_path: Path, empty: str) -> None:
    sheet = sheet_xml("").replace("<sheetData></sheetData>", empty)
    after = sheet_after(tmp_path, sheet, inputs(edit("B2", 3)))
    assert after == sheet_xml('<row r="2"><c r="B2"><v>3</v></c></row>')


def test_blanks_make_no_cells(tmp_path: Path) -> None:
    blank = of_value("C5:D6", None, TextPool())
    assert rows_after(tmp_path, '<row r="1"/>', inputs(blank)) == '<row r="1"/>'


def test_a_prefixed_sheet_keeps_its_prefix(tmp_path: Path) -> None:
    sheet = (
        f'{HEAD}<x:worksheet xmlns:x="{MAIN}"><!-- kept --><x:sheetData><x:row r="2">'
        '<x:c r="A2"><x:f>B2</x:f><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    changes = Changes(inputs=[edit("A1", 1), edit("B2", 5)], results=[edit("A2", 5)])
    assert sheet_after(tmp_path, sheet, changes) == (
        f'{HEAD}<x:worksheet xmlns:x="{MAIN}"><!-- kept --><x:sheetData>'
        '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row><x:row r="2">'
        '<x:c r="A2"><x:f>B2</x:f><x:v>5</x:v></x:c><x:c r="B2"><x:v>5</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )


def test_utf16_stays_utf16(tmp_path: Path) -> None:
    text = sheet_xml('<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="str"><v>é</v></c></row>')
    text = text.replace("UTF-8", "UTF-16")
    path = write_package(tmp_path / "b.xlsx", one_sheet_parts(text.encode("utf-16")))
    FileBook(path).write(inputs(edit("A1", 2)))
    after = read_parts(path)["xl/worksheets/sheet1.xml"]
    assert after == text.replace("<v>1</v>", "<v>2</v>").encode("utf-16")


def test_strict_workbooks(tmp_path: Path) -> None:
    sheet = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>', main=STRICT_MAIN)
    parts = one_sheet_parts(sheet, main=STRICT_MAIN, office=STRICT_OFFICE)
    path = write_package(tmp_path / "book.xlsx", parts)
    FileBook(path).write(inputs(edit("A1", 2)))
    assert FileBook(path).read().sheet("S").value(0, 0) == 2.0


PIVOT = '<pivotTableDefinition xmlns="x" name="P"><location ref="C1:D9"/></pivotTableDefinition>'
TABLE = (
    '<table xmlns="x" id="1" name="T" displayName="T" ref="A11:B14" totalsRowCount="1">'
    '<tableColumns count="2"><tableColumn id="1" name="a"/><tableColumn id="2" name="b"/>'
    "</tableColumns></table>"
)
GUARDED_ROWS = (
    '<row r="1"><c r="A1"><f>1</f><v>1</v></c></row>'
    '<row r="2"><c r="A2"><f t="array" ref="A2:B3">1</f><v>1</v></c><c r="B2"><v>1</v></c></row>'
    '<row r="5"><c r="A5"><f t="dataTable" ref="A5:A6" r1="Z1"/><v>1</v></c></row>'
    '<row r="6"><c r="A6"><v>1</v></c></row>'
)
REFUSED_INPUTS = [
    (edit("A1", 1), "S!A1 holds a formula"),
    (edit("B2", 1), "S!B2 belongs to the array formula of A2:B3"),
    (edit("A6", 1), "S!A6 belongs to the data table A5:A6"),
    (edit("F2", 1), "S!F2 is covered by the merged cells F1:G2"),
    (edit("F1:G1", 1, 1), "S!G1 is covered by the merged cells F1:G2"),
    (edit("D9", 1), "S!D9 belongs to the pivot table 'P'"),
    (edit("B11", 1), "S!B11 belongs to the header of the table T"),
    (edit("A13:A14", 1, 1), "S!A14 belongs to the totals row of the table T"),
    (edit("Z1:Z2", 1, float("nan")), "S!Z2 would get nan, no finite number"),
    (edit("Z1:Z2", float("-inf"), 1), "S!Z1 would get -inf"),
    (
        CellEdit(parse_area("S!Z1"), np.zeros((2, 2), np.uint8), np.zeros((2, 2))),
        r"S!Z1 has 1 × 1 cells, but values of shape \(2, 2\)",
    ),
]
REFUSED_RESULTS = [
    (edit("B1", 1), "S!B1 holds no formula whose result could be stored"),
    (edit("A6", 1), "S!A6 holds no formula"),
    (edit("A5", 1), "S!A5 belongs to the data table A5:A6"),
    (edit("A1", float("nan")), "S!A1 would get nan"),
]


def guarded_book(path: Path, after: str = "") -> Path:
    merged = '<mergeCells count="1"><mergeCell ref="F1:G2"/></mergeCells>'
    parts = one_sheet_parts(sheet_xml(GUARDED_ROWS, after=after + merged)) | {
        "xl/worksheets/_rels/sheet1.xml.rels": relationships(
            ("rId1", "pivotTable", "../pivotTables/pivotTable1.xml"),
            ("rId2", "table", "../tables/table1.xml"),
        ),
        "xl/pivotTables/pivotTable1.xml": PIVOT,
        "xl/tables/table1.xml": TABLE,
    }
    return write_package(path, parts)


def refusal(path: Path, changes: Changes, sentence: str) -> None:
    """The write is refused with that sentence, and the folder is as before."""
    before, folder = path.read_bytes(), sorted(path.parent.iterdir())
    with pytest.raises(WriteRefusedError, match=sentence):
        FileBook(path).write(changes)
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == folder


@pytest.mark.parametrize(("wrong", "sentence"), REFUSED_INPUTS)
def test_refused_inputs(tmp_path: Path, wrong: CellEdit, sentence: str) -> None:
    refusal(guarded_book(tmp_path / "book.xlsx"), inputs(edit("Y1", 1), wrong), sentence)


@pytest.mark.parametrize(("wrong", "sentence"), REFUSED_RESULTS)
def test_refused_results(tmp_path: Path, wrong: CellEdit, sentence: str) -> None:
    refusal(guarded_book(tmp_path / "book.xlsx"), results(wrong), sentence)


def test_neighbours_of_guarded_cells_are_free(tmp_path: Path) -> None:
    path = guarded_book(tmp_path / "book.xlsx")
    FileBook(path).write(inputs(edit("F1", 1), edit("B4", 2), edit("A12", 3), edit("C10", 4)))
    sheet = FileBook(path).read().sheet("S")
    found = [sheet.value(*parse_cell(name)) for name in ("F1", "B4", "A12", "C10")]
    assert found == [1, 2, 3, 4]


def test_a_protected_sheet_takes_results_only(tmp_path: Path) -> None:
    path = guarded_book(tmp_path / "book.xlsx", '<sheetProtection sheet="1"/>')
    refusal(path, inputs(edit("Y1", 1)), "the sheet 'S' is protected; unprotect it in Excel")
    FileBook(path).write(results(edit("A1", 5)))
    assert FileBook(path).read().sheet("S").value(0, 0) == 5.0


def test_an_unknown_sheet_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = guarded_book(tmp_path / "book.xlsx")
    with pytest.raises(WorkbookError, match="has no sheet 'T'; its sheets are S"):
        FileBook(path).write(inputs(edit("T!A1", 1)))


def test_a_signed_workbook_is_refused(tmp_path: Path) -> None:
    parts = one_sheet_parts(sheet_xml("")) | {"_xmlsignatures/origin.sigs": ""}
    path = write_package(tmp_path / "book.xlsx", parts)
    refusal(path, inputs(edit("A1", 1)), "is digitally signed")


def test_a_sheet_without_sheet_data(tmp_path: Path) -> None:
    path = write_package(
        tmp_path / "b.xlsx", one_sheet_parts(f'{HEAD}<worksheet xmlns="{MAIN}"></worksheet>')
    )
    with pytest.raises(NotAWorkbookError, match="has no <sheetData>"):
        FileBook(path).write(inputs(edit("A1", 1)))


CALC = [
    ("", '<calcPr fullCalcOnLoad="1"/>'),
    ('<calcPr calcId="191029"/>', '<calcPr calcId="191029" fullCalcOnLoad="1"/>'),
    ('<calcPr fullCalcOnLoad="0" iterate="1"/>', '<calcPr fullCalcOnLoad="1" iterate="1"/>'),
    (
        '<definedNames><definedName name="a">1</definedName></definedNames><oleSize ref="A1"/>',
        '<definedNames><definedName name="a">1</definedName></definedNames>'
        '<calcPr fullCalcOnLoad="1"/><oleSize ref="A1"/>',
    ),
]


@pytest.mark.parametrize(("before", "after"), CALC)
def test_excel_is_told_to_recalculate(tmp_path: Path, before: str, after: str) -> None:
    path = write_package(tmp_path / "book.xlsx", one_sheet_parts(sheet_xml(""), after=before))
    FileBook(path).write(inputs(edit("A1", 1)))
    expected = one_sheet_parts(sheet_xml(""), after=after)["xl/workbook.xml"]
    assert read_parts(path)["xl/workbook.xml"].decode() == expected


def test_no_changes_no_difference(tmp_path: Path) -> None:
    path = lesson("collab_filter.xlsx")
    target = tmp_path / "copy.xlsx"
    FileBook(path, target).write(Changes())
    assert read_parts(target) == read_parts(path)


def lesson_changes(name: str) -> Changes:
    """New weights and a new result, in the first weights' area and one formula of the book."""
    workbook = FileBook(lesson(name)).read()
    sheet = next(sheet for sheet in workbook if len(sheet.formulas) > 20)
    row, column = int(sheet.formulas.rows[7]), int(sheet.formulas.columns[7])
    constants = np.argwhere((sheet.kinds == Kind.NUMBER) & ~sheet.formula_mask())
    top, left = (int(index) for index in constants[-1])
    at = f"'{sheet.name}'!"
    return Changes(
        inputs=[edit(at + cell_name(top, left), 0.1), edit(at + "AA90:AB91", 1, 2, 3, 4)],
        results=[edit(at + cell_name(row, column), 1 / 3)],
    )


def written_cells(changes: Changes) -> dict[tuple[str, int, int], float]:
    return {
        (one.area.sheet, row, column): float(number)
        for one in (*changes.inputs, *changes.results)
        for (row, column), number in zip(one.area.rect.cells(), one.numbers.flat, strict=True)
    }


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_lesson_books_differ_in_the_written_cells_only(tmp_path: Path, name: str) -> None:
    changes, target = lesson_changes(name), tmp_path / name
    FileBook(lesson(name), target).write(changes)
    before, after = read_parts(lesson(name)), read_parts(target)
    assert list(before) == list(after)
    touched = {part for part in before if before[part] != after[part]}
    assert len(touched) == 2
    assert "xl/workbook.xml" in touched
    expected = written_cells(changes)
    old, new = FileBook(lesson(name)).read(), FileBook(target).read()
    for sheet, changed in zip(old, new, strict=True):
        for row, column in changed.used.union(sheet.used).cells():
            value = expected.get((sheet.name, row, column), sheet.value(row, column))
            assert changed.value(row, column) == value


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_lesson_books_read_back_elsewhere(tmp_path: Path, name: str) -> None:
    changes, target = lesson_changes(name), tmp_path / name
    FileBook(lesson(name), target).write(changes)
    calamine = python_calamine.CalamineWorkbook.from_path(str(target))
    book = openpyxl.load_workbook(target, read_only=True, data_only=True)
    for (sheet, row, column), number in written_cells(changes).items():
        assert book[sheet].cell(row + 1, column + 1).value == number
        rows = calamine.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        assert rows[row][column] == number
    book.close()


def test_macros_are_kept(tmp_path: Path) -> None:
    parts = one_sheet_parts(
        sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'),
        related=(("rId9", "vbaProject", "vbaProject.bin"),),
    )
    macros = bytes(range(256)) * 10
    path = write_package(tmp_path / "book.xlsm", parts | {"xl/vbaProject.bin": macros})
    FileBook(path).write(inputs(edit("A1", 2)))
    assert read_parts(path)["xl/vbaProject.bin"] == macros


def test_untouched_members_keep_their_compressed_bytes(tmp_path: Path) -> None:
    source, target = lesson("graddesc.xlsx"), tmp_path / "g.xlsx"
    FileBook(source, target).write(lesson_changes("graddesc.xlsx"))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target) as new:
        assert new.testzip() is None
        same = [
            info.filename
            for info, other in zip(old.infolist(), new.infolist(), strict=True)
            if (info.CRC, info.compress_size, info.date_time, info.external_attr)
            == (other.CRC, other.compress_size, other.date_time, other.external_attr)
        ]
        assert len(same) == len(old.infolist()) - 2


def test_the_output_depends_on_the_input_alone(tmp_path: Path) -> None:
    outputs = []
    for name in ("one.xlsx", "two.xlsx"):
        FileBook(lesson("graddesc.xlsx"), tmp_path / name).write(lesson_changes("graddesc.xlsx"))
        outputs.append((tmp_path / name).read_bytes())
    assert outputs[0] == outputs[1]


CELL = st.tuples(st.integers(0, 12), st.integers(0, 12))
NUMBER = st.floats(-1e300, 1e300)


@settings(max_examples=60, deadline=None)
@given(
    old=st.dictionaries(CELL, NUMBER | st.booleans() | st.text("ab<&", max_size=3), max_size=20),
    new=st.dictionaries(CELL, NUMBER | st.booleans() | st.none() | st.text("xy>", max_size=3)),
)
def test_any_edits_of_any_cells(
    tmp_path_factory: pytest.TempPathFactory,
    old: dict[tuple[int, int], Scalar],
    new: dict[tuple[int, int], Scalar],
) -> None:
    path = tmp_path_factory.mktemp("edits") / "book.xlsx"
    build(path, {"S": {cell_name(*cell): value for cell, value in old.items()}})
    book = FileBook(path)
    before = book.read()
    texts = before.texts
    edits = []
    for cell, value in new.items():
        kind, number = encode(value, texts)
        area = parse_area(cell_name(*cell), "S")
        edits.append(CellEdit(area, np.full((1, 1), kind, np.uint8), np.full((1, 1), number)))
    book.write(Changes(inputs=edits))
    sheet = book.read().sheet("S")
    kept = {cell: before.value(CellRef("S", *cell)) for cell in old}  # XlsxWriter rounds
    expected = {cell: value for cell, value in (kept | new).items() if value is not None}
    found = {cell: sheet.value(*cell) for cell in sheet.used.cells()}
    stored = {cell: value for cell, value in found.items() if value not in (None, "")}
    assert stored == {cell: value for cell, value in expected.items() if value != ""}
    other = openpyxl.load_workbook(path)["S"]
    for (row, column), value in stored.items():
        assert other.cell(row + 1, column + 1).value == value
