"""Arguments of functions in cells: blocks of values, read as what they are meant to be.

A block is a list of rows, as a range of cells is; a single cell is a block of 1 × 1, an argument
that was left out is None. Errors in cells are their text, such as "#N/A".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, SupportsFloat, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from xlcollab.errors import DataError, UsageError
from xlcollab.grid import ErrorCode

Block: TypeAlias = Sequence[Sequence[object]]
_ERRORS = {code.text: code for code in ErrorCode}
_YES_AND_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def cells(block: Block | None) -> Iterator[Any]:
    """Every value of a block, row by row."""
    for row in block or ():
        yield from row


def is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def error_in(blocks: Iterable[Block | None]) -> ErrorCode | None:
    """The first error value among the arguments: a function of an error is that error."""
    for block in blocks:
        for value in cells(block):
            if isinstance(value, str) and value in _ERRORS:
                return _ERRORS[value]
    return None


def single(block: Block | None, name: str) -> Any:
    """The value of one cell; None where the argument or the cell is blank.

    Raises UsageError for a block of several cells.
    """
    values = list(cells(block))
    if len(values) > 1:
        raise UsageError(f"{name} is a range of {len(values)} cells; one cell was expected")
    return None if not values or is_blank(values[0]) else values[0]


def number(block: Block | None, name: str) -> float | None:
    """One number, or None. A text that is a number counts as one, as in Excel's own functions.

    Raises UsageError for anything else.
    """
    value = single(block, name)
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UsageError(f"{name} is {value!r}; a number was expected") from None


def whole(block: Block | None, name: str) -> int | None:
    """One whole number, or None. Raises UsageError for anything else."""
    value = number(block, name)
    if value is not None and not value.is_integer():
        raise UsageError(f"{name} is {value:g}; a whole number was expected")
    return None if value is None else int(value)


def word(block: Block | None, name: str) -> str | None:
    """One text in lower case, or None. Raises UsageError for a number."""
    value = single(block, name)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name} is {value!r}; a word was expected")
    return None if value is None else value.strip().lower()


def flag(block: Block | None, name: str) -> bool | None:
    """TRUE or FALSE, a number other than 0 or 0, yes or no; None where blank."""
    value = single(block, name)
    if isinstance(value, str) and value.strip().lower() in _YES_AND_NO:
        return _YES_AND_NO[value.strip().lower()]
    return None if value is None else bool(number([[value]], name))


def numbers(block: Block, name: str) -> NDArray[np.float64]:
    """Every cell as a number, shape (height, width).

    Raises DataError naming the first that is none.
    """
    found = np.empty((len(block), len(block[0])))
    for row, values in enumerate(block):
        for column, value in enumerate(values):
            try:
                found[row, column] = float(cast(SupportsFloat, value))
            except (TypeError, ValueError):
                shown = "a blank" if is_blank(value) else repr(value)
                place = f"row {row + 1}, column {column + 1} of {name}"
                raise DataError(f"{place} holds {shown}; a number was expected") from None
    return found


def identifier(value: Any) -> Any:
    """A user or item as it stands in a cell: whole numbers arrive as 14.0 and are meant as 14."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def fingerprint(*parts: object) -> str:
    """12 hexadecimal digits that tell contents apart."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
