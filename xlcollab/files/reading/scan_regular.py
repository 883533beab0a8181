"""The fast scanner: one compiled pattern for sheets as Excel, LibreOffice and the usual writers
write them. At anything else it raises IrregularError, and the expat scanner decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from functools import lru_cache
from itertools import accumulate

from xlcollab.errors import WorkbookError
from xlcollab.files.package.markup import unescape
from xlcollab.files.reading.tokens import FormulaToken, RowToken
from xlcollab.ref import MAX_ROWS, column_index


class IrregularError(Exception):
    """The fast scanner met something it does not know."""


_ROW = re.compile(rb'\s*<row((?:\s+[\w:.]+="[^"<]*")*)\s*(/?)>')
_ROW_NUMBER = re.compile(rb'\sr="([0-9]{1,7})"')
_CELL = re.compile(
    rb"""(
      <c\ r="([A-Z]{1,3})([1-9][0-9]{0,6})"
        (?:\ s="[0-9]+")? (?:\ t="([a-zA-Z]+)")? (?:\ cm="([0-9]+)")? (?:\ vm="([0-9]+)")?
      (?: \ ?/>
        | >
          ( <f((?:\ [a-zA-Z0-9:]+="[^"<>]*")*)\ ?(?: /> | >([^<]*)</f> ) )?
          ( <(?:v|is><t)(?:\ xml:space="preserve")?>([^<]*)</(?:v|t></is)> | <v\ ?/> )?
        </c> )
    )""",
    re.VERBOSE,
)
_FORMULA_ATTRIBUTE = re.compile(r' (t|ref|si)="([^"]*)"')
_SHEET_DATA = re.compile(rb"<sheetData\s*(/?)>")
_NO_XML_TEXT = bytes(set(range(32)) - set(b"\t\n\r"))
_FOR_AREAS = (b"array", b"dataTable")
"""What a formula for an area is called."""
_ROW_END = b"</row>"
_CELL_END = b"</c>"
_SLASH = ord("/")


def regular_span(data: bytes) -> tuple[int, int] | None:
    """Where the content of `<sheetData>` lies, or None if that is not certain without a parser.

    A comment, CDATA section, processing instruction or DOCTYPE anywhere makes it uncertain.
    """
    opening = _SHEET_DATA.search(data)
    closing = data.rfind(b"</sheetData>")
    if not opening or b"<!" in data or data.find(b"<?", 8) >= 0:
        return None
    if opening[1]:
        return opening.end(), opening.end()
    return (opening.end(), closing) if closing >= opening.end() else None


def scan_regular(data: bytes, *, patched: Set[int] | None = None) -> Iterator[RowToken]:
    """The rows of a sheet, as long as all that is looked at is regular; `patched` as in `scan`.

    Raises IrregularError.
    """
    span = regular_span(data)
    if span is None or len(data.translate(None, _NO_XML_TEXT)) != len(data):
        raise IrregularError
    try:
        yield from _rows(data, *span, patched)
    except (ValueError, OverflowError, WorkbookError):
        raise IrregularError from None


def _rows(data: bytes, start: int, end: int, patched: Set[int] | None) -> Iterator[RowToken]:
    has_entities = data.find(b"&", start, end) >= 0 or data.find(b"\r", start, end) >= 0
    decode = _unescape if has_entities else bytes.decode
    spelled = decode if patched is None else None
    position, number = start, -1
    while row := _ROW.match(data, position, end):
        number = _row_number(row[1], number)
        tag_start, tag_end = row.start(1) - len("<row"), row.end()
        if row[2]:
            position = tag_end
            yield RowToken(number, tag_start, tag_end, tag_end)
        else:
            row_end = data.index(_ROW_END, tag_end, end)
            position = row_end + len(_ROW_END)
            if patched is None or number in patched or _has_areas(data, tag_end, row_end):
                yield _row(data, number, tag_start, tag_end, row_end, decode, spelled)
            else:
                yield RowToken(number, tag_start, tag_end, row_end)
    if data[position:end].strip():
        raise IrregularError


def _has_areas(data: bytes, start: int, end: int) -> bool:
    """Whether a formula for an area may stand there."""
    return any(data.find(word, start, end) >= 0 for word in _FOR_AREAS)


def _row_number(attributes: bytes, previous: int) -> int:
    match = _ROW_NUMBER.search(attributes)
    number = int(match[1]) - 1 if match else previous + 1
    if not 0 <= number < MAX_ROWS:
        raise IrregularError
    return number


def _row(
    data: bytes,
    number: int,
    tag_start: int,
    tag_end: int,
    row_end: int,
    decode: Callable[[bytes], str],
    spelled: Callable[[bytes], str] | None,
) -> RowToken:
    """One row's cells, column by column: each line is one loop over the cells."""
    found = _CELL.findall(data, tag_end, row_end)
    if not found:
        if data[tag_end:row_end].strip():
            raise IrregularError
        return RowToken(number, tag_start, tag_end, row_end)
    cells, letters, digits, types, marks, riches, formulas, attributes, texts, elements, values = (
        zip(*found, strict=True)
    )
    starts = list(accumulate(map(len, cells), initial=tag_end))
    if starts[-1] != row_end or set(digits) != {b"%d" % (number + 1)}:
        raise IrregularError
    ends = [
        end - len(_CELL_END) if element or cell[-2] != _SLASH else end
        for end, element, cell in zip(starts[1:], elements, cells, strict=True)
    ]
    return RowToken(
        number,
        tag_start,
        tag_end,
        row_end,
        list(map(_COLUMNS.__getitem__, letters)),
        starts[:-1],
        list(map(_TYPES.__getitem__, types)),
        [int(mark or 0) for mark in marks] if any(marks) else [0] * len(marks),
        [int(rich or 0) for rich in riches] if any(riches) else [0] * len(riches),
        _formulas(formulas, attributes, texts, spelled),
        _values(elements, values, decode),
        [end - len(element) for end, element in zip(ends, elements, strict=True)],
        ends,
    )


def _values(
    elements: tuple[bytes, ...], texts: tuple[bytes, ...], decode: Callable[[bytes], str]
) -> list[str] | list[str | None]:
    if all(elements):
        return list(map(decode, texts))
    return [
        decode(text) if element else None for element, text in zip(elements, texts, strict=True)
    ]


def _formulas(
    elements: tuple[bytes, ...],
    attributes: tuple[bytes, ...],
    texts: tuple[bytes, ...],
    decode: Callable[[bytes], str] | None,
) -> list[FormulaToken | None]:
    if not any(elements):
        return [None] * len(elements)
    if decode is None:
        return [
            _formula_without_text(raw) if element else None
            for element, raw in zip(elements, attributes, strict=True)
        ]
    return [
        _formula(raw, decode(text) if text else "") if element else None
        for element, raw, text in zip(elements, attributes, texts, strict=True)
    ]


def _formula(attributes: bytes, text: str) -> FormulaToken:
    plain = _formula_without_text(attributes)
    return FormulaToken(plain.kind, plain.area, plain.group, text) if text else plain


@lru_cache(maxsize=4096)
def _formula_without_text(attributes: bytes) -> FormulaToken:
    values = dict(_FORMULA_ATTRIBUTE.findall(attributes.decode()))
    return FormulaToken(values.get("t", "normal"), values.get("ref"), values.get("si"), "")


def _unescape(raw: bytes) -> str:
    return unescape(raw.decode())


class _Columns(dict[bytes, int]):
    """Column letters → index, each worked out once."""

    def __missing__(self, letters: bytes) -> int:
        return self.setdefault(letters, column_index(letters.decode()))


class _Types(dict[bytes, str]):
    """Cell types as texts, each made once."""

    def __missing__(self, raw: bytes) -> str:
        return self.setdefault(raw, raw.decode() or "n")


_COLUMNS = _Columns()
_TYPES = _Types()
