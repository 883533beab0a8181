"""Who reads what, where several processes read one table: each a run of row groups of Parquet, of
bytes of text, or of whole files of other forms, about equally much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xlcollab.errors import DataError
from xlcollab.ratings.delimited import Wanted
from xlcollab.ratings.layout import lines_above
from xlcollab.ratings.opening import encoding_of, form_of
from xlcollab.ratings.parted.window import Window, is_empty, start_of_table
from xlcollab.ratings.read import files_of, read_part
from xlcollab.ratings.table import RatingsTable

_PACKED = 4
"""How many times as large a packed text is when unpacked, about."""
_CUT = (".csv", ".tsv", ".txt", ".inter", ".data", ".base", ".test", ".dat")
"""Texts of a rating a line."""
_BY_BYTES = ("utf-8-sig", "cp1252", "latin-1")
"""Encodings in which a line ends with one byte that is part of nothing else."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or the row groups or the bytes of it that are read."""

    path: Path
    groups: tuple[int, ...] | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What can be given away of a file: `size` rows or bytes, cut anywhere or nowhere."""

    piece: Piece
    size: int
    is_cut: bool = False


def shares_of(path: Path, wanted: Wanted, n: int) -> list[list[Piece]]:
    """The pieces of a file, a folder or a pattern for each of n processes, in order: what a process
    reads comes before all that the next one reads. Some may get nothing.

    Raises UsageError and DataError as readers do, where a file cannot be opened.
    """
    stretches = [one for file in files_of(path) for one in _stretches(file, wanted)]
    total = max(1, sum(one.size for one in stretches))
    shares: list[list[Piece]] = [[] for _ in range(n)]
    before = 0
    for one in stretches:
        for rank, piece in _given(one, before, total, n):
            _add(shares[rank], piece)
        before += one.size
    return shares


def read_pieces(pieces: Sequence[Piece], wanted: Wanted) -> list[RatingsTable]:
    """The ratings of each piece that holds some; errors by row of the file."""
    read = (_read(piece, wanted) for piece in pieces)
    return [table for table in read if table is not None]


def _read(piece: Piece, wanted: Wanted) -> RatingsTable | None:
    if piece.window is not None and is_empty(piece.path, piece.window):
        return None
    return read_part(piece.path, replace(wanted, window=piece.window, groups=piece.groups))


def _given(one: _Stretch, before: int, total: int, n: int) -> Iterator[tuple[int, Piece]]:
    """Which process gets which part of a stretch that comes after `before` of `total`."""
    if not one.is_cut:
        yield min(n - 1, (2 * before + one.size) * n // (2 * total)), one.piece
        return
    assert one.piece.window is not None
    start = one.piece.window.start
    for rank in range(n):
        begin = max(before, total * rank // n) - before
        end = min(before + one.size, total * (rank + 1) // n) - before
        if begin < end:
            yield rank, replace(one.piece, window=Window(start, start + begin, start + end))


def _add(share: list[Piece], piece: Piece) -> None:
    """Row groups that lie one after the other in a file are one piece."""
    last = share[-1] if share else None
    if last is not None and last.path == piece.path and last.groups and piece.groups:
        share[-1] = replace(last, groups=last.groups + piece.groups)
    else:
        share.append(piece)


def _stretches(path: Path, wanted: Wanted) -> list[_Stretch]:
    form, size = form_of(path), path.stat().st_size
    if form == ".parquet":
        return [_Stretch(Piece(path, (at,)), rows) for at, rows in enumerate(_row_groups(path))]
    if path.suffix.lower() != form:
        return [_Stretch(Piece(path), _PACKED * size)]
    if form not in _CUT or encoding_of(path) not in _BY_BYTES:
        return [_Stretch(Piece(path), size)]
    start = start_of_table(path, lines_above(path, wanted))
    return [_Stretch(Piece(path, window=Window(start, start, size)), size - start, is_cut=True)]


def _row_groups(path: Path) -> list[int]:
    """The rows of each row group."""
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            found = file.metadata
            return [found.row_group(at).num_rows for at in range(found.num_row_groups)]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"{path.name} cannot be read as a Parquet file: {reason}") from None
