"""Text files as they come: packed or not, in UTF-8, UTF-16 or Latin-1, told by their content."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from xlcollab.errors import DataError

_SAMPLE = 1 << 16
"""Bytes by which encoding and separator are told."""
_HEAD = 40
"""Lines that are looked at for a header."""
SEPARATORS = ",;\t|"


def _files_in(archive: zipfile.ZipFile) -> list[str]:
    """The files of an archive without those that systems add: .DS_Store, __MACOSX/._ratings.csv."""
    return [name for name in archive.namelist() if not name.endswith("/") and not _is_hidden(name)]


def _is_hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


_RATINGS = ("ratings", "rating", "u")
"""What the table of ratings is called in an archive of several files, but for its ending."""
_SHOWN = 5
"""Files of an archive that a message names."""


def _table_in(path: Path, archive: zipfile.ZipFile) -> str:
    """The name of the table in an archive. Raises DataError where it is not known which that is."""
    names = _files_in(archive)
    named = [name for name in names if PurePosixPath(name).stem.lower() in _RATINGS]
    data = [name for name in named if PurePosixPath(name).suffix.lower() not in _ABOUT]
    found = names if len(names) == 1 else data
    if len(found) != 1:
        listed = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        raise DataError(
            f"{path.name} holds {len(names)} files{f' ({listed})' if names else ''}; expected one "
            "table of ratings, or one that is called ratings: unpack it, and take the one you mean"
        )
    return found[0]


_ABOUT = (".item", ".user", ".genre", ".info", ".occupation")
"""Endings of what MovieLens' u.data has beside it."""


def _from_zip(path: Path) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    return archive.open(_table_in(path, archive))


def _plainly(path: Path) -> IO[bytes]:
    return path.open("rb")


PACKED: Mapping[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zip": _from_zip,
}


def form_of(path: Path) -> str:
    """The ending that says the form, in lower case: .csv of ratings.csv.gz. Raises DataError where
    an archive holds several files, none of which is known to be the table."""
    ending = path.suffix.lower()
    if ending == ".zip":
        inside = _name_inside(path)
        return Path(inside).suffix.lower() if inside else Path(path.stem).suffix.lower()
    return Path(path.stem).suffix.lower() if ending in PACKED else ending


def _name_inside(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            return _table_in(path, archive)
    except (OSError, zipfile.BadZipFile):
        return None


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked. Raises DataError where it is not packed as its name says."""
    try:
        unpack = PACKED.get(path.suffix.lower(), _plainly)
        return cast(IO[bytes], unpack(path))
    except zipfile.BadZipFile:
        raise DataError(f"{path.name} is no zip file") from None


_MARKS: Mapping[str, tuple[bytes, ...]] = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
"""What a text of an encoding may begin with; the longer ones first."""


def encoding_of(path: Path) -> str:
    """By the mark at its start, by letters of which half is 0, else UTF-8 where the first lines are
    that, else Windows' Latin-1: where Latin-1 has nothing that is seen it has quotes and dashes."""
    start = _start(path)
    for encoding, marks in _MARKS.items():
        if start.startswith(marks):
            return encoding
    for encoding, first in (("utf-16-be", 0), ("utf-16-le", 1)):
        if start[first::2].count(0) > len(start) // 4:
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return latin_of(start)
    return "utf-8-sig"


def latin_of(text: bytes) -> str:
    """Windows' Latin-1, or Latin-1 itself where a byte stands for nothing in it."""
    return "latin-1" if any(byte in _NOT_OF_WINDOWS for byte in text) else "cp1252"


_NOT_OF_WINDOWS = frozenset(b"\x81\x8d\x8f\x90\x9d")


def _start(path: Path) -> bytes:
    try:
        with opened(path) as file:
            return file.read(_SAMPLE)
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name} cannot be unpacked: {error}") from None


def first_lines(path: Path, most: int = _HEAD) -> list[str]:
    """The first lines of a text file without their ends."""
    data = _start(path)
    text = codecs.getincrementaldecoder(encoding_of(path))("replace").decode(data)
    return io.StringIO(text).read().splitlines()[:most]


def separator_in(line: str) -> str:
    """What the line has most of: comma, semicolon, tab or bar."""
    return max(SEPARATORS, key=line.count)
