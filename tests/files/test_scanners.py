"""Both scanners see the same sheet; offsets point at what the tokens say."""

from __future__ import annotations

import io
import zipfile
from html import unescape as html_unescape
from xml.parsers import expat

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.files.packages import one_sheet_parts, read_parts, sheet_xml
from tests.shared_data import lesson
from xlcollab.errors import NotAWorkbookError
from xlcollab.files.package.markup import escape_xstring, unescape, unescape_xstring
from xlcollab.files.reading.scan import scan
from xlcollab.files.reading.scan_any import scan_any
from xlcollab.files.reading.scan_regular import IrregularError, scan_regular
from xlcollab.files.reading.tokens import RowToken
from xlcollab.ref import cell_name

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("&<>\"'\n\t "), max_size=12
)
SPACE = st.sampled_from(["", "", "", "\n", "  "])


@st.composite
def formulas(draw: st.DrawFn) -> str:
    text = escape_xstring(draw(TEXT))
    return draw(
        st.sampled_from(
            [
                "",
                f"<f>{text}</f>",
                '<f t="shared" si="0"/>',
                f'<f t="shared" ref="A1:B2" si="0">{text}</f>',
                f'<f t="array" ref="A1:B2" ca="1">{text}</f>',
                '<f ca="1"/>',
            ]
        )
    )


@st.composite
def contents(draw: st.DrawFn) -> tuple[str, str]:
    """(attributes, content) of a cell."""
    text = escape_xstring(draw(TEXT))
    number = repr(draw(st.floats(allow_nan=False, allow_infinity=False)))
    return draw(
        st.sampled_from(
            [
                ("", ""),
                ("", f"<v>{number}</v>"),
                (' t="str"', f"<v>{text}</v>"),
                (' t="str"', "<v/>"),
                (' t="inlineStr"', f'<is><t xml:space="preserve">{text}</t></is>'),
                (' t="b"', "<v>1</v>"),
                (' t="e"', "<v>#N/A</v>"),
                (' cm="1"', "<v>0</v>"),
            ]
        )
    )


@st.composite
def sheets(draw: st.DrawFn) -> bytes:
    """A well-formed sheet, most of the time one the fast scanner knows."""
    rows = []
    columns = st.lists(st.integers(0, 40), max_size=6, unique=True).map(sorted)
    for row in sorted(draw(st.sets(st.integers(0, 99), max_size=5))):
        cells = []
        for column in draw(columns):
            attributes, content = draw(contents())
            style = draw(st.sampled_from(["", ' s="3"']))
            content = draw(formulas()) + content
            start = f'<c r="{cell_name(row, column)}"{style}{attributes}'
            cells.append(f"{start}>{content}</c>" if content else f"{start}/>")
        extra = draw(st.sampled_from(["", ' spans="1:9" x14ac:dyDescent="0.25"']))
        start = f'<row r="{row + 1}"{extra}'
        rows.append(f"{start}>{''.join(cells)}</row>" if cells else f"{start}/>")
        rows.append(draw(SPACE))
    head = '<?xml version="1.0"?><worksheet xmlns:x14ac="u"><sheetData>'
    return f"{head}{''.join(rows)}</sheetData></worksheet>".encode()


@settings(max_examples=200, deadline=None)
@given(sheets())
def test_both_scanners_give_the_same_tokens(data: bytes) -> None:
    assert list(scan_regular(data)) == list(scan_any(data, "here"))


@settings(max_examples=100, deadline=None)
@given(sheets(), st.sets(st.integers(0, 12)))
def test_who_patches_gets_what_is_needed(data: bytes, patched: set[int]) -> None:
    """Of the rows that are patched all but texts of formulas; of others what guards an area."""
    for found, row in zip(scan_regular(data, patched=patched), scan_regular(data), strict=True):
        assert found[:4] == row[:4]
        areas = [one for one in row.formulas if one and one.kind in ("array", "dataTable")]
        if row.number in patched or areas:
            texts_left_out = [one and one._replace(text="") for one in row.formulas]
            assert found == row._replace(formulas=texts_left_out or row.formulas)


@settings(max_examples=50, deadline=None)
@given(sheets())
def test_offsets_are_those_of_the_elements(data: bytes) -> None:
    for row in scan_any(data, "here"):
        assert data.startswith(b"<row", row.start)
        assert data[row.tag_end - 1 : row.tag_end] == b">"
        assert row.end == row.tag_end or data.startswith(b"</row>", row.end)
        for start, value, value_start, value_end in zip(
            row.starts, row.values, row.value_starts, row.value_ends, strict=True
        ):
            assert data.startswith(b"<c ", start)
            element = data[value_start:value_end]
            if value is None:
                assert element == b""
                assert data[:value_start].endswith(b"/>") or data.startswith(b"</c>", value_end)
            else:
                assert element[:2] in (b"<v", b"<i")
                assert element.endswith((b"</v>", b"</is>", b"/>"))


@pytest.mark.parametrize("name", ["collab_filter.xlsx", "graddesc.xlsx"])
def test_both_scanners_agree_on_the_lesson_books(name: str) -> None:
    for part, data in read_parts(lesson(name)).items():
        if part.startswith("xl/worksheets/sheet"):
            assert list(scan_regular(data)) == list(scan_any(data, part))


IRREGULAR = [
    '<row r="1"><c r="A1"><v>1</v></c><!-- --></row>',
    '<row r="1"><c r="A1"><v><![CDATA[1]]></v></c></row>',
    '<row r="1"><c s="1" r="A1"><v>1</v></c></row>',
    "<row r='1'><c r='A1'><v>1</v></c></row>",
    '<row r="1"><c r="a1"><v>1</v></c></row>',
    '<row r="1"><c r="A1"><v>1</v><extLst/></c></row>',
    '<row r="1"><c r="A1" t="inlineStr"><is><r><t>1</t></r></is></c></row>',
    '<row r="1"><c><v>1</v></c></row>',
    '<row r="1"> <c r="A1"><v>1</v></c></row>',
    '<?pi ?><row r="1"><c r="A1"><v>1</v></c></row>',
]


@pytest.mark.parametrize("rows", IRREGULAR)
def test_what_the_fast_scanner_does_not_know_expat_reads(rows: str) -> None:
    data = sheet_xml(rows).encode()
    with pytest.raises(IrregularError):
        list(scan_regular(data))
    found: list[RowToken] = scan(data, "here", lambda tokens: list(tokens))
    assert (found[0].number, found[0].columns, found[0].values) == (0, [0], ["1"])


BROKEN = [
    '<row r="1"><c r="A1"><v>1</v></row>',
    '<row r="1"><c r="A1"><v>1</v></c>',
    '<row r="1"><c r="A1"><v>&nope;</v></c></row>',
    '<row r="1"><c r="A1"><v>\x01</v></c></row>',
    '<row r="1"></row></row>',
    '<row r="0"/>',
    '<row r="2"><c r="A1"><v>1</v></c></row>',
]


@pytest.mark.parametrize("rows", BROKEN)
def test_broken_sheets_are_refused_by_both(rows: str) -> None:
    data = sheet_xml(rows).encode()
    with pytest.raises(IrregularError):
        list(scan_regular(data))
    with pytest.raises(NotAWorkbookError, match="here"):
        list(scan_any(data, "here"))


def test_text_that_is_no_utf8_is_refused_by_both() -> None:
    data = sheet_xml('<row r="1"><c r="A1" t="str"><v>@</v></c></row>').encode()
    data = data.replace(b"@", b"\xff")
    with pytest.raises(IrregularError):
        list(scan_regular(data))
    with pytest.raises(NotAWorkbookError, match="here is broken XML"):
        list(scan_any(data, "here"))


@given(TEXT)
def test_entities_as_the_standard_library_reads_them(text: str) -> None:
    raw = escape_xstring(text)
    assert unescape(raw) == html_unescape(raw)
    assert unescape_xstring(unescape(raw)) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
def test_xstring_escapes_hold_every_character(text: str) -> None:
    document = f"<a>{escape_xstring(text)}</a>"
    pieces: list[str] = []
    parser = expat.ParserCreate()
    parser.CharacterDataHandler = pieces.append
    parser.Parse(document.encode(), True)
    assert unescape_xstring("".join(pieces)) == text


def test_openpyxl_reads_our_escapes() -> None:
    text = "a_x0041_ \r & <é>\x02"
    cell = f'<c r="A1" t="inlineStr"><is><t>{escape_xstring(text)}</t></is></c>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in one_sheet_parts(sheet_xml(f'<row r="1">{cell}</row>')).items():
            archive.writestr(name, part)
    book = openpyxl.load_workbook(buffer)
    assert unescape_xstring(book["S"]["A1"].value) == text
