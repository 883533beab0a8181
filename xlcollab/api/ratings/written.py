"""How the workbook of a fitted model is known."""

from __future__ import annotations

from xlcollab.grid import Workbook

SAVED, RATED = "saved", "rated"
"""Hidden sheets: what is read back, and which pairs were rated."""


def holds_model(workbook: Workbook) -> bool:
    """Whether `fit` wrote the workbook."""
    return all(workbook.find(name) is not None for name in (SAVED, RATED, "users", "items"))
