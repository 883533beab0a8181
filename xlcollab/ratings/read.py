"""Ratings from files and frames: delimited text, Parquet, JSON and MovieLens' own formats."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from xlcollab.disk import meant_file
from xlcollab.errors import (
    DataError,
    MissingPackageError,
    UsageError,
    WorkbookError,
    XlcollabError,
)
from xlcollab.ratings.checks import checked_ratings
from xlcollab.ratings.columns import Columns
from xlcollab.ratings.delimited import Frame, Wanted, read_text
from xlcollab.ratings.duplicates import merge_duplicates
from xlcollab.ratings.gathered import column_of, gathered, names_read
from xlcollab.ratings.layout import is_header, layout_of
from xlcollab.ratings.opening import (
    PACKED,
    encoding_of,
    first_lines,
    form_of,
    opened,
)
from xlcollab.ratings.parted.joined import joined
from xlcollab.ratings.parted.parts import is_parted, parts_of
from xlcollab.ratings.table import RatingsTable
from xlcollab.settings.counting import counted

if TYPE_CHECKING:
    import pyarrow as pa


def read_ratings(
    path: str | Path,
    columns: Columns | None = None,
    *,
    duplicates: str = "error",
    dtype: DTypeLike | None = None,
    headless: bool = False,
) -> RatingsTable:
    """The ratings in a file, its form told by the name.

    A folder, or a pattern such as ratings/*.parquet, is read as one table: its files in order of
    name, without those whose names begin with _ or a point. Known: `.csv`, `.tsv`, `.txt`,
    RecBole's `.inter` (a header, or four unnamed columns), `.parquet`, `.feather` or `.arrow`, JSON
    lines or a JSON list, MovieLens' `.data`, `.base`, `.test` (tabs, no header) and `.dat` (`::`,
    no header); texts also packed as .gz, .bz2, .xz or .zip (of several files, the one that is
    called ratings or u.data). Cells of other texts are separated by commas, semicolons, tabs or
    bars, or by blanks where a text has none of these. `headless` says that the first line is a
    rating: user, item, rating, time. Raises UsageError on another ending or an unknown column,
    WorkbookError without a file, DataError by row on bad values.
    """
    path = Path(path)
    check_ratings_file(path)
    wanted = Wanted(columns or Columns(), headless=headless, dtype=dtype)
    if is_parted(path):
        return merged_parts([read_part(part, wanted) for part in files_of(path)], path, duplicates)
    table, place = _read(path, wanted)
    return _merged(table, place, duplicates)


def files_of(path: Path) -> list[Path]:
    """The files that a path names: itself, or those of a folder or a pattern. Errors as
    `parts_of`."""
    return parts_of(path, READERS) if is_parted(path) else [path]


def read_part(path: Path, wanted: Wanted) -> RatingsTable | None:
    """The ratings of one of several files, or of the part of it that is wanted; None where it holds
    none. Errors are told by the row of that file."""
    frame = _frame(path, wanted)
    return _table(frame, wanted.columns, wanted.dtype) if len(frame.data) else None


def merged_parts(
    tables: Sequence[RatingsTable | None], path: Path, duplicates: str
) -> RatingsTable:
    """One table of those of the parts, its duplicates merged; rows are counted through all.
    Raises DataError where there is no rating, or ids have nothing in common."""
    there = [table for table in tables if table is not None]
    if not there:
        raise DataError(f"{path} holds no rating; a model needs at least one")
    try:
        table = joined(there)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return _merged(table, Place(f"{path} ({len(tables)} files)", 1), duplicates)


def read_frame(path: Path, headless: bool = False) -> Frame:
    """All columns of a file as a long table, ids as they are typed; errors as `read_ratings`.

    The files of a folder or a pattern are laid one below the other.
    """
    check_ratings_file(path)
    frames = [_frame(one, Wanted(Columns(), headless, every=True)) for one in files_of(path)]
    if len(frames) == 1:
        return frames[0]
    plain = [one.data.astype(dict.fromkeys(_coded(one.data), object)) for one in frames]
    return Frame(pd.concat(plain, ignore_index=True), path.name, 1)


def _coded(frame: pd.DataFrame) -> list[str]:
    """The columns that hold numbers into what differs, which parts have each its own."""
    kinds = frame.dtypes.items()
    return [str(name) for name, kind in kinds if isinstance(kind, pd.CategoricalDtype)]


def check_ratings_file(path: Path) -> None:
    """Raises UsageError for an ending that is not known, WorkbookError where there is no file; of a
    folder or a pattern see `parts_of`."""
    if is_parted(path):
        files_of(path)
        return
    if form_of(path) in _OTHER_WORKBOOKS:
        raise WorkbookError(f"{path} is no .xlsx workbook; open it and save it as .xlsx or .csv")
    if form_of(path) not in READERS:
        raise UsageError(
            f"{path}: no reader for {path.suffix or 'a file without ending'}; "
            f"known are {', '.join(READERS)}"
        )
    if not path.is_file():
        raise WorkbookError(f"{path}: there is no such file{meant_file(path)}")


_OTHER_WORKBOOKS = (".xls", ".xlsb", ".ods", ".numbers")
"""Endings of workbooks that others can turn into one that is read."""


def may_be_crosstab(path: Path) -> bool:
    """Whether a file is of a form that may hold a crosstab as well as a long table."""
    if is_parted(path):
        return False
    return READERS[form_of(path)].may_be_crosstab


def reads_as_long(path: Path, *, counts: bool = False) -> bool:
    """Whether a file is surely no crosstab: it is no plain text, or its first line names two of
    user, item and rating, or holds MovieLens' columns without a header."""
    if not may_be_crosstab(path):
        return True
    columns = Columns(counts=counts)
    layout = layout_of(path, Wanted(columns))
    return layout.skip != 1 or is_header(layout.names, columns)


def from_frame(
    frame: pd.DataFrame,
    columns: Columns | None = None,
    *,
    source: str = "the frame",
    duplicates: str = "error",
    dtype: DTypeLike | None = None,
    first_row: int = 1,
) -> RatingsTable:
    """The ratings in a long DataFrame, one row a rating; errors as `read_ratings`.

    `first_row` is the number the first row has where the frame came from, for messages.
    """
    place = Place(source, first_row)
    table = _table(Frame(frame, source, first_row), columns or Columns(), dtype)
    return _merged(table, place, duplicates)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table was read, and the row of its first rating there: for messages."""

    source: str
    first_row: int


def _read(path: Path, wanted: Wanted) -> tuple[RatingsTable, Place]:
    """The table of a file; the frame it came from is given up."""
    frame = _frame(path, wanted)
    return _table(frame, wanted.columns, wanted.dtype), Place(frame.source, frame.first_row)


def _merged(table: RatingsTable, place: Place, duplicates: str) -> RatingsTable:
    try:
        return merge_duplicates(table, duplicates, place.first_row)
    except DataError as error:
        raise DataError(f"{place.source}, {error}") from None


def _table(frame: Frame, columns: Columns, dtype: DTypeLike | None) -> RatingsTable:
    data = frame.data
    found = columns.resolve([str(name) for name in data.columns], frame.source)
    data = data.set_axis([str(name) for name in data.columns], axis=1)
    try:
        values = _values(data, found, frame.first_row, dtype)
        return RatingsTable.of(
            _ids(data, found.user, frame.first_row),
            _ids(data, found.item, frame.first_row),
            values,
            time=None if found.time is None else data[found.time],
            split=None if found.split is None else data[found.split],
            extra={name: data[name] for name in found.extra},
            dtype=dtype,
            first_row=frame.first_row,
        )
    except DataError as error:
        raise DataError(f"{frame.source}, {error}") from None


def _values(
    data: pd.DataFrame, found: Columns, first_row: int, dtype: DTypeLike | None
) -> NDArray[np.floating]:
    """The ratings; where counts are read and no column has them, 1 for each row."""
    if found.rating is None:
        return checked_ratings(np.ones(len(data)), dtype, first_row)
    return checked_ratings(data[found.rating], dtype, first_row, found.rating)


def _ids(data: pd.DataFrame, name: str | None, first_row: int) -> pd.Series:
    column: pd.Series = data[name]
    missing = column.isna().to_numpy()
    if missing.any():
        row = first_row + int(np.argmax(missing))
        raise DataError(f"row {row}, column {name!r}: found a blank, expected an id")
    return column


def _read_delimited(path: Path, wanted: Wanted) -> Frame:
    layout = layout_of(path, wanted)
    if len(layout.names) == 1:
        raise DataError(
            f"{path.name} holds no table: its first line is one column; separate user, item and "
            "rating by a comma, semicolon, tab, bar or blank"
        )
    return read_text(path, layout, wanted)


def _read_parquet(path: Path, wanted: Wanted) -> Frame:
    if wanted.every:
        return Frame(pd.read_parquet(path), path.name, 1)
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        groups = None if wanted.groups is None else list(wanted.groups)
        return _gathered(
            path,
            wanted,
            file.schema_arrow,
            lambda said: file.iter_batches(columns=said, row_groups=groups),
        )


def _read_feather(path: Path, wanted: Wanted) -> Frame:
    with opened(path) as file:  # Arrow looks behind first, which a packed file cannot
        whole = io.BytesIO(file.read()) if path.suffix.lower() in PACKED else file
        return Frame(pd.read_feather(whole), path.name, 1)


def _gathered(
    path: Path,
    wanted: Wanted,
    schema: pa.Schema,
    batches: Callable[[list[str]], Iterable[pa.RecordBatch]],
) -> Frame:
    """The wanted columns of a file that says their types."""
    found = wanted.columns.resolve(list(schema.names), path.name)
    ids = (found.user, found.item, found.split, *found.extra)
    names = names_read((*ids, found.rating, found.time))
    columns = {name: column_of(schema.field(name).type, is_id=name in ids) for name in names}
    return Frame(gathered(batches(names), columns), path.name, 1)


def _read_json_lines(path: Path, wanted: Wanted) -> Frame:
    """An object a line, or one list of objects."""
    is_list = next(iter(first_lines(path, 1)), "").lstrip().startswith("[")
    with opened(path) as file:
        try:
            encoding = encoding_of(path)
            data = pd.read_json(file, lines=not is_list, dtype=False, encoding=encoding)
        except (TypeError, AttributeError, KeyError, RecursionError):  # pandas' words say nothing
            raise ValueError('a line is no object such as {"user": 1, …}') from None
    return Frame(data, path.name, 1)


@dataclass(frozen=True, slots=True)
class Reader:
    """A form of file: what it is called, its endings, and how it is read.

    Add a form with a row in `_FORMS`; a test gives every row a good, an empty and a damaged file.
    """

    name: str
    endings: tuple[str, ...]
    read: Callable[[Path, Wanted], Frame]
    needs: str | None = None
    """The package that reads it, where that is not one of every installation."""
    may_be_crosstab: bool = False
    """Whether it may hold a crosstab as well as a long table."""


_FORMS = (
    Reader("delimited text", (".csv", ".tsv", ".txt"), _read_delimited, may_be_crosstab=True),
    Reader("RecBole's text", (".inter",), _read_delimited),
    Reader("a Parquet file", (".parquet",), _read_parquet, needs="pyarrow"),
    Reader("a Feather file", (".feather", ".arrow"), _read_feather, needs="pyarrow"),
    Reader("JSON", (".jsonl", ".ndjson", ".json"), _read_json_lines),
    Reader("MovieLens' text", (".data", ".base", ".test", ".dat"), _read_delimited),
)
READERS: Mapping[str, Reader] = {ending: form for form in _FORMS for ending in form.endings}
"""The forms by their endings."""


def _frame(path: Path, wanted: Wanted) -> Frame:
    """The table in a file of a known form.

    Raises MissingPackageError where what reads it is not installed, DataError where the file is
    empty or damaged.
    """
    reader = READERS[form_of(path)]
    try:
        frame = reader.read(path, wanted)
    except XlcollabError:
        raise
    except ImportError:
        if reader.needs is None:
            raise
        raise MissingPackageError(reader.needs) from None
    except (ValueError, OSError, EOFError, BadZipFile, LZMAError, zlib.error) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"{path.name} cannot be read as {reader.name}: {reason}") from None
    if len(frame.data.columns) < 2:
        columns = counted(len(frame.data.columns), "column")
        raise DataError(f"{path.name} holds no table: {columns} found")
    return frame
