"""Recalculation: our own values of all formulas beside the stored ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import CellEdit, Changes, ErrorCode, Kind, Scalar, Sheet, Workbook, decode
from xlcollab.kernels.trace.recalculate import Recalculation, Unsupported, recalculate
from xlcollab.kernels.values.block import Block
from xlcollab.plan import Family
from xlcollab.ref import AreaRef, CellRef

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
    differences = [one for each in compared for one in _differences(workbook, each)]
    book.apply(Changes(results=[each.edit for each in compared if not each.same.all()]))
    return Check(
        formulas=sum(int(sheet.formula_mask().sum()) for sheet in workbook),
        matched=sum(int(each.same.sum()) for each in compared),
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
    book.apply(Changes(results=[each.edit for each in compared if not each.same.all()]))
    return sum(int((~each.same).sum()) for each in compared)


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
    compared = _compared(book.workbook, found)
    edits = [each.edit for each in compared if any(each.edit.area.meets(one) for one in wanted)]
    book.apply(Changes(results=edits))
    refused = [one.area for one in found.unsupported]
    return tuple(one for one in left_alone if any(one[0].meets(area) for area in refused))


@dataclass(frozen=True, slots=True)
class _Compared:
    """The computed values of a family, and which of them are as stored."""

    edit: CellEdit
    same: NDArray[np.bool_]


def _compared(workbook: Workbook, found: Recalculation) -> list[_Compared]:
    compared = []
    for family, block in found.results:
        kinds, numbers = _arrays(block)
        near = found.delta if family.area in found.iterated else 0.0
        same = _equal(workbook.sheet(family.sheet), family, kinds, numbers, near)
        compared.append(_Compared(CellEdit(family.area, kinds, numbers), same))
    return compared


def _arrays(block: Block) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    kinds = block.kinds()[0, 0].numpy().astype(np.uint8)
    return kinds, block.number.expand(block.shape)[0, 0].numpy().astype(np.float64)


def _equal(
    sheet: Sheet,
    family: Family,
    kinds: NDArray[np.uint8],
    numbers: NDArray[np.float64],
    near: float,
) -> NDArray[np.bool_]:
    """Which values are as stored; `near` is how far those of an iteration may be from it."""
    stored_kinds, stored = sheet.block(family.rect)
    size = np.maximum(np.abs(stored), np.abs(numbers))
    close = np.abs(numbers - stored) <= np.maximum(RELATIVE_TOLERANCE * size, near)
    exact = np.where(kinds == Kind.NUMBER, close, numbers == stored)
    return np.asarray((kinds == stored_kinds) & exact, np.bool_)


def _differences(workbook: Workbook, compared: _Compared) -> list[Difference]:
    edit = compared.edit
    found: list[Difference] = []
    if compared.same.all():
        return found
    sheet = workbook.sheet(edit.area.sheet)
    for i, j in np.argwhere(~compared.same).tolist():
        row, column = edit.area.rect.top + i, edit.area.rect.left + j
        computed = decode(int(edit.kinds[i, j]), edit.numbers[i, j], workbook.texts)
        cell = CellRef(edit.area.sheet, row, column)
        found.append(Difference(cell, sheet.value(row, column), computed))
    return found
