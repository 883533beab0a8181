"""Which cells a family reads, and which families lie in an area."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xlcollab.formula.nodes import Axis, Call, Node, Reference, children
from xlcollab.formula.signatures import SIGNATURES, Param
from xlcollab.grid import Workbook
from xlcollab.plan.families import Family
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, AreaRef, Rect

_FEW_CELLS = 64
"""Looking into so many cells is quicker than comparing with all families."""


def reads(family: Family) -> Iterator[AreaRef]:
    """The bounding area of each reference of the family, over all its copies.

    What OFFSET and INDIRECT reach is not among them: that is known only when their arguments are.
    """
    for reference in references_read(family.node):
        rect = bounding(reference, family)
        if rect is not None and reference.sheet is not None and not reference.book:
            yield AreaRef(reference.sheet, rect)


def references_read(node: Node) -> Iterator[Reference]:
    """The references whose values the formula needs; those that are only places are not."""
    pending, seen = [node], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Reference):
            yield node
        pending.extend(_valued(node) if isinstance(node, Call) else children(node))


def _valued(call: Call) -> Iterator[Node]:
    """The arguments of a call, without references whose place alone it asks for."""
    known = SIGNATURES.get(call.name)
    parameters = known.parameters if known else ()
    for position, argument in enumerate(call.arguments):
        place = parameters[position : position + 1] == (Param.PLACE,)
        if not (place and isinstance(argument, Reference)):
            yield argument


def bounding(reference: Reference, family: Family) -> Rect | None:
    """The area that `reference` covers over all copies; None when it leaves the sheet."""
    rect, (height, width) = family.rect, family.step
    rows = _span(reference.top, reference.bottom, rect.top, rect.bottom - height)
    columns = _span(reference.left, reference.right, rect.left, rect.right - width)
    if rows[0] < 0 or columns[0] < 0 or rows[1] >= MAX_ROWS or columns[1] >= MAX_COLUMNS:
        return None
    return Rect(rows[0], columns[0], rows[1] - rows[0] + 1, columns[1] - columns[0] + 1)


def _span(first: Axis, last: Axis, low: int, high: int) -> tuple[int, int]:
    ends = (first.at(low), first.at(high), last.at(low), last.at(high))
    return min(ends), max(ends)


class FamilyIndex:
    """Answers which families overlap an area."""

    def __init__(self, workbook: Workbook, families: list[Family]) -> None:
        self.families = families
        self._owners = {sheet.name: np.full(sheet.kinds.shape, -1, np.int32) for sheet in workbook}
        members: dict[str, list[int]] = {sheet.name: [] for sheet in workbook}
        for number, family in enumerate(families):
            rect = family.rect
            self._owners[family.sheet][rect.rows, rect.columns] = number
            members[family.sheet].append(number)
        self._members = {name: np.array(ids, np.int32) for name, ids in members.items()}
        self._edges = {
            name: np.array([_edges(families[i].rect) for i in ids], np.int64).reshape(-1, 4)
            for name, ids in members.items()
        }

    def overlapping(self, sheet: str, rect: Rect) -> list[int]:
        """The numbers of the families that share a cell with `rect`, ascending."""
        if sheet not in self._owners:
            return []
        if rect.size <= _FEW_CELLS:
            found = set(self._owners[sheet][rect.rows, rect.columns].reshape(-1).tolist())
            return sorted(found - {-1})
        edges = self._edges[sheet]
        top, left, bottom, right = edges[:, 0], edges[:, 1], edges[:, 2], edges[:, 3]
        hit = (top < rect.bottom) & (bottom > rect.top) & (left < rect.right) & (right > rect.left)
        return sorted(self._members[sheet][hit].tolist())


def _edges(rect: Rect) -> tuple[int, int, int, int]:
    return rect.top, rect.left, rect.bottom, rect.right
