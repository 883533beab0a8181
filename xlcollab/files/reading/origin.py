"""Whether a workbook is a result of ours.

What we write carries a mark in the zip directory, as a private extra field of the main part
(APPNOTE 6.3.9, 4.5.2), which programs pass over; no part differs by it. A program that saves the
workbook anew drops the mark; then its sheets tell.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path

from xlcollab.errors import WorkbookError
from xlcollab.files.package.package import DAMAGED, LIMITS, Package
from xlcollab.files.package.zip_copy import mark_of
from xlcollab.files.reading.workbook_part import read_workbook_part


def is_result(path: Path, kind: str, sheets: Collection[str], *, more: bool = False) -> bool:
    """Whether the file is a workbook marked as a result of that kind, or one without a mark that
    holds at least `sheets`; with `more` others besides, as those that a run adds."""
    try:
        with zipfile.ZipFile(path) as package:
            marks = [mark for mark in map(mark_of, package.infolist()) if mark]
        if marks:
            return kind in marks
        with Package(path, path.read_bytes(), LIMITS) as package:
            names = {sheet.name.casefold() for sheet in read_workbook_part(package).sheets}
    except (*DAMAGED, WorkbookError):
        return False
    wanted = {name.casefold() for name in sheets}
    return bool(wanted) and (wanted < names if more else wanted <= names)
