"""References in R1C1 form, `Sheet1!R2C[-1]:R[3]C4`, `R2` or `C[1]`: text of one token → node.

What would lie beyond the sheet's edge goes on at the other one."""

from __future__ import annotations

import re
from dataclasses import replace

from xlcollab.formula.addresses import prefix_parts
from xlcollab.formula.nodes import Axis, Reference
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, Rect

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
        step = int(text.strip("[]") or 0)
        return Axis(step, False) if abs(step) < size else None
    return Axis(int(text) - 1, True) if 1 <= int(text) <= size else None


def _edges(first: _Edge, last: _Edge, size: int) -> tuple[Axis, Axis]:
    """The two edges along one axis in order; the whole sheet where none is named."""
    if first is None or last is None:
        return Axis(0, True), Axis(size - 1, True)
    swapped = first.absolute == last.absolute and first.value > last.value
    return (last, first) if swapped else (first, last)


def around_the_edge(reference: Reference, rect: Rect) -> Reference | None:
    """A reference of steps as it is meant in all the cells of `rect`; None where it goes around the
    edge in some of them only."""
    rows, columns = (rect.top, rect.bottom - 1), (rect.left, rect.right - 1)
    lines = [_around(axis, *rows, MAX_ROWS) for axis in (reference.top, reference.bottom)]
    lines += [_around(axis, *columns, MAX_COLUMNS) for axis in (reference.left, reference.right)]
    top, bottom, left, right = lines
    if top is None or bottom is None or left is None or right is None:
        return None
    if top.at(rect.top) > bottom.at(rect.top):
        top, bottom = bottom, top
    if left.at(rect.left) > right.at(rect.left):
        left, right = right, left
    return replace(reference, top=top, bottom=bottom, left=left, right=right)


def _around(axis: Axis, first: int, last: int, size: int) -> Axis | None:
    """An axis as it is meant from the places `first` to `last`."""
    ends = axis.at(first) // size, axis.at(last) // size
    if ends[0] != ends[1]:
        return None
    return axis if axis.absolute else replace(axis, value=axis.value - ends[0] * size)
