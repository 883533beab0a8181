"""Aggregates of one line that grows from one cell to the next, `COUNTA(B$1:B9)`.

Each cell of such a line is taken once, into what is known of the cells before it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil, floor, inf, sqrt

from xlcollab.formula.nodes import Call, Node, Reference
from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.cellwise.growing import Fold, Taken, grows, place_of
from xlcollab.kernels.cellwise.lookups import CellFunction, Maker, NotCellwiseError
from xlcollab.kernels.cellwise.scalars import added, finished, number_of


class _Numbers:
    """Of the numbers alone; the first error is the result."""

    error: ErrorCode | None = None

    def __init__(self) -> None:
        self.count = 0

    def take(self, cell: Scalar) -> None:
        if self.error is not None:
            return
        if type(cell) is float:
            self.add(cell)
            self.count += 1
        elif isinstance(cell, ErrorCode):
            self.error = cell

    def result(self, given: float | ErrorCode) -> float | ErrorCode:
        if self.error is not None:
            return self.error
        return given if isinstance(given, ErrorCode) else self.found(given)

    def add(self, number: float) -> None:
        raise NotImplementedError

    def found(self, given: float) -> float | ErrorCode:
        """The result where there is no error."""
        raise NotImplementedError


class _Sum(_Numbers):
    """From the first to the last; the last that is not 0 closes the sum."""

    before = last = 0.0

    def add(self, number: float) -> None:
        if number != 0.0:
            self.before, self.last = self.before + self.last, number

    def found(self, given: float) -> float | ErrorCode:
        return added(self.before, self.last)


class _Mean(_Numbers):
    total = 0.0

    def add(self, number: float) -> None:
        self.total += number

    def found(self, given: float) -> float | ErrorCode:
        return self.total / self.count if self.count else ErrorCode.DIV0


class _Product(_Numbers):
    product = 1.0

    def add(self, number: float) -> None:
        self.product *= number

    def found(self, given: float) -> float | ErrorCode:
        return self.product if self.count else 0.0


class _Extreme(_Numbers):
    best = 0.0

    def __init__(self, choose: Callable[[float, float], float]) -> None:
        super().__init__()
        self._choose = choose

    def add(self, number: float) -> None:
        self.best = self._choose(self.best, number) if self.count else number

    def found(self, given: float) -> float | ErrorCode:
        return self.best


class _Spread(_Numbers):
    """Variance and standard deviation: sums of numbers and squares without rounding."""

    def __init__(self, freedom: int, root: bool) -> None:
        super().__init__()
        self._freedom, self._root = freedom, root
        self._sum = self._squares = 0

    def add(self, number: float) -> None:
        top, bottom = number.as_integer_ratio()
        whole = top << (_UNIT - (bottom.bit_length() - 1))
        self._sum += whole
        self._squares += whole * whole

    def found(self, given: float) -> float | ErrorCode:
        count, left = self.count, self.count - self._freedom
        if left <= 0:
            return ErrorCode.DIV0
        try:
            squares = count * self._squares - self._sum * self._sum
            variance = squares / (count * left << 2 * _UNIT)
        except OverflowError:
            return inf
        return sqrt(variance) if self._root else variance


class _Ordered(_Numbers):
    """The numbers in order."""

    def __init__(self, pick: Callable[[list[float], float], float | ErrorCode]) -> None:
        super().__init__()
        self._pick = pick
        self._ordered: list[float] = []

    def add(self, number: float) -> None:
        insort(self._ordered, number)

    def found(self, given: float) -> float | ErrorCode:
        return self._pick(self._ordered, given)


def _ranked(from_end: bool, ordered: list[float], k: float) -> float | ErrorCode:
    """LARGE and SMALL, as `ordering` has them for blocks."""
    if not 1 <= k <= len(ordered):
        return ErrorCode.NUM
    return ordered[floor(len(ordered) - k if from_end else k - 1)]


def _median(ordered: list[float], _: float) -> float | ErrorCode:
    if not ordered:
        return ErrorCode.NUM
    middle = (len(ordered) - 1) / 2
    return (ordered[floor(middle)] + ordered[ceil(middle)]) / 2


class _Count:
    """The cells of some kind."""

    def __init__(self, counts: Callable[[Scalar], bool]) -> None:
        self._counts, self._count = counts, 0

    def take(self, cell: Scalar) -> None:
        self._count += self._counts(cell)

    def result(self, given: float | ErrorCode) -> float | ErrorCode:
        return float(self._count)


_UNIT = 1074
"""Every float64 is a multiple of 2 to the minus this."""
RUNNING: Mapping[str, Callable[[], Fold]] = {
    "SUM": _Sum,
    "AVERAGE": _Mean,
    "PRODUCT": _Product,
    "MIN": partial(_Extreme, min),
    "MAX": partial(_Extreme, max),
    "COUNT": partial(_Count, lambda cell: type(cell) is float),
    "COUNTA": partial(_Count, lambda cell: cell is not None),
    "COUNTBLANK": partial(_Count, lambda cell: cell is None or cell == ""),
    "VAR": partial(_Spread, 1, False),
    "VAR.S": partial(_Spread, 1, False),
    "VARP": partial(_Spread, 0, False),
    "VAR.P": partial(_Spread, 0, False),
    "STDEV": partial(_Spread, 1, True),
    "STDEV.S": partial(_Spread, 1, True),
    "STDEVP": partial(_Spread, 0, True),
    "STDEV.P": partial(_Spread, 0, True),
    "MEDIAN": partial(_Ordered, _median),
    "LARGE": partial(_Ordered, partial(_ranked, True)),
    "SMALL": partial(_Ordered, partial(_ranked, False)),
}
RANKED = ("LARGE", "SMALL")
"""Those with a second argument."""


def runs(node: Node) -> bool:
    """Whether a node is an aggregate of one line that grows."""
    if not isinstance(node, Call) or node.name not in RUNNING:
        return False
    first, *rest = node.arguments or (None,)
    return isinstance(first, Reference) and grows(first) and len(rest) == (node.name in RANKED)


def running(maker: Maker, node: Call, depth: int) -> CellFunction:
    """An aggregate of a line that grows. Raises NotCellwiseError."""
    line, *rest = node.arguments
    assert isinstance(line, Reference)
    sheet, corners = maker.corners(line)
    second = maker.make(rest[0], depth) if rest else None
    start, date1904, taken = RUNNING[node.name], maker.context.date1904, maker.growing.taken

    def run(row: int, column: int) -> Scalar:
        where = corners(row, column)
        place = place_of(sheet, where, line)
        if place is None:
            raise NotCellwiseError
        key = (node.name, line, place)
        if key not in taken:
            taken[key] = Taken(place, start)
        given = number_of(second(row, column), date1904) if second else 0.0
        found = taken[key].at(maker, where[2] * where[3]).result(given)
        return found if isinstance(found, ErrorCode) else finished(found)

    return run
