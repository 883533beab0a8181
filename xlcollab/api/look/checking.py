"""Recalculation: our own values of all formulas beside the stored ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import CellEdit, Changes, ErrorCode, Kind, Scalar, Sheet, Workbook, decode
from xlcollab.kernels.trace.recalculate import Recalculation, Unsupported, recalculate
from xlcollab.kernels.values.block import Block
from xlcollab.plan import Family
from xlcollab.plan.rectangles import rectangles
from xlcollab.ref import AreaRef, CellRef, Rect

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session

RELATIVE_TOLERANCE = 1e-12
"""Excel stores 15 to 17 digits, and a long sum loses some of them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A formula cell whose stored value is not the computed one."""

    cell: CellRef
    stored: Scalar
    computed: Scalar


@dataclass(frozen=True, slots=True)
class Check:
    """`formulas` counts formula cells; `volatile` those that draw at random or read the clock."""

    formulas: int
    matched: int
    differences: tuple[Difference, ...]
    unsupported: tuple[Unsupported, ...]
    volatile: int

    @property
    def not_evaluated(self) -> int:
        """How many cells are unsupported."""
        return sum(one.area.rect.size for one in self.unsupported)

    @property
    def line(self) -> str:
        """The counts in one line."""
        return (
            f"{self.formulas} formula cells: {self.matched} as stored, {len(self.differences)} "
            f"differ, {self.not_evaluated} not evaluated, {self.volatile} volatile"
        )

    def as_json(self, output: Path | None = None) -> dict[str, object]:
        """`output` is added where a workbook was written."""
        found: dict[str, object] = {
            "formulas": self.formulas,
            "matched": self.matched,
            "differences": [
                {"cell": str(d.cell), "stored": plain(d.stored), "computed": plain(d.computed)}
                for d in self.differences
            ],
            "unsupported": [
                {"cell": str(one.area), "reason": one.reason} for one in self.unsupported
            ],
            "volatile": self.volatile,
        }
        return found if output is None else found | {"output": str(output)}


def plain(value: Scalar) -> float | str | bool | None:
    """A cell's value for JSON: errors as their text."""
    return value.text if isinstance(value, ErrorCode) else value


def recalculate_book(book: Session) -> Check:
    """Evaluate every formula, compare, and put the new values into the book."""
    book.stale = False
    workbook = book.workbook
    found = recalculate(book.plan)
    compared = _compared(workbook, found)
    order = {sheet.name: number for number, sheet in enumerate(workbook)}
    differences = sorted(
        (one for each in compared for one in each.differences()),
        key=lambda one: (order[one.cell.sheet], one.cell.row, one.cell.column),
    )
    book.apply(Changes(results=[edit for each in compared for edit in each.changed()]))
    return Check(
        formulas=sum(int(sheet.formula_mask().sum()) for sheet in workbook),
        matched=sum(int((each.evaluated & each.same).sum()) for each in compared),
        differences=tuple(differences),
        unsupported=found.unsupported,
        volatile=sum(family.rect.size for family in found.volatile),
    )


def refresh(book: Session) -> int:
    """Recalculate once if the file says that its stored values may be out of date, as Excel does
    on opening it. Returns how many values changed. Random cells that hold the 0 of a library are
    drawn once.
    """
    if not book.stale:
        return 0
    book.stale = False
    compared = _compared(book.workbook, recalculate(book.plan, draw=True))
    book.apply(Changes(results=[edit for each in compared for edit in each.changed()]))
    return sum(int(each.different.sum()) for each in compared)


def brought_up_to_date(
    book: Session, left_alone: Sequence[tuple[AreaRef, str]]
) -> tuple[tuple[AreaRef, str], ...]:
    """Evaluate areas that no function of the variables could be made of, now that the variables
    have their values. Returns those that cannot be evaluated at all, with the reason.
    """
    if not left_alone:
        return ()
    wanted = {area for area, _ in left_alone}
    found = recalculate(book.plan)
    edits = [
        each.edit(rect)
        for each in _compared(book.workbook, found)
        for rect in each.rects
        if any(AreaRef(each.sheet.name, rect).meets(one) for one in wanted)
    ]
    book.apply(Changes(results=edits))
    refused = [one.area for one in found.unsupported]
    return tuple(one for one in left_alone if any(one[0].meets(area) for area in refused))


@dataclass(frozen=True, slots=True)
class _Compared:
    """The computed values of neighbouring families, which fill `rects`, and which are as stored.

    The arrays cover `box`, which holds them all; what is `evaluated` counts.
    """

    sheet: Sheet
    box: Rect
    rects: list[Rect]
    kinds: NDArray[np.uint8]
    numbers: NDArray[np.float64]
    evaluated: NDArray[np.bool_]
    same: NDArray[np.bool_]

    @property
    def different(self) -> NDArray[np.bool_]:
        return np.asarray(self.evaluated & ~self.same, np.bool_)

    def edit(self, rect: Rect) -> CellEdit:
        where = _within(self.box, rect)
        return CellEdit(AreaRef(self.sheet.name, rect), self.kinds[where], self.numbers[where])

    def changed(self) -> list[CellEdit]:
        """The values of all families of which one is not as stored."""
        labels = np.full(self.same.shape, -1, np.int32)
        different = self.different
        for where in [_within(self.box, rect) for rect in self.rects] if different.any() else ():
            if different[where].any():
                labels[where] = 0
        corner = self.box.top, self.box.left
        return [self.edit(rect.shifted(*corner)) for _, rect in rectangles(labels)]

    def differences(self) -> Iterator[Difference]:
        """In reading order."""
        rows, columns = np.nonzero(self.different)
        computed = zip(
            self.kinds[rows, columns].tolist(), self.numbers[rows, columns].tolist(), strict=True
        )
        rows, columns = rows + self.box.top, columns + self.box.left
        for row, column, value in zip(rows.tolist(), columns.tolist(), computed, strict=True):
            cell = CellRef(self.sheet.name, row, column)
            stored = self.sheet.value(row, column)
            yield Difference(cell, stored, decode(*value, self.sheet.texts))


def _within(box: Rect, rect: Rect) -> tuple[slice, slice]:
    """Where the values of `rect` lie in an array of those of `box`."""
    inside = rect.shifted(-box.top, -box.left)
    return inside.rows, inside.columns


_Results = list[tuple[Family, Block]]
_ROOM, _MOST_EMPTY = 1_000_000, 4
"""Cells of a box that is never too large, and the most cells of a larger one for each that is
computed: two formulas at the ends of a sheet have sixty million between them."""


def _compared(workbook: Workbook, found: Recalculation) -> list[_Compared]:
    by_sheet: dict[str, _Results] = {sheet.name: [] for sheet in workbook}
    for family, block in found.results:
        by_sheet[family.sheet].append((family, block))
    return [
        _box_compared(workbook.sheet(name), box, results, found)
        for name, all_results in by_sheet.items()
        for box, results in _neighbours(all_results)
    ]


def _neighbours(results: _Results) -> list[tuple[Rect, _Results]]:
    """Families in groups, in reading order, and the box of each."""
    groups: list[tuple[Rect, _Results]] = []
    held = 0
    for one in sorted(results, key=lambda result: (result[0].rect.top, result[0].rect.left)):
        rect = one[0].rect
        held += rect.size
        box = groups[-1][0].union(rect) if groups else rect
        if groups and box.size <= max(_ROOM, _MOST_EMPTY * held):
            groups[-1] = box, groups[-1][1]
            groups[-1][1].append(one)
        else:
            groups.append((rect, [one]))
            held = rect.size
    return groups


def _box_compared(sheet: Sheet, box: Rect, results: _Results, found: Recalculation) -> _Compared:
    shape = box.height, box.width
    kinds, numbers = np.zeros(shape, np.uint8), np.zeros(shape)
    near, evaluated = np.zeros(shape if found.iterated else ()), np.zeros(shape, np.bool_)
    for family, block in results:
        where = _within(box, family.rect)
        kinds[where], numbers[where] = block.arrays()
        evaluated[where] = True
        if found.iterated and family.area in found.iterated:
            near[where] = found.delta
    same = _equal(*sheet.block(box), kinds, numbers, near)
    rects = [family.rect for family, _ in results]
    return _Compared(sheet, box, rects, kinds, numbers, evaluated, same)


def _equal(
    stored_kinds: NDArray[np.uint8],
    stored: NDArray[np.float64],
    kinds: NDArray[np.uint8],
    numbers: NDArray[np.float64],
    near: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Which values are as stored; `near` is how far those of an iteration may be from it."""
    size = np.maximum(np.abs(stored), np.abs(numbers))
    close = np.abs(numbers - stored) <= np.maximum(RELATIVE_TOLERANCE * size, near)
    exact = np.where(kinds == Kind.NUMBER, close, numbers == stored)
    return np.asarray((kinds == stored_kinds) & exact, np.bool_)
