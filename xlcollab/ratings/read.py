"""Ratings from files and frames: CSV, Parquet and MovieLens' own formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike

from xlcollab.errors import DataError, UsageError
from xlcollab.ratings.checks import checked_ratings
from xlcollab.ratings.columns import REQUIRED, Columns
from xlcollab.ratings.duplicates import merge_duplicates
from xlcollab.ratings.table import RatingsTable

MOVIELENS = ["user", "item", "rating", "time"]
PLAIN_TEXT = (".csv", ".tsv", ".txt")
"""Files that may hold a crosstab as well as a long table."""


@dataclass(frozen=True)
class Frame:
    """A long table as read, and the row its first rating has in the file."""

    data: pd.DataFrame
    source: str
    first_row: int


def read_ratings(
    path: str | Path,
    columns: Columns | None = None,
    *,
    duplicates: str = "error",
    dtype: DTypeLike = np.float32,
) -> RatingsTable:
    """The ratings in a file, its form told by the name.

    Known: `.csv`, `.tsv`, `.txt`, RecBole's `.inter` (a header, or four unnamed columns),
    `.parquet`, MovieLens' `.data`, `.base`, `.test` (tabs, no header) and `.dat` (`::`, no header).
    Raises UsageError on another ending or an unknown column, DataError by row on bad values.
    """
    path = Path(path)
    check_ratings_file(path)
    reader = READERS[path.suffix.lower()]
    return _table(reader(path), columns or Columns(), duplicates, dtype)


def check_ratings_file(path: Path) -> None:
    """Raises UsageError where there is no file, or none of a known ending."""
    if path.suffix.lower() not in READERS:
        raise UsageError(
            f"{path}: no reader for {path.suffix or 'a file without ending'}; "
            f"known are {', '.join(READERS)}"
        )
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")


def reads_as_long(path: Path) -> bool:
    """Whether a file is surely no crosstab: it is no plain text, or its first line names two of
    user, item and rating, or holds MovieLens' columns without a header."""
    if path.suffix.lower() not in PLAIN_TEXT:
        return True
    first = _first_line(path).split(separator_of(path))
    named = Columns.known(first).keys() & set(REQUIRED)
    return len(named) >= 2 or _is_headless(first)


def from_frame(
    frame: pd.DataFrame,
    columns: Columns | None = None,
    *,
    source: str = "the frame",
    duplicates: str = "error",
    dtype: DTypeLike = np.float32,
    first_row: int = 1,
) -> RatingsTable:
    """The ratings in a long DataFrame, one row a rating; errors as `read_ratings`.

    `first_row` is the number the first row has where the frame came from, for messages.
    """
    return _table(Frame(frame, source, first_row), columns or Columns(), duplicates, dtype)


def _table(frame: Frame, columns: Columns, duplicates: str, dtype: DTypeLike) -> RatingsTable:
    data = frame.data
    found = columns.resolve([str(name) for name in data.columns], frame.source)
    data = data.set_axis([str(name) for name in data.columns], axis=1)
    try:
        values = checked_ratings(data[found.rating], dtype, frame.first_row, str(found.rating))
        table = RatingsTable.of(
            _ids(data, found.user, frame.first_row),
            _ids(data, found.item, frame.first_row),
            values,
            time=None if found.time is None else data[found.time],
            split=None if found.split is None else data[found.split],
            extra={name: data[name] for name in found.extra},
            dtype=dtype,
            first_row=frame.first_row,
        )
        return merge_duplicates(table, duplicates, frame.first_row)
    except DataError as error:
        raise DataError(f"{frame.source}, {error}") from None


def _ids(data: pd.DataFrame, name: str | None, first_row: int) -> pd.Series[Any]:
    column: pd.Series[Any] = data[name]
    missing = column.isna().to_numpy()
    if missing.any():
        row = first_row + int(np.argmax(missing))
        raise DataError(f"row {row}, column {name!r}: found a blank, expected an id")
    return column


def _read_delimited(path: Path) -> Frame:
    """Delimited text; without a header (its first line is all numbers) MovieLens' column order."""
    separator = separator_of(path)
    first = _first_line(path).split(separator)
    headless = _is_headless(first)
    data = _csv(path, sep=separator, **_header(headless, len(first)))
    return Frame(data, path.name, 1 if headless else 2)


def _read_tabs(path: Path) -> Frame:
    return Frame(
        _csv(path, sep="\t", **_header(True, len(_first_line(path).split("\t")))), path.name, 1
    )


def _read_double_colons(path: Path) -> Frame:
    """`user::item::rating::time`, read by single colons (empty columns between): the fast way."""
    n = len(_first_line(path).split("::"))
    data = _csv(path, sep=":", header=None, usecols=range(0, 2 * n, 2))
    return Frame(data.set_axis(MOVIELENS[:n], axis=1), path.name, 1)


def _read_parquet(path: Path) -> Frame:
    return Frame(pd.read_parquet(path), path.name, 1)


READERS: dict[str, Callable[[Path], Frame]] = {
    ".csv": _read_delimited,
    ".tsv": _read_delimited,
    ".txt": _read_delimited,
    ".inter": _read_delimited,
    ".parquet": _read_parquet,
    ".data": _read_tabs,
    ".base": _read_tabs,
    ".test": _read_tabs,
    ".dat": _read_double_colons,
}


def _csv(path: Path, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(path, skip_blank_lines=False, low_memory=False, **options)
    except pd.errors.EmptyDataError:
        raise DataError(f"{path.name} is empty") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = str(error).rpartition("C error: ")[2].strip()
        raise DataError(f"{path.name} cannot be read as a table: {reason}") from None


def _header(headless: bool, n: int) -> dict[str, Any]:
    return {"header": None, "names": MOVIELENS[:n]} if headless else {}


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline().rstrip("\r\n")


def separator_of(path: Path) -> str:
    """Tab, or in .csv and .txt what the first line has most of."""
    if path.suffix.lower() in (".tsv", ".inter"):
        return "\t"
    return max(",;\t", key=_first_line(path).count)


def _is_headless(first: list[str]) -> bool:
    return len(first) in (3, 4) and all(_is_number(cell) for cell in first)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
