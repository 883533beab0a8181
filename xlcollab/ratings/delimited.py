"""Delimited text as columns: ids as they are typed, ratings as numbers, and no more than is used.

Arrow reads the file; where it finds something amiss the file is read again, as texts alone, so that
what is wrong can be told by its row.
"""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import DTypeLike

from xlcollab.errors import DataError
from xlcollab.ratings.columns import Columns
from xlcollab.ratings.gathered import Coded, Column, Numbers, Rated, gathered, names_read
from xlcollab.ratings.opening import encoding_of, first_lines, opened
from xlcollab.ratings.parted.window import Window, lines_before, seen_through
from xlcollab.ratings.typed import as_typed

if TYPE_CHECKING:
    import pyarrow as pa

BLANKS = " "
"""Separates cells where it says so: any number of blanks."""
COLONS = "::"
_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_LOOKED_AT = 20
"""Lines that tell what a column holds."""


@dataclass(frozen=True)
class Frame:
    """A long table as read, and the row its first rating has in the file."""

    data: pd.DataFrame
    source: str
    first_row: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which columns are read: those of `columns`, guessed where not said, or `every` one.

    `headless` says that the first line is no header; ratings will be of `dtype`, without
    one as narrow as tells them apart.
    """

    columns: Columns
    headless: bool = False
    every: bool = False
    dtype: DTypeLike | None = None
    window: Window | None = None
    """Of a text: the bytes that are read."""
    groups: tuple[int, ...] | None = None
    """Of a Parquet file: the row groups that are read."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text is cut: what separates cells (BLANKS: any number of these; COLONS: two of them),
    the names of the columns, lines above the first."""

    separator: str
    names: Sequence[str]
    skip: int = 0


@dataclass(frozen=True, slots=True)
class _Kinds:
    """What the columns that are read hold, by name."""

    ids: Sequence[str]
    rating: str | None = None
    time: str | None = None
    numbers: bool = False
    """Whether the first times are numbers."""
    decimal: str = "."
    read: Sequence[str] = field(default=())


def read_text(path: Path, layout: Layout, wanted: Wanted) -> Frame:
    """The columns that are wanted. Raises DataError where the file is no table or is empty."""
    if not layout.names or not first_lines(path, 1):
        raise DataError(f"{path.name} is empty")
    layout = _by_single_colons(replace(layout, names=_different(layout.names)))
    kinds = _kinds(path, layout, wanted)
    first_row = layout.skip + 1
    if wanted.window is not None:
        layout = replace(layout, skip=0)
    data = _by_arrow(path, layout, kinds, wanted)
    if data is None:
        first_row += 0 if wanted.window is None else lines_before(path, wanted.window)
        texts = _read_as_texts(path, layout, wanted.window)
        _refuse_further_cells(texts, layout, path.name, first_row)
        return Frame(_as_texts(texts, kinds), path.name, first_row)
    return Frame(data, path.name, first_row)


def _by_single_colons(layout: Layout) -> Layout:
    """Two colons as single ones with empty columns between: the fast way."""
    if layout.separator != COLONS:
        return layout
    names = [name for one in layout.names for name in (one, f" after {one}")][:-1]
    return replace(layout, separator=":", names=names)


def _opened(path: Path, window: Window | None) -> IO[bytes]:
    return opened(path) if window is None else seen_through(path, window)


def _different(names: Sequence[str]) -> list[str]:
    """Names of columns, a second one of the same name numbered."""
    return [
        name if name not in names[:place] else f"{name} ({place + 1})"
        for place, name in enumerate(names)
    ]


def _kinds(path: Path, layout: Layout, wanted: Wanted) -> _Kinds:
    if wanted.every:
        return _Kinds(ids=list(layout.names), read=list(layout.names))
    said = wanted.columns.resolve(layout.names, path.name)
    below = first_lines(path, layout.skip + _LOOKED_AT)[layout.skip :]
    has_blanks = layout.separator == BLANKS
    lines = list(csv.reader(below, delimiter=layout.separator, skipinitialspace=has_blanks))
    found = _Kinds(
        ids=[name for name in (said.user, said.item, said.split, *said.extra) if name is not None],
        rating=said.rating,
        time=said.time,
        numbers=said.time is not None and _are_numbers(_cells(lines, layout, said.time)),
        decimal="." if said.rating is None else _decimal(_cells(lines, layout, said.rating)),
    )
    return replace(found, read=names_read((*found.ids, found.rating, found.time)))


def _cells(lines: Sequence[Sequence[str]], layout: Layout, name: str) -> list[str]:
    at = list(layout.names).index(name)
    return [line[at].strip(' "') for line in lines if len(line) > at]


def _are_numbers(cells: Sequence[str]) -> bool:
    numbers = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce")
    return bool(len(cells)) and bool(numbers.notna().all())


def _decimal(cells: Sequence[str]) -> str:
    """A comma where ratings are written with one and none with a point."""
    has_comma = any(_COMMA.fullmatch(cell) for cell in cells)
    return "," if has_comma and not any("." in cell for cell in cells) else "."


def _by_arrow(path: Path, layout: Layout, kinds: _Kinds, wanted: Wanted) -> pd.DataFrame | None:
    """None where Arrow cannot read it all, a cell is missing or a rating is not finite."""
    if layout.separator == BLANKS:  # Arrow knows one, not many
        return None
    import pyarrow as pa

    try:
        with _opened(path, wanted.window) as file:
            columns = _columns(kinds, wanted.dtype)
            data = gathered(_batches(path, file, layout, kinds), columns)
    except (pa.ArrowInvalid, UnicodeDecodeError, OSError, EOFError):
        return None
    if kinds.rating not in (None, *kinds.ids) and not np.isfinite(data[kinds.rating]).all():
        return None
    for name in kinds.ids:
        data[name] = as_typed(data[name])
        if name != kinds.rating and (data[name].array.codes < 0).any():
            return None
    return data


_BLOCK = 1 << 20
"""Bytes of text that are looked at at once."""


def _batches(
    path: Path, file: IO[bytes], layout: Layout, kinds: _Kinds
) -> Iterator[pa.RecordBatch]:
    """The columns that are read, batch by batch; ids as the texts that they are."""
    import pyarrow as pa
    from pyarrow import csv

    types: dict[str, object] = dict.fromkeys(kinds.ids, pa.string())
    if kinds.rating is not None:
        types.setdefault(kinds.rating, pa.float64())
    if kinds.time is not None and not kinds.numbers:
        types.setdefault(kinds.time, pa.string())
    encoding = encoding_of(path)
    yield from csv.open_csv(
        file,
        csv.ReadOptions(
            column_names=list(layout.names),
            skip_rows=layout.skip,
            encoding="utf8" if encoding == "utf-8-sig" else encoding,
            block_size=_BLOCK,
        ),
        csv.ParseOptions(delimiter=layout.separator),
        csv.ConvertOptions(
            column_types=types,
            include_columns=list(kinds.read),
            null_values=[""],
            strings_can_be_null=True,
            decimal_point=kinds.decimal,
        ),
    )


def _columns(kinds: _Kinds, dtype: DTypeLike | None) -> dict[str, Column]:
    columns: dict[str, Column] = {name: Numbers() for name in kinds.read}
    columns |= {} if kinds.rating is None else {kinds.rating: Rated.of(dtype)}
    columns |= {name: Coded() for name in kinds.ids}
    if kinds.time is not None and kinds.time not in kinds.ids and not kinds.numbers:
        columns[kinds.time] = Coded()
    return columns


_FURTHER = ("further cell", "and one more")
"""The names of two columns that a text should not have."""


def _refuse_further_cells(texts: pd.DataFrame, layout: Layout, source: str, first_row: int) -> None:
    """Raises DataError where a row has cells behind the last column: which of them is the rating is
    not known. Separators with nothing behind them are passed over."""
    further = (texts[list(_FURTHER)].apply(lambda column: column.str.strip()) != "").any(axis=1)
    if further.any():
        row = first_row + int(np.argmax(further))
        raise DataError(
            f"{source}, row {row} has more cells than there are columns, which are "
            f"{', '.join(layout.names)}; a comma within a cell needs quotes around it"
        )


def _as_texts(data: pd.DataFrame, kinds: _Kinds) -> pd.DataFrame:
    data = data.fillna("").apply(lambda column: column.str.strip())
    blank = (data == "").all(axis=1).to_numpy()
    used = len(data) - int(np.argmin(blank[::-1])) if not blank.all() else 0
    data = data.iloc[:used]
    columns: dict[str, object] = {}
    for name in kinds.read:
        column = data[name]
        if name in kinds.ids:
            columns[name] = as_typed(column)
        elif name == kinds.rating:
            columns[name] = _as_numbers(column, kinds.decimal)
        else:
            columns[name] = column.astype(object).where(column != "", None)
    return pd.DataFrame(columns)


def _read_as_texts(path: Path, layout: Layout, window: Window | None) -> pd.DataFrame:
    names = [*layout.names, *_FURTHER]
    for encoding in (encoding_of(path), "cp1252", "latin-1"):
        try:
            with _opened(path, window) as file, warnings.catch_warnings():
                warnings.simplefilter("ignore", pd.errors.ParserWarning)  # of cells to be refused
                found = pd.read_csv(
                    file,
                    sep=r"\s+" if layout.separator == BLANKS else layout.separator,
                    header=None,
                    names=names,
                    index_col=False,
                    skiprows=layout.skip,
                    dtype=str,
                    na_filter=False,
                    skip_blank_lines=False,
                    encoding=encoding,
                    engine="c",
                )
                return found.fillna("")
        except pd.errors.EmptyDataError:
            return pd.DataFrame({name: [] for name in names}, dtype=str)
        except UnicodeDecodeError:
            continue
        except (pd.errors.ParserError, OSError, EOFError) as error:
            reason = str(error).rpartition("C error: ")[2].strip()
            raise DataError(f"{path.name} cannot be read as a table: {reason}") from None
    raise DataError(f"{path.name} cannot be read as a table: it is neither UTF-8 nor Latin-1")


def _as_numbers(texts: pd.Series, decimal: str) -> pd.Series:
    """Numbers where a text is one; what is none stays, to be shown, and a blank is None."""
    plain = texts.str.replace(",", ".") if decimal == "," else texts
    numbers = pd.to_numeric(plain, errors="coerce")
    if numbers.notna().all():
        return numbers
    mixed = texts.astype(object).where(texts != "", None)
    return mixed.where(numbers.isna(), numbers)
