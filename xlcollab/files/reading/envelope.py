"""A sheet's XML around its cells: dimension, merged cells, protection, column styles."""

from __future__ import annotations

from dataclasses import dataclass, field

from xlcollab.files.package.markup import (
    Attributes,
    end_of_element,
    end_of_tag,
    is_true,
    local,
    parse,
    prefix_of,
)
from xlcollab.files.reading.scan_regular import regular_span
from xlcollab.ref import Rect, parse_rect


@dataclass(slots=True)
class Envelope:
    """Offsets are bytes in the sheet's UTF-8 XML."""

    prefix: str = ""
    """The namespace prefix of the sheet's elements with its colon, mostly ""."""
    sheet_data: tuple[int, int] = (-1, -1)
    """The element `<sheetData>`, from "<" to behind its end tag; -1 where there is none."""
    dimension: tuple[int, int, str] | None = None
    """The start tag of `<dimension>` and its `ref` (ECMA-376 Part 1, 18.3.1.35)."""
    merged: list[Rect] = field(default_factory=list)
    protected: bool = False
    filters: list[Rect] = field(default_factory=list)
    """Areas under an automatic filter that is set (18.3.1.2)."""
    column_styles: list[tuple[int, int, str]] = field(default_factory=list)
    """(first column, last column, style id), zero-based, last included."""

    def column_style(self, column: int) -> str | None:
        return next((s for first, last, s in self.column_styles if first <= column <= last), None)


def read_envelope(data: bytes, where: str) -> Envelope:
    """Parse all but the cells; of a sheet that is not regular, all.

    Raises NotAWorkbookError naming `where` and the line.
    """
    start, end = regular_span(data) or (0, 0)
    reader = _Reader(data, start, end - start)
    parse(data[:start] + data[end:], where, reader.start, reader.end)
    return reader.envelope


class _Reader:
    """Expat's events → an Envelope; offsets behind the cells left out are shifted back."""

    def __init__(self, data: bytes, cut: int, shift: int) -> None:
        self.envelope = Envelope()
        self._data = data
        self._cut = cut
        self._shift = shift
        self._depth = 0
        self._filter: str | None = None

    def _offset(self, index: int) -> int:
        return index + self._shift if index >= self._cut else index

    def start(self, name: str, attributes: Attributes, index: int) -> None:
        self._depth += 1
        tag, envelope = local(name), self.envelope
        if self._depth == 2:
            self._start_part(name, attributes, self._offset(index))
        elif self._depth == 3 and tag == "filterColumn" and self._filter:
            envelope.filters.append(parse_rect(self._filter))
            self._filter = None
        elif self._depth == 3 and tag == "mergeCell":
            envelope.merged.append(parse_rect(attributes["ref"]))
        elif self._depth == 3 and tag == "col" and "style" in attributes:
            first, last = int(attributes["min"]) - 1, int(attributes["max"]) - 1
            envelope.column_styles.append((first, last, attributes["style"]))

    def end(self, name: str, index: int) -> None:
        if self._depth == 2 and local(name) == "sheetData":
            end = end_of_element(self._data, name, self._offset(index))
            self.envelope.sheet_data = (self.envelope.sheet_data[0], end)
        self._depth -= 1

    def _start_part(self, name: str, attributes: Attributes, index: int) -> None:
        tag, envelope = local(name), self.envelope
        if tag == "sheetData":
            envelope.prefix = prefix_of(name)
            envelope.sheet_data = (index, index)
        elif tag == "dimension" and "ref" in attributes:
            envelope.dimension = (index, end_of_tag(self._data, index), attributes["ref"])
        elif tag == "autoFilter":
            self._filter = attributes.get("ref")
        elif tag == "sheetProtection":
            envelope.protected = is_true(attributes.get("sheet"))
