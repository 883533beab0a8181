"""SUMIF, COUNTIFS and their kin of lines that grow from one cell to the next, `B$1:B9`.

Each cell of such a line is looked at once: what stands in it is kept by its value, and the cells
that fit some criteria, with what they come to so far, by those criteria. A formula filled down ten
thousand rows would else look at fifty million cells.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from xlcollab.formula.nodes import Call, Reference
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.functions.conditional.criteria import Criterion, Operand
from xlcollab.kernels.text.texts import folded, number_from_text
from xlcollab.kernels.values.block import Context

Running = tuple[float, int]
"""What numbers come to so far, and how many there are."""
Take = Callable[[float, float, int], float]
"""(so far, a number, how many before it) → what they come to with it"""
Place = tuple[str, int, int, bool]
"""The sheet, row and column of a line's first cell; whether it goes down."""
Fits = Callable[[Scalar], bool]
"""Whether a cell fits a criterion."""


class Reader(Protocol):
    """Who reads cells."""

    context: Context

    def value(self, sheet: str, row: int, column: int) -> Scalar:
        """The value of a cell."""


class Fold(Protocol):
    """What is known of the cells taken so far."""

    def take(self, cell: Scalar) -> None:
        """The next cell."""

    def result(self, given: float | ErrorCode) -> float | ErrorCode:
        """What the cells come to; `given` is a second argument, if there is one."""


def grows(node: Reference) -> bool:
    """Whether an area begins at a fixed row (or column) and ends at one that moves."""
    down = node.top.absolute and not node.bottom.absolute
    return down or (node.left.absolute and not node.right.absolute)


def place_of(sheet: str, corners: tuple[int, int, int, int], node: Reference) -> Place | None:
    """Where a growing line of some corners (first row and column, rows and columns) begins; None
    for an area that is none, or that lies before where it should begin."""
    top, left, height, width = corners
    down = node.top.absolute and not node.bottom.absolute
    begins = top == node.top.value if down else left == node.left.value
    if not begins or (width if down else height) != 1:
        return None
    return sheet, top, left, down


@dataclass(slots=True)
class Line:
    """The first cells of a line, and where each number and text stands among them."""

    place: Place
    cells: list[Scalar] = field(default_factory=list)
    numbers: dict[float, list[int]] = field(default_factory=dict)
    texts: dict[str, list[int]] = field(default_factory=dict)

    def extend(self, reader: Reader, size: int) -> None:
        """Read on to that size; what the reader raises goes through."""
        date1904 = reader.context.date1904
        for number in range(len(self.cells), size):
            cell = _at(reader, self.place, number)
            self.cells.append(cell)
            if isinstance(cell, str):
                self.texts.setdefault(folded(cell), []).append(number)
                value: Scalar = number_from_text(cell, date1904)
            else:
                value = cell
            if isinstance(value, float):
                self.numbers.setdefault(value, []).append(number)

    def equal(self, reader: Reader, one: Criterion) -> Sequence[int] | None:
        """The cells that fit a criterion of equality, in order; None for another criterion."""
        if one.operator != _EQUAL:
            return None
        if one.operand is Operand.NUMBER:
            return self.numbers.get(one.number, ())
        if one.operand is Operand.TEXT:
            return self.texts.get(folded(reader.context.texts[int(one.number)]), ())
        return None


class Taken:
    """The first cells of a growing line, taken one after another by an aggregate."""

    def __init__(self, place: Place, start: Callable[[], Fold]) -> None:
        self._place, self._start = place, start
        self._size, self._fold = 0, start()

    def at(self, reader: Reader, size: int) -> Fold:
        """What is known of its first `size` cells; what the reader raises goes through."""
        if size < self._size:
            self._size, self._fold = 0, self._start()
        for number in range(self._size, size):
            self._fold.take(_at(reader, self._place, number))
            self._size = number + 1
        return self._fold


@dataclass(slots=True)
class Products:
    """The products of the first places of several lines, added up; the first error of each."""

    errors: list[ErrorCode | None]
    size: int = 0
    total: float = 0.0
    foreign: bool = False
    """Whether there are texts or booleans among them."""

    def take(self, factors: Sequence[Scalar]) -> None:
        """What stands at the next place; what is no number counts as 0."""
        product = 1.0
        for number, factor in enumerate(factors):
            if isinstance(factor, ErrorCode):
                self.errors[number] = self.errors[number] or factor
            self.foreign |= isinstance(factor, str | bool)
            product *= factor if type(factor) is float else 0.0
        self.total += product
        self.size += 1

    def result(self) -> float | ErrorCode:
        """Their sum, or the first error of the first line that has one."""
        return next((one for one in self.errors if one is not None), self.total)


@dataclass(slots=True)
class Found:
    """The cells that fit some criteria, and what values beside them come to, one after another."""

    looked_at: int = 0
    places: list[int] = field(default_factory=list)
    totals: dict[tuple[Place, Take], list[Running | ErrorCode]] = field(default_factory=dict)


class Growing:
    """What was found in the growing lines of a workbook."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, Reference, Place], Taken] = {}
        """Of aggregates: by the function, its area and where that begins."""
        self.products: dict[tuple[str, Call, int], Products] = {}
        """Of SUMPRODUCT: by the sheet, the call and the column in which it stands."""
        self._lines: dict[Place, Line] = {}
        self._found: dict[tuple[tuple[Place, Criterion], ...], Found] = {}

    def count(
        self, reader: Reader, asked: Sequence[tuple[Place, Criterion, Fits]], size: int
    ) -> int:
        """How many of the first `size` cells fit all criteria."""
        return bisect_left(self._fitting(reader, asked, size).places, size)

    def total(
        self,
        reader: Reader,
        asked: Sequence[tuple[Place, Criterion, Fits]],
        size: int,
        values: Place,
        take: Take,
    ) -> Running | ErrorCode:
        """What the numbers beside those cells come to; the first error among them."""
        found = self._fitting(reader, asked, size)
        totals = found.totals.setdefault((values, take), [(0.0, 0)])
        count = bisect_left(found.places, size)
        for place in found.places[len(totals) - 1 : count]:
            totals.append(_with(totals[-1], _at(reader, values, place), take))
        return totals[count]

    def _fitting(
        self, reader: Reader, asked: Sequence[tuple[Place, Criterion, Fits]], size: int
    ) -> Found:
        lines = [self._lines.setdefault(place, Line(place)) for place, _, _ in asked]
        for line in lines:
            line.extend(reader, size)
        key = tuple((place, one) for place, one, _ in asked)
        found = self._found.setdefault(key, Found())
        known = [line.equal(reader, one) for line, (_, one, _) in zip(lines, asked, strict=True)]
        candidates = next((one for one in known if one is not None), range(size))
        fits = [
            (line.cells, fit)
            for line, equal, (_, _, fit) in zip(lines, known, asked, strict=True)
            if equal is not candidates
        ]
        last = bisect_left(candidates, size)
        for place in candidates[found.looked_at : last]:
            if all(fit(cells[place]) for cells, fit in fits):
                found.places.append(place)
        found.looked_at = max(found.looked_at, last)
        return found


def _with(total: Running | ErrorCode, cell: Scalar, take: Take) -> Running | ErrorCode:
    """What numbers come to with one more cell."""
    if isinstance(total, ErrorCode):
        return total
    if isinstance(cell, ErrorCode):
        return cell
    if not isinstance(cell, float):
        return total
    return take(total[0], cell, total[1]), total[1] + 1


def _at(reader: Reader, place: Place, number: int) -> Scalar:
    sheet, top, left, down = place
    return reader.value(sheet, top + number * down, left + number * (not down))


_EQUAL = 0
"""The number of a criterion's operator."""
