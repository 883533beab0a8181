"""Writing pages with the values of their formulas, so that any viewer shows numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xlcollab.errors import ModelError
from xlcollab.files import FileBook
from xlcollab.grid import CellEdit, Changes, Scalar, Workbook, decode
from xlcollab.kernels.recalculate import recalculate
from xlcollab.lessons import Page, write_pages
from xlcollab.plan import build_plan
from xlcollab.ref import CellRef


def write_evaluated(path: str | Path, pages: Sequence[Page], *, title: str) -> None:
    """Write a workbook whose formulas carry our own evaluation as stored values.

    It is written once to be evaluated and once with the values, which charts keep too. Raises
    ModelError naming a formula that cannot be evaluated.
    """
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.xlsx"
        write_pages(draft, pages, {}, title=title)
        book = FileBook(draft, path)
        edits, values = _evaluate(book.read())
        write_pages(draft, pages, values, title=title)
        book.write(Changes(results=edits))


def _evaluate(workbook: Workbook) -> tuple[list[CellEdit], dict[CellRef, Scalar]]:
    """The values of all formula cells: as edits, and by cell."""
    outcome = recalculate(build_plan(workbook))
    if outcome.unsupported:
        first = outcome.unsupported[0]
        raise ModelError(f"{first.area} cannot be evaluated: {first.reason}")
    edits, values = [], {}
    for family, block in outcome.results:
        kinds = block.kinds()[0, 0].numpy().astype(np.uint8)
        numbers = block.number.expand(block.shape)[0, 0].numpy().astype(np.float64)
        edits.append(CellEdit(family.area, kinds, numbers))
        for cell, kind, number in zip(
            family.area.cells(), kinds.ravel().tolist(), numbers.ravel().tolist(), strict=True
        ):
            values[cell] = decode(kind, number, workbook.texts)
    return edits, values
