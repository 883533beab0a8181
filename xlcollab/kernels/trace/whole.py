"""How much is read of whole columns and rows, where a formula reads several.

A whole column is read as far as its sheet is used. Where a formula brings columns of several sheets
together, or asks for their row numbers, all of them must be cut at the same row.
"""

from __future__ import annotations

from collections.abc import Iterator

from xlcollab.formula.nodes import Axis, Call, Node, Reference, children, walk
from xlcollab.grid import Workbook
from xlcollab.kernels.table import RECORDS
from xlcollab.plan.regions import references_read
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS


def whole_extent(node: Node, home: str, workbook: Workbook) -> tuple[int, int]:
    """(rows, columns) at which whole columns and rows of a formula on the sheet `home` end; 0 for
    what it does not read whole."""
    height = width = 0
    for reference in _read(node):
        sheet = workbook.find(reference.sheet or home)
        if sheet is None or reference.book:
            continue
        if _whole(reference.top, reference.bottom, MAX_ROWS):
            height = max(height, sheet.height)
        if _whole(reference.left, reference.right, MAX_COLUMNS):
            width = max(width, sheet.width)
    return height, width


def _whole(first: Axis, last: Axis, size: int) -> bool:
    return first.absolute and last.absolute and last.value - first.value == size - 1


def _read(node: Node) -> Iterator[Reference]:
    """The references whose values a formula reads, and those from which OFFSET goes on."""
    yield from references_read(node)
    for call in walk(node):
        record = RECORDS.get(call.name) if isinstance(call, Call) else None
        if record is not None and record.places_only and record.refers is not None:
            yield from (one for one in children(call)[:1] if isinstance(one, Reference))
