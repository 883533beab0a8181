"""What a worksheet can hold: one guard for everything that is written, whoever asked for it.

A file beyond these limits is opened by no program, and nothing in it says why.
"""

from __future__ import annotations

import numpy as np

from xlcollab.errors import WriteRefusedError
from xlcollab.grid.changes import CellEdit, Changes, NewSheet
from xlcollab.grid.values import Kind, Scalar, TextPool
from xlcollab.ref import MAX_COLUMNS, MAX_ROWS, CellRef, Rect

MAX_TEXT = 32_767
"""Characters of a cell, counted in UTF-16 units as Excel does."""
MAX_HEAD = 255
"""The same for the head of a native table's column."""


def refuse_too_large(changes: Changes, texts: TextPool) -> None:
    """Raises WriteRefusedError naming the sheet or cell that no worksheet can hold."""
    for sheet in changes.sheets:
        _refuse_size(sheet)
        for row, values in enumerate(sheet.rows):
            for column, value in enumerate(values):
                _refuse_long(value, sheet.name, row, column)
    for edit in (*changes.inputs, *changes.results):
        _refuse_edit(edit, texts)


def text_length(text: str) -> int:
    """UTF-16 units."""
    return len(text) + sum(char > "\uffff" for char in text)


def _refuse_size(sheet: NewSheet) -> None:
    rows, columns = len(sheet.rows), max(map(len, sheet.rows), default=0)
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        raise WriteRefusedError(
            f"the sheet {sheet.name!r} would need {rows:,} rows and {columns:,} columns; Excel has "
            f"{MAX_ROWS:,} and {MAX_COLUMNS:,}. Write a .csv or .parquet file, a model file "
            "(.safetensors), or fewer rows and columns; nothing was written"
        )
    if sheet.table is not None and sheet.table.top < rows:
        _refuse_heads(sheet, sheet.table)


def _refuse_heads(sheet: NewSheet, table: Rect) -> None:
    for head in sheet.rows[table.top][table.left : table.right]:
        if isinstance(head, str) and text_length(head) > MAX_HEAD:
            raise WriteRefusedError(
                f"the table of the sheet {sheet.name!r} has a column head of "
                f"{text_length(head):,} characters ({head[:20]!r}…); Excel has {MAX_HEAD}; shorten "
                "it; nothing was written"
            )


def _refuse_long(value: Scalar, sheet: str, row: int, column: int) -> None:
    if isinstance(value, str) and len(value) > MAX_TEXT // 2 and text_length(value) > MAX_TEXT:
        raise WriteRefusedError(
            f"{CellRef(sheet, row, column)} would get a text of {text_length(value):,} characters; "
            f"a cell holds {MAX_TEXT:,}; shorten it; nothing was written"
        )


def _refuse_edit(edit: CellEdit, texts: TextPool) -> None:
    rect = edit.area.rect
    if rect.bottom > MAX_ROWS or rect.right > MAX_COLUMNS:
        raise WriteRefusedError(
            f"{edit.area} leaves the sheet, which has {MAX_ROWS:,} rows and {MAX_COLUMNS:,} "
            "columns; nothing was written"
        )
    is_text = edit.kinds == Kind.TEXT
    for number in np.unique(edit.numbers[is_text]):
        if text_length(texts[int(number)]) <= MAX_TEXT:
            continue
        row, column = np.argwhere(is_text & (edit.numbers == number))[0].tolist()
        _refuse_long(texts[int(number)], edit.area.sheet, rect.top + row, rect.left + column)
