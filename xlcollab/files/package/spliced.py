"""A document in which some bytes become others, given out piece by piece: a large sheet need not
stand in memory as it was and as it will be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

_PIECE = 1 << 18
"""Bytes that are given out at once, at least."""


class Replacement(Protocol):
    """Bytes `start … end` become `new`, which may be made when it is asked for."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def new(self) -> bytes: ...


class Spliced:
    """`data` with replacements that do not overlap; several at one place keep the order given."""

    def __init__(self, data: bytes, replacements: Iterable[Replacement]) -> None:
        self._data = data
        self._replacements = sorted(replacements, key=lambda one: (one.start, one.end))

    def is_changed(self) -> bool:
        """Whether any byte is another than before."""
        data = self._data
        return any(one.new != data[one.start : one.end] for one in self._replacements)

    def whole(self) -> bytes:
        return b"".join(self._parts())

    def pieces(self) -> Iterator[bytes]:
        """The bytes in order, some at a time."""
        gathered, size = [], 0
        for part in self._parts():
            gathered.append(part)
            size += len(part)
            if size >= _PIECE:
                yield b"".join(gathered)
                gathered, size = [], 0
        yield b"".join(gathered)

    def _parts(self) -> Iterator[bytes]:
        position = 0
        for one in self._replacements:
            yield from self._kept(position, one.start)
            yield one.new
            position = one.end
        yield from self._kept(position, len(self._data))

    def _kept(self, start: int, end: int) -> Iterator[bytes]:
        for position in range(start, end, _PIECE):
            yield self._data[position : min(position + _PIECE, end)]
