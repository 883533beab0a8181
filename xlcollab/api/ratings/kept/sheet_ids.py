"""Ids in cells and back: what a cell cannot hold is a text there, and its type is kept beside."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from xlcollab.errors import DataError
from xlcollab.grid import Workbook
from xlcollab.history import head_row_of
from xlcollab.ratings import Vocabulary
from xlcollab.ratings.vocabulary import Id

EXACT = 2**53
"""Whole numbers beyond are written as texts: a cell would round them."""
_FROM_TEXT: Mapping[str, Callable[[str], Id]] = {
    "int": int,
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "Timestamp": pd.Timestamp,
}
"""Ids that a cell holds as text, by the name of their type."""


def type_in_texts(ids: Vocabulary) -> str | None:
    """The type of ids that cells hold as texts; None where cells hold the ids themselves.

    Raises DataError where ids of such a type are mixed with others.
    """
    types = {type(one).__name__ for one in ids.index.tolist() if _is_written_as_text(one)}
    if not types:
        return None
    every = {type(one).__name__ for one in ids.index.tolist()}
    if len(every) > 1 or not every <= _FROM_TEXT.keys():
        raise DataError(
            f"{ids.kind} ids of the types {', '.join(sorted(every))} cannot be kept in cells; "
            "write a .safetensors file"
        )
    return every.pop()


def ids_in(workbook: Workbook, sheet: str, column: int, type_: str | None) -> list[Id]:
    """The ids in a column below its head, None for a blank."""
    part = workbook.sheet(sheet)
    values = [part.value(row, column) for row in range(head_row_of(part) + 1, part.height)]
    if type_ is not None:
        parse = _FROM_TEXT[type_]
        return [
            None if one is None else parse(one if isinstance(one, str) else f"{one:.0f}")
            for one in values
        ]
    return [int(one) if isinstance(one, float) and one.is_integer() else one for one in values]


def _is_written_as_text(one: Any) -> bool:
    if isinstance(one, int | float):
        return abs(one) > EXACT
    return not isinstance(one, str)
