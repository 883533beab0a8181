"""Look-ups that come to the same place whatever the sheet holds, as the references they are.

`OFFSET(A5,-1,0)` is the cell above, `INDEX(A:A,ROW()-1)` the same in another spelling, and
`B$2:OFFSET(B9,-1,0)` ends above. As references they are known before anything is worked out: rows
that feed one another by them are a chain, and a whole column that is named is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import is_

from xlcollab.formula.nodes import Axis, Binary, Call, Node, Number, Reference, Unary, walk
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, Rect

_NAMES = ("OFFSET", "INDEX")
_Place = tuple[int, bool]
"""A whole number, and whether it is counted from the row (or column) of the cell."""


def settled(node: Node, rect: Rect) -> Node:
    """`node` as it is meant in the cells `rect`, with a reference for each look-up that is one.
    What stays as it is keeps its identity."""
    if not any(isinstance(one, Call) and one.name in _NAMES for one in walk(node)):
        return node
    return _Settler(rect).of(node)


class _Settler:
    def __init__(self, rect: Rect) -> None:
        self._rect = rect
        self._known: dict[int, tuple[Node, Node]] = {}

    def of(self, node: Node) -> Node:
        if id(node) not in self._known:
            self._known[id(node)] = (node, self._of(node))
        return self._known[id(node)][1]

    def _of(self, node: Node) -> Node:
        if isinstance(node, Unary):
            operand = self.of(node.operand)
            return node if operand is node.operand else Unary(node.operator, operand)
        if isinstance(node, Binary):
            return self._binary(node)
        if isinstance(node, Call):
            return self._call(node)
        return node

    def _call(self, node: Call) -> Node:
        given = tuple(map(self.of, node.arguments))
        place = {"OFFSET": _offset, "INDEX": _index}.get(node.name)
        found = place(given, self._rect) if place else None
        if found is not None and _lies(found, self._rect):
            return found
        same = all(map(is_, given, node.arguments))
        return node if same else Call(node.name, given)

    def _binary(self, node: Binary) -> Node:
        """Unrolls the left spine: `A1+A2+…` may be thousands of terms long."""
        spine: list[Binary] = []
        left: Node = node
        while isinstance(left, Binary):
            spine.append(left)
            left = left.left
        result = self.of(left)
        for part in reversed(spine):
            right = self.of(part.right)
            area = _area(result, right) if part.operator == ":" else None
            same = result is part.left and right is part.right
            result = area or (part if same else Binary(part.operator, result, right))
        return result


def _offset(given: Sequence[Node], rect: Rect) -> Reference | None:
    """OFFSET by numbers that stand in the formula, without a size of its own."""
    del rect
    if len(given) != 3 or not _is_plain(given[0]):
        return None
    area = given[0]
    down, across = (_number(one) for one in given[1:])
    if down is None or across is None or not isinstance(area, Reference):
        return None
    return replace(
        area,
        top=_moved(area.top, down),
        bottom=_moved(area.bottom, down),
        left=_moved(area.left, across),
        right=_moved(area.right, across),
    )


def _index(given: Sequence[Node], rect: Rect) -> Reference | None:
    """INDEX of a cell by numbers, or by numbers counted from the cell itself."""
    if not 2 <= len(given) <= 3 or not _is_plain(given[0]):
        return None
    area = given[0]
    assert isinstance(area, Reference)
    numbers = list(given[1:])
    if len(numbers) == 1:
        one_row = area.top == area.bottom and area.left != area.right
        numbers = [Number(1.0), *numbers] if one_row else [*numbers, Number(1.0)]
        if not one_row and area.left != area.right:
            return None
    row = _picked(area.top, area.bottom, _place(numbers[0], "ROW"), rect.top, rect.bottom)
    column = _picked(area.left, area.right, _place(numbers[1], "COLUMN"), rect.left, rect.right)
    if row is None or column is None:
        return None
    return replace(area, top=row, bottom=row, left=column, right=column)


def _picked(first: Axis, last: Axis, place: _Place | None, start: int, stop: int) -> Axis | None:
    """The row (or column) of an area at a place counted from 1, if it is in the area in all rows
    `start … stop` of the formula."""
    if place is None or (place[1] and not first.absolute):
        return None
    number, here = place
    for row in (start, stop - 1):
        at = number + row * here
        if not 1 <= at <= last.at(row) - first.at(row) + 1:
            return None
    return Axis(first.value + number - 1, first.absolute and not here)


def _place(node: Node, name: str) -> _Place | None:
    """A number, or ROW() (COLUMN()) with a number added or taken away; counted from 1."""
    number = _number(node)
    if number is not None:
        return number, False
    if node == Call(name, ()):
        return 1, True
    if isinstance(node, Binary) and node.operator in ("+", "-"):
        place, more = _place(node.left, name), _number(node.right)
        if place is not None and more is not None:
            return place[0] + (more if node.operator == "+" else -more), place[1]
    return None


def _number(node: Node) -> int | None:
    """A whole number that stands in the formula, with its sign."""
    if isinstance(node, Unary) and node.operator in ("-", "+"):
        inside = _number(node.operand)
        return None if inside is None else -inside if node.operator == "-" else inside
    if isinstance(node, Number) and node.value.is_integer() and abs(node.value) <= MAX_ROWS:
        return int(node.value)
    return None


def _area(first: Node, last: Node) -> Reference | None:
    """`first:last` of two cells of one sheet."""
    if not (_is_plain(first) and _is_plain(last)):
        return None
    assert isinstance(first, Reference)
    assert isinstance(last, Reference)
    if not (first.is_cell and last.is_cell and first.sheet == last.sheet):
        return None
    return replace(first, bottom=last.top, right=last.left)


def _is_plain(node: Node) -> bool:
    """Whether it is a reference to one sheet of the workbook."""
    return isinstance(node, Reference) and node.last_sheet is None and not node.book


def _moved(axis: Axis, by: int) -> Axis:
    return Axis(axis.value + by, axis.absolute)


def _lies(area: Reference, rect: Rect) -> bool:
    """Whether an area lies in the sheet as seen from all cells of `rect`."""
    rows = [axis.at(row) for axis in (area.top, area.bottom) for row in (rect.top, rect.bottom - 1)]
    columns = [
        axis.at(column)
        for axis in (area.left, area.right)
        for column in (rect.left, rect.right - 1)
    ]
    return min(rows + columns) >= 0 and max(rows) < MAX_ROWS and max(columns) < MAX_COLUMNS
