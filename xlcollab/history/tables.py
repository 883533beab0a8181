"""A titled sheet of one table: what most verbs leave behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from xlcollab.grid import Chart, Look, NewSheet, Scalar
from xlcollab.history.page import (
    HEAD_ROW,
    clock_looks,
    look_of,
    number_width,
    top,
    top_looks,
    widths_of,
    wrapped_texts,
)
from xlcollab.ref import Rect

_LARGEST_WHOLE = 1e15
"""Whole numbers up to here are shown with all their digits: ids are."""
_LARGEST_TENTH = 1e4
"""Beyond it a decimal is not what one looks at."""


def table_sheet(
    name: str,
    title: str,
    sentence: str,
    headings: Sequence[Scalar],
    lines: Sequence[Sequence[Scalar]],
    *,
    looks: Mapping[int, Look] = MappingProxyType({}),
    charts: tuple[Chart, ...] = (),
    native: bool = True,
    hidden: bool = False,
) -> NewSheet:
    """The sheet `name`: title, sentence, headings and `lines`, each as long as the headings.

    Numbers look as their column wants it, or as `looks` says. The table is a `native` one where its
    headings are different texts.
    """
    area = Rect(HEAD_ROW, 0, len(lines) + 1, len(headings))
    found = {**looks_of_lines(lines), **clock_looks(headings), **looks}
    rows, widths = (
        [*top(title, sentence), list(headings), *lines],
        widths_of_lines(headings, lines, found),
    )
    return NewSheet(
        name,
        rows,
        charts=charts,
        table=area if native and lines else None,
        boxes=() if native else (area,),
        widths=widths,
        freeze=(HEAD_ROW + 1, 1),
        row_looks=top_looks(),
        column_looks=found,
        cell_looks=wrapped_texts(rows, widths, [area]),
        hidden=hidden,
    )


def looks_of_lines(lines: Sequence[Sequence[Scalar]]) -> dict[int, Look]:
    """The looks of the columns that hold numbers."""
    numbers = _numbers(lines)
    return {column: _look(np.array(found)) for column, found in numbers.items() if found}


def _look(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Look:
    largest = float(np.abs(values).max())
    if (values == np.rint(values)).all() and largest < _LARGEST_WHOLE:
        return "whole"
    tenths = values * 10.0
    if largest < _LARGEST_TENTH and np.allclose(tenths, np.rint(tenths), rtol=0, atol=1e-9):
        return "tenths"
    return look_of(values)


def widths_of_lines(
    headings: Sequence[Scalar], lines: Sequence[Sequence[Scalar]], looks: Mapping[int, Look]
) -> dict[int, float]:
    """As wide as headings, texts and numbers want."""
    widths = widths_of(headings, lines)
    for column, found in _numbers(lines).items():
        if column in looks and found:
            widths[column] = max(widths.get(column, 0.0), number_width(looks[column], found))
    return widths


def _numbers(lines: Sequence[Sequence[Scalar]]) -> dict[int, list[float]]:
    columns: dict[int, list[float]] = {}
    for line in lines:
        for column, value in enumerate(line):
            if isinstance(value, float):
                columns.setdefault(column, []).append(value)
    return columns
