"""Workbooks made to break readers and evaluators, by kind: what a hostile or a broken sender sends.

Each maker writes a file. No verb may end in an internal error, take long or much memory on one.
"""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.faces.shell import minimised
from tests.files.packages import one_sheet_parts, relationships, sheet_xml, workbook_xml

Parts = dict[str, str | bytes]
Maker = Callable[[Path], object]

_CELLS = (
    '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>(A1-3)^2+(A2+1)^2</f><v>4</v></c></row>'
    '<row r="2"><c r="A2"><v>2</v></c><c r="B2" t="s"><v>0</v></c></row>'
)
_SHEET = "xl/worksheets/sheet1.xml"
_MAIN = "xl/workbook.xml"
_RELS = "xl/_rels/workbook.xml.rels"
_STRINGS = "xl/sharedStrings.xml"
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _names() -> str:
    entries = "".join(
        f'<definedName name="{name}" localSheetId="0" hidden="1">{text}</definedName>'
        for name, text, _, _ in minimised("S", "S!$B$1", "S!$A$1:$A$2")
    )
    return f"<definedNames>{entries}</definedNames>"


def base(cells: str = _CELLS, **more: str) -> Parts:
    """A workbook with a model that can be solved, and shared texts."""
    parts = one_sheet_parts(
        sheet_xml(cells, **more),
        after=_names(),
        related=(("rId9", "sharedStrings", "sharedStrings.xml"),),
    )
    parts[_STRINGS] = f'<sst xmlns="{_NAMESPACE}"><si><t>text</t></si></sst>'
    return parts


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data.encode() if isinstance(data, str) else data)
    return out.getvalue()


def _of_parts(parts: Mapping[str, str | bytes]) -> Maker:
    return lambda path: path.write_bytes(packed(parts))


def _of_bytes(make: Callable[[bytes], bytes]) -> Maker:
    return lambda path: path.write_bytes(make(packed(base())))


def formula_book(text: str, rest: str = "") -> Maker:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    cells = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="B1"><f>(A1-3)^2+(A2+1)^2+N(C1)</f><v>4</v></c>'
        f'<c r="C1"><f{rest}>{escaped}</f><v>0</v></c></row>'
        '<row r="2"><c r="A2"><v>2</v></c></row>'
    )
    return _of_parts(base(cells))


FORMULAS: Mapping[str, str] = {
    "500 unary minuses": "-" * 500 + "A1",
    "5000 unary minuses": "-" * 5000 + "A1",
    "900 per cent signs": "A1" + "%" * 900,
    "7000 per cent signs": "A1" + "%" * 7000,
    "union of 900 areas": "SUM((" + ",".join(["A1:A2"] * 900) + "))",
    "intersection of 900 areas": "SUM(" + " ".join(["A1:A2"] * 900) + ")",
    "range of ranges": "SUM(" + ":".join(["A1"] * 900) + ")",
    "2000 parentheses": "(" * 2000 + "A1" + ")" * 2000,
    "300 nested functions": "ABS(" * 300 + "A1" + ")" * 300,
    "3000 nested functions": "ABS(" * 3000 + "A1" + ")" * 3000,
    "sum of 5000 terms": "+".join(["A1"] * 5000),
    "power tower": "^".join(["A1"] * 1000),
    "5000 arguments": "SUM(" + ",".join(["A1"] * 5000) + ")",
    "300 nested arrays": "{" * 300 + "1" + "}" * 300,
    "large unit matrix": "SUM(MUNIT(30000))",
    "large expansion": "SUM(EXPAND(A1,1048576,16384,0))",
    "large sequence": "SUM(SEQUENCE(1048576,16384))",
    "large random array": "SUM(RANDARRAY(1048576,16384))",
    "outer product of columns": "SUM(ROW(1:1048576)*COLUMN(A:XFD))",
    "stacked columns": "SUM(VSTACK(" + ",".join(["A:A"] * 200) + "))",
    "columns side by side": "SUM(HSTACK(" + ",".join(["A:A"] * 200) + "))",
    "whole sheet": "SUM(1:1048576)+COUNTBLANK(1:1048576)",
    "whole sheet compared": "SUMPRODUCT(--(1:1048576=1))",
    "product of whole columns": "SUM(MMULT(A:A,TRANSPOSE(A:A)))",
    "long repetition": 'LEN(REPT("a",2000000000))',
    "repetition of repetitions": 'LEN(REPT(REPT("a",32767),32767))',
    "wildcards": 'COUNTIF(A1,"' + "*a" * 60 + '*b")+SEARCH("' + "*a" * 60 + 'c",REPT("a",20000))',
    "blanks before no number": 'IFERROR(VALUE(REPT(" ",32000)&"9#"),0)',
    "pattern": 'IF(REGEXTEST(REPT("a",40),"(a+)+b"),1,0)',
    "huge factorial": "FACT(1E+300)+COMBIN(1E+15,5E+14)+MULTINOMIAL(1E+9,1E+9)",
    "hypergeometric": "HYPGEOM.DIST(5E+8,1E+9,5E+8,2E+9,TRUE)",
    "binomial": "BINOM.DIST(5E+14,1E+15,0.5,TRUE)+POISSON.DIST(1E+15,1E+15,TRUE)",
    "critical binomial": "CRITBINOM(1E+15,0.5,0.999)+BINOM.INV(1E+15,0.5,0.999)",
    "days": "NETWORKDAYS(1,2958465)+WORKDAY(1,2900000)",
    "greatest divisor": "GCD(2^53,3^30)+LCM(2^40,3^20)",
    "base": 'LEN(BASE(2^53-1,2,255))+DECIMAL(REPT("Z",255),36)',
    "indirect ring": 'INDIRECT("C1")',
    "self": "C1+1",
    "offset far": "SUM(OFFSET(A1,0,0,1048576,16384))",
    "offset off the sheet": "OFFSET(A1,-5,-5)",
    "no formula": "",
    "only an operator": "+",
    "open text": '"abc',
    "null sign": "A1\x01+1".replace("\x01", "\\x01"),
    "reference beyond": "XFE1+A1048577",
    "sheet without end": "'S!A1",
    "external": "[1]Sheet!A1+'[9]x'!B2",
    "error sheet": "#REF!A1+S!#REF!",
    "lambda that recurses": "LET(f,LAMBDA(g,x,g(g,x)),f(f,1))",
    "let of 300 names": "LET(" + ",".join(f"v{i}x,A1" for i in range(300)) + ",v299x)",
    "reduce": "SUM(MAP(SEQUENCE(100000),LAMBDA(x,x*x)))",
    "text format": 'TEXT(A1,"' + "#" * 5000 + '")&TEXT(A1,"' + "[" * 200 + '")',
    "substitution": 'LEN(SUBSTITUTE(REPT("a",32767),"a",REPT("b",32767)))',
    "split": 'SUM(LEN(TEXTSPLIT(REPT("a,",16000),",")))',
    "joined column": 'LEN(TEXTJOIN(",",FALSE,A:A))',
    "sorted column": "SUM(SORT(A:A))+SUM(UNIQUE(A:A))",
    "table that is not there": "SUM(Nowhere[[#All],[x]:[y]])",
    "spill of nothing": "SUM(C9#)+ANCHORARRAY(A1)",
    "number of 400 digits": "9" * 400 + "+1E+309",
}
"""Formulas for a cell that the objective adds."""

CELLS: Mapping[str, str] = {
    "address A0": '<row r="1"><c r="A0"><v>1</v></c></row>',
    "address beyond": '<row r="1"><c r="XFE1"><v>1</v></c></row>',
    "row 0": '<row r="0"><c r="A1"><v>1</v></c></row>',
    "row -1": '<row r="-1"><c><v>1</v></c></row>',
    "row x": '<row r="x"><c r="A1"><v>1</v></c></row>',
    "row beyond": '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
    "row of 400 digits": f'<row r="{"9" * 400}"><c><v>1</v></c></row>',
    "rows backwards": (
        '<row r="9"><c r="A9"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
    ),
    "cells backwards": '<row r="1"><c r="D1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
    "cell twice": '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
    "cell in another row": '<row r="1"><c r="A7"><v>1</v></c></row>',
    "value none": '<row r="1"><c r="A1"><v></v></c></row>',
    "value word": '<row r="1"><c r="A1"><v>abc</v></c></row>',
    "value nan": '<row r="1"><c r="A1"><v>nan</v></c></row>',
    "value infinite": '<row r="1"><c r="A1"><v>1e999</v></c><c r="A2"><v>-inf</v></c></row>',
    "value underscore": '<row r="1"><c r="A1"><v>1_000</v></c></row>',
    "value wide digits": '<row r="1"><c r="A1"><v>１２</v></c></row>',
    "value of 100000 digits": f'<row r="1"><c r="A1"><v>{"7" * 100_000}</v></c></row>',
    "type unknown": '<row r="1"><c r="A1" t="zz"><v>1</v></c></row>',
    "boolean 7": '<row r="1"><c r="A1" t="b"><v>7</v></c></row>',
    "error unknown": '<row r="1"><c r="A1" t="e"><v>#OOPS!</v></c></row>',
    "date": '<row r="1"><c r="A1" t="d"><v>9999-99-99T99:99</v></c></row>',
    "string index -1": '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
    "string index beyond": '<row r="1"><c r="A1" t="s"><v>99999999999999999999</v></c></row>',
    "string index 0.5": '<row r="1"><c r="A1" t="s"><v>0.5</v></c></row>',
    "style beyond": '<row r="1"><c r="A1" s="99999999999"><v>1</v></c></row>',
    "entity surrogate": '<row r="1"><c r="A1" t="str"><v>&#xD800;</v></c></row>',
    "entity null": '<row r="1"><c r="A1" t="str"><v>&#0;</v></c></row>',
    "entity beyond": '<row r="1"><c r="A1" t="str"><v>&#x110000;</v></c></row>',
    "entity unknown": '<row r="1"><c r="A1" t="str"><v>&x;</v></c></row>',
    "coded surrogate": '<row r="1"><c r="A1" t="inlineStr"><is><t>_xD800_a</t></is></c></row>',
    "coded pair": '<row r="1"><c r="A1" t="str"><v>_xD83D__xDE00_</v></c></row>',
    "comment in a value": '<row r="1"><c r="A1"><v>1<!-- 2 -->3</v></c></row>',
    "cdata": '<row r="1"><c r="A1" t="str"><v><![CDATA[<b>]]></v></c></row>',
    "processing": '<row r="1"><c r="A1"><?x y?><v>1</v></c></row>',
    "shared without master": '<row r="1"><c r="A1"><f t="shared" si="5"/><v>1</v></c></row>',
    "shared index word": (
        '<row r="1"><c r="A1"><f t="shared" si="x" ref="A1">1</f><v>1</v></c></row>'
    ),
    "shared over the edge": (
        '<row r="1"><c r="A1"><f t="shared" si="0" ref="A1:XFD1048576">B1</f><v>1</v></c></row>'
        '<row r="9"><c r="XFD9"><f t="shared" si="0"/><v>1</v></c></row>'
    ),
    "array over all": (
        '<row r="1"><c r="A1"><f t="array" ref="A1:XFD1048576">1</f><v>1</v></c></row>'
    ),
    "array of columns": '<row r="1"><c r="A1"><f t="array" ref="A:A">ROW()</f><v>1</v></c></row>',
    "array without ref": '<row r="1"><c r="A1"><f t="array">1</f><v>1</v></c></row>',
    "array ref none": '<row r="1"><c r="A1"><f t="array" ref="#REF!">1</f><v>1</v></c></row>',
    "arrays that overlap": (
        '<row r="1"><c r="A1"><f t="array" ref="A1:B2">1</f><v>1</v></c>'
        '<c r="B1"><f t="array" ref="B1:C2">2</f><v>2</v></c></row>'
    ),
    "data table": (
        '<row r="1"><c r="A1"><f t="dataTable" ref="A1:B9" dt2D="1" r1="ZZ0" r2=""/>'
        "<v>1</v></c></row>"
    ),
    "far cell": '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
    "far corners": (
        '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="1048576">'
        '<c r="A1048576"><v>1</v></c></row>'
    ),
    "deep": "<x>" * 3000 + "</x>" * 3000,
    "not closed": '<row r="1"><c r="A1"><v>1</v></c>',
    "attribute twice": '<row r="1" r="2"><c r="A1"><v>1</v></c></row>',
    "50000 rows of nothing": '<row r="5"/>' * 50_000,
    "rich text": (
        '<row r="1"><c r="A1" t="inlineStr"><is>' + "<r><t>a</t></r>" * 50_000 + "</is></c></row>"
    ),
    "nested rich text": (
        '<row r="1"><c r="A1" t="inlineStr"><is>'
        + "<r>" * 2000
        + "<t>a</t>"
        + "</r>" * 2000
        + "</is></c></row>"
    ),
    "ring of 3": (
        '<row r="1"><c r="A1"><f>B1</f></c><c r="B1"><f>C1</f></c><c r="C1"><f>A1</f></c></row>'
    ),
}
"""Contents of <sheetData>."""

AROUND: Mapping[str, tuple[str, str]] = {
    "dimension none": ('<dimension ref="zz"/>', ""),
    "dimension beyond": ('<dimension ref="A1:ZZZ99999999"/>', ""),
    "columns of words": ('<cols><col min="x" max="y" style="1"/></cols>', ""),
    "columns beyond": ('<cols><col min="0" max="99999999999" style="1"/></cols>', ""),
    "merged none": ("", '<mergeCells><mergeCell ref="?"/></mergeCells>'),
    "merged without": ("", "<mergeCells><mergeCell/></mergeCells>"),
    "merged all": ("", '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    "merged 20000": ("", "<mergeCells>" + '<mergeCell ref="A1:B2"/>' * 20_000 + "</mergeCells>"),
    "protection": ("", '<sheetProtection sheet="maybe"/>'),
    "table part none": ("", '<tableParts><tablePart r:id="rId77"/></tableParts>'),
    "second sheetData": ("", "<sheetData/>"),
}
"""(before, behind) <sheetData>."""

STRINGS: Mapping[str, str | bytes] = {
    "empty": b"",
    "no xml": b"hello",
    "other root": "<a/>",
    "nested rich text": f'<sst xmlns="{_NAMESPACE}"><si>'
    + "<r>" * 3000
    + "<t>x</t>"
    + "</r>" * 3000
    + "</si></sst>",
    "many runs": f'<sst xmlns="{_NAMESPACE}"><si>' + "<r><t>x</t></r>" * 100_000 + "</si></sst>",
    "300000 nested": f'<sst xmlns="{_NAMESPACE}"><si>'
    + "<r>" * 300_000
    + "</r>" * 300_000
    + "</si></sst>",
    "phonetic": f'<sst xmlns="{_NAMESPACE}"><si><t>a</t><rPh sb="x"><t>b</t></rPh></si></sst>',
    "surrogate": f'<sst xmlns="{_NAMESPACE}"><si><t>_xD800_</t></si></sst>',
    "bad utf-8": f'<sst xmlns="{_NAMESPACE}"><si><t>'.encode() + b"\xff\xc0</t></si></sst>",
    "count lies": f'<sst count="99999999999" uniqueCount="-1" xmlns="{_NAMESPACE}"/>',
}

_SHEET_LINE = '<sheet name="S" sheetId="1" r:id="rId1"/>'
MAINS: Mapping[str, str] = {
    "no sheets": workbook_xml(""),
    "same name twice": workbook_xml(_SHEET_LINE + '<sheet name="s" sheetId="2" r:id="rId1"/>'),
    "name empty": workbook_xml('<sheet name="" sheetId="1" r:id="rId1"/>'),
    "name bad": workbook_xml('<sheet name="[a]:*?/" sheetId="1" r:id="rId1"/>'),
    "name markup": workbook_xml('<sheet name="[/b] =cmd" sheetId="1" r:id="rId1"/>'),
    "name long": workbook_xml(f'<sheet name="{"x" * 5000}" sheetId="1" r:id="rId1"/>'),
    "name apostrophe": workbook_xml('<sheet name="a\'b" sheetId="1" r:id="rId1"/>'),
    "id word": workbook_xml('<sheet name="S" sheetId="x" r:id="rId1"/>'),
    "id missing": workbook_xml('<sheet name="S" r:id="rId1"/>'),
    "relation missing": workbook_xml('<sheet name="S" sheetId="1"/>'),
    "macro sheet without a part": workbook_xml(
        _SHEET_LINE + '<sheet name="Macro1" sheetId="2" r:id="rId8"/>'
    ),
    "module with an empty relation": workbook_xml(
        _SHEET_LINE + '<sheet name="Module1" sheetId="2" state="veryHidden" r:id=""/>'
    ),
    "scope -1": workbook_xml(
        _SHEET_LINE,
        after=(
            '<definedNames><definedName name="n" localSheetId="-1">1</definedName></definedNames>'
        ),
    ),
    "scope word": workbook_xml(
        _SHEET_LINE,
        after='<definedNames><definedName name="n" localSheetId="x">1</definedName></definedNames>',
    ),
    "name without name": workbook_xml(
        _SHEET_LINE, after="<definedNames><definedName>1</definedName></definedNames>"
    ),
    "name of itself": workbook_xml(
        _SHEET_LINE,
        after='<definedNames><definedName name="n">n+1</definedName></definedNames>',
    ),
    "solver names of nonsense": workbook_xml(
        _SHEET_LINE,
        after="<definedNames>"
        + "".join(
            f'<definedName name="solver_{name}" localSheetId="0">{text}</definedName>'
            for name, text in (
                ("opt", "{1,2}"),
                ("adj", "SUM(1)"),
                ("num", "1E+99"),
                ("typ", "-5"),
                ("lhs1", "#REF!"),
                ("rel1", "x"),
                ("val", '"a"'),
            )
        )
        + "</definedNames>",
    ),
    "solver with a million constraints": workbook_xml(
        _SHEET_LINE,
        after=_names().replace(">0</definedName>", ">1000000</definedName>"),
    ),
    "calculation": workbook_xml(_SHEET_LINE, after='<calcPr iterateCount="x" calcMode="?"/>'),
    "deep": workbook_xml(_SHEET_LINE, after="<a>" * 5000 + "</a>" * 5000),
}

RELATIONS: Mapping[str, str] = {
    "empty": "",
    "none": relationships(),
    "id missing": "<Relationships><Relationship Type='a' Target='b'/></Relationships>",
    "outside": relationships(("rId1", "worksheet", "../../../../etc/passwd")),
    "network": relationships(("rId1", "worksheet", "http://example.org/sheet.xml")),
    "folder": relationships(("rId1", "worksheet", "worksheets/")),
    "itself": relationships(("rId1", "worksheet", "workbook.xml")),
    "300000": relationships(
        ("rId1", "worksheet", "worksheets/sheet1.xml"),
        ("rId9", "sharedStrings", "sharedStrings.xml"),
        *((f"x{i}", "image", f"media/i{i}.png") for i in range(300_000)),
    ),
}


def _encodings() -> Iterator[tuple[str, Maker]]:
    for part in (_SHEET, _MAIN, _RELS, _STRINGS):
        text = str(base()[part])
        head = text if text.startswith("<?xml") else '<?xml version="1.0"?>' + text
        plain = head.replace('encoding="UTF-8"', "")
        for name, data in {
            "utf-16 with mark": plain.encode("utf-16"),
            "utf-16 little without mark": plain.encode("utf-16-le"),
            "utf-16 big without mark": plain.encode("utf-16-be"),
            "utf-32": plain.encode("utf-32"),
            "said utf-16": plain.replace("?>", ' encoding="UTF-16"?>', 1).encode(),
            "latin-1": plain.replace("?>", ' encoding="ISO-8859-1"?>', 1).encode("latin-1"),
            "ebcdic": plain.replace("?>", ' encoding="cp037"?>', 1).encode("cp037"),
            "utf-7": plain.replace("?>", ' encoding="utf-7"?>', 1).encode("utf-7"),
            "no text": plain.replace("?>", ' encoding="hex"?>', 1).encode(),
            "unknown": plain.replace("?>", ' encoding="klingon"?>', 1).encode(),
            "lone surrogate": plain.encode("utf-16-le")[:-2] + b"\x00\xd8",
            "empty": b"",
            "spaces": b"   ",
            "zeros": bytes(1000),
            "half": text.encode()[: len(text) // 2],
            "doctype": text.replace("?>", "?><!DOCTYPE x>", 1).encode(),
        }.items():
            yield f"{part} {name}", _of_parts({**base(), part: data})


def _missing() -> Iterator[tuple[str, Maker]]:
    for part in base():
        yield f"without {part}", _of_parts({k: v for k, v in base().items() if k != part})


def _lying_member(path: Path) -> None:
    """A sheet that declares 1,000 bytes and holds 300 MB."""
    sheet = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join(sheet.compress(b" " * (1 << 20)) for _ in range(300)) + sheet.flush()
    data = packed({k: v for k, v in base().items() if k != _SHEET})
    out, name = io.BytesIO(), _SHEET.encode()
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        end = old.start_dir
    fields = (20, 0, 8, 0, 33, 0, len(body), 1000, len(name), 0)
    out.write(data[:end] + struct.pack("<4s5H3L2H", b"PK\x03\x04", *fields) + name + body)
    start = out.tell()
    out.write(data[end : data.rindex(b"PK\x05\x06")])
    central = (20, *fields, 0, 0, 0, 0, end)
    out.write(struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *central) + name)
    count = len(base())
    size = out.tell() - start
    out.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, start, 0))
    path.write_bytes(out.getvalue())


def _at(signature: bytes, offset: int, new: bytes) -> Maker:
    """Overwrite bytes behind the first place of a signature."""

    def change(data: bytes) -> bytes:
        at = data.index(signature) + offset
        return data[:at] + new + data[at + len(new) :]

    return _of_bytes(change)


_CENTRAL, _END = b"PK\x01\x02", b"PK\x05\x06"
ZIPS: Mapping[str, Maker] = {
    "a member that declares less": _lying_member,
    "method unknown": _at(_CENTRAL, 10, b"\x63\x00"),
    "method bzip2": _at(_CENTRAL, 10, b"\x0c\x00"),
    "method lzma": _at(_CENTRAL, 10, b"\x0e\x00"),
    "size huge": _at(_CENTRAL, 24, b"\xfe\xff\xff\xff"),
    "packed size huge": _at(_CENTRAL, 20, b"\xfe\xff\xff\xff"),
    "packed size 0": _at(_CENTRAL, 20, bytes(4)),
    "size 0": _at(_CENTRAL, 24, bytes(4)),
    "size zip64": _at(_CENTRAL, 24, b"\xff\xff\xff\xff"),
    "offset beyond": _at(_CENTRAL, 42, b"\xf0\xff\xff\x7f"),
    "offset into data": _at(_CENTRAL, 42, b"\x05\x00\x00\x00"),
    "offset zip64": _at(_CENTRAL, 42, b"\xff\xff\xff\xff"),
    "name length": _at(_CENTRAL, 28, b"\xff\xff"),
    "checksum": _at(_CENTRAL, 16, b"\x01\x02\x03\x04"),
    "date none": _at(_CENTRAL, 12, b"\xff\xff\xff\xff"),
    "directory beyond": _at(_END, 16, b"\xf0\xff\xff\x7f"),
    "directory long": _at(_END, 12, b"\xff\xff\xff\x7f"),
    "count lies": _at(_END, 8, b"\x01\x00\x01\x00"),
    "local header gone": _at(b"PK\x03\x04", 4, bytes(22)),
    "junk in front": _of_bytes(lambda data: b"PK\x03\x04" + bytes(500) + data),
    "junk behind": _of_bytes(lambda data: data + b"junk" * 20_000),
    "only the beginning": _of_bytes(lambda data: data[:100]),
    "only the end": _of_bytes(lambda data: b"PK\x03\x04" + data[-60:]),
    "no directory": _of_bytes(lambda data: data[: data.index(_CENTRAL)]),
}


def mutants(count: int, seed: int = 0) -> Iterator[bytes]:
    """Copies of a good package with a few bytes changed, taken away or doubled."""
    draw, good = random.Random(seed), packed(base())
    for _ in range(count):
        data = bytearray(good)
        for _ in range(draw.choice((1, 1, 2, 5, 20))):
            at = draw.randrange(len(data))
            how = draw.random()
            if how < 0.6:
                data[at] = draw.randrange(256)
            elif how < 0.8:
                del data[at : at + draw.randrange(1, 40)]
            else:
                data[at:at] = data[at : at + draw.randrange(1, 40)]
        yield bytes(data)


HOSTILE: Mapping[str, Maker] = {
    **{f"formula {name}": formula_book(text) for name, text in FORMULAS.items()},
    "formula array over the sheet": formula_book("A1*2", ' t="array" ref="C1:XFD1048576"'),
    **{f"cells {name}": _of_parts(base(cells)) for name, cells in CELLS.items()},
    **{
        f"around {name}": _of_parts(base(before=before, after=after))
        for name, (before, after) in AROUND.items()
    },
    **{f"strings {name}": _of_parts({**base(), _STRINGS: data}) for name, data in STRINGS.items()},
    **{f"main {name}": _of_parts({**base(), _MAIN: data}) for name, data in MAINS.items()},
    **{f"relations {name}": _of_parts({**base(), _RELS: text}) for name, text in RELATIONS.items()},
    **dict(_encodings()),
    **dict(_missing()),
    **{f"zip {name}": make for name, make in ZIPS.items()},
}
"""By kind; every maker writes one file."""
