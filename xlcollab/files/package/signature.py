"""Files that are no .xlsx package, told apart by their first bytes."""

from __future__ import annotations

from pathlib import Path

from xlcollab.disk import refuse_irregular
from xlcollab.errors import NotAWorkbookError, WorkbookError

_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_BIFF = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_TABLES = frozenset((".csv", ".tsv", ".txt", ".data", ".dat", ".parquet"))
_OF_RATINGS = (
    ". Ratings need no workbook: xlcollab fit takes them as they are, and xlcollab new makes a "
    "lesson of them"
)
_OLE_BYTES_SEARCHED = 1 << 26
"""An encrypted workbook says so in its directory, which may stand behind its data."""


def read_workbook_file(path: Path, most: int) -> bytes:
    """All bytes of the file, which keep what is read and what is written later one and the same.

    Raises WorkbookError if `path` cannot be opened or is no plain file, NotAWorkbookError if it is
    no zip file or has more than `most` bytes. The message names the format where the first bytes
    tell it.
    """
    if path.is_dir():
        raise NotAWorkbookError(f"{path} is a folder; name a workbook in it")
    refuse_irregular(path)
    if path.name.startswith(_OWNED):
        raise NotAWorkbookError(
            f"{path.name} says who has {path.name.removeprefix(_OWNED)} open, and is no workbook;"
            " name the workbook itself"
        )
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if head.startswith(_ZIP):
                data = head + file.read(most)
            else:
                rest = file.read(_OLE_BYTES_SEARCHED) if head == _OLE else b""
                advice = _OF_RATINGS if path.suffix.lower() in _TABLES else ""
                raise NotAWorkbookError(f"{path.name} {_describe(head, rest)}{advice}")
    except OSError as error:
        raise WorkbookError(f"{path} cannot be opened: {error.strerror}") from None
    if len(data) > most:
        raise NotAWorkbookError(f"{path.name} has more than {most / 1e6:,.0f} MB; no more are read")
    return data


_OWNED = "~$"
"""How Excel names the file that it keeps beside an open workbook."""


def _describe(head: bytes, rest: bytes) -> str:
    if not head:
        return "is empty (0 bytes); it may not have been copied or downloaded wholly"
    if head == _OLE and _ENCRYPTED_STREAM in rest:
        return "is encrypted with a password; open it in Excel and save it without one"
    if head == _OLE or head[:2] in _BIFF:
        return "is an old binary workbook (.xls); open it in Excel and save it as .xlsx"
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        return "is an HTML or XML text, not a workbook; open it in Excel and save it as .xlsx"
    return (
        "is no workbook: an .xlsx file begins with the bytes 'PK', "
        f"this one with {head[:4]!r}; open it in Excel and save it as .xlsx"
    )
