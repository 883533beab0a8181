"""A delimited text file as the sheet that Excel would show: where a crosstab may lie in it."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xlcollab.api.ratings.kept.sheet_ids import EXACT
from xlcollab.errors import DataError
from xlcollab.grid import Formulas, Scalar, Sheet, TextPool, Workbook, encode
from xlcollab.ratings.crosstab import MAX_CELLS
from xlcollab.ratings.layout import separator_of
from xlcollab.ratings.opening import encoding_of, opened
from xlcollab.ratings.typed import whole_numbers
from xlcollab.ratings.vocabulary import Id
from xlcollab.ref import AreaRef, Rect

_REWRITTEN = re.compile(r"[+-]?0[0-9]+|[+-]?[0-9]+[eE][+-]?[0-9]+|\+.*")
"""Whole numbers that a cell would show without their zeros or powers."""
_WITH_NOUGHTS = re.compile(r"-0+|[+-]?[0-9]+\.0*")
"""Whole numbers that are written as numbers with a fraction are."""
_NAME = "name its columns with --user-column, --item-column and --rating-column"
NAME_COLUMNS = f"{_NAME}, or the area of a crosstab with --area"


@dataclass(frozen=True, slots=True)
class TextWorkbook:
    """One sheet, named as its file, and how each of its cells is spelled there: `texts` (n,) that
    differ and which of them each cell is, (rows, columns)."""

    workbook: Workbook
    texts: NDArray[np.object_]
    places: NDArray[np.intp]

    def ids(self, rect: Rect) -> list[Id]:
        """The ids of a row or a column of cells, as in a long table: 17.0 is none that is 17."""
        used = self.workbook.sheets[0].used
        top, left = rect.top - used.top, rect.left - used.left
        places = self.places[top : top + rect.height, left : left + rect.width]
        spelled = [str(text).strip() for text in self.texts[places.ravel()]]
        numbers = whole_numbers(spelled)
        return list(spelled if numbers is None else numbers)


def text_workbook(path: Path) -> TextWorkbook:
    """Raises DataError where the file is no text, or too large."""
    rows = _rows(path)
    width = max(map(len, rows), default=0)
    if not width:
        raise DataError(f"{path.name} is empty; a model needs ratings")
    cells = [cell for row in rows for cell in (*row, *[""] * (width - len(row)))]
    places, different = pd.factorize(np.array(cells, dtype=object))
    pool = TextPool()
    places = places.reshape(len(rows), width)
    kinds, numbers = (column[places] for column in _encoded(map(_value, different), pool))
    for edge in (np.s_[0, :], np.s_[:, 0]):
        ids = _encoded((_edge(text) for text in different[places[edge]]), pool)
        kinds[edge], numbers[edge] = ids
    sheet = Sheet(path.name, kinds, numbers, pool, Formulas.from_cells({}))
    return TextWorkbook(Workbook([sheet], pool, source=path.name), different, places)


def _encoded(
    values: Iterable[Scalar], pool: TextPool
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    encoded = [encode(value, pool) for value in values]
    kinds = np.array([kind for kind, _ in encoded], np.uint8)
    return kinds, np.array([number for _, number in encoded], np.float64)


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


def _edge(text: str) -> Scalar:
    """A cell of the first row or column, where the ids of a crosstab stand: 17.0 is not 17."""
    shown = text.strip()
    return shown if _WITH_NOUGHTS.fullmatch(shown) else _value(text)


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
