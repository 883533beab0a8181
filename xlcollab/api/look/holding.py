"""What kind of work a workbook holds."""

from __future__ import annotations

from xlcollab.api.session.session import Session
from xlcollab.problems import find_models


def has_models(book: Session, sheet: str | None = None) -> bool:
    """Whether a Solver model is stored, on the sheet that is named or on any.

    Raises WorkbookError for a sheet that is not there.
    """
    names = {name for name, _ in find_models(book.workbook)}
    return bool(names) if sheet is None else book.workbook.sheet(sheet).name in names
