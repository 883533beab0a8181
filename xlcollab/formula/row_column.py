"""References in R1C1 form, `Sheet1!R2C[-1]:R[3]C4`, `R2` or `C[1]`: text of one token → node."""

from __future__ import annotations

import re

from xlcollab.formula.addresses import prefix_parts
from xlcollab.formula.nodes import Axis, Reference
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS

_STEP = r"(?:\[\s*[+-]?\d+\s*\]|\d+)?"
_CORNER = re.compile(rf"(?:R(?P<row>{_STEP}))?(?:C(?P<column>{_STEP}))?\Z", re.IGNORECASE)
_Edge = Axis | None


def read_row_column(text: str) -> Reference | None:
    """The reference that a text is in R1C1 form; None if it is none."""
    book, sheet, address = prefix_parts(text.strip())
    first, mark, last = address.partition(":")
    start = _corner(first)
    end = _corner(last) if mark else start
    if start is None or end is None or [e is None for e in start] != [e is None for e in end]:
        return None
    top, bottom = _edges(start[0], end[0], MAX_ROWS)
    left, right = _edges(start[1], end[1], MAX_COLUMNS)
    return Reference(top, left, bottom, right, sheet, None, book)


def _corner(text: str) -> tuple[_Edge, _Edge] | None:
    match = _CORNER.match(text.strip())
    if match is None or not match[0]:
        return None
    row, column = match["row"], match["column"]
    edges = _edge(row, MAX_ROWS), _edge(column, MAX_COLUMNS)
    known = (row is None or edges[0]) and (column is None or edges[1])
    return edges if known else None


def _edge(text: str | None, size: int) -> _Edge:
    """`3` counts from the sheet's edge, `[3]` from the cell, nothing is the cell's own place."""
    if text is None:
        return None
    if not text.isdigit():
        return Axis(int(text.strip("[]") or 0), False)
    return Axis(int(text) - 1, True) if 1 <= int(text) <= size else None


def _edges(first: _Edge, last: _Edge, size: int) -> tuple[Axis, Axis]:
    """The two edges along one axis in order; the whole sheet where none is named."""
    if first is None or last is None:
        return Axis(0, True), Axis(size - 1, True)
    swapped = first.absolute == last.absolute and first.value > last.value
    return (last, first) if swapped else (first, last)
