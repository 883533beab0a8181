"""Reports of a solved model beside the answer: sections of lines, as Solver's reports have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xlcollab.grid import Look, NewSheet, Scalar
from xlcollab.history.names import added_name
from xlcollab.history.page import WRITTEN_BY, look_of, widths_of
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
    return NewSheet(
        name=added_name(report.sheet, report.word, existing_names),
        rows=rows,
        boxes=tuple(boxes),
        widths=_widths(report.sections),
        freeze=(1, 0),
        row_looks=looks,
        column_looks=_number_looks(report.sections),
    )


def _widths(sections: Sequence[Section]) -> dict[int, float]:
    widths: dict[int, float] = {}
    for section in sections:
        for column, width in widths_of(list(section.headings), section.lines).items():
            widths[column] = max(width, widths.get(column, 0.0))
    return widths


def _number_looks(sections: Sequence[Section]) -> dict[int, Look]:
    """Digits by column; none where a number is endless, which would fill its cell with them."""
    columns: dict[int, list[float]] = {}
    for section in sections:
        for line in section.lines:
            for column, value in enumerate(line):
                if isinstance(value, float):
                    columns.setdefault(column, []).append(value)
    return {
        column: look_of(values)
        for column, values in columns.items()
        if max(map(abs, values)) < ENDLESS
    }


def cell_value(number: float) -> Scalar:
    """A number as a report shows it: without end as Solver's 1E+30, unknown as a blank."""
    if np.isnan(number):
        return None
    return float(np.clip(number, -ENDLESS, ENDLESS))
