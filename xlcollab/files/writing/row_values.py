"""New numbers for the cells of one row, kept as numbers of bytes until the row is written."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from xlcollab.files.reading.tokens import RowToken
from xlcollab.files.writing.cells import number_text


class RowValues:
    """Some of a row's `<v>` elements, and what lies between them, as one replacement.

    The row as it will be is made when it is asked for: until all rows are looked at, a million
    numbers take 30 bytes each and not the hundred of their rows.
    """

    def __init__(
        self,
        data: bytes,
        row: RowToken,
        places: Sequence[int],
        numbers: Sequence[float],
        prefix: str,
    ) -> None:
        """`places` are those of the cells in the row, `prefix` that of the sheet's elements."""
        self._data = data
        self._starts = array("Q", [row.value_starts[place] for place in places])
        self._ends = array("Q", [row.value_ends[place] for place in places])
        self._texts = " ".join(map(number_text, numbers)).encode()
        self._tags = f"<{prefix}v>".encode(), f"</{prefix}v>".encode()

    @property
    def start(self) -> int:
        return self._starts[0]

    @property
    def end(self) -> int:
        return self._ends[-1]

    @property
    def new(self) -> bytes:
        data, (opening, closing) = self._data, self._tags
        pieces: list[bytes] = []
        position = self.start
        texts = self._texts.split(b" ")
        for start, end, text in zip(self._starts, self._ends, texts, strict=True):
            pieces += (data[position:start], opening, text, closing)
            position = end
        return b"".join(pieces)
