"""What is no workbook gets a sentence; what is dangerous is not read."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from tests.build import build
from tests.files.packages import (
    one_sheet_parts,
    relationships,
    sheet_xml,
    workbook_xml,
    write_package,
)
from xlcollab.errors import NotAWorkbookError, WorkbookError
from xlcollab.files import FileBook
from xlcollab.files.package.package import Limits

OLE = bytes.fromhex("D0CF11E0A1B11AE1")

NO_ZIPS = [
    (b"", "is empty"),
    (OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "encrypted with a password"),
    (OLE + b"\0" * 600 + "Workbook".encode("utf-16-le"), r"old binary workbook \(\.xls\)"),
    (b"\x09\x08\x10\x00\x00\x06", r"old binary workbook \(\.xls\)"),
    (b"\xef\xbb\xbf<html><table>", "HTML or XML text"),
    (b"a;b\n1;2\n", "begins with the bytes 'PK'"),
    (b"PK\x03\x04 and no more", "damaged or cut-off zip"),
]


@pytest.mark.parametrize(("content", "sentence"), NO_ZIPS)
def test_other_formats_are_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    with pytest.raises(NotAWorkbookError, match=sentence) as caught:
        FileBook(path).read()
    assert "book.xlsx" in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(WorkbookError, match="there is no file"):
        FileBook(tmp_path / "none.xlsx").read()
    with pytest.raises(NotAWorkbookError, match="is a folder"):
        FileBook(tmp_path).read()


def test_a_truncated_file(tmp_path: Path) -> None:
    path = build(tmp_path / "book.xlsx", {"S": {"A1": 1}})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(NotAWorkbookError, match="damaged or cut-off"):
        FileBook(path).read()


def test_a_damaged_member(tmp_path: Path) -> None:
    path = write_package(tmp_path / "book.xlsx", one_sheet_parts(sheet_xml("")))
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("xl/workbook.xml").header_offset + 30 + len("xl/workbook.xml")
    data = bytearray(path.read_bytes())
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(NotAWorkbookError, match=r"part xl/workbook.xml is damaged"):
        FileBook(path).read()


def parts() -> dict[str, str | bytes]:
    return one_sheet_parts(sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>'))


def binary() -> dict[str, str | bytes]:
    changed = parts()
    changed["_rels/.rels"] = relationships(("rId1", "officeDocument", "xl/workbook.bin"))
    return changed


def document() -> dict[str, str | bytes]:
    changed = parts()
    changed["xl/workbook.xml"] = '<w:document xmlns:w="urn:w"/>'
    return changed


def without_worksheet() -> dict[str, str | bytes]:
    changed = parts()
    changed["xl/workbook.xml"] = workbook_xml("")
    return changed


def without_sheet_part() -> dict[str, str | bytes]:
    changed = parts()
    del changed["xl/worksheets/sheet1.xml"]
    return changed


def unrelated_sheet() -> dict[str, str | bytes]:
    changed = parts()
    changed["xl/_rels/workbook.xml.rels"] = relationships()
    return changed


def name_of_no_sheet() -> dict[str, str | bytes]:
    changed = parts()
    changed["xl/workbook.xml"] = workbook_xml(
        '<sheet name="S" sheetId="1" r:id="rId1"/>',
        after='<definedNames><definedName name="n" localSheetId="7">1</definedName></definedNames>',
    )
    return changed


NO_WORKBOOKS = [
    (lambda: {"a.txt": "x"}, "is a zip file but no workbook"),
    (lambda: {"mimetype": "x", "content.xml": "x"}, r"OpenDocument file \(\.ods\)"),
    (binary, r"binary workbook \(\.xlsb\)"),
    (document, "its main part xl/workbook.xml is a <document>"),
    (without_worksheet, "has no worksheet"),
    (without_sheet_part, "part xl/worksheets/sheet1.xml is missing"),
    (unrelated_sheet, "names a sheet 'S' whose part is not given"),
    (name_of_no_sheet, "a name 'n' of a sheet at position 7"),
    (lambda: parts() | {"../evil.xml": "x"}, "leads out of the package"),
]


@pytest.mark.parametrize(("make", "sentence"), NO_WORKBOOKS)
def test_other_packages_are_named(tmp_path: Path, make: object, sentence: str) -> None:
    assert callable(make)
    path = write_package(tmp_path / "book.xlsx", make())
    with pytest.raises(NotAWorkbookError, match=sentence):
        FileBook(path).read()


def test_a_part_that_is_there_twice(tmp_path: Path) -> None:
    path = write_package(tmp_path / "book.xlsx", parts())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("XL/workbook.xml", "x")
    with pytest.raises(NotAWorkbookError, match="holds a part twice"):
        FileBook(path).read()


def test_a_part_that_is_there_twice_with_the_same_content_is_read(tmp_path: Path) -> None:
    path = write_package(tmp_path / "book.xlsx", parts())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("XL/workbook.xml", archive.read("xl/workbook.xml"))
    assert FileBook(path).read().sheets


def test_names_with_backslashes_are_read_and_written_with_slashes(tmp_path: Path) -> None:
    path = write_package(tmp_path / "slashes.xlsx", parts())
    other = tmp_path / "backslashes.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            new.writestr(name.replace("/", "\\"), old.read(name))
    assert [s.name for s in FileBook(other).read()] == [s.name for s in FileBook(path).read()]


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = write_package(tmp_path / "book.xlsx", parts())
    data = path.read_bytes()
    entry = data.index(b"PK\x01\x02")
    flags = struct.pack("<H", 1)
    path.write_bytes(data[: entry + 8] + flags + data[entry + 10 :])
    with pytest.raises(NotAWorkbookError, match="is encrypted"):
        FileBook(path).read()


@pytest.mark.parametrize(
    "part",
    ["_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"],
)
def test_a_doctype_is_refused_in_every_part(tmp_path: Path, part: str) -> None:
    changed = parts()
    doctype = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    head, _, rest = str(changed[part]).partition("?>")
    changed[part] = f"{head}?>{doctype}{rest}"
    path = write_package(tmp_path / "book.xlsx", changed)
    with pytest.raises(NotAWorkbookError, match=f"part {part} has a DOCTYPE in line 1"):
        FileBook(path).read()


def test_broken_xml_names_part_and_line(tmp_path: Path) -> None:
    changed = parts()
    changed["xl/workbook.xml"] = str(changed["xl/workbook.xml"]).replace("</sheets>", "\n</sheet>")
    path = write_package(tmp_path / "book.xlsx", changed)
    with pytest.raises(NotAWorkbookError, match=r"part xl/workbook.xml is broken XML.* in line 3"):
        FileBook(path).read()


BOMBS = [
    (Limits(part=1000), "part big.xml unpacks to 0.1 MB; at most 0.0 MB"),
    (Limits(total=1000), "book.xlsx unpacks to 0.1 MB; at most 0.0 MB"),
    (Limits(ratio_from=1000), "more than 300 times: that is how a zip bomb looks"),
    (Limits(members=3), "holds 6 parts; 3 may be"),
]


@pytest.mark.parametrize(("limits", "sentence"), BOMBS)
def test_zip_bombs(tmp_path: Path, limits: Limits, sentence: str) -> None:
    path = write_package(tmp_path / "book.xlsx", parts() | {"big.xml": "0" * 100_000})
    assert FileBook(path).read().sheets
    with pytest.raises(NotAWorkbookError, match=sentence):
        FileBook(path, limits=limits).read()
