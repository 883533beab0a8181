"""What a cell can hold, and how a block of cells is laid out in arrays.

A block of cells is two arrays of the same shape: `kinds` (uint8, a `Kind` each) and `numbers`
(float64). `numbers` holds the number; for a boolean 0 or 1; for a blank 0; for a text its index in
the workbook's `TextPool`; for an error its `ErrorCode`.
"""

from __future__ import annotations

import math
from enum import IntEnum


class Kind(IntEnum):
    """The type of one cell's value."""

    BLANK = 0
    NUMBER = 1
    TEXT = 2
    BOOLEAN = 3
    ERROR = 4


class ErrorCode(IntEnum):
    """Excel's error values, with the codes of its ERROR.TYPE function."""

    NULL = 1
    DIV0 = 2
    VALUE = 3
    REF = 4
    NAME = 5
    NUM = 6
    NA = 7
    GETTING_DATA = 8
    SPILL = 9
    CONNECT = 10
    BLOCKED = 11
    UNKNOWN = 12
    FIELD = 13
    CALC = 14
    BUSY = 15
    EXTERNAL = 19
    TIMEOUT = 20
    CIRCULAR = 99
    """Stands for a cell that is still being worked out; no cell ever holds it."""

    @property
    def text(self) -> str:
        return _ERROR_TEXTS[self]

    @classmethod
    def from_text(cls, text: str) -> ErrorCode:
        """ "#N/A" → ErrorCode.NA; an error text we do not know becomes #VALUE!."""
        return _ERRORS_BY_TEXT.get(text.upper(), cls.VALUE)


_ERROR_TEXTS = {
    ErrorCode.NULL: "#NULL!",
    ErrorCode.DIV0: "#DIV/0!",
    ErrorCode.VALUE: "#VALUE!",
    ErrorCode.REF: "#REF!",
    ErrorCode.NAME: "#NAME?",
    ErrorCode.NUM: "#NUM!",
    ErrorCode.NA: "#N/A",
    ErrorCode.GETTING_DATA: "#GETTING_DATA",
    ErrorCode.SPILL: "#SPILL!",
    ErrorCode.CONNECT: "#CONNECT!",
    ErrorCode.BLOCKED: "#BLOCKED!",
    ErrorCode.UNKNOWN: "#UNKNOWN!",
    ErrorCode.FIELD: "#FIELD!",
    ErrorCode.CALC: "#CALC!",
    ErrorCode.BUSY: "#BUSY!",
    ErrorCode.EXTERNAL: "#EXTERNAL!",
    ErrorCode.TIMEOUT: "#TIMEOUT!",
    ErrorCode.CIRCULAR: "#CIRCULAR!",
}
_ERRORS_BY_TEXT = {text: code for code, text in _ERROR_TEXTS.items()}

Scalar = float | str | bool | ErrorCode | None
"""One cell's value in Python; None is a blank."""


class TextPool:
    """Texts and their numbers; equal texts share one number."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._index: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> str:
        return self._texts[index]

    def add(self, text: str) -> int:
        """The number of `text`, given now if it is new."""
        index = self._index.get(text)
        if index is None:
            index = self._index[text] = len(self._texts)
            self._texts.append(text)
        return index


def storable(value: Scalar) -> Scalar:
    """The value as a cell can hold it: a number that is not finite becomes #NUM!, as in Excel."""
    if isinstance(value, float) and not math.isfinite(value):
        return ErrorCode.NUM
    return value


def encode(value: Scalar, texts: TextPool) -> tuple[Kind, float]:
    """A Python value as (kind, number)."""
    if value is None:
        return Kind.BLANK, 0.0
    if isinstance(value, ErrorCode):
        return Kind.ERROR, float(value)
    if isinstance(value, bool):
        return Kind.BOOLEAN, float(value)
    if isinstance(value, str):
        return Kind.TEXT, float(texts.add(value))
    return Kind.NUMBER, float(value)


def decode(kind: int, number: float, texts: TextPool) -> Scalar:
    """The Python value of (kind, number)."""
    if kind == _NUMBER:
        return float(number)
    if kind == _BLANK:
        return None
    if kind == _TEXT:
        return texts[int(number)]
    if kind == _BOOLEAN:
        return bool(number)
    return ErrorCode(int(number)) if kind == _ERROR else float(number)


_BLANK, _NUMBER, _TEXT, _BOOLEAN, _ERROR = map(
    int, (Kind.BLANK, Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN, Kind.ERROR)
)
"""As plain whole numbers: cells are asked one by one."""
