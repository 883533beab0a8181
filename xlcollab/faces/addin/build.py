"""Building `xlcollab.xlam` from text: our modules and ribbon, xlwings' own module, a conf sheet.

The VBA project is written by pyopenvba; the package around it is put together here, so that two
builds are the same byte for byte. Formats: [MS-OVBA], [MS-CUSTOMUI] and ECMA-376 Part 2.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from xlcollab.disk import atomic_file
from xlcollab.errors import MissingPackageError, UsageError

NAME = "xlcollab"
CONF: dict[str, str | bool] = {
    "UDF Modules": "xlcollab.faces.udf",
    "Use UDF Server": True,
    "ADD_WORKBOOK_TO_PYTHONPATH": False,
}
_RIBBON = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
_RIBBON_PART = "customUI/customUI14.xml"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold: files made twice are the same."""
_NO_CACHE = bytes.fromhex("cc61ffff000000")
"""_VBA_PROJECT without a performance cache ([MS-OVBA] 2.3.4.1): Excel compiles on opening."""


def sources() -> Path:
    """The folder of our VBA and ribbon texts: beside the package, or in it once installed. Raises
    UsageError where they are missing."""
    here = Path(__file__).resolve()
    places = (here.parents[3] / "addin", here.parents[1] / "addin_sources")
    found = next((place for place in places if (place / "XlcRibbon.bas").is_file()), None)
    if found is None:
        raise UsageError("the text sources of the add-in are missing; reinstall xlcollab")
    return found


def build(target: Path) -> Path:
    """Write the add-in. Raises MissingPackageError without pyopenvba or xlwings, WriteRefusedError
    where it cannot be written."""
    parts = _package(_modules(), _classes())
    parts["xl/vbaProject.bin"] = _renamed(parts["xl/vbaProject.bin"])
    parts[_RIBBON_PART] = (sources() / "customUI14.xml").read_bytes()
    ribbon = f'<Relationship Id="rIdXlc" Type="{_RIBBON}" Target="{_RIBBON_PART}"/>'
    _change(parts, "_rels/.rels", r"(?=</Relationships>)", ribbon)
    _change(parts, "xl/workbook.xml", r'(<sheet [^>]*?name=")[^"]*"', rf'\g<1>{NAME}.conf"')
    parts["xl/workbook.xml"] = re.sub(
        rb"<mc:AlternateContent.*?</mc:AlternateContent>", b"", parts["xl/workbook.xml"], flags=re.S
    )  # it tells the folder that the file was made in
    sheet = "xl/worksheets/sheet1.xml"
    _change(parts, sheet, r"<sheetData\s*/>|<sheetData>.*?</sheetData>", _conf_rows())
    _write(target, parts)
    return target


def is_addin(path: Path) -> bool:
    """Whether a file is an add-in that was built here: its ribbon has our buttons."""
    with suppress(KeyError, zipfile.BadZipFile), zipfile.ZipFile(path) as package:
        return b'"xlc_' in package.read(_RIBBON_PART)
    return False


def _modules() -> dict[str, str]:
    """Standard modules by name; xlwings' own last."""
    xlwings = _package_of("xlwings")
    from xlcollab.faces.addin.wrappers import MODULE, module_text

    custom = Path(xlwings.__file__).with_name("xlwings_custom_addin.bas")
    engine, count = re.subn(
        r'(PROJECT_NAME As String = )"[^"]*"', rf'\1"{NAME}"', custom.read_text(encoding="utf-8")
    )
    if count != 1:
        raise UsageError(f"{custom} of xlwings {xlwings.__version__} has another shape; pin 0.37.8")
    ours = {name: (sources() / f"{name}.bas").read_text("utf-8") for name in OWN_MODULES}
    return ours | {MODULE: module_text(), NOTICES: _notices(), "xlwings": engine}


NOTICES = "XlcNotices"


def _notices() -> str:
    """The licences of what is not ours, as a module of remarks."""
    lines = (sources() / "NOTICES.txt").read_text("utf-8").splitlines()
    return "\n".join([f'Attribute VB_Name = "{NOTICES}"', *(f"' {line}" for line in lines), ""])


OWN_MODULES = ("XlcErrors", "XlcRibbon")


def _classes() -> dict[str, str]:
    folder = Path(_package_of("xlwings").__file__).parent / "addin"
    return {"Dictionary": (folder / "Dictionary.cls").read_text(encoding="utf-8")}


def _package(modules: dict[str, str], classes: dict[str, str]) -> dict[str, bytes]:
    """The parts of a fresh add-in with these modules."""
    vba = _package_of("pyopenvba")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{NAME}.xlam"
        with vba.ExcelFile.create_new(path) as book:
            project = book.vba_project()
            for name in [one for one in project.module_names() if one == "Module1"]:
                project.delete_module(name)
            for name, text in modules.items():
                project.add_module(name, _crlf(text))
            for name, text in classes.items():
                project.add_module(name, _crlf(text), kind=vba.VBAModuleKind.other)
            book.save()
        with zipfile.ZipFile(path) as package:
            return {name: package.read(name) for name in package.namelist()}


def _package_of(name: str) -> Any:
    """A package of others. Raises MissingPackageError where it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise MissingPackageError(name) from None


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def _renamed(project: bytes) -> bytes:
    """The project under our name, which stands in its text stream and in record 4 of `dir`
    ([MS-OVBA] 2.3.4.2.1.5), and without a compiled cache of another name."""
    vba = import_module("pyopenvba.vba")
    file = import_module("pyopenvba.cfb").CFB.from_bytes(project)
    records = bytes(vba.decompress(file.get_stream_in_storage("VBA", "dir")))
    at = _record(records, 4)
    size = int.from_bytes(records[at + 2 : at + 6], "little")
    name = NAME.encode()
    renamed = records[: at + 2] + len(name).to_bytes(4, "little") + name + records[at + 6 + size :]
    file.write_stream_in_storage("VBA", "dir", vba.compress(renamed))
    text = re.sub(rb'(?m)^Name="[^"]*"', b'Name="' + name + b'"', file.get_stream("PROJECT"))
    file.write_stream("PROJECT", text)
    file.write_stream_in_storage("VBA", "_VBA_PROJECT", _NO_CACHE)
    found: bytes = file.to_bytes()
    return found


def _record(records: bytes, wanted: int) -> int:
    """Where the record of that number begins: each is a number, a size and so many bytes."""
    at = 0
    while (number := int.from_bytes(records[at : at + 2], "little")) != wanted:
        size = int.from_bytes(records[at + 2 : at + 6], "little")
        at += 6 + (6 if number == 9 else size)  # PROJECTVERSION says 4 and holds 6
    return at


def _change(parts: dict[str, bytes], part: str, pattern: str, text: str) -> None:
    changed, count = re.subn(pattern, text, parts[part].decode(), count=1, flags=re.S)
    if count != 1:
        raise UsageError(f"pyopenvba made a {part} of another shape; install pyopenvba 6.5")
    parts[part] = changed.encode()


def _conf_rows() -> str:
    """The conf sheet: key and value. Booleans are booleans, which no language translates."""
    rows = []
    for row, (key, value) in enumerate(CONF.items(), 1):
        cell = (
            f'<c r="B{row}" t="b"><v>{int(value)}</v></c>'
            if isinstance(value, bool)
            else f'<c r="B{row}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        )
        name = f'<c r="A{row}" t="inlineStr"><is><t>{escape(key)}</t></is></c>'
        rows.append(f'<row r="{row}">{name}{cell}</row>')
    return f"<sheetData>{''.join(rows)}</sheetData>"


def _write(target: Path, parts: dict[str, bytes]) -> None:
    """A zip whose bytes depend on the parts alone; the content types come first."""
    first = "[Content_Types].xml"
    with atomic_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name in [first, *sorted(parts.keys() - {first})]:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, parts[name])
