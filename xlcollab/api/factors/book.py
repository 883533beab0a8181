"""The factors of a workbook file, written into it as a sheet: the whole of `xlcollab factors`."""

from __future__ import annotations

from pathlib import Path

from xlcollab.api.factors.factors import Factors, factors_of
from xlcollab.api.factors.sheet import factors_sheet
from xlcollab.api.session.saving import refuse_target, save_beside
from xlcollab.api.session.session import Session
from xlcollab.grid import Changes
from xlcollab.settings.requests.look import FactorsRequest


def write_factors(
    path: str | Path,
    sheet: str | None = None,
    *,
    items: str | None = None,
    bias: str | None = None,
    components: int | None = None,
    output: Path | None = None,
    overwrite: bool = False,
) -> tuple[Factors, Path]:
    """Open, analyse, add the sheet, save: the whole of `xlcollab factors`."""
    request = FactorsRequest(
        book=Path(path), sheet=sheet, items=items, bias=bias, components=components
    )
    book = Session(path)
    refuse_target(book, output, "factors", overwrite=overwrite)
    book.made_by("factors", request)
    found = factors_of(book, sheet, items=items, bias=bias, components=components)
    new = factors_sheet(found, [one.name for one in book.workbook])
    book.apply(Changes(sheets=(new,)))
    return found, save_beside(book, output, "factors", overwrite=overwrite)
