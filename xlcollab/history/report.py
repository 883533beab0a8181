"""Reports of a solved model beside the answer: sections of lines, as Solver's reports have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xlcollab.grid import Look, NewSheet, Scalar
from xlcollab.history.names import added_name
from xlcollab.history.page import (
    WIDEST_TEXT,
    WRITTEN_BY,
    look_of,
    number_width,
    widths_of,
    wrapped_texts,
)
from xlcollab.ref import Rect

ENDLESS = 1e30
"""What Excel's Solver writes where a number has no limit."""


@dataclass(frozen=True, slots=True)
class Section:
    """A title, headings, and lines of as many values."""

    title: str
    headings: Sequence[str]
    lines: Sequence[Sequence[Scalar]]
    room: int = 0
    """Rows that are kept for a chart beside the lines."""


@dataclass(frozen=True, slots=True)
class Report:
    """`word` is what the sheet's name ends with; `notes` stand before the sections."""

    sheet: str
    word: str
    title: str
    sentence: str
    sections: Sequence[Section] = ()
    notes: Sequence[str] = ()


def report_sheet(report: Report, *, existing_names: Iterable[str] = ()) -> NewSheet:
    """The sheet "<sheet> <word>"; `existing_names` are sheet names that must not be taken."""
    rows: list[Sequence[Scalar]] = [[report.title], [f"{WRITTEN_BY}: {report.sentence}"]]
    rows += [[note] for note in report.notes] or [[]]  # a free row takes the line of the run
    looks: dict[int, Look] = {0: "title", 1: "note"}
    boxes = []
    for section in report.sections:
        head = len(rows) + 2
        looks |= {head - 1: "section", head: "head"}
        rows += [[], [section.title], list(section.headings), *section.lines]
        boxes.append(Rect(head, 0, len(section.lines) + 1, len(section.headings)))
        rows += [[] for _ in range(section.room - len(section.lines))]
    numbers = _number_looks(report.sections)
    widths = _widths(report.sections, numbers)
    return NewSheet(
        name=added_name(report.sheet, report.word, existing_names),
        rows=rows,
        boxes=tuple(boxes),
        widths=widths,
        freeze=(1, 0),
        row_looks=looks,
        column_looks=numbers,
        cell_looks=wrapped_texts(rows, widths, boxes) | _endless(rows),
    )


def _widths(sections: Sequence[Section], looks: Mapping[int, Look]) -> dict[int, float]:
    """Of all sections together; a text that is longer goes on in the next line."""
    widths: dict[int, float] = {}
    for section in sections:
        for column, width in widths_of(list(section.headings), section.lines).items():
            widths[column] = min(max(width, widths.get(column, 0.0)), WIDEST_TEXT)
    for column, values in _numbers(sections).items():
        widths[column] = max(widths.get(column, 0.0), number_width(looks[column], values))
    return widths


def _number_looks(sections: Sequence[Section]) -> dict[int, Look]:
    """Digits by column; what has no end is told by a power of ten."""
    return {column: look_of(values or [ENDLESS]) for column, values in _numbers(sections).items()}


def _endless(rows: Sequence[Sequence[Scalar]]) -> dict[tuple[int, int], Look]:
    """What has no end is told by a power of ten, whatever digits its column has."""
    return {
        (row, column): "tiny"
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
        if isinstance(value, float) and abs(value) >= ENDLESS
    }


def _numbers(sections: Sequence[Section]) -> dict[int, list[float]]:
    """By column; what has no end takes no room of its own."""
    columns: dict[int, list[float]] = {}
    for section in sections:
        for line in section.lines:
            for column, value in enumerate(line):
                if isinstance(value, float):
                    found = columns.setdefault(column, [])
                    found += [value] if abs(value) < ENDLESS else []
    return columns


def cell_value(number: float) -> Scalar:
    """A number as a report shows it: without end as Solver's 1E+30, unknown as a blank."""
    if np.isnan(number):
        return None
    return float(np.clip(number, -ENDLESS, ENDLESS))
