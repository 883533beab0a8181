"""References and names: text of one token ⇄ node.

Two relative corners, or two absolute ones, are put in order, whatever order they were typed in. A
relative edge opposite an absolute one stays where it was typed, since copying can carry one past
the other: `A$5:A10` four rows further up is `A$5:A1`. Whoever needs the rows of such an area at
some cell takes the smaller and the larger of `top.at(row)` and `bottom.at(row)`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from xlcollab.formula.nodes import Axis, Name, Reference
from xlcollab.formula.spelling import FUTURE_PREFIX
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, column_index, column_letters, quote_sheet

_CORNER = re.compile(r"(\$?)([A-Za-z]*)(\$?)(\d*)")
_PLAIN_BOOK = re.compile(r"(?:\[\w+(?:\.\w+)*\])?\Z")
_ALL_ROWS = (Axis(0, True), Axis(MAX_ROWS - 1, True))
_ALL_COLUMNS = (Axis(0, True), Axis(MAX_COLUMNS - 1, True))


def read_reference(text: str, row: int, column: int) -> Reference:
    """`Sheet1!$A1:B$2`, `A:C` or `1:3` as typed in the zero-based cell (`row`, `column`)."""
    book, sheets, address = prefix_parts(text)
    sheet, last_sheet = _split_sheets(sheets)
    first, _, last = address.partition(":")
    top, left = _read_corner(first.strip(), row, column)
    bottom, right = _read_corner(last.strip(), row, column) if last else (top, left)
    top, bottom = _in_order(top, bottom) if top and bottom else _ALL_ROWS
    left, right = _in_order(left, right) if left and right else _ALL_COLUMNS
    return Reference(top, left, bottom, right, sheet, last_sheet, book)


def read_name(text: str) -> Name:
    """`name`, `Sheet1!name` or `[1]!name`; the prefix of LET's parameters is taken off."""
    book, sheet, name = prefix_parts(text)
    return Name(FUTURE_PREFIX.sub("", name), sheet, book)


def reference_text(reference: Reference, row: int, column: int) -> str:
    """A1 text as seen from (`row`, `column`); #REF! where an edge lies outside the sheet."""
    prefix = _prefix_text(reference.book, reference.sheet, reference.last_sheet)
    return prefix + _area_text(reference, row, column)


def name_text(name: Name) -> str:
    return _prefix_text(name.book, name.sheet, None) + name.name


def prefix_parts(text: str) -> tuple[str, str | None, str]:
    """ "'[1]a b'!C3" → ("[1]", "a b", "C3")."""
    head, mark, tail = text.rpartition("!")
    if not mark:
        return "", None, text
    if head.startswith("'"):
        head = head[1:-1].replace("''", "'")
    book, bracket, sheets = head.rpartition("]")
    return book + bracket, sheets or None, tail


def _split_sheets(sheets: str | None) -> tuple[str | None, str | None]:
    """The two ends of a 3-D reference; a sheet name cannot hold a colon.

    Where an end is missing, all of it is one name, that of no sheet.
    """
    first, _, last = (sheets or "").partition(":")
    return (first, last) if first and last else (sheets, None)


def _read_corner(text: str, row: int, column: int) -> tuple[Axis | None, Axis | None]:
    """(row, column) of a corner; None for what a whole column or row leaves out."""
    match = _CORNER.fullmatch(text)
    if not match:
        raise AssertionError(f"the lexer let {text!r} pass as a corner")
    mark, letters, row_mark, digits = match.groups()
    row_mark = row_mark if letters else mark
    return (
        _axis(int(digits) - 1, row, bool(row_mark)) if digits else None,
        _axis(column_index(letters), column, bool(mark)) if letters else None,
    )


def _axis(index: int, position: int, absolute: bool) -> Axis:
    return _shared(index if absolute else index - position, absolute)


@lru_cache(maxsize=1 << 14)
def _shared(value: int, absolute: bool) -> Axis:
    """One object for equal axes: the references of a workbook have few different ones."""
    return Axis(value, absolute)


def _in_order(first: Axis, last: Axis) -> tuple[Axis, Axis]:
    if first.absolute == last.absolute and first.value > last.value:
        return last, first
    return first, last


def _prefix_text(book: str, sheet: str | None, last_sheet: str | None) -> str:
    sheets = [name for name in (sheet, last_sheet) if name is not None]
    if not sheets and not book:
        return ""
    if _PLAIN_BOOK.match(book) and all(quote_sheet(name) == name for name in sheets):
        return f"{book}{':'.join(sheets)}!"
    quoted = (book + ":".join(sheets)).replace("'", "''")
    return f"'{quoted}'!"


def _area_text(reference: Reference, row: int, column: int) -> str:
    top, bottom = _row_text(reference.top, row), _row_text(reference.bottom, row)
    left, right = _column_text(reference.left, column), _column_text(reference.right, column)
    if None in (top, bottom, left, right):
        return "#REF!"
    if (reference.top, reference.bottom) == _ALL_ROWS:
        return f"{left}:{right}"
    if (reference.left, reference.right) == _ALL_COLUMNS:
        return f"{top}:{bottom}"
    return f"{left}{top}" if reference.is_cell else f"{left}{top}:{right}{bottom}"


def _row_text(axis: Axis, row: int) -> str | None:
    index = axis.at(row)
    return f"{'$' * axis.absolute}{index + 1}" if 0 <= index < MAX_ROWS else None


def _column_text(axis: Axis, column: int) -> str | None:
    index = axis.at(column)
    return f"{'$' * axis.absolute}{column_letters(index)}" if 0 <= index < MAX_COLUMNS else None
