"""SUMIF, COUNTIFS and their kin of small areas, where criteria ask for equality or compare numbers.

What is not so plain (wildcards, texts in order, areas beyond the used part or of different sizes)
is left to the blocks, whose `conditional.criteria` says what a criterion means.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from xlcollab.formula.nodes import Call, Node, Reference
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.cellwise.aggregates import total
from xlcollab.kernels.cellwise.growing import Fits, Place, Take, grows, place_of
from xlcollab.kernels.cellwise.lookups import CellFunction, Corners, Maker, NotCellwiseError
from xlcollab.kernels.cellwise.scalars import finished
from xlcollab.kernels.functions.conditional.criteria import Criterion, Operand, criterion
from xlcollab.kernels.text.texts import folded, number_from_text
from xlcollab.kernels.values.block import Context
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS

Fold = Callable[[list[float]], float | ErrorCode]
"""The numbers that are selected → the result"""

_MOST_CELLS = 256
"""Of an area: beyond, the copies of a formula are sooner worked out together."""
_SIGNS: Sequence[Callable[[float, float], bool]] = (
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
)  # fmt: skip
"""By the number of a criterion's operator."""
_EQUAL, _UNEQUAL = 0, 1


def fits(context: Context, one: Criterion) -> Fits:
    """What fits a criterion. Raises NotCellwiseError."""
    if one.operator in (_EQUAL, _UNEQUAL):
        equal = _equal(context, one)
        if one.operator == _EQUAL:
            return equal
        if one.operand is Operand.NUMBER:  # a text that reads as a number is never left out
            return lambda cell: isinstance(cell, str) or not equal(cell)
        return lambda cell: not equal(cell)
    if one.operand is Operand.NOTHING:
        return lambda cell: False
    if one.operand is not Operand.NUMBER:
        raise NotCellwiseError
    sign, number = _SIGNS[one.operator], one.number
    return lambda cell: type(cell) is float and sign(cell, number)


def _equal(context: Context, one: Criterion) -> Fits:
    number = one.number
    if one.operand is Operand.NUMBER:
        date1904 = context.date1904
        return lambda cell: (
            (number_from_text(cell, date1904) if isinstance(cell, str) else cell) == number
            and not isinstance(cell, bool | ErrorCode)
        )
    if one.operand is Operand.TEXT:
        text = folded(context.texts[int(number)])
        return lambda cell: isinstance(cell, str) and folded(cell) == text
    if one.operand is Operand.EMPTY:
        return lambda cell: cell is None or cell == ""
    if one.operand is Operand.BLANK:
        return lambda cell: cell is None
    if one.operand is Operand.BOOLEAN:
        return lambda cell: isinstance(cell, bool) and cell == bool(number)
    if one.operand is Operand.ERROR:
        return lambda cell: isinstance(cell, ErrorCode) and cell == number
    raise NotCellwiseError


def _cells(maker: Maker, sheet: str, corners: Corners) -> list[Scalar]:
    """All cells of an area in reading order. Raises NotCellwiseError."""
    top, left, height, width = corners
    if height * width > _MOST_CELLS or top + height > MAX_ROWS or left + width > MAX_COLUMNS:
        raise NotCellwiseError
    found = maker.values(sheet, corners)
    if len(found) < height * width:
        raise NotCellwiseError
    return found


def _aggregate(cells: Sequence[Scalar], fold: Fold) -> Scalar:
    """Of the numbers; the first error is the result."""
    numbers: list[float] = []
    for cell in cells:
        if type(cell) is float:
            numbers.append(cell)
        elif isinstance(cell, ErrorCode):
            return cell
    found = fold(numbers)
    return found if isinstance(found, ErrorCode) else finished(found)


_Selected = Callable[[int, int], list[int]]
_Area = tuple[str, Callable[[int, int], Corners]]


def _selection(maker: Maker, pairs: Sequence[tuple[Node, Node]], depth: int) -> _Selected:
    """The numbers, in reading order, of the cells that fit all criteria."""
    areas = [_area(maker, range_) for range_, _ in pairs]
    asked = [maker.make(one, depth) for _, one in pairs]

    def run(row: int, column: int) -> list[int]:
        places = [corners(row, column) for _, corners in areas]
        if len({place[2:] for place in places}) > 1:
            raise NotCellwiseError
        left = list(range(places[0][2] * places[0][3]))
        for (sheet, _), place, one in zip(areas, places, asked, strict=True):
            wanted = criterion(maker.context, one(row, column))
            cells, fit = _cells(maker, sheet, place), fits(maker.context, wanted)
            left = [number for number in left if fit(cells[number])]
        return left

    return run


def _area(maker: Maker, node: Node) -> _Area:
    if not isinstance(node, Reference):
        raise NotCellwiseError
    return maker.corners(node)


def _count(maker: Maker, node: Call, depth: int) -> CellFunction:
    """COUNTIF and COUNTIFS. Raises NotCellwiseError."""
    pairs = _pairs(node.arguments)
    if all(map(_grows, node.arguments[::2])):
        ask = _growing(maker, pairs, depth)
        return lambda row, column: float(maker.growing.count(maker, *ask(row, column)))
    selected = _selection(maker, pairs, depth)
    return lambda row, column: float(len(selected(row, column)))


def _place(sheet: str, corners: Corners, node: Reference) -> Place:
    place = place_of(sheet, corners, node)
    if place is None:
        raise NotCellwiseError
    return place


def _grows(node: Node) -> bool:
    return isinstance(node, Reference) and grows(node)


_Asked = Callable[[int, int], tuple[list[tuple[Place, Criterion, Fits]], int]]


def _growing(maker: Maker, pairs: Sequence[tuple[Node, Node]], depth: int) -> _Asked:
    """The criteria for growing lines, and how long these are."""
    lines = [(node, *_area(maker, node)) for node, _ in pairs if isinstance(node, Reference)]
    asked = [maker.make(one, depth) for _, one in pairs]

    def run(row: int, column: int) -> tuple[list[tuple[Place, Criterion, Fits]], int]:
        found, sizes = [], set()
        for (node, sheet, corners), one in zip(lines, asked, strict=True):
            where = corners(row, column)
            sizes.add(where[2:])
            wanted = criterion(maker.context, one(row, column))
            place = _place(sheet, where, node)
            found.append((place, wanted, fits(maker.context, wanted)))
        if len(sizes) > 1:
            raise NotCellwiseError
        ((height, width),) = sizes
        return found, height * width

    return run


def _pairs(nodes: Sequence[Node]) -> list[tuple[Node, Node]]:
    if len(nodes) % 2:
        raise NotCellwiseError
    return list(zip(nodes[::2], nodes[1::2], strict=True))


def _one_range(fold: Fold, maker: Maker, node: Call, depth: int) -> CellFunction:
    """SUMIF and AVERAGEIF: (range, criterion, [range to aggregate]), of the size of the first.
    Raises NotCellwiseError."""
    tested, asked, *rest = node.arguments
    return _aggregated(fold, maker, (rest or [tested])[0], [(tested, asked)], depth, sized=True)


def _several(fold: Fold, maker: Maker, node: Call, depth: int) -> CellFunction:
    """SUMIFS and its kin: (range to aggregate, range, criterion, …). Raises NotCellwiseError."""
    first, *rest = node.arguments
    return _aggregated(fold, maker, first, _pairs(rest), depth, sized=False)


def _aggregated(
    fold: Fold,
    maker: Maker,
    values: Node,
    pairs: Sequence[tuple[Node, Node]],
    depth: int,
    *,
    sized: bool,
) -> CellFunction:
    if all(map(_grows, (values, *(one for one, _ in pairs)))):
        return _running(fold, maker, values, pairs, depth)
    sheet, corners = _area(maker, values)
    _, tested = _area(maker, pairs[0][0])
    selected = _selection(maker, pairs, depth)

    def run(row: int, column: int) -> Scalar:
        size, place = tested(row, column)[2:], corners(row, column)
        if not sized and place[2:] != size:
            raise NotCellwiseError
        cells = _cells(maker, sheet, (*place[:2], *size))
        return _aggregate([cells[number] for number in selected(row, column)], fold)

    return run


def _running(
    fold: Fold, maker: Maker, values: Node, pairs: Sequence[tuple[Node, Node]], depth: int
) -> CellFunction:
    """The same of lines that grow, all alike."""
    assert isinstance(values, Reference)
    sheet, corners = _area(maker, values)
    ask, take = _growing(maker, pairs, depth), _TAKEN[fold]

    def run(row: int, column: int) -> Scalar:
        where = corners(row, column)
        asked, size = ask(row, column)
        if where[2] * where[3] != size or where[2:] != ((size, 1) if asked[0][0][3] else (1, size)):
            raise NotCellwiseError
        place = _place(sheet, where, values)
        found = maker.growing.total(maker, asked, size, place, take)
        if isinstance(found, ErrorCode):
            return found
        number, count = found
        if fold is _mean:
            return finished(number / count) if count else ErrorCode.DIV0
        return finished(number)

    return run


def _mean(numbers: list[float]) -> float | ErrorCode:
    return total(numbers) / len(numbers) if numbers else ErrorCode.DIV0


def _least(numbers: list[float]) -> float:
    return min(numbers, default=0.0)


def _largest(numbers: list[float]) -> float:
    return max(numbers, default=0.0)


def _added(before: float, number: float, count: int) -> float:
    del count
    return before + number


_TAKEN: Mapping[Fold, Take] = {
    total: _added,
    _mean: _added,
    _least: lambda before, number, count: min(before, number) if count else number,
    _largest: lambda before, number, count: max(before, number) if count else number,
}
"""How each takes one number after another."""
CONDITIONALS: Mapping[str, Callable[[Maker, Call, int], CellFunction]] = {
    "COUNTIF": _count,
    "COUNTIFS": _count,
    "SUMIF": partial(_one_range, total),
    "SUMIFS": partial(_several, total),
    "AVERAGEIF": partial(_one_range, _mean),
    "AVERAGEIFS": partial(_several, _mean),
    "MINIFS": partial(_several, _least),
    "MAXIFS": partial(_several, _largest),
}
