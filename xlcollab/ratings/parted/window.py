"""A stretch of a text file, moved to the ends of lines: the share of a process that reads it with
others.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

_BLOCK = 1 << 20
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class Window:
    """The lines that begin at byte `begin` … `end` − 1 of a file whose table begins at `start`."""

    start: int
    begin: int
    end: int


class _Part(io.RawIOBase):
    """The bytes of a file from one place to another."""

    def __init__(self, path: Path, begin: int, end: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._file.seek(begin)
        self._left = max(0, end - begin)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)[: self._left]  # type: ignore[arg-type]
        n: int = self._file.readinto(view)
        self._left -= n
        return n

    def close(self) -> None:
        self._file.close()
        super().close()


def seen_through(path: Path, window: Window) -> IO[bytes]:
    """The lines of a window, open to be read."""
    begin, end = _ends(path, window)
    return cast(IO[bytes], io.BufferedReader(_Part(path, begin, end), _BLOCK))


def is_empty(path: Path, window: Window) -> bool:
    """Whether no line begins in a window."""
    begin, end = _ends(path, window)
    return begin >= end


def lines_before(path: Path, window: Window) -> int:
    """How many lines of the table lie before a window."""
    begin, _ = _ends(path, window)
    n = 0
    with path.open("rb") as file:
        file.seek(window.start)
        while file.tell() < begin:
            n += file.read(min(_BLOCK, begin - file.tell())).count(b"\n")
    return n


def start_of_table(path: Path, skip: int) -> int:
    """The byte at which the line after `skip` lines begins."""
    with path.open("rb") as file:
        for _ in range(skip):
            file.readline()
        return file.tell()


def _ends(path: Path, window: Window) -> tuple[int, int]:
    with path.open("rb") as file:
        return _line_at(file, window.begin, window.start), _line_at(file, window.end, window.start)


def _line_at(file: IO[bytes], place: int, start: int) -> int:
    """Where the first line begins that does not begin before `place`."""
    if place <= start:
        return start
    file.seek(place - 1)
    file.readline()
    return file.tell()
