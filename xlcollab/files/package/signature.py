"""Files that are no .xlsx package, told apart by their first bytes."""

from __future__ import annotations

from pathlib import Path

from xlcollab.errors import NotAWorkbookError, WorkbookError

_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_BIFF = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_OLE_BYTES_SEARCHED = 1 << 26


def refuse_other_formats(path: Path) -> None:
    """Raises WorkbookError if `path` cannot be opened, NotAWorkbookError if it is no zip file.

    The message names the format where the first bytes tell it.
    """
    if path.is_dir():
        raise NotAWorkbookError(f"{path} is a folder; name a workbook in it")
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if head.startswith(_ZIP):
                return
            rest = file.read(_OLE_BYTES_SEARCHED) if head == _OLE else b""
    except FileNotFoundError:
        raise WorkbookError(f"there is no file {path}") from None
    except OSError as error:
        raise WorkbookError(f"{path} cannot be opened: {error.strerror}") from None
    raise NotAWorkbookError(f"{path.name} {_describe(head, rest)}")


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
