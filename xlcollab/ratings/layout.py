"""How a text of ratings is cut: what separates its cells, and where its header is."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from xlcollab.errors import DataError
from xlcollab.ratings.columns import REQUIRED, Columns
from xlcollab.ratings.delimited import BLANKS, COLONS, Layout, Wanted
from xlcollab.ratings.opening import SEPARATORS, first_lines, form_of, separator_in

MOVIELENS = ["user", "item", "rating", "time"]
_MOVIELENS_BY: Mapping[str, str] = {".data": "\t", ".base": "\t", ".test": "\t", ".dat": COLONS}
"""The endings of MovieLens' files, which have no header, with what separates their cells."""
_TABS = (".tsv", ".inter")
"""Endings that say what separates cells."""


def layout_of(path: Path, wanted: Wanted) -> Layout:
    """Where the header is, below titles it may have; none where the first line is all numbers, or
    is one of MovieLens' files. Raises DataError where one of these has too few columns."""
    lines = first_lines(path)
    separator = _MOVIELENS_BY.get(form_of(path))
    if separator is not None and separator in next(iter(lines), ""):
        return _as_of_movielens(path, lines[0], separator, wanted)
    return _layout(lines, _separator_said(path) or _separator_of_all(lines), wanted)


def lines_above(path: Path, wanted: Wanted) -> int:
    """How many lines of a text file, its header among them, lie above its first rating."""
    return layout_of(path, wanted).skip


def separator_of(path: Path) -> str:
    """Tab, or in .csv and .txt what the first line has most of."""
    return _separator_said(path) or separator_in(next(iter(first_lines(path, 1)), ""))


def _separator_said(path: Path) -> str | None:
    return "\t" if form_of(path) in _TABS else None


def _separator_of_all(lines: Sequence[str]) -> str | None:
    """Blanks where no line has anything else; None where each line tells by itself."""
    return (
        BLANKS if lines and not any(one in line for line in lines for one in SEPARATORS) else None
    )


def _as_of_movielens(path: Path, first: str, separator: str, wanted: Wanted) -> Layout:
    """MovieLens' order of columns, or that of a header all the same. Raises DataError where the
    number of columns is another one."""
    cells = first.split(separator)
    if not wanted.headless and is_header(cells, wanted.columns):
        return Layout(separator, cells, 1)
    if not len(REQUIRED) - wanted.columns.counts <= len(cells) <= len(MOVIELENS):
        raise DataError(
            f"{path.name}: its first line has {len(cells)} columns; expected "
            f"{', '.join(MOVIELENS)} with {separator!r} between them, the last one if need be"
        )
    return Layout(separator, MOVIELENS[: len(cells)])


def _layout(lines: Sequence[str], said: str | None, wanted: Wanted) -> Layout:
    for place, line in enumerate(lines):
        separator = said or separator_in(line)
        names = _cells(line, separator)
        if not wanted.headless and is_header(names, wanted.columns):
            return Layout(separator, names, place + 1)
    first = next(iter(lines), "")
    separator = said or separator_in(first)
    cells = _cells(first, separator)
    if wanted.headless or _is_headless(cells, wanted.columns.counts):
        further = [f"column {number}" for number in range(len(MOVIELENS) + 1, len(cells) + 1)]
        return Layout(separator, [*MOVIELENS[: len(cells)], *further])
    return Layout(separator, cells, 1)


def is_header(names: Sequence[str], columns: Columns) -> bool:
    """Whether a line names two of user, item and rating, or all the columns that are asked for."""
    said = {name for name in (columns.user, columns.item, columns.rating) if name is not None}
    if said:
        return said <= set(names)
    return len(Columns.known(names, counts=columns.counts).keys() & set(REQUIRED)) >= 2


def _cells(line: str, separator: str) -> list[str]:
    if separator == BLANKS:
        line = line.strip()
    return next(csv.reader([line], delimiter=separator, skipinitialspace=separator == BLANKS), [])


def _is_headless(first: list[str], counts: bool) -> bool:
    fewest = 2 if counts else 3
    return fewest <= len(first) <= len(MOVIELENS) and all(_is_number(cell) for cell in first)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
