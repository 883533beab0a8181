"""The thorough scanner: expat, for every well-formed sheet: prefixes, comments, CDATA, rich text,
rows and cells without `r`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xlcollab.errors import NotAWorkbookError
from xlcollab.files.package.markup import (
    Attributes,
    end_of_element,
    end_of_tag,
    feed,
    is_empty_tag,
    local,
    new_parser,
)
from xlcollab.files.reading.tokens import FormulaToken, RowToken
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, cell_name, parse_cell

_CHUNK = 1 << 20
"""Bytes that the parser is fed at once, for it may keep no more than a part in memory."""
_DEEPEST = 7
"""How deep a cell's texts lie: worksheet, sheetData, row, c, is, r, t."""
_ROW_NUMBER = re.compile(r"[0-9]{1,7}\Z")


def scan_any(data: bytes, where: str) -> Iterator[RowToken]:
    """The rows of a sheet. Raises NotAWorkbookError naming `where` and the line."""
    scanner = _Scanner(data, where)
    parser = new_parser(where, scanner.start, scanner.end, scanner.text)
    for position in range(0, len(data), _CHUNK):
        feed(parser, data[position : position + _CHUNK], where, last=False)
        yield from scanner.take_rows()
    feed(parser, b"", where, last=True)
    yield from scanner.take_rows()


class _Cell(NamedTuple):
    """One cell, in the order of RowToken's columns."""

    column: int
    start: int
    type: str
    metadata: int
    value_metadata: int
    formula: FormulaToken | None
    value: str | None
    value_start: int
    value_end: int


class _Scanner:
    """Expat's events → tokens. The path of open elements says what an element means."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._where = where
        self._path: list[str] = []
        self._rows: list[RowToken] = []
        self._number = self._column = -1
        self._row_span = (0, 0)
        self._cells: list[_Cell] = []
        self._cell_start = 0
        self._attributes: Attributes = {}
        self._formula: Attributes | None = None
        self._formula_text: list[str] = []
        self._value: list[str] | None = None
        self._value_span = (-1, -1)
        self._into: list[str] | None = None

    def take_rows(self) -> list[RowToken]:
        rows, self._rows = self._rows, []
        return rows

    def start(self, name: str, attributes: Attributes, index: int) -> None:
        path = self._path
        path.append(local(name))
        if len(path) < 3 or path[1] != "sheetData":
            return
        depth, tag = len(path), path[-1]
        if depth == 3 and tag == "row":
            self._start_row(attributes, index)
        elif depth == 4 and tag == "c" and path[2] == "row":
            self._start_cell(attributes, index)
        elif 5 <= depth <= _DEEPEST and path[3] == "c":
            self._start_content(attributes, index)

    def end(self, name: str, index: int) -> None:
        path = self._path
        depth, tag = len(path), path[-1]
        if depth == 3 and tag == "row" and path[1] == "sheetData":
            self._end_row(index)
        elif depth == 4 and tag == "c" and path[1:3] == ["sheetData", "row"]:
            self._end_cell(index)
        elif depth == 5 and tag in ("v", "is") and path[1:4] == ["sheetData", "row", "c"]:
            self._value_span = (self._value_span[0], end_of_element(self._data, name, index))
        self._into = None
        path.pop()

    def text(self, text: str) -> None:
        if self._into is not None:
            self._into.append(text)

    def _start_row(self, attributes: Attributes, index: int) -> None:
        self._number += 1
        if "r" in attributes:
            given = attributes["r"]
            if not _ROW_NUMBER.match(given) or not 0 < int(given) <= MAX_ROWS:
                raise NotAWorkbookError(f"{self._where} has a row numbered {given!r}")
            self._number = int(given) - 1
        self._column, self._cells = -1, []
        self._row_span = (index, end_of_tag(self._data, index))

    def _end_row(self, index: int) -> None:
        start, tag_end = self._row_span
        end = tag_end if is_empty_tag(self._data, tag_end) else index
        columns = [list(column) for column in zip(*self._cells, strict=True)]
        self._rows.append(RowToken(self._number, start, tag_end, end, *columns))

    def _start_cell(self, attributes: Attributes, index: int) -> None:
        row, self._column = self._number, self._column + 1
        if "r" in attributes:
            row, self._column = parse_cell(attributes["r"])
        if self._column >= MAX_COLUMNS or row >= MAX_ROWS:
            raise NotAWorkbookError(f"{self._where} has a cell beyond XFD1048576")
        if row != self._number:
            raise NotAWorkbookError(
                f"{self._where} has the cell {cell_name(row, self._column)} "
                f"inside row {self._number + 1}"
            )
        self._cell_start, self._attributes = index, attributes
        self._formula, self._formula_text = None, []
        self._value, self._value_span = None, (-1, -1)

    def _start_content(self, attributes: Attributes, index: int) -> None:
        inside = self._path[4:]
        if inside == ["f"]:
            self._formula, self._into = attributes, self._formula_text
        elif inside in (["v"], ["is"]):
            self._value, self._value_span = [], (index, index)
            self._into = self._value if inside == ["v"] else None
        elif inside in (["is", "t"], ["is", "r", "t"]):
            self._into = self._value

    def _end_cell(self, index: int) -> None:
        attributes = self._attributes
        value_start, value_end = (index, index) if self._value is None else self._value_span
        cell = _Cell(
            self._column,
            self._cell_start,
            attributes.get("t", "n"),
            int(attributes.get("cm", 0)),
            int(attributes.get("vm", 0)),
            self._formula_token(),
            None if self._value is None else "".join(self._value),
            value_start,
            value_end,
        )
        self._cells.append(cell)

    def _formula_token(self) -> FormulaToken | None:
        if self._formula is None:
            return None
        get = self._formula.get
        return FormulaToken(get("t", "normal"), get("ref"), get("si"), "".join(self._formula_text))
