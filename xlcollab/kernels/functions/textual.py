"""Texts, value by value, in the US locale."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from urllib.parse import quote

from xlcollab.errors import UnsupportedError
from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.kernels.text.number_format import format_value
from xlcollab.kernels.text.texts import number_from_text, to_decimals
from xlcollab.kernels.text.wildcards import find_wildcard
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Beyond, Shape
from xlcollab.kernels.values.record import CUT, Record, function
from xlcollab.kernels.values.shapes import moved, single_cells
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import (
    Alone,
    Reader,
    anything,
    as_it_is,
    floored,
    integer,
    number,
    refuse,
    text,
    told,
    truth,
    valuewise,
)

_LONGEST = 32767
"""Characters that a cell can hold."""
_MOST = 2**31 - 1
"""Counts and places are signed 32-bit numbers in Excel; beyond, it has #VALUE!."""
_LAST_UNIT = "\uffff"
_MOST_DECIMALS, _MOST_ROUNDED = 127, 400
"""Of FIXED and DOLLAR, behind the point and before it; no number has so many before it."""
_FIRST_PRINTABLE = 32
"""CLEAN takes out the codes below it, and no others."""
_WINDOWS = "cp1252"


def _counting(function: Callable[..., Scalar], *readers: Reader) -> Alone:
    """`function` of texts whose characters are what this workbook counts as one.

    Before compatibility version 2 LEN, MID, FIND, SEARCH and REPLACE count an emoji and its like,
    a pair of units in UTF-16, as two characters; LEFT and RIGHT never did.
    """
    whole, units = valuewise(function, *readers), valuewise(_of_units(function), *readers)
    unknown = valuewise(_of_one_unit_each(function), *readers)

    def made(context: Context) -> Alone:
        if context.whole_pairs is None:
            return unknown
        return whole if context.whole_pairs else units

    return told(made)


def _has_pairs(value: object) -> bool:
    return isinstance(value, str) and not value.isascii() and max(value) > _LAST_UNIT


def _of_units(function: Callable[..., Scalar]) -> Callable[..., Scalar]:
    def run(*arguments: object) -> Scalar:
        if not any(map(_has_pairs, arguments)):
            return function(*arguments)
        result = function(*(_split(a) if isinstance(a, str) else a for a in arguments))
        return _rejoined(result) if isinstance(result, str) else result

    return run


def _of_one_unit_each(function: Callable[..., Scalar]) -> Callable[..., Scalar]:
    def run(*arguments: object) -> Scalar:
        if any(map(_has_pairs, arguments)):
            raise UnsupportedError(
                "whether an emoji counts as one character or two depends on the compatibility "
                "version of the workbook, which is not known here"
            )
        return function(*arguments)

    return run


def _split(source: str) -> str:
    """The text with each pair of UTF-16 units as two characters."""
    units = source.encode("utf-16-le", "surrogatepass")
    return "".join(map(chr, memoryview(units).cast("H")))


def _rejoined(source: str) -> str:
    """The text with its pairs as one character again. Raises UnsupportedError for half a pair."""
    joined = source.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in joined):
        raise UnsupportedError("the result would hold one half of an emoji or its like")
    return joined


def _left(source: str, count: int = 1) -> str:
    return source[:count]


def _right(source: str, count: int = 1) -> str:
    return source[max(len(source) - count, 0) :]


def _middle(source: str, start: int, count: int) -> str:
    return source[_position(start) :][:count]


def _count(context: Context, value: Scalar) -> int:
    """How many, or which: a number from 0 on without its fraction."""
    found = number(context, value)
    if not 0 <= found < _MOST:
        raise refuse()
    return int(found)


def _short_count(context: Context, value: Scalar) -> int:
    """The same for a place in a text or a part of one."""
    found = _count(context, value)
    if found > _LONGEST:
        raise refuse()
    return found


def _position(start: int) -> int:
    """A place counted from 1 as an index."""
    if start < 1:
        raise refuse()
    return start - 1


def _repeated(source: str, count: int) -> str:
    if len(source) * count > _LONGEST:
        raise refuse()
    return source * count


def _proper(source: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda word: _upper(word[0][0]) + _lower(word[0][1:]), source)


def _upper(source: str) -> str:
    """Character by character: one that would become several (ß) stays."""
    return source.upper() if source.isascii() else "".join(map(_cased(str.upper), source))


def _lower(source: str) -> str:
    return source.lower() if source.isascii() else "".join(map(_cased(str.lower), source))


def _cased(change: Callable[[str], str]) -> Callable[[str], str]:
    def run(char: str) -> str:
        changed = change(char)
        return changed if len(changed) == 1 and char <= _LAST_UNIT else char

    return run


def _lowered(source: str) -> str:
    """LOWER: a sigma that ends the text takes its final form."""
    plain = _lower(source)
    return plain[:-1] + "ς" if plain.endswith("σ") and source.endswith("Σ") else plain


def _trimmed(source: str) -> str:
    return re.sub(" +", " ", source.strip(" "))


def _cleaned(source: str) -> str:
    return "".join(char for char in source if ord(char) >= _FIRST_PRINTABLE)


def _encoded(source: str) -> str:
    """ENCODEURL: all but letters, digits and ``-_.~`` by the bytes of UTF-8."""
    try:
        return quote(source, safe="")
    except UnicodeEncodeError:  # half a character
        raise refuse() from None


def _character(code: int) -> str:
    """CHAR: a character of the Windows code page 1252."""
    if not 1 <= code <= 255:
        raise refuse()
    try:
        return bytes([code]).decode(_WINDOWS)
    except UnicodeDecodeError:  # the five codes that the code page leaves free
        return chr(code)


def _code(source: str) -> float:
    if not source:
        raise refuse()
    if source[0] == _character(min(ord(source[0]), 255)):
        return float(ord(source[0]))
    return float(source[0].encode(_WINDOWS, errors="replace")[0])


def _unicode_character(code: int) -> str:
    if not 1 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise refuse()
    return chr(code)


def _unicode(source: str) -> float:
    if not source:
        raise refuse()
    return float(ord(source[0]))


def _found(wanted: str, source: str, start: int = 1) -> float:
    """FIND: exact, case counts."""
    if start > len(source) + 1:
        raise refuse()
    place = source.find(wanted, _position(start))
    if place < 0:
        raise refuse()
    return place + 1.0


def _searched(wanted: str, source: str, start: int = 1) -> float:
    """SEARCH: wildcards, case does not count."""
    if not source or start > len(source) + 1:
        raise refuse()
    place = find_wildcard(wanted, source, _position(start))
    if place is None:
        raise refuse()
    return place + 1.0


def _substituted(source: str, old: str, new: str, which: int | None = None) -> str:
    if not old:
        return source
    if which is None:
        return source.replace(old, new)
    if which < 1:
        raise refuse()
    place = -1
    for _ in range(which):  # the next may begin within the one before
        place = source.find(old, place + 1)
        if place < 0:
            return source
    return source[:place] + new + source[place + len(old) :]


def _replaced(source: str, start: int, count: int, new: str) -> str:
    at = _position(start)
    return source[:at] + new + source[at + count :]


def _fixed(value: float, decimals: int = 2, plain: bool = False) -> str:
    if decimals > _MOST_DECIMALS:
        raise refuse()
    decimals = max(decimals, -_MOST_ROUNDED)
    rounded = to_decimals(Decimal(repr(value)), decimals)
    return f"{rounded:{'' if plain else ','}.{max(decimals, 0)}f}"


def _dollars(value: float, decimals: int = 2) -> str:
    body = _fixed(abs(value), decimals)
    return f"(${body})" if value < 0 else f"${body}"


def _number_value(source: str, decimal: str = ".", group: str | None = None) -> float:
    """NUMBERVALUE(text, [decimal separator], [group separator])."""
    if group is None:
        group = "." if decimal == "," else ","
    if not decimal or not group or decimal[0] == group[0]:
        raise refuse()
    compact = unicodedata.normalize("NFKC", "".join(source.split()))
    if not compact:
        return 0.0
    whole, mark, fraction = compact.partition(decimal[0])
    if group[0] in fraction:
        raise refuse()
    plain = whole.replace(group[0], "") + ("." if mark else "") + fraction
    percents = len(plain) - len(plain.rstrip("%"))
    found = number_from_text(plain.rstrip("%"))
    if found is None:
        found = number_from_text(source)
    if found is None:
        raise refuse()
    return found / 100.0**percents


def _value(context: Context, source: Scalar) -> Scalar:
    if isinstance(source, bool):
        raise refuse()
    return number(context, source)


as_number = valuewise(lambda found: found, _value)
"""VALUE(text)."""


def _as_text(context: Context) -> Alone:
    """TEXT(value, format). Raises UnsupportedError for a format that is not known."""

    def formatted(value: Scalar, wanted: str) -> Scalar:
        if isinstance(value, bool):
            return format_value(str(value).upper(), wanted) if wanted else str(value).upper()
        if isinstance(value, str):
            read = number_from_text(value, context.date1904)
            value = value if read is None else read
        if not wanted:
            return value if isinstance(value, str) else ""
        plain = value if isinstance(value, str) else value or 0.0
        shown = format_value(plain, wanted, context.date1904)
        if shown is None:
            raise refuse()
        return shown

    return valuewise(formatted, anything, text)


as_text = told(_as_text)


def _joined(*parts: str) -> str:
    whole = "".join(parts)
    if len(whole) > _LONGEST:
        raise refuse()
    return whole


def concatenated(context: Context, *blocks: Block) -> Block:
    """CONCAT: all values of all arguments."""
    return text_join(context, context.scalar(""), context.scalar(False), *blocks)


def _reached(context: Context, delimiter: Block, skip_empty: Block, block: Block) -> Block:
    """Of very many values, most of them blank, those that the joined text shows: not the blank
    ones where they add nothing; where each adds a delimiter, as many as fill the longest text."""
    known = skip_empty.kind in (Kind.NUMBER, Kind.BOOLEAN)
    if block.shape[2:].numel() <= _LONGEST + 2 or block.shape[:2].numel() > 1 or not known:
        return block
    marks = [mark or "" for mark in context.values(delimiter)]
    line = moved(block, lambda values: values.flatten(2)[..., None])
    if bool(skip_empty.number.all()) or not any(marks):
        kept = (~line.mask(Kind.BLANK)).expand(line.shape)[0, 0, :, 0].nonzero()[:, 0]
        return moved(line, lambda values: values.index_select(2, kept))
    if all(marks) and not bool(skip_empty.number.any()):
        return moved(line, lambda values: values[:, :, : _LONGEST + 2])
    return block


def text_join(context: Context, delimiter: Block, skip_empty: Block, *blocks: Block) -> Block:
    """TEXTJOIN(delimiter, skip_empty, text, …): several delimiters take turns."""
    delimiters = single_cells(delimiter)

    def join(skip: bool, *values: str) -> str:
        marks, parts = list(values[: len(delimiters)]), values[len(delimiters) :]
        kept = [part for part in parts if part or not skip]
        pieces = [p for i, part in enumerate(kept) for p in (marks[(i - 1) % len(marks)], part)]
        return _joined(*pieces[1:])

    cells = [
        cell
        for block in blocks
        for cell in single_cells(_reached(context, delimiter, skip_empty, block))
    ]
    return valuewise(join, truth, text)(context, skip_empty, *delimiters, *cells)


def _joins(constants: Sequence[Block | None]) -> Beyond:
    """TEXTJOIN leaves empty texts out where it is told to."""
    skip = constants[1]
    known = skip is not None and skip.kind in (Kind.NUMBER, Kind.BOOLEAN)
    return Beyond.EVERY if known and skip is not None and bool(skip.number.all()) else Beyond.EACH


def _instance(context: Context, value: Scalar) -> int:
    """Which of several places; the first if left out."""
    return 1 if value is None else floored(context, value)


def _choice(context: Context, value: Scalar) -> int:
    """0 or 1. Raises ArgumentIsError."""
    number = integer(context, value)
    if number not in (0, 1):
        raise refuse()
    return number


def _cut(after: bool) -> Function:
    """TEXTBEFORE and TEXTAFTER(text, delimiter, [instance], [mode], [match end], [if missing]);
    each of several delimiters is one, the longer before the shorter."""

    def run(context: Context, source: Block, delimiter: Block, *rest: Block) -> Block:
        marks = single_cells(delimiter)
        count, cut_at = len(marks), _CUT_AT

        def cut(whole: str, *others: object) -> Scalar:
            return cut_at(after, whole, others[:count], *others[count:])

        readers = [text, *[text] * count, _instance, integer, _choice, as_it_is]
        return valuewise(cut, *readers)(context, source, *marks, *rest)

    return run


def _cut_at(
    after: bool,
    source: str,
    marks: tuple[str, ...],
    instance: int | None = None,
    ignore_case: int = 0,
    match_end: int = 0,
    other: Scalar = ErrorCode.NA,
) -> Scalar:
    """What stands before or after one of the places of a mark."""
    longest = max(map(len, marks))
    if instance is None:
        instance = 1
    elif instance == 0 or max(abs(instance), longest) > max(len(source), 1):
        raise refuse()
    if not all(marks):
        return source if after == (instance > 0) else ""
    flags = re.IGNORECASE if ignore_case else 0
    pattern = "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True))
    spans = [m.span() for m in re.finditer(pattern, source, flags)]
    if match_end:
        spans = [*spans, (len(source),) * 2] if instance > 0 else [(0, 0), *spans]
    if abs(instance) > len(spans):
        return "" if other is None else other
    start, end = spans[instance - 1 if instance > 0 else instance]
    return source[end:] if after else source[:start]


_CUT_AT: Callable[..., Scalar] = _cut_at


def _link(target: str, *shown: Scalar) -> Scalar:
    """HYPERLINK(target, [shown])."""
    if not shown:
        return target
    return 0.0 if shown[0] is None else shown[0]


_row = partial(function, category="text", shape=Shape.STEPS, elementwise=True)
_cutting = partial(_row, shape=Shape.KINKS, derivative=CUT, elementwise=False)

FUNCTIONS: tuple[Record, ...] = (
    _row("VALUE", "V", as_number, shape=Shape.KINKS, derivative=CUT),
    _row("TEXT", "VV", as_text),
    _row("LEN", "V", _counting(lambda source: float(len(source)), text)),
    _row("LEFT", "V|V", valuewise(_left, text, _count)),
    _row("RIGHT", "V|V", valuewise(_right, text, _count)),
    _row("MID", "VVV", _counting(_middle, text, _count)),
    _row("UPPER", "V", valuewise(_upper, text)),
    _row("LOWER", "V", valuewise(_lowered, text)),
    _row("PROPER", "V", valuewise(_proper, text)),
    _row("TRIM", "V", valuewise(_trimmed, text)),
    _row("CLEAN", "V", valuewise(_cleaned, text)),
    _row("ENCODEURL", "V", valuewise(_encoded, text)),
    _row("CHAR", "V", valuewise(_character, integer)),
    _row("CODE", "V", valuewise(_code, text)),
    _row("UNICHAR", "V", valuewise(_unicode_character, integer)),
    _row("UNICODE", "V", valuewise(_unicode, text)),
    _row("REPT", "VV", valuewise(_repeated, text, _count)),
    _row("EXACT", "VV", valuewise(lambda a, b: a == b, text)),
    _row("FIND", "VV|V", _counting(_found, text, text, _count)),
    _row("SEARCH", "VV|V", _counting(_searched, text, text, _count)),
    _row("SUBSTITUTE", "VVV|V", valuewise(_substituted, text, text, text, _count)),
    _row("REPLACE", "VVVV", _counting(_replaced, text, _short_count, _short_count, text)),
    _row("CONCATENATE", "V|V*1", valuewise(_joined, text)),
    _row("CONCAT", "R|R*1", concatenated, elementwise=False),
    _row("TEXTJOIN", "TVR|R*1", text_join, elementwise=False, beyond=_joins),
    _row("FIXED", "V|VV", valuewise(_fixed, number, integer, truth)),
    _row("DOLLAR", "V|V", valuewise(_dollars, number, integer), also="USDOLLAR"),
    _row(
        "NUMBERVALUE",
        "V|VV",
        valuewise(_number_value, text),
        shape=Shape.KINKS,
        jumps="012",
        derivative=CUT,
    ),
    _row(
        "HYPERLINK",
        "V|V",
        valuewise(_link, text, anything),
        shape=Shape.KINKS,
        derivative=CUT,
    ),
    _cutting("TEXTBEFORE", "VA|VVVV", _cut(after=False), beyond=Beyond.EACH),
    _cutting("TEXTAFTER", "VA|VVVV", _cut(after=True), beyond=Beyond.EACH),
)
