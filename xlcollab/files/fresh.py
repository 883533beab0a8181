"""A new workbook made of new sheets alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from xlcollab.files.book import FileBook
from xlcollab.grid import Changes, NewSheet
from xlcollab.grid.naming import refuse_sheet_names


def write_new_workbook(
    path: str | Path, sheets: Sequence[NewSheet], run: str = "", kind: str = "table"
) -> Path:
    """Write a workbook that holds these sheets, a result of that `kind`, wholly or not at all;
    returns the path. `run` is the record of what made them.

    Raises WriteRefusedError where the path cannot be written or a sheet is no proper one.
    """
    import xlsxwriter  # here, for it takes longer to load than a workbook to read

    refuse_sheet_names(Changes(sheets=sheets), [])
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_worksheet(sheets[0].name)
    book.close()
    frame = FileBook("a new workbook", target=path, data=buffer.getvalue())
    changes = Changes(sheets=sheets, replaces=frozenset({sheets[0].name}), run=run)
    frame.write(changes, kind=kind)
    return Path(path)
