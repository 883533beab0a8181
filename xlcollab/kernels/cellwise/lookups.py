"""INDEX, MATCH and VLOOKUP of areas, where they ask for one cell or an equal value.

What is not so plain (approximate matches, wildcards, whole rows, places beyond the area) is left to
the blocks. An area that is searched is laid out once, by what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from xlcollab.formula.nodes import Boolean, Call, Node, Number, Reference
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.cellwise.growing import Growing
from xlcollab.kernels.functions.lookup.lookup import LONGEST_SOUGHT
from xlcollab.kernels.text.texts import folded
from xlcollab.kernels.text.wildcards import has_wildcard
from xlcollab.kernels.values.block import Context

CellFunction = Callable[[int, int], Scalar]
"""(row, column) of the formula → its value there"""
Corners = tuple[int, int, int, int]
"""First row, first column, rows and columns of an area."""
_Key = tuple[type, object]


class NotCellwiseError(Exception):
    """A formula that is evaluated as blocks. Never seen by a user."""


@dataclass(slots=True)
class Searched:
    """Where each value stands first among the first cells of a line, which may grow."""

    size: int = 0
    first: dict[_Key, int] = field(default_factory=dict)


class Maker(Protocol):
    """Who makes functions of nodes."""

    context: Context
    places: dict[tuple[str, int, int, bool], Searched]
    """Of lines that were searched, by where they begin and whether they go down."""

    @property
    def growing(self) -> Growing:
        """What was found in lines that grow."""

    def make(self, node: Node, depth: int) -> CellFunction:
        """The function of a node. Raises NotCellwiseError."""

    def corners(self, node: Reference) -> tuple[str, Callable[[int, int], Corners]]:
        """The sheet of an area, and where it lies as seen from a cell."""

    def values(self, sheet: str, corners: Corners) -> list[Scalar]:
        """The values of an area in reading order, without the blanks beyond the used part."""

    def value(self, sheet: str, row: int, column: int) -> Scalar:
        """The value of a cell."""


def index(maker: Maker, node: Call, depth: int) -> CellFunction:
    """INDEX(area, row, [column]) of one cell. Raises NotCellwiseError."""
    table, *places = node.arguments
    if not isinstance(table, Reference) or len(places) > 2:
        raise NotCellwiseError
    sheet, corners = maker.corners(table)
    asked = [maker.make(one, depth) for one in places]

    def run(row: int, column: int) -> Scalar:
        top, left, height, width = corners(row, column)
        found = [one(row, column) for one in asked]
        if len(found) == 1:
            if min(height, width) > 1:
                raise NotCellwiseError
            found = [1.0, *found] if height == 1 else [*found, 1.0]
        down, across = _whole(found[0], height), _whole(found[1], width)
        return maker.value(sheet, top + down, left + across)

    return run


def match(maker: Maker, node: Call, depth: int) -> CellFunction:
    """MATCH(value, line, 0). Raises NotCellwiseError."""
    wanted, line, *setting = node.arguments
    if not isinstance(line, Reference) or not (setting and _is_off(setting[0])):
        raise NotCellwiseError
    sheet, corners = maker.corners(line)
    asked = maker.make(wanted, depth)

    def run(row: int, column: int) -> Scalar:
        where = corners(row, column)
        if min(where[2:]) > 1:
            raise NotCellwiseError
        found = _place(maker, sheet, where, asked(row, column))
        return ErrorCode.NA if found is None else found + 1.0

    return run


def vertical(maker: Maker, node: Call, depth: int) -> CellFunction:
    """VLOOKUP(value, table, column, FALSE). Raises NotCellwiseError."""
    wanted, table, line, *setting = node.arguments
    if not isinstance(table, Reference) or not (setting and _is_off(setting[0])):
        raise NotCellwiseError
    sheet, corners = maker.corners(table)
    asked, number = maker.make(wanted, depth), maker.make(line, depth)

    def run(row: int, column: int) -> Scalar:
        top, left, height, width = corners(row, column)
        across = _whole(number(row, column), width)
        found = _place(maker, sheet, (top, left, height, 1), asked(row, column))
        return ErrorCode.NA if found is None else maker.value(sheet, top + found, left + across)

    return run


def _is_off(node: Node) -> bool:
    return isinstance(node, Number | Boolean) and not node.value


def _whole(value: Scalar, size: int) -> int:
    """A place from 1 to `size` as one from 0. Raises NotCellwiseError for anything else."""
    if not isinstance(value, float) or not (value.is_integer() and 1 <= value <= size):
        raise NotCellwiseError
    return int(value) - 1


def _place(maker: Maker, sheet: str, corners: Corners, wanted: Scalar) -> int | None:
    """Where a value stands first; values match within their type. Raises NotCellwiseError."""
    if isinstance(wanted, ErrorCode):
        raise NotCellwiseError
    if isinstance(wanted, str) and (len(wanted) > LONGEST_SOUGHT or has_wildcard(wanted)):
        raise NotCellwiseError
    top, left, height, width = corners
    down, size = width == 1, height * width
    searched = maker.places.setdefault((sheet, top, left, down), Searched())
    if searched.size < size:
        known = searched.size
        rest = (
            (top + known, left, size - known, 1) if down else (top, left + known, 1, size - known)
        )
        for place, value in enumerate(maker.values(sheet, rest), known):
            searched.first.setdefault(_key(value), place)
        searched.size = size
    found = searched.first.get(_key(0.0 if wanted is None else wanted))
    return found if found is not None and found < size else None


def _key(value: Scalar) -> _Key:
    return type(value), folded(value) if isinstance(value, str) else value


LOOKUPS: Mapping[str, Callable[[Maker, Call, int], CellFunction]] = {
    "INDEX": index,
    "MATCH": match,
    "VLOOKUP": vertical,
}
