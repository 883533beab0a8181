"""The fast scanner: one compiled pattern for sheets as Excel, LibreOffice and the usual writers
write them. At anything else it raises IrregularError, and the expat scanner decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache, partial
from itertools import accumulate
from operator import sub
from typing import NamedTuple

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
      <c\ r="([A-Z]{1,3})([1-9][0-9]{0,6}"[^<>]*)
      (?: (?<=/)>
        | > (?: (<f[^<>]*) (?: (?<=/)> | >([^<]*)</f> ) )?
            ( <v(?:\ xml:space="preserve")?>[^<]*</v> | <v\ ?/>
            | <is><t(?:\ xml:space="preserve")?>[^<]*</t></is> )?
        </c> )
    )""",
    re.VERBOSE,
)
"""A cell, its letters, the rest of its start tag, its formula's start tag and text, its value: few
groups, for each costs every cell. What start tags say is looked at once for each that there is."""
_CELL_TAG = re.compile(
    rb"""" (?:\ s="[0-9]+")? (?:\ t="([a-zA-Z]+)")? (?:\ cm="([0-9]+)")? (?:\ vm="([0-9]+)")?
    (\ ?/)?""",
    re.VERBOSE,
)
_FORMULA_TAG = re.compile(rb'<f((?: [a-zA-Z0-9:]+="[^"<>]*")*) ?/?')
_FORMULA_ATTRIBUTE = re.compile(r' (t|ref|si)="([^"]*)"')
_SHEET_DATA = re.compile(rb"<sheetData\s*(/?)>")
_NO_XML_TEXT = bytes(set(range(32)) - set(b"\t\n\r"))
_PART = 1 << 18
"""Bytes that are looked at, and copied, at once."""
_FOR_AREAS = (b"array", b"dataTable")
"""What a formula for an area is called."""
_ROW_END = b"</row>"
_CELL_END = b"</c>"
_VALUE, _VALUE_END, _TEXT_END = b"<v>", b"</v>", b"</t></is>"


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
    if span is None or not _is_text(data):
        raise IrregularError
    try:
        yield from _rows(data, *span, patched)
    except (ValueError, OverflowError, WorkbookError):
        raise IrregularError from None


def _rows(data: bytes, start: int, end: int, patched: Set[int] | None) -> Iterator[RowToken]:
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
                yield _row(data, number, tag_start, tag_end, row_end, spelled=patched is None)
            else:
                yield RowToken(number, tag_start, tag_end, row_end)
    if data[position:end].strip():
        raise IrregularError


def _is_text(data: bytes) -> bool:
    """Whether no byte is one that XML cannot hold; looked at part by part, for each is copied."""
    parts = (data[start : start + _PART] for start in range(0, len(data), _PART))
    return all(len(part.translate(None, _NO_XML_TEXT)) == len(part) for part in parts)


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
    *,
    spelled: bool,
) -> RowToken:
    """One row's cells, column by column: each line is one loop over the cells. Formulas have their
    texts if they are `spelled`."""
    found = _CELL.findall(data, tag_end, row_end)
    if not found:
        if data[tag_end:row_end].strip():
            raise IrregularError
        return RowToken(number, tag_start, tag_end, row_end)
    cells, letters, tags, formula_tags, texts, elements = zip(*found, strict=True)
    starts = list(accumulate(map(len, cells), initial=tag_end))
    if starts[-1] != row_end:
        raise IrregularError
    types, marks, riches, closings = _tags(tags, b"%d" % (number + 1))
    ends = list(map(sub, starts[1:], closings))
    return RowToken(
        number,
        tag_start,
        tag_end,
        row_end,
        list(map(_COLUMNS.__getitem__, letters)),
        starts[:-1],
        types,
        marks,
        riches,
        _formulas(formula_tags, texts, spelled=spelled),
        _values(elements),
        list(map(sub, ends, map(len, elements))),
        ends,
    )


class _CellTag(NamedTuple):
    """What the start tag of a cell says."""

    type: str
    metadata: int
    value_metadata: int
    closing: int
    """The length of the end tag; 0 for an empty element."""


def _tags(tags: Sequence[bytes], row: bytes) -> tuple[list[str], list[int], list[int], list[int]]:
    """The fields of `_CellTag`, each with one entry per cell. The tags begin with the row."""
    known = {tag: _cell_tag(tag.removeprefix(row)) for tag in set(tags)}
    if len(known) == 1:
        type_, mark, rich, closing = known[tags[0]]
        count = len(tags)
        return [type_] * count, [mark] * count, [rich] * count, [closing] * count
    types, marks, riches, closings = zip(*map(known.__getitem__, tags), strict=True)
    return list(types), list(marks), list(riches), list(closings)


@lru_cache(maxsize=4096)
def _cell_tag(attributes: bytes) -> _CellTag:
    match = _CELL_TAG.fullmatch(attributes)
    if not match:
        raise IrregularError
    type_, mark, rich, empty = match.groups()
    closing = 0 if empty else len(_CELL_END)
    return _CellTag((type_ or b"n").decode(), int(mark or 0), int(rich or 0), closing)


def _values(elements: Sequence[bytes]) -> list[str] | list[str | None]:
    joined = b"".join(elements)
    if joined.count(_VALUE) == len(elements):
        return _spelled(joined[len(_VALUE) : -len(_VALUE_END)], "</v><v>")
    return [_value(element) if element else None for element in elements]


def _value(element: bytes) -> str:
    """The text of an element that is no plain `<v>`, or may be none."""
    if element.endswith(b"/>"):
        return ""
    start, end = _VALUE, _VALUE_END
    if element.startswith(b"<is>"):
        start, end = b"<is><t>", _TEXT_END
    opened = element.index(b">", len(start) - 1)
    return unescape(element[opened + 1 : -len(end)].decode())


def _spelled(joined: bytes, between: str) -> list[str]:
    """Texts that have `between` between them, which none can hold."""
    text = joined.decode()
    texts = text.split(between)
    return list(map(unescape, texts)) if "&" in text or "\r" in text else texts


def _formulas(
    tags: Sequence[bytes], texts: Sequence[bytes], *, spelled: bool
) -> list[FormulaToken | None]:
    kinds = set(tags)
    if kinds == {b""}:
        return [None] * len(tags)
    known = {tag: _formula_tag(tag) if tag else None for tag in kinds}
    if not spelled:
        return list(map(known.__getitem__, tags))
    own = _spelled(b"<".join(texts), "<")
    return [
        _FROM_FIELDS((*one[:3], text)) if one and text else one
        for one, text in zip(map(known.__getitem__, tags), own, strict=True)
    ]


_FROM_FIELDS = partial(tuple.__new__, FormulaToken)
"""As the type itself, called by its name, in half the time: there may be a million."""


@lru_cache(maxsize=4096)
def _formula_tag(tag: bytes) -> FormulaToken:
    match = _FORMULA_TAG.fullmatch(tag)
    if not match:
        raise IrregularError
    values = dict(_FORMULA_ATTRIBUTE.findall(match[1].decode()))
    return FormulaToken(values.get("t", "normal"), values.get("ref"), values.get("si"), "")


class _Columns(dict[bytes, int]):
    """Column letters → index, each worked out once."""

    def __missing__(self, letters: bytes) -> int:
        return self.setdefault(letters, column_index(letters.decode()))


_COLUMNS = _Columns()
