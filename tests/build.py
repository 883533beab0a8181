"""Small workbooks for tests, typed as {sheet: {cell: value}}; XlsxWriter writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from xlcollab.ref import parse_rect

Cells = Mapping[str, Any]
"""{"A1": 1.5, "B1": "text", "C1": True, "D1": "=A1*2", "E1": ("=A1*2", 3.0),
"F1": ("{=MMULT(A1:B2,C1:D2)}", "F1:G2")}: None is skipped, a formula may carry its stored result,
an array formula its area."""
Name = tuple[str, str, str | None, bool]
"""(name, text without "=", sheet of its scope or None, hidden)."""
TableSpec = tuple[str, str, str, Sequence[str]]
"""(sheet, area with header row, name, column headers)."""


def build(
    path: Path | str,
    sheets: Mapping[str, Cells],
    names: Sequence[Name] = (),
    tables: Sequence[TableSpec] = (),
) -> Path:
    """Write a workbook and return its path.

    Formulas without a stored result store 0. XlsxWriter stores numbers with 16 digits, so the last
    bit of a number may differ; read the book back where a test needs it exact.
    """
    book = xlsxwriter.Workbook(str(path))
    for title, cells in sheets.items():
        sheet = book.add_worksheet(title)
        for address, value in cells.items():
            _write(sheet, address, value)
    for title, area, name, columns in tables:
        headers = [{"header": column} for column in columns]
        book.get_worksheet_by_name(title).add_table(area, {"name": name, "columns": headers})
    for name, text, scope, hidden in names:
        quoted = "" if scope is None else "'" + scope.replace("'", "''") + "'!"
        book.define_name(f"{quoted}{name}", f"={text}")
        book.defined_names[-1][3] = hidden
    book.close()
    return Path(path)


def _write(sheet: Any, address: str, value: Any) -> None:
    rect = parse_rect(address)
    row, column = rect.top, rect.left
    if value is None:
        return
    if isinstance(value, tuple) and value[0].startswith("{="):
        sheet.write_array_formula(value[1], value[0])
    elif isinstance(value, tuple):
        sheet.write_formula(row, column, value[0], None, value[1])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, str) and value.startswith("="):
        sheet.write_formula(row, column, value)
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    else:
        sheet.write_number(row, column, value)
