"""Packages typed part by part, for what no library writes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_MAIN = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def sheet_xml(rows: str, *, before: str = "", after: str = "", main: str = MAIN) -> str:
    """A worksheet with `rows` as the content of its <sheetData>."""
    return (
        f'{HEAD}<worksheet xmlns="{main}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
    )


def relationships(*entries: tuple[str, str, str], office: str = OFFICE) -> str:
    """(id, kind, target) of each."""
    lines = "".join(
        f'<Relationship Id="{id_}" Type="{office}/{kind}" Target="{target}"/>'
        for id_, kind, target in entries
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{lines}</Relationships>'


def workbook_xml(
    sheets: str, *, before: str = "", after: str = "", main: str = MAIN, office: str = OFFICE
) -> str:
    return (
        f'{HEAD}<workbook xmlns="{main}" xmlns:r="{office}">{before}'
        f"<sheets>{sheets}</sheets>{after}</workbook>"
    )


def one_sheet_parts(
    sheet: str | bytes,
    *,
    before: str = "",
    after: str = "",
    main: str = MAIN,
    office: str = OFFICE,
    related: tuple[tuple[str, str, str], ...] = (),
) -> dict[str, str | bytes]:
    """The parts of a workbook with one sheet, "S"; `related` are more relationships of its main
    part."""
    return {
        "[Content_Types].xml": (
            f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/>'
            "</Types>"
        ),
        "_rels/.rels": relationships(("rId1", "officeDocument", "xl/workbook.xml"), office=office),
        "xl/workbook.xml": workbook_xml(
            '<sheet name="S" sheetId="1" r:id="rId1"/>',
            before=before,
            after=after,
            main=main,
            office=office,
        ),
        "xl/_rels/workbook.xml.rels": relationships(
            ("rId1", "worksheet", "worksheets/sheet1.xml"), *related, office=office
        ),
        "xl/worksheets/sheet1.xml": sheet,
    }


def write_package(path: Path, parts: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def read_parts(path: Path) -> dict[str, bytes]:
    """{name: bytes}, in the order of the file."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
