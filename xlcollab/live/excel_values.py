"""Values as xlwings hands them over, and as Excel takes them for what they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from xlcollab.grid import ErrorCode, Scalar

_EPOCH = dt.datetime(1899, 12, 30)
_EPOCH_1904 = dt.datetime(1904, 1, 1)
_FIRST_ERROR = -2146826288
"""The scode of #NULL!: 0x800A0000 + 2000 as a signed 32-bit number, so 2000 + n is this plus n."""
_BY_SCODE = {
    _FIRST_ERROR + number: code
    for number, code in {
        0: ErrorCode.NULL,
        7: ErrorCode.DIV0,
        15: ErrorCode.VALUE,
        23: ErrorCode.REF,
        29: ErrorCode.NAME,
        36: ErrorCode.NUM,
        42: ErrorCode.NA,
        43: ErrorCode.GETTING_DATA,
        45: ErrorCode.SPILL,
        50: ErrorCode.CALC,
    }.items()
}
_ERROR_TEXTS = {code.text: code for code in ErrorCode}


def from_excel(value: Any, *, date1904: bool = False) -> Scalar:
    """A value that was read with `err_to_str`: errors are their text, or a number of COM.

    Dates become the serial numbers that the cells hold. "" is a blank.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value <= _FIRST_ERROR + 50:
        return _BY_SCODE.get(value, ErrorCode.VALUE)
    if isinstance(value, str):
        return _ERROR_TEXTS.get(value, value)
    if isinstance(value, dt.datetime):
        epoch = _EPOCH_1904 if date1904 else _EPOCH
        return (value.replace(tzinfo=None) - epoch) / dt.timedelta(days=1)
    if isinstance(value, int | float | Decimal):
        return float(value)
    return str(value)


def to_excel(value: Scalar) -> float | str | bool | None:
    """A value that Excel will not read as something else.

    Excel parses texts on the way in ("007" would become 7, "=A1" a formula): the apostrophe that a
    person types keeps them texts. The text of an error becomes that error.
    """
    if isinstance(value, ErrorCode):
        return value.text
    return f"'{value}" if isinstance(value, str) else value


def two_dimensional(values: Any) -> Sequence[Sequence[object]]:
    """One cell comes as a scalar, one row as a flat list: all as rows of cells."""
    if not isinstance(values, list | tuple):
        return [[values]]
    if not values or not isinstance(values[0], list | tuple):
        return [values]
    return values
