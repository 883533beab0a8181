"""What no `Book` may write, whatever it is made of: the rules and their sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from xlcollab.errors import WriteRefusedError
from xlcollab.grid.changes import CellEdit, Changes
from xlcollab.grid.values import Kind
from xlcollab.ref import CellRef, Rect


class Guard(NamedTuple):
    """Cells that must keep what they hold, and why ("lies inside the array formula …")."""

    rect: Rect
    reason: str
    spares_first: bool = False
    """Whether the first cell may be written all the same, as in merged cells."""


def merged_guards(merged: Iterable[Rect]) -> list[Guard]:
    return [Guard(rect, f"is covered by the merged cells {rect}", True) for rect in merged]


def array_guard(rect: Rect) -> Guard:
    return Guard(rect, f"belongs to the array formula of {rect}")


def pivot_guard(rect: Rect, title: str) -> Guard:
    """What a pivot table has laid out."""
    return Guard(rect, f"belongs to the pivot table {title!r} in {rect}")


def table_guards(name: str, rect: Rect, header_rows: int, totals_rows: int) -> list[Guard]:
    """The header and totals rows of a table: Excel keeps their texts twice, in cell and table."""
    last = rect.bottom - totals_rows
    parts = (
        (Rect(rect.top, rect.left, header_rows, rect.width), "header"),
        (Rect(last, rect.left, totals_rows, rect.width), "totals row"),
    )
    return [
        Guard(part, f"belongs to the {what} of the table {name}")
        for part, what in parts
        if part.height
    ]


def refuse_guarded(edit: CellEdit, guards: Iterable[Guard]) -> None:
    """Raises WriteRefusedError naming the first cell of `edit` that a guard keeps."""
    for guard in guards:
        common = edit.area.rect.intersection(guard.rect)
        if common is None:
            continue
        cells = common.cells()
        if guard.spares_first and (common.top, common.left) == (guard.rect.top, guard.rect.left):
            next(cells)
        for row, column in cells:
            refuse(edit.area.sheet, row, column, guard.reason)


def refuse_not_finite(edit: CellEdit) -> None:
    """Raises WriteRefusedError naming the first number that no cell can hold."""
    bad = (edit.kinds == Kind.NUMBER) & ~np.isfinite(edit.numbers)
    if bad.any():
        row, column = (int(index) for index in np.argwhere(bad)[0])
        top, left = edit.area.rect.top, edit.area.rect.left
        number = edit.numbers[row, column]
        refuse(edit.area.sheet, top + row, left + column, f"would get {number}, no finite number")


def refuse_shape(edit: CellEdit) -> None:
    """Raises WriteRefusedError if the arrays of `edit` have not the shape of its area."""
    expected = (edit.area.rect.height, edit.area.rect.width)
    if edit.kinds.shape != expected or edit.numbers.shape != expected:
        raise WriteRefusedError(
            f"{edit.area} has {expected[0]} × {expected[1]} cells, "
            f"but values of shape {edit.numbers.shape} were given for it"
        )


def refuse_protected(sheet: str) -> None:
    """Raises WriteRefusedError for a protected sheet."""
    raise WriteRefusedError(
        f"the sheet {sheet!r} is protected; unprotect it in Excel (Review > Unprotect Sheet) "
        "and save the workbook"
    )


def refuse_signed(source: str) -> None:
    """Raises WriteRefusedError for a signed file."""
    raise WriteRefusedError(
        f"{source} is digitally signed, and a change would break the signature; "
        "remove it in Excel (File > Info > View Signatures), or save a copy there and use that"
    )


def refuse_locked_structure(source: str, instead: str = "") -> None:
    """`instead` is another way out, such as "run without a history, or ". Raises
    WriteRefusedError."""
    raise WriteRefusedError(
        f"the structure of {source} is protected, so no sheet can be added; {instead}"
        "unprotect it in Excel (Review > Protect Workbook) and save it"
    )


def refuse_typing(changes: Changes) -> None:
    """Raises WriteRefusedError where formulas or names are to be put into an open workbook."""
    if changes.formulas or changes.names:
        raise WriteRefusedError(
            "formulas and defined names are written to files only; save the workbook, close it and "
            "use its file"
        )


def refuse(sheet: str, row: int, column: int, reason: str) -> None:
    """Raises WriteRefusedError: "dotprod!B3 holds a formula; nothing was written"."""
    raise WriteRefusedError(f"{CellRef(sheet, row, column)} {reason}; nothing was written")
