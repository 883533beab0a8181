"""The fast scanner: one compiled pattern for sheets as Excel, LibreOffice and the usual writers
write them. At anything else it raises IrregularError, and the expat scanner decides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from xlcollab.errors import WorkbookError
from xlcollab.files.markup import unescape
from xlcollab.files.tokens import CellToken, FormulaToken, RowToken
from xlcollab.ref import MAX_ROWS, column_index


class IrregularError(Exception):
    """The fast scanner met something it does not know."""


_TOKEN = re.compile(
    rb"""\s*(?:
      <c\ r="([A-Z]{1,3})([1-9][0-9]{0,6})"
        (?:\ s="[0-9]+")? (?:\ t="([a-zA-Z]+)")? (?:\ cm="([0-9]+)")? (?:\ vm="[0-9]+")?
      (?: \ ?/>
        | >
          (?: <f((?:\ [a-zA-Z0-9:]+="[^"<>]*")*)\ ?(?: /> | >([^<]*)</f> ) )?
          ( <(?:v|is><t)(?:\ xml:space="preserve")?>([^<]*)</(?:v|t></is)> | <v\ ?/> )?
        </c> )
    | <row((?:\s+[\w:.]+="[^"<]*")*)\s*(/?)>
    | (</row>)
    )""",
    re.VERBOSE,
)
_ROW_NUMBER = re.compile(rb'\sr="([0-9]{1,7})"')
_FORMULA_ATTRIBUTE = re.compile(r' (t|ref|si)="([^"]*)"')
_SHEET_DATA = re.compile(rb"<sheetData\s*(/?)>")
_NOT_XML_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_OPENING = len(b'<c r="')


def regular_span(data: bytes) -> tuple[int, int] | None:
    """Where the content of `<sheetData>` lies, or None if that is not certain without a parser.

    A comment, CDATA section, processing instruction or DOCTYPE anywhere makes it uncertain.
    """
    opening = _SHEET_DATA.search(data)
    closing = data.rfind(b"</sheetData>")
    if not opening or b"<!" in data or data.find(b"<?", 8) >= 0 or _NOT_XML_TEXT.search(data):
        return None
    if opening[1]:
        return opening.end(), opening.end()
    return (opening.end(), closing) if closing >= opening.end() else None


def scan_regular(data: bytes) -> Iterator[RowToken]:
    """The rows of a sheet, as long as all is regular. Raises IrregularError."""
    span = regular_span(data)
    if span is None:
        raise IrregularError
    try:
        yield from _rows(data, *span)
    except (ValueError, OverflowError, WorkbookError):
        raise IrregularError from None


def _rows(data: bytes, start: int, end: int) -> Iterator[RowToken]:
    """Kept whole: this loop runs once per cell, two million times for a large sheet."""
    has_entities = data.find(b"&", start, end) >= 0 or data.find(b"\r", start, end) >= 0
    decode = _unescape if has_entities else bytes.decode
    new_token = tuple.__new__  # half the time of CellToken(…)
    position, number, open_row = start, -1, False
    row_start = tag_end = 0
    cells: list[CellToken] = []
    for match in _TOKEN.finditer(data, start, end):
        if match.start() != position:
            raise IrregularError
        position = match.end()
        letters, digits, kind, metadata, attributes, text, element, value, row, empty, close = (
            match.groups()
        )
        if letters is not None:
            if not open_row:
                raise IrregularError
            value_start, value_end = match.span(7)
            cells.append(
                new_token(
                    CellToken,
                    (
                        _row_index(digits),
                        _column(letters),
                        match.start(1) - _OPENING,
                        position,
                        "n" if kind is None else _TYPES[kind],
                        0 if metadata is None else int(metadata),
                        None
                        if attributes is None
                        else _formula(attributes, decode(text) if text else ""),
                        None if element is None else decode(value) if value else "",
                        value_start,
                        value_end,
                    ),
                )
            )
        elif close is not None:
            if not open_row:
                raise IrregularError
            yield RowToken(number, row_start, tag_end, match.start(11), cells)
            open_row = False
        else:
            if open_row:
                raise IrregularError
            number = _row_number(row, number)
            row_start, tag_end, cells = data.index(b"<", match.start()), position, []
            open_row = not empty
            if not open_row:
                yield RowToken(number, row_start, tag_end, tag_end, cells)
    if open_row or data[position:end].strip():
        raise IrregularError


def _row_number(attributes: bytes, previous: int) -> int:
    match = _ROW_NUMBER.search(attributes)
    return _row_index(match[1]) if match else previous + 1


@lru_cache(maxsize=4096)
def _row_index(digits: bytes) -> int:
    row = int(digits)
    if not 0 < row <= MAX_ROWS:
        raise IrregularError
    return row - 1


@lru_cache(maxsize=16384)
def _column(letters: bytes) -> int:
    return column_index(letters.decode())


@lru_cache(maxsize=4096)
def _formula(attributes: bytes, text: str) -> FormulaToken:
    values = dict(_FORMULA_ATTRIBUTE.findall(attributes.decode()))
    return FormulaToken(values.get("t", "normal"), values.get("ref"), values.get("si"), text)


def _unescape(raw: bytes) -> str:
    return unescape(raw.decode())


class _Types(dict[bytes, str]):
    """Cell types as text, each made once."""

    def __missing__(self, raw: bytes) -> str:
        return self.setdefault(raw, raw.decode())


_TYPES = _Types()
