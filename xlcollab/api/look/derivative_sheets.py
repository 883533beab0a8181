"""Gradients, Jacobians and Hessians as sheets: numbers under a heat map, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlcollab.api.look.curvature import Hessian, Jacobian, hessian_of, jacobian_of
from xlcollab.api.look.gradients import Gradient, gradient
from xlcollab.api.session.saving import refuse_target, refuse_unchangeable, save_beside
from xlcollab.api.session.session import Session
from xlcollab.errors import UsageError
from xlcollab.grid import Changes, Look, NewSheet, Scalar
from xlcollab.history import (
    HEAD_ROW,
    added_name,
    cell_names,
    free_of_ours,
    look_of,
    top,
    top_looks,
    widths_of,
    wrapped_texts,
)
from xlcollab.problems import home_sheet, resolve_areas
from xlcollab.ref import MAX_COLUMNS, CellRef, Rect
from xlcollab.settings.requests.look import GradientRequest

Derivatives = Gradient | Jacobian | Hessian
_WORDS = ("gradient", "jacobian", "hessian")
"""The last word in the name of each kind of sheet."""
_LEFT = 3
"""Columns before a matrix: the cell, its name, a number of it."""


@dataclass(frozen=True, slots=True)
class Derived:
    """Derivatives, and the workbook with their sheet, if one was asked for."""

    found: Derivatives
    output: Path | None

    def as_json(self) -> dict[str, Any]:
        written = {} if self.output is None else {"output": str(self.output)}
        return self.found.as_json() | written


def derive(request: GradientRequest) -> Derived:
    """Open, differentiate, and write a sheet where that is asked for: `xlcollab gradient`."""
    book = Session(request.book)
    writes = request.output is not None or request.in_place
    place = {"in_place": request.in_place, "overwrite": request.overwrite}
    if writes:
        refuse_target(book, request.output, "derivatives", **place)
        refuse_unchangeable(book, sheets=True, instead="")
        book.made_by("gradient", request)
    found = _derivatives(book, request)
    if not writes:
        return Derived(found, None)
    add_derivatives(book, found)
    return Derived(found, save_beside(book, request.output, "derivatives", **place))


def _derivatives(book: Session, request: GradientRequest) -> Derivatives:
    of, by = request.of, request.with_respect_to
    if request.second:
        return hessian_of(book, of, by)
    home = home_sheet(book.workbook, of, by, advice="")
    areas = resolve_areas(book.workbook, of, home, "the area")
    if len(areas) != 1:
        raise UsageError(f"{of!r} is more than one area; name one cell or one area")
    return jacobian_of(book, of, by) if areas[0].rect.size > 1 else gradient(book, of, by)


def add_derivatives(book: Session, found: Derivatives) -> NewSheet:
    """Put their sheet into the book, in the place of that of an earlier run."""
    sheet = derivative_sheet(book, found)
    book.apply(Changes(sheets=(sheet,), replaces=frozenset((sheet.name,))))
    return sheet


def derivative_sheet(book: Session, found: Derivatives) -> NewSheet:
    """The sheet "<sheet> gradient", "… jacobian" or "… hessian".

    Raises UsageError where a matrix has more columns than Excel.
    """
    if isinstance(found, Gradient):
        return _gradient_sheet(book, found)
    columns = len(found.cells) + _LEFT
    if columns > MAX_COLUMNS:
        raise UsageError(
            f"{len(found.cells):,} cells to differentiate by do not fit the {MAX_COLUMNS:,} "
            "columns of a sheet; name fewer, or use --json"
        )
    return _jacobian_sheet(book, found) if isinstance(found, Jacobian) else _hessian(book, found)


def _gradient_sheet(book: Session, found: Gradient) -> NewSheet:
    names = cell_names(book.workbook, found.cells)
    slopes = found.derivatives
    rows = [
        [str(cell), name, book.workbook.value(cell), slope]
        for cell, name, slope in zip(found.cells, names, slopes.tolist(), strict=True)
    ]
    norm = float(np.linalg.norm(slopes))
    told = f"the exact slopes of {found.of} = {found.value:.6g}; their length is {norm:.6g}"
    head: list[Scalar] = ["cell", "name", "value", f"derivative of {found.of}"]
    looks = {2: look_of([row[2] for row in rows if isinstance(row[2], float)]), 3: look_of(slopes)}
    frame = _frame(book, found.of.sheet, _WORDS[0], f"The gradient of {found.of}", told)
    return replace(
        frame,
        rows=[*frame.rows, head, *rows],
        widths=widths_of(head, rows),
        column_looks=looks,
        cell_looks=_long_names(head, rows),
        boxes=(Rect(HEAD_ROW, 0, len(rows) + 1, len(head)),),
        heat=(Rect(HEAD_ROW + 1, 3, len(rows)),),
    )


def _jacobian_sheet(book: Session, found: Jacobian) -> NewSheet:
    count = f"{len(found.of)} cells by {len(found.cells)}"
    frame = _frame(
        book,
        found.of[0].sheet,
        _WORDS[1],
        f"The Jacobian of {found.of[0]} to {found.of[-1]}",
        f"row by row the exact slopes of {count}, by automatic differentiation",
    )
    return _with_matrix(book, frame, found.of, ("value", found.values), found)


def _hessian(book: Session, found: Hessian) -> NewSheet:
    frame = _frame(
        book,
        found.of.sheet,
        _WORDS[2],
        f"The Hessian of {found.of}: {found.verdict}",
        f"second derivatives of {found.of} = {found.value:.6g}, differences of exact gradients",
    )
    sheet = _with_matrix(book, frame, found.cells, ("gradient", found.gradient), found)
    condition = found.condition
    below: list[list[Scalar]] = [
        [],
        ["What it says"],
        ["point", found.sentence],
        ["condition number", condition if np.isfinite(condition) else "infinite"],
        [],
        ["Eigenvalues"],
        *([f"λ {i}", None, value] for i, value in enumerate(found.eigenvalues.tolist(), 1)),
    ]
    rows = [*sheet.rows, *below]
    sections = [len(sheet.rows) + 1, len(sheet.rows) + 5]
    looks: dict[int, Look] = {**sheet.row_looks, **dict.fromkeys(sections, "section")}
    places: dict[tuple[int, int], Look] = dict(sheet.cell_looks)
    places |= {(len(sheet.rows) + _CONDITION, 1): look_of([condition])}
    first, shown = len(sheet.rows) + 6, look_of(found.eigenvalues)
    places |= {(first + i, 2): shown for i in range(len(found.eigenvalues))}
    widths = {**sheet.widths, 0: max(sheet.widths[0], _LABELS)}
    return replace(sheet, rows=rows, widths=widths, row_looks=looks, cell_looks=places)


_LABELS = 20.0
"""Of the first column of a Hessian, in characters: "condition number" stands in it."""
_CONDITION = 3
"""Rows from the end of the matrix to the condition number."""


def _with_matrix(
    book: Session,
    frame: NewSheet,
    of: Sequence[CellRef],
    beside: tuple[str, NDArray[np.float64]],
    found: Jacobian | Hessian,
) -> NewSheet:
    """The frame with a row per cell of `of`: address, name, a number of its own, the matrix."""
    matrix = found.derivatives if isinstance(found, Jacobian) else found.matrix
    names = cell_names(book.workbook, of)
    heading, own = beside
    head: list[Scalar] = ["cell", "name", heading, *map(str, found.cells)]
    rows: list[list[Scalar]] = [
        [str(cell), name, number, *line]
        for cell, name, number, line in zip(of, names, own.tolist(), matrix.tolist(), strict=True)
    ]
    number: Look = look_of(matrix)
    columns = range(_LEFT, _LEFT + matrix.shape[1])
    return replace(
        frame,
        rows=[*frame.rows, head, *rows],
        widths=widths_of(head, rows),
        cell_looks=_long_names(head, rows),
        column_looks={2: look_of(own), **dict.fromkeys(columns, number)},
        boxes=(Rect(HEAD_ROW, 0, len(rows) + 1, len(head)),),
        heat=(Rect(HEAD_ROW + 1, _LEFT, *matrix.shape),),
        freeze=(HEAD_ROW + 1, _LEFT),
    )


def _long_names(head: list[Scalar], rows: list[list[Scalar]]) -> dict[tuple[int, int], Look]:
    """Names longer than their column go on in a further line."""
    lines = [*([] for _ in range(HEAD_ROW)), head, *rows]
    return wrapped_texts(lines, widths_of(head, rows), [Rect(HEAD_ROW, 0, len(rows) + 1, 2)])


def _frame(book: Session, home: str, word: str, title: str, told: str) -> NewSheet:
    """Name, title and sentence."""
    return NewSheet(
        added_name(home, word, free_of_ours(book.workbook, _WORDS)),
        top(title, told),
        freeze=(HEAD_ROW + 1, 1),
        row_looks=top_looks(),
    )
