"""Saving under a default name that says what was done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xlcollab.grid.refusals import refuse_locked_structure, refuse_signed

if TYPE_CHECKING:
    from xlcollab.api.session.session import Session


WITHOUT_HISTORY = "run with --no-history, which adds none, or "


def save_beside(
    book: Session,
    path: Path | None,
    suffix: str,
    *,
    in_place: bool = False,
    overwrite: bool = False,
) -> Path:
    """Save to `path`, or to "<book>.<suffix>.xlsx" beside the workbook, or in place."""
    return book.save(path, in_place=in_place, suffix=suffix, overwrite=overwrite)


def refuse_target(
    book: Session,
    path: Path | None,
    suffix: str,
    *,
    in_place: bool = False,
    overwrite: bool = False,
) -> None:
    """Raises what `save_beside` would raise about the place, before the work is done."""
    book.target(path, in_place=in_place, suffix=suffix, overwrite=overwrite)


def refuse_unchangeable(book: Session, *, sheets: bool, instead: str = WITHOUT_HISTORY) -> None:
    """Raises the WriteRefusedError that a save would raise about the workbook as a whole, before
    the work is done. `sheets`: whether some will be added; `instead`: how to do without.
    """
    workbook = book.workbook
    if workbook.signed:
        refuse_signed(workbook.source)
    if sheets and workbook.structure_locked:
        refuse_locked_structure(workbook.source, instead)
