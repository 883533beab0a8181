"""Where everything of a pass lies: from formulas to the tables that the machine reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xlcollab.formula.nodes import Reference
from xlcollab.kernels.scan import codes
from xlcollab.kernels.scan.body import (
    Growing,
    Inside,
    Made,
    NotScannedError,
    Operand,
    Outside,
    Step,
)
from xlcollab.kernels.scan.machine import UPWARDS, Tables
from xlcollab.kernels.values.area import area_of
from xlcollab.kernels.values.tape import Value
from xlcollab.plan import Family, rectangles
from xlcollab.plan.chains import Direction, Pass
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, Rect

Whole = NDArray[np.int64]

_MOST_PLACES = 50_000_000
"""Places that the operands of a pass may have in all: 400 MB."""
_MOST_PIECES = 500
"""Pieces of the sheet that a pass may read from outside."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The tables of a pass; see `machine`. All values lie in one row: `outside` numbers that are
    given, then the cells of the chain, then what the pass needs itself, `size` in all.

    `starts` says where each family's cells begin; they lie in reading order.
    """

    tables: Tables
    outside: int
    cells: int
    size: int
    states: int
    first: int
    last: int
    flags: int
    starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """A layout and the values that are given to it, each with the shape it is laid out in.

    `moving` says, by family, operation and operand, which of them may depend on variables (what is
    made of them is not asked).
    """

    layout: Layout
    values: tuple[Value, ...]
    shapes: tuple[tuple[int, ...], ...]
    moving: tuple[tuple[tuple[bool, ...], ...], ...]


class Surroundings(Protocol):
    """Who knows what stands outside of a chain."""

    def given(self, family: Family, operand: Outside) -> list[Value]:
        """The values of an operand for all copies, each (R or 1, C or 1, h, w)."""

    def region(self, sheet: str, rect: Rect) -> Value:
        """The cells of an area, (1, 1, h, w)."""


def lay_out(
    around: Surroundings, families: Sequence[Family], how: Pass, bodies: Sequence[Sequence[Step]]
) -> Laid:
    """Raises NotScannedError, and what the surroundings raise."""
    return _Builder(around, families, how, bodies).laid()


@dataclass(slots=True)
class _Builder:
    around: Surroundings
    families: Sequence[Family]
    how: Pass
    bodies: Sequence[Sequence[Step]]
    values: list[Value] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    pool: list[Whole] = field(default_factory=list)
    operands: list[list[int]] = field(default_factory=list)
    _sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Operand → the height and width of the area that it is, where it is one."""
    _pooled: int = 0
    _given: dict[int, int] = field(default_factory=dict)
    _labels: dict[tuple[str, Rect], Whole] = field(default_factory=dict)
    _outside: int = 0
    _moving: dict[int, list[tuple[bool, ...]]] = field(default_factory=dict)

    @property
    def direction(self) -> Direction:
        return self.how.direction

    def laid(self) -> Laid:
        """Operands first, with the chain's cells counted from 0 downwards: only then is it known
        how much lies before them."""
        rows: list[list[int]] = []
        members: list[list[int]] = []
        sizes = [family.rect.size for family in self.families]
        cells = sum(sizes)
        starts = np.concatenate([[0], np.cumsum(sizes)]).tolist()
        own, states = cells, 0
        for number in self.how.order:
            family = self.families[number]
            begin = len(rows)
            length, width = self._extent(family)
            made: list[tuple[int, int, int]] = []
            for at, step in enumerate(self.bodies[number]):
                first = len(self.operands)
                moving = tuple(self._operand(family, one, made) for one in step.operands)
                self._moving.setdefault(number, []).append(moving)
                if step.code == codes.SUM_OF_PRODUCTS:
                    self._agree(range(first, len(self.operands)))
                state = 0
                if step.code >= codes.GROWING:
                    out = (own, 2 * width, 2)
                    own += 2 * width * length
                    state, states = states, states + width
                elif at == len(self.bodies[number]) - 1:
                    out = self._cell_places(family, starts[number])
                else:
                    out, own = (own, 0, 0), own + 1
                made.append(out)
                rows.append([step.code, *out, first, len(self.operands), state])
            turned = int(self.how.turned[number])
            members.append([self._begin(number), length, width, begin, len(rows), turned])
        return self._finished(rows, members, tuple(starts[:-1]), cells, own, states)

    def _finished(
        self,
        rows: list[list[int]],
        members: list[list[int]],
        starts: tuple[int, ...],
        cells: int,
        own: int,
        states: int,
    ) -> Laid:
        outside = self._outside
        steps = np.array(rows, np.int64)
        steps[:, 1] += outside
        pool = np.concatenate([*self.pool, np.zeros(1, np.int64)])
        pool = np.where(pool < 0, outside - 1 - pool, pool)
        table = np.array(members, np.int64)
        layout = Layout(
            tables=Tables(table, steps, np.array(self.operands, np.int64), pool),
            outside=outside,
            cells=cells,
            size=outside + own,
            states=max(states, 1),
            first=int(table[:, 0].min()),
            last=int((table[:, 0] + table[:, 1]).max()),
            flags=UPWARDS if self.direction.backwards else 0,
            starts=tuple(outside + start for start in starts),
        )
        moving = tuple(tuple(self._moving[number]) for number in range(len(self.families)))
        return Laid(layout, tuple(self.values), tuple(self.shapes), moving)

    def _extent(self, family: Family) -> tuple[int, int]:
        """(steps, copies a step)."""
        if self.direction.across:
            return family.columns, family.rows
        return family.rows, family.columns

    def _begin(self, number: int) -> int:
        """The step at which a family's first line is worked out."""
        lines = self.direction.lines(self.families[number])
        line = int(lines[-1] if self.direction.backwards else lines[0])
        return self.direction.sign * line + self.how.delays[number]

    def _strided(
        self, base: int, by_row: int, by_column: int, family: Family
    ) -> tuple[int, int, int]:
        """(base, by step, by copy) of what lies by row and column of the family."""
        by_step, by_copy = (by_column, by_row) if self.direction.across else (by_row, by_column)
        if self.direction.backwards:
            length, _ = self._extent(family)
            return base + (length - 1) * by_step, -by_step, by_copy
        return base, by_step, by_copy

    def _cell_places(self, family: Family, start: int) -> tuple[int, int, int]:
        return self._strided(start, family.columns, 1, family)

    def _operand(
        self, family: Family, operand: Operand, made: Sequence[tuple[int, int, int]]
    ) -> bool:
        """Lay out an operand; whether it may depend on variables."""
        if isinstance(operand, Made):
            base, by_step, by_copy = made[operand.step]
            self._span_of_made(family, base, by_step, by_copy)
        elif isinstance(operand, Inside):
            self._inside(family, operand.reference)
        elif isinstance(operand, Growing):
            self._growing(family, operand.reference)
        else:
            values = self.around.given(family, operand)
            for value in values:
                self._given_operand(family, value, alone=operand.call is None)
            return not all(value.constant for value in values)
        return True

    def _agree(self, operands: Sequence[int]) -> None:
        """SUMPRODUCT of areas of different sizes is an error, and of single values a product by
        the operator's rules. Raises NotScannedError for both."""
        sizes = {self._sizes[operand] for operand in operands}
        if len(sizes) > 1 or (len(operands) > 1 and sizes == {(1, 1)}):
            raise NotScannedError("no sum of products of areas")

    def _span_of_made(self, family: Family, base: int, by_step: int, by_copy: int) -> None:
        """One of the chain's own places; those of areas that grow differ from copy to copy."""
        length, width = self._extent(family)
        if not by_step and not by_copy:
            places = np.array([-1 - base], np.int64)
            self.operands.append([self._into_pool(places), 0, 0, 1, 0, 0])
            return
        places = base + by_step * np.arange(length)[:, None] + by_copy * np.arange(width)
        start = self._into_pool(-1 - places)
        self.operands.append([start, width, 1, 1, 0, 0])

    def _into_pool(self, places: Whole) -> int:
        start = self._pooled
        self._pooled += places.size
        if self._pooled > _MOST_PLACES:
            raise NotScannedError("too many places")
        self.pool.append(places.reshape(-1).astype(np.int64))
        return start

    def _given_operand(self, family: Family, value: Value, *, alone: bool) -> None:
        shape = tuple(value.block.shape)
        rows, columns, height, width = shape
        if alone and height * width != 1:
            raise NotScannedError("an array stands where one value belongs")
        base, count = self._position(value), height * width
        self._sizes[len(self.operands)] = (height, width)
        by_row = columns * count if rows > 1 else 0
        by_column = count if columns > 1 else 0
        base, by_step, by_copy = self._strided(base, by_row, by_column, family)
        cells = value.block.cells or count > 1
        span = np.arange(base, base + count)
        if not by_step and not by_copy:
            self.operands.append([self._into_pool(span), 0, 0, count, int(cells), 0])
            return
        length, copies = self._extent(family)
        steps = by_step * np.arange(length if by_step else 1)[:, None, None]
        across = by_copy * np.arange(copies if by_copy else 1)[:, None]
        places = base + steps + across + np.arange(count)
        start = self._into_pool(places)
        each = places.shape[1] * count if by_step else 0
        self.operands.append([start, each, count if by_copy else 0, count, int(cells), 0])

    def _position(self, value: Value) -> int:
        """Where a value's numbers begin."""
        if id(value) not in self._given:
            self._given[id(value)] = self._outside
            self.values.append(value)
            shape = tuple(value.block.shape)
            self.shapes.append(shape)
            self._outside += prod(shape)
        return self._given[id(value)]

    def _inside(self, family: Family, reference: Reference) -> None:
        area = area_of(reference, family)
        if area.broken is not None:
            raise NotScannedError("a reference leaves the sheet")
        rect = area.bounding()
        labels = self._labelled(area.sheet, rect)
        rows = (area.top - rect.top)[:, :, None, None] + np.arange(area.height)[:, None]
        columns = (area.left - rect.left)[:, :, None, None] + np.arange(area.width)
        if prod(np.broadcast_shapes(rows.shape, columns.shape)) > _MOST_PLACES:
            raise NotScannedError("too many places")
        places = labels[rows, columns]
        across = self.direction.across
        lines = places.transpose(1, 0, 2, 3) if across else places
        if self.direction.backwards:
            lines = lines[::-1]
        start = self._into_pool(lines)
        count = area.size
        self._sizes[len(self.operands)] = (area.height, area.width)
        by_step = lines.shape[1] * count if lines.shape[0] > 1 else 0
        by_copy = count if lines.shape[1] > 1 else 0
        self.operands.append([start, by_step, by_copy, count, 1, 0])

    def _growing(self, family: Family, reference: Reference) -> None:
        """Line by line in the order of the steps: what is there at first, then what each adds."""
        direction = self.direction
        lines = direction.lines(family)
        across = Direction(not direction.across, False)
        low, high = direction.span(reference, lines)
        side_low, side_high = across.span(reference, direction.cross(family))
        width = int(side_high[0] - side_low[0]) + 1
        first = lines[-1] if direction.backwards else lines[0]
        at = int(first - lines[0])
        begin = np.arange(low[at], high[at] + 1)
        added = low[:-1][::-1] if direction.backwards else high[1:]
        if begin[0] < 0 or side_low.min() < 0:
            raise NotScannedError("a reference leaves the sheet")
        ordered = np.concatenate([begin, added])
        sides = np.unique(side_low) if len(set(side_low.tolist())) == 1 else side_low
        columns = sides[:, None] + np.arange(width)
        rect = self._bounds(ordered, columns)
        if rect.bottom > MAX_ROWS or rect.right > MAX_COLUMNS:
            raise NotScannedError("a reference leaves the sheet")
        labels = self._labelled(reference.sheet or family.sheet, rect)
        grid = labels.T if direction.across else labels
        top, left = (rect.left, rect.top) if direction.across else (rect.top, rect.left)
        places = grid[(ordered - top)[None, :, None], (columns - left)[:, None, :]]
        start = self._into_pool(places)
        by_copy = places.shape[1] * width if len(sides) > 1 else 0
        self.operands.append([start, width, by_copy, width, 1, len(begin) * width])

    def _bounds(self, lines: Whole, sides: Whole) -> Rect:
        top, left = int(lines.min()), int(sides.min())
        height, width = int(lines.max()) - top + 1, int(sides.max()) - left + 1
        if self.direction.across:
            return Rect(left, top, width, height)
        return Rect(top, left, height, width)

    def _labelled(self, sheet: str, rect: Rect) -> Whole:
        """Where each cell of an area lies; those of the chain as -1 - position. The shape is the
        area's."""
        if (sheet, rect) in self._labels:
            return self._labels[sheet, rect]
        own = np.full((rect.height, rect.width), 0, np.int64)
        start = 0
        for family in self.families:
            shared = family.rect.intersection(rect) if family.sheet == sheet else None
            if shared:
                there = np.arange(start, start + family.rect.size).reshape(
                    family.rect.height, family.rect.width
                )
                cut = shared.shifted(-family.rect.top, -family.rect.left)
                here = shared.shifted(-rect.top, -rect.left)
                own[here.rows, here.columns] = -1 - there[cut.rows, cut.columns]
            start += family.rect.size
        pieces = rectangles(np.where(own < 0, -1, 0).astype(np.int32))
        if len(pieces) > _MOST_PIECES:
            raise NotScannedError("too many pieces")
        for _, piece in pieces:
            region = self.around.region(sheet, piece.shifted(rect.top, rect.left))
            base = self._position(region)
            own[piece.rows, piece.columns] = np.arange(base, base + piece.size).reshape(
                piece.height, piece.width
            )
        self._labels[sheet, rect] = own
        return own
