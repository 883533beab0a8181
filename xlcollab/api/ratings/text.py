"""A delimited text file as the sheet that Excel would show: where a crosstab may lie in it."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd

from xlcollab.api.ratings.kept.sheet_ids import EXACT
from xlcollab.errors import DataError
from xlcollab.grid import Formulas, Scalar, Sheet, TextPool, Workbook, encode
from xlcollab.ratings.crosstab import MAX_CELLS
from xlcollab.ratings.opening import encoding_of, opened
from xlcollab.ratings.read import separator_of
from xlcollab.ref import AreaRef

_REWRITTEN = re.compile(r"[+-]?0[0-9]+|[+-]?[0-9]+[eE][+-]?[0-9]+|\+.*")
"""Whole numbers that a cell would show without their zeros or powers."""
_NAME = "name its columns with --user-column, --item-column and --rating-column"
NAME_COLUMNS = f"{_NAME}, or the area of a crosstab with --area"


def text_workbook(path: Path) -> Workbook:
    """One sheet, named as the file. Raises DataError where the file is no text, or too large."""
    rows = _rows(path)
    width = max(map(len, rows), default=0)
    if not width:
        raise DataError(f"{path.name} is empty; a model needs ratings")
    cells = [cell for row in rows for cell in (*row, *[""] * (width - len(row)))]
    places, different = pd.factorize(np.array(cells, dtype=object))
    pool = TextPool()
    encoded = [encode(_value(text), pool) for text in different.tolist()]
    kinds = np.array([kind for kind, _ in encoded], np.uint8)
    numbers = np.array([number for _, number in encoded], np.float64)
    shape = len(rows), width
    sheet = Sheet(
        path.name,
        kinds[places].reshape(shape),
        numbers[places].reshape(shape),
        pool,
        Formulas.from_cells({}),
    )
    return Workbook([sheet], pool, source=path.name)


def begins_as_crosstab(sheet: Sheet) -> bool:
    """Whether the corner is blank beside ids, which no header of a long table is: then the reader
    may say by cell what keeps the file from being a crosstab."""
    return sheet.height > 1 and sheet.value(0, 0) is None and sheet.value(0, 1) is not None


def whole(sheet: Sheet) -> AreaRef:
    """All cells of the file."""
    return AreaRef(sheet.name, sheet.used)


def _rows(path: Path) -> list[list[str]]:
    rows: list[list[str]] = []
    n_cells = 0
    try:
        with opened(path) as packed:
            file = io.TextIOWrapper(packed, encoding=_encoding(path), newline="")
            for row in csv.reader(file, delimiter=separator_of(path)):
                rows.append(row)
                n_cells += len(row)
                if n_cells > MAX_CELLS:
                    raise DataError(
                        f"{path.name} has more than {MAX_CELLS:,} cells, too many for a crosstab; "
                        f"if it is a long table, {_NAME}"
                    )
    except UnicodeDecodeError:
        raise DataError(
            f"{path.name} cannot be read as a table: it is no text (a byte of it is not UTF-8); "
            "save it as CSV in UTF-8, or name a file of another ending"
        ) from None
    except csv.Error as error:
        raise DataError(f"{path.name} cannot be read as a table: {error}") from None
    return rows


def _encoding(path: Path) -> str:
    """As of a long table; bytes that are no text in any encoding are for the reader to refuse."""
    found = encoding_of(path)
    return (
        "utf-8-sig"
        if found in ("cp1252", "latin-1") and b"\0" in path.read_bytes()[:1024]
        else found
    )


def _value(text: str) -> Scalar:
    """Numbers as cells hold them; what a cell would round, refuse or write otherwise stays a text.

    An id such as 007 or 1E5 is one that no number prints back.
    """
    shown = text.strip()
    if not shown:
        return None
    if _REWRITTEN.fullmatch(shown):
        return shown
    try:
        number = float(shown)
    except ValueError:
        return shown
    return number if math.isfinite(number) and abs(number) <= EXACT else shown
