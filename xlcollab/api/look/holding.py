"""What kind of work a workbook holds."""

from __future__ import annotations

from xlcollab.api.session.session import Session
from xlcollab.errors import ModelError
from xlcollab.problems import find_models
from xlcollab.problems.tab.tab import find_tabs


def has_models(book: Session, sheet: str | None = None) -> bool:
    """Whether a Solver model is stored, on the sheet that is named or on any.

    Raises WorkbookError for a sheet that is not there, ModelError for a workbook that holds neither
    models nor tabs.
    """
    names = {name for name, _ in find_models(book.workbook)}
    if not names and not find_tabs(book.workbook):
        raise ModelError(
            f"{book.path.name} holds neither a Solver model nor a tab of gradient descent; a model"
            " in words is shown by xlcollab solve with --minimize, --by-changing and --browser"
        )
    return bool(names) if sheet is None else book.workbook.sheet(sheet).name in names
