"""The common form of the sheets that a run adds: a title, a sentence, a table whose numbers can be
read, and charts beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xlcollab.grid import Look, Scalar, Sheet, Workbook
from xlcollab.ref import Rect

WRITTEN_BY = "Written by xlcollab"
"""How the sentence of every added sheet begins; a later run knows its own sheets by it."""
HEAD_ROW = 3
"""The row of the headings: above it stand title, sentence and a free row."""
_NARROW, _WIDE = 11.0, 60.0
"""Characters of a column: a heading's words fit, and a text leaves room for others."""
_SMALL, _LARGE = 1e-3, 1e4
"""What four decimals show no digits of, and beside what they are not looked at."""
_OLD_FIRST_CELLS = frozenset(
    {"iteration", "epoch", "step", "row", "point", "Answer report", "item", "cell"}
)
"""What stood in A1 of added sheets before they had titles."""


def top(title: str, sentence: str) -> list[list[Scalar]]:
    """The rows above the headings."""
    told = f"{WRITTEN_BY}: {sentence}" if sentence else f"{WRITTEN_BY}."
    return [[title], [told], []]


def top_looks(more: dict[int, Look] | None = None) -> dict[int, Look]:
    """How the rows above the numbers look, and rows further down."""
    return {0: "title", 1: "note", HEAD_ROW: "head", **(more or {})}


def look_of(values: ArrayLike) -> Look:
    """The number format in which a column shows four to six digits."""
    signed = np.asarray(values, np.float64).ravel()
    signed = signed[np.isfinite(signed)]
    numbers = np.abs(signed)
    if not numbers.size or (numbers == np.rint(numbers)).all():
        return "whole" if not numbers.size or numbers.max() < 1e9 else "tiny"
    largest = float(numbers.max())
    if largest < _SMALL or largest >= 1e9:
        return "tiny"
    if signed.min() >= 0.0 and numbers[numbers > 0.0].min() < _SMALL / 2 and largest < _LARGE:
        return "wide"
    return "large" if largest >= _LARGE else "number"


def clock_looks(headings: Sequence[Scalar]) -> dict[int, Look]:
    """The looks of columns that tell of time: always the same, so that the looks of a file do not
    depend on how busy the machine was."""
    return {i: "number" for i, heading in enumerate(headings) if heading == "seconds"}


_WITHOUT_DECIMALS = 1e5
"""A number of six digits before the point has none behind it."""
_SHOWN: Mapping[Look, str] = {
    "number": ".4f",
    "wide": ".4f",
    "fine": ".6f",
    "large": ",.2f",
    "tiny": ".3E",
    "whole": ".0f",
    "tenths": ".1f",
}
"""The looks of numbers as Python writes them."""


def number_width(look: Look, values: ArrayLike) -> float:
    """The width in characters that the numbers of a column want."""
    numbers = np.asarray(values, np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if look not in _SHOWN or not numbers.size:
        return _NARROW
    ends = (float(numbers.min()), float(numbers.max()))
    return max(_NARROW, *(len(_shown(look, end)) + 2.0 for end in ends))


def _shown(look: Look, number: float) -> str:
    """A number as a cell of this look shows it."""
    whole = look == "large" and abs(number) >= _WITHOUT_DECIMALS
    return format(number, ",.0f" if whole else _SHOWN[look])


def number_widths(
    widths: dict[int, float], columns: NDArray[np.float64], looks: Mapping[int, Look]
) -> dict[int, float]:
    """`widths` that also hold the numbers of columns (n, k), which stand from the first one on."""
    wanted = {
        i: number_width(look, columns[:, i]) for i, look in looks.items() if i < columns.shape[1]
    }
    return {i: max(width, wanted.get(i, 0.0)) for i, width in widths.items()}


def looks_of(columns: NDArray[np.float64], first: int = 0) -> dict[int, Look]:
    """The looks of number columns (n, k), which stand from column `first` on."""
    return {first + i: look_of(columns[:, i]) for i in range(columns.shape[1])}


def widths_of(
    headings: Sequence[Scalar], rows: Sequence[Sequence[Scalar]] = ()
) -> dict[int, float]:
    """Columns as wide as their texts want, within bounds; headings may break at blanks."""
    widths = {}
    for column, heading in enumerate(headings):
        words = [len(word) for word in str(heading or "").split()] or [0]
        texts = [
            _length(cell)
            for row in rows[:_LOOKED_AT]
            if column < len(row) and isinstance(cell := row[column], str)
        ]
        wanted = max([max(words) + 4, *(length + 2 for length in texts)])
        widths[column] = float(min(max(_NARROW, wanted), _WIDE))
    return widths


def _length(text: str) -> int:
    """In characters of the width of a figure: those of Chinese, Japanese and Korean take two."""
    wide = 0 if text.isascii() else sum(east_asian_width(one) in "WF" for one in text)
    return len(text) + wide


def wrapped_texts(
    rows: Sequence[Sequence[Scalar]], widths: Mapping[int, float], boxes: Sequence[Rect]
) -> dict[tuple[int, int], Look]:
    """The texts in the lines of `boxes` (below their headings) that are longer than their column is
    wide, and so go on in a further line."""
    return {
        (row, column): "wrapped"
        for box in boxes
        for row in range(box.top + 1, min(box.bottom, box.top + _MOST_WRAPPED))
        for column, cell in enumerate(rows[row])
        if isinstance(cell, str) and _length(cell) + 2 > widths.get(column, _NARROW)
    }


WIDEST_TEXT = _WIDE
"""Characters of a column whose texts may go on in a further line."""
_MOST_WRAPPED = 10_000
"""Lines of one table, beyond which nobody reads names."""
_LOOKED_AT = 200
"""Rows that a column's width is taken from: the first screens, in no time."""


def is_ours(sheet: Sheet, words: Sequence[str]) -> bool:
    """Whether an earlier run added the sheet: a word of its name says what it is, and its sentence
    says who wrote it."""
    if not any(word in sheet.name.casefold().split() for word in words):
        return False
    told, first = sheet.value(1, 0), sheet.value(0, 0)
    return (isinstance(told, str) and told.startswith(WRITTEN_BY)) or first in _OLD_FIRST_CELLS


def head_row_of(sheet: Sheet) -> int:
    """The row of the headings of a table that a verb wrote: below title and sentence, or the first
    row in a workbook from before there were any."""
    told = sheet.value(1, 0)
    return HEAD_ROW if isinstance(told, str) and told.startswith(WRITTEN_BY) else 0


def free_of_ours(workbook: Workbook, words: Sequence[str]) -> list[str]:
    """The names that a new sheet must not take: all but those of sheets that a run added."""
    return [sheet.name for sheet in workbook if not is_ours(sheet, words)]
