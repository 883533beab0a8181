"""Writing pages with the values of their formulas, so that any viewer shows numbers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from xlcollab.disk import atomic_file
from xlcollab.errors import ModelError
from xlcollab.files import FileBook
from xlcollab.grid import CellEdit, Changes, Scalar, Workbook, decode
from xlcollab.kernels.trace.recalculate import recalculate
from xlcollab.lessons import Page, write_pages
from xlcollab.plan import build_plan
from xlcollab.ref import CellRef

_STALE = b' fullCalcOnLoad="1"'
_DATE = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold: files made twice are the same."""


def write_evaluated(path: str | Path, pages: Sequence[Page], *, title: str, run: str = "") -> None:
    """Write a workbook whose formulas carry our own evaluation as stored values.

    It is written once to be evaluated and once with the values, which charts keep too. `run` is
    the record of what made it. Raises
    ModelError naming a formula that cannot be evaluated, WriteRefusedError for an impossible path.
    """
    workbook = FileBook(title, data=_drafted(pages, {}, title)).read()
    edits, values = _evaluate(workbook)
    complete = FileBook(title, data=_drafted(pages, values, title), texts=workbook.texts)
    _declare_fresh(complete.pack(Changes(results=edits, run=run)), Path(path))


def _drafted(pages: Sequence[Page], values: Mapping[CellRef, Scalar], title: str) -> bytes:
    draft = io.BytesIO()
    write_pages(draft, pages, values, title=title)
    return draft.getvalue()


def _evaluate(workbook: Workbook) -> tuple[list[CellEdit], dict[CellRef, Scalar]]:
    """The values of all formula cells: as edits, and by cell."""
    outcome = recalculate(build_plan(workbook))
    if outcome.unsupported:
        first = outcome.unsupported[0]
        raise ModelError(f"{first.area} cannot be evaluated: {first.reason}")
    edits, values = [], {}
    for family, block in outcome.results:
        kinds, numbers = block.arrays()
        edits.append(CellEdit(family.area, kinds, numbers))
        for cell, kind, number in zip(
            family.area.cells(), kinds.ravel(), numbers.ravel(), strict=True
        ):
            values[cell] = decode(int(kind), float(number), workbook.texts)
    return edits, values


def _declare_fresh(source: bytes, target: Path) -> None:
    """Copy the package without the mark that its stored values are stale: they are not.

    With the mark every reader would evaluate all formulas again before it does anything else.
    """
    with (
        zipfile.ZipFile(io.BytesIO(source)) as package,
        atomic_file(target) as file,
        zipfile.ZipFile(file, "w") as copy,
    ):
        for name in package.namelist():
            data = package.read(name)
            if name == "xl/workbook.xml":
                data = data.replace(_STALE, b"")
            part = zipfile.ZipInfo(name, _DATE)
            copy.writestr(part, data, zipfile.ZIP_DEFLATED)
