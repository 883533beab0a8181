"""What else a workbook holds, for a verb that finds nothing of its own in it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from xlcollab.api.session.session import Session
from xlcollab.problems import find_models
from xlcollab.problems.tab.tab import find_tabs

_SHOWN = 3
"""Sheets that are named."""


def tabs_instead(book: Session) -> str:
    """A sentence for a book without models that holds tabs of gradient descent; "" for others."""
    tabs = [sheet for sheet, _ in find_tabs(book.workbook)]
    return _sentence("tabs of gradient descent", tabs, "run", book)


def models_instead(book: Session) -> str:
    """A sentence for a book without tabs that holds Solver models; "" for others."""
    models = [sheet for sheet, _ in find_models(book.workbook)]
    return _sentence("Solver models", models, "solve", book)


def _sentence(what: str, sheets: Sequence[str], verb: str, book: Session) -> str:
    if not sheets:
        return ""
    named = ", ".join(sheets[:_SHOWN]) + (", …" if len(sheets) > _SHOWN else "")
    return f". It holds {what} ({named}): xlcollab {verb} {shlex.quote(book.path.name)}"
