"""Cell and area addresses: A1 text ⇄ zero-based (row, column), quoted sheet names.

Rows and columns are zero-based everywhere inside xlcollab; only text is one-based. A `Rect` is
half-open, as Python slices are: it holds rows `top … bottom - 1`, columns `left … right - 1`.
Limits are those of ECMA-376 Part 1, 18.3.1.73 (row) and 18.3.1.13 (col).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from xlcollab.errors import ReferenceSyntaxError

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""The size of a sheet (ECMA-376 Part 1, 18.3.1.73, and Excel's limits)."""

_PLAIN_SHEET = re.compile(r"[^\W\d][\w.]*\Z")
_LOOKS_LIKE_CELL = re.compile(r"(?:[A-Za-z]{1,3}\d+|[Rr]\d*(?:[Cc]\d*)?|[Cc]\d*)\Z")
_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9]\d{0,6})\Z")
_COLUMN = re.compile(r"\$?([A-Za-z]{1,3})\Z")
_ROW = re.compile(r"\$?([1-9]\d{0,6})\Z")


@dataclass(frozen=True, slots=True, order=True)
class Rect:
    """A rectangle of cells on some sheet: `height` × `width` cells from (`top`, `left`)."""

    top: int
    left: int
    height: int = 1
    width: int = 1

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def size(self) -> int:
        return self.height * self.width

    @property
    def rows(self) -> slice:
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.right)

    def cells(self) -> Iterator[tuple[int, int]]:
        """(row, column) of every cell, row by row."""
        for row in range(self.top, self.bottom):
            for column in range(self.left, self.right):
                yield row, column

    def contains(self, row: int, column: int) -> bool:
        return self.top <= row < self.bottom and self.left <= column < self.right

    def covers(self, other: Rect) -> bool:
        return (
            self.top <= other.top
            and self.left <= other.left
            and other.bottom <= self.bottom
            and other.right <= self.right
        )

    def intersection(self, other: Rect) -> Rect | None:
        top, left = max(self.top, other.top), max(self.left, other.left)
        height = min(self.bottom, other.bottom) - top
        width = min(self.right, other.right) - left
        return Rect(top, left, height, width) if height > 0 and width > 0 else None

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that covers both."""
        top, left = min(self.top, other.top), min(self.left, other.left)
        return Rect(
            top,
            left,
            max(self.bottom, other.bottom) - top,
            max(self.right, other.right) - left,
        )

    def shifted(self, rows: int, columns: int) -> Rect:
        return Rect(self.top + rows, self.left + columns, self.height, self.width)

    def __str__(self) -> str:
        if self.height == MAX_ROWS:
            return f"{column_letters(self.left)}:{column_letters(self.right - 1)}"
        if self.width == MAX_COLUMNS:
            return f"{self.top + 1}:{self.bottom}"
        first = cell_name(self.top, self.left)
        return first if self.size == 1 else f"{first}:{cell_name(self.bottom - 1, self.right - 1)}"


@dataclass(frozen=True, slots=True, order=True)
class CellRef:
    """One cell of a named sheet."""

    sheet: str
    row: int
    column: int

    @property
    def area(self) -> AreaRef:
        return AreaRef(self.sheet, Rect(self.row, self.column))

    def __str__(self) -> str:
        return f"{quote_sheet(self.sheet)}!{cell_name(self.row, self.column)}"


@dataclass(frozen=True, slots=True, order=True)
class AreaRef:
    """A rectangle of a named sheet."""

    sheet: str
    rect: Rect

    @property
    def first(self) -> CellRef:
        return CellRef(self.sheet, self.rect.top, self.rect.left)

    def cells(self) -> Iterator[CellRef]:
        for row, column in self.rect.cells():
            yield CellRef(self.sheet, row, column)

    def meets(self, other: AreaRef) -> bool:
        """Whether the two have a cell in common."""
        return self.sheet == other.sheet and self.rect.intersection(other.rect) is not None

    def __str__(self) -> str:
        return f"{quote_sheet(self.sheet)}!{self.rect}"


@lru_cache(maxsize=MAX_COLUMNS)
def column_letters(column: int) -> str:
    """0 → "A", 25 → "Z", 26 → "AA"."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@lru_cache(maxsize=MAX_COLUMNS)
def column_index(letters: str) -> int:
    """ "A" → 0, "XFD" → 16383; any case.

    Raises ReferenceSyntaxError beyond XFD.
    """
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    if not 0 < column <= MAX_COLUMNS:
        raise ReferenceSyntaxError(f"column {letters!r} lies beyond XFD, the last one Excel has")
    return column - 1


def cell_name(row: int, column: int, *, absolute: bool = False) -> str:
    """(0, 0) → "A1", or "$A$1"."""
    mark = "$" if absolute else ""
    return f"{mark}{column_letters(column)}{mark}{row + 1}"


def absolute_name(area: AreaRef) -> str:
    """`'my sheet'!$A$1:$B$2`: the form that defined names and charts hold."""
    rect = area.rect
    text = cell_name(rect.top, rect.left, absolute=True)
    if rect.size > 1:
        text += ":" + cell_name(rect.bottom - 1, rect.right - 1, absolute=True)
    return f"{quote_sheet(area.sheet)}!{text}"


def quote_sheet(name: str) -> str:
    """The sheet name as a formula spells it: quoted where it must be."""
    if _PLAIN_SHEET.match(name) and not _LOOKS_LIKE_CELL.match(name):
        return name
    return "'" + name.replace("'", "''") + "'"


def split_sheet(text: str) -> tuple[str | None, str]:
    """ "'a b'!C3" → ("a b", "C3"); "C3" → (None, "C3")."""
    head, mark, tail = text.rpartition("!")
    if not mark:
        return None, text
    if len(head) >= 2 and head[0] == head[-1] == "'":
        head = head[1:-1].replace("''", "'")
    return head, tail


def parse_cell(text: str) -> tuple[int, int]:
    """ "$B$3" → (2, 1). Raises ReferenceSyntaxError when the text is no cell of a sheet."""
    match = _CELL.match(text.strip())
    if not match or int(match[2]) > MAX_ROWS:
        raise ReferenceSyntaxError(f"{text!r} is not a cell address such as B3")
    return int(match[2]) - 1, column_index(match[1])


def parse_rect(text: str) -> Rect:
    """ "A1", "A1:B2" (corners in any order), "A:C" or "1:3" → Rect."""
    first, mark, last = text.strip().partition(":")
    last = last if mark else first
    if _COLUMN.match(first) and _COLUMN.match(last) and mark:
        left, right = sorted(column_index(part.lstrip("$")) for part in (first, last))
        return Rect(0, left, MAX_ROWS, right - left + 1)
    if _ROW.match(first) and _ROW.match(last) and mark:
        top, bottom = sorted(int(part.lstrip("$")) - 1 for part in (first, last))
        return Rect(top, 0, bottom - top + 1, MAX_COLUMNS)
    (row_a, column_a), (row_b, column_b) = parse_cell(first), parse_cell(last)
    top, left = min(row_a, row_b), min(column_a, column_b)
    return Rect(top, left, abs(row_a - row_b) + 1, abs(column_a - column_b) + 1)


def parse_area(text: str, default_sheet: str | None = None) -> AreaRef:
    """ "dotprod!$H$19:$V$23" → AreaRef. `default_sheet` serves a text without a sheet.

    Raises ReferenceSyntaxError when the text is no address, or names no sheet and none is given.
    """
    sheet, address = split_sheet(text.strip())
    if sheet is None:
        sheet = default_sheet
    if sheet is None:
        raise ReferenceSyntaxError(f"{text!r} names no sheet; write it as Sheet1!{address}")
    return AreaRef(sheet, parse_rect(address))


def parse_areas(text: str, default_sheet: str | None = None) -> list[AreaRef]:
    """A comma-separated list of areas; a part without a sheet takes the one before it."""
    areas: list[AreaRef] = []
    for part in split_list(text):
        areas.append(parse_area(part, areas[-1].sheet if areas else default_sheet))
    return areas


def split_list(text: str) -> list[str]:
    """Split at the commas that are outside quoted sheet names and parentheses."""
    parts, depth, quoted, start = [], 0, False, 0
    for index, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:index].strip())
            start = index + 1
    parts.append(text[start:].strip())
    return parts
