"""Workbooks in memory for tests, typed as {sheet: {address: value}}."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from xlcollab.grid import DefinedName, Formulas, Kind, Sheet, Table, TextPool, Workbook, encode
from xlcollab.ref import parse_cell, parse_rect


def workbook(
    sheets: Mapping[str, Mapping[str, Any]],
    *,
    names: Iterable[DefinedName] = (),
    tables: Iterable[Table] = (),
    merged: Mapping[str, Iterable[str]] | None = None,
) -> Workbook:
    """A value is a constant, or (formula without "=", stored value)."""
    texts = TextPool()
    return Workbook(
        [
            _sheet(name, cells, texts, (merged or {}).get(name, ()))
            for name, cells in sheets.items()
        ],
        texts,
        list(names),
        list(tables),
        source="test.xlsx",
    )


def solver_names(sheet: str, **texts: str) -> list[DefinedName]:
    """The hidden names of one model: solver_names("S", opt="S!$B$1", …)."""
    return [DefinedName(f"solver_{key}", text, sheet, hidden=True) for key, text in texts.items()]


def _sheet(name: str, cells: Mapping[str, Any], texts: TextPool, merged: Iterable[str]) -> Sheet:
    places = {parse_cell(address): value for address, value in cells.items()}
    height = max((row for row, _ in places), default=-1) + 1
    width = max((column for _, column in places), default=-1) + 1
    kinds = np.full((height, width), Kind.BLANK, np.uint8)
    numbers = np.zeros((height, width))
    formulas = {}
    for place, value in places.items():
        if isinstance(value, tuple):
            formulas[place], value = value
        kinds[place], numbers[place] = encode(value, texts)
    rects = [parse_rect(address) for address in merged]
    return Sheet(name, kinds, numbers, texts, Formulas.from_cells(formulas), merged=rects)
