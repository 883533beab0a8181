"""A new workbook made of new sheets alone."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from xlcollab.files.book import FileBook
from xlcollab.grid import Changes, NewSheet


def write_new_workbook(path: str | Path, sheets: Sequence[NewSheet]) -> Path:
    """Write a workbook that holds these sheets, wholly or not at all; returns the path.

    Raises WriteRefusedError where the path cannot be written or a sheet is no proper one.
    """
    import xlsxwriter  # here, for it takes longer to load than a workbook to read

    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder, "frame.xlsx")
        book = xlsxwriter.Workbook(str(frame))
        book.add_worksheet(sheets[0].name)
        book.close()
        replaces = frozenset({sheets[0].name})
        FileBook(frame, target=path).write(Changes(sheets=sheets, replaces=replaces))
    return Path(path)
