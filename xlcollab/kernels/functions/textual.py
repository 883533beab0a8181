"""Texts, value by value, in the US locale."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import partial

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.text.number_format import format_value
from xlcollab.kernels.text.texts import number_from_text, to_decimals
from xlcollab.kernels.text.wildcards import find_wildcard
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import CUT, Record, function
from xlcollab.kernels.values.shapes import single_cells
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import (
    anything,
    integer,
    number,
    refuse,
    text,
    truth,
    valuewise,
)

_LONGEST = 32767
_MOST_DECIMALS, _MOST_ROUNDED = 127, 400
"""Of FIXED and DOLLAR, behind the point and before it; no number has so many before it."""
"""Characters that a cell can hold."""
_FIRST_PRINTABLE = 32
_WINDOWS = "cp1252"


def _left(source: str, count: int = 1) -> str:
    return source[: _count(count)]


def _right(source: str, count: int = 1) -> str:
    return source[max(len(source) - _count(count), 0) :]


def _middle(source: str, start: int, count: int) -> str:
    return source[_position(start) :][: _count(count)]


def _count(count: int) -> int:
    if count < 0:
        raise refuse()
    return count


def _position(start: int) -> int:
    """A place counted from 1 as an index."""
    if start < 1:
        raise refuse()
    return start - 1


def _repeated(source: str, count: int) -> str:
    if len(source) * _count(count) > _LONGEST:
        raise refuse()
    return source * count


def _proper(source: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), source)


def _trimmed(source: str) -> str:
    return re.sub(" +", " ", source.strip(" "))


def _cleaned(source: str) -> str:
    return "".join(char for char in source if ord(char) >= _FIRST_PRINTABLE)


def _character(code: int) -> str:
    """CHAR: a character of the Windows code page 1252."""
    if not 1 <= code <= 255:
        raise refuse()
    return bytes([code]).decode(_WINDOWS, errors="replace")


def _code(source: str) -> float:
    if not source:
        raise refuse()
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
    if start > len(source) + 1:
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
    parts = source.split(old)
    if which >= len(parts):
        return source
    return old.join(parts[:which]) + new + old.join(parts[which:])


def _replaced(source: str, start: int, count: int, new: str) -> str:
    at = _position(start)
    return source[:at] + new + source[at + _count(count) :]


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


def as_number(context: Context, block: Block) -> Block:
    """VALUE(text)."""
    return valuewise(lambda found: found, _value)(context, block)


def as_text(context: Context, block: Block, pattern: Block) -> Block:
    """TEXT(value, format). Raises UnsupportedError for a format that is not known."""

    def formatted(value: Scalar, wanted: str) -> Scalar:
        if isinstance(value, bool):
            return format_value(str(value).upper(), wanted) if wanted else ""
        if isinstance(value, str):
            read = number_from_text(value, context.date1904)
            value = value if read is None else read
        if not wanted:
            return ""
        plain = value if isinstance(value, str) else value or 0.0
        shown = format_value(plain, wanted, context.date1904)
        if shown is None:
            raise refuse()
        return shown

    return valuewise(formatted, anything, text)(context, block, pattern)


def _joined(*parts: str) -> str:
    whole = "".join(parts)
    if len(whole) > _LONGEST:
        raise refuse()
    return whole


def concatenated(context: Context, *blocks: Block) -> Block:
    """CONCAT: all values of all arguments."""
    return text_join(context, context.scalar(""), context.scalar(False), *blocks)


def text_join(context: Context, delimiter: Block, skip_empty: Block, *blocks: Block) -> Block:
    """TEXTJOIN(delimiter, skip_empty, text, …): several delimiters take turns."""
    delimiters = single_cells(delimiter)

    def join(skip: bool, *values: str) -> str:
        marks, parts = list(values[: len(delimiters)]), values[len(delimiters) :]
        kept = [part for part in parts if part or not skip]
        pieces = [p for i, part in enumerate(kept) for p in (marks[(i - 1) % len(marks)], part)]
        return _joined(*pieces[1:])

    cells = [cell for block in blocks for cell in single_cells(block)]
    return valuewise(join, truth, text)(context, skip_empty, *delimiters, *cells)


def _instance(context: Context, value: Scalar) -> int:
    """Which of several places; the first if left out."""
    return 1 if value is None else integer(context, value)


def _cut(after: bool) -> Function:
    """TEXTBEFORE and TEXTAFTER(text, delimiter, [instance], [mode], [match end], [if missing])."""

    def cut(
        source: str,
        delimiter: str,
        instance: int = 1,
        ignore_case: int = 0,
        match_end: int = 0,
        other: Scalar = ErrorCode.NA,
    ) -> Scalar:
        if instance == 0 or abs(instance) > max(len(source), 1):
            raise refuse()
        if not delimiter:
            return source if after == (instance > 0) else ""
        flags = re.IGNORECASE if ignore_case else 0
        spans = [m.span() for m in re.finditer(re.escape(delimiter), source, flags)]
        if match_end:
            spans = [*spans, (len(source),) * 2] if instance > 0 else [(0, 0), *spans]
        if abs(instance) > len(spans):
            return other
        start, end = spans[instance - 1 if instance > 0 else instance]
        return source[end:] if after else source[:start]

    return valuewise(cut, text, text, _instance, integer, integer, anything)


_row = partial(function, category="text", shape=Shape.STEPS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("VALUE", "V", as_number, shape=Shape.KINKS, derivative=CUT),
    _row("TEXT", "VV", as_text),
    _row("LEN", "V", valuewise(lambda source: float(len(source)), text)),
    _row("LEFT", "V|V", valuewise(_left, text, integer)),
    _row("RIGHT", "V|V", valuewise(_right, text, integer)),
    _row("MID", "VVV", valuewise(_middle, text, integer)),
    _row("UPPER", "V", valuewise(lambda source: source.upper(), text)),
    _row("LOWER", "V", valuewise(lambda source: source.lower(), text)),
    _row("PROPER", "V", valuewise(_proper, text)),
    _row("TRIM", "V", valuewise(_trimmed, text)),
    _row("CLEAN", "V", valuewise(_cleaned, text)),
    _row("CHAR", "V", valuewise(_character, integer)),
    _row("CODE", "V", valuewise(_code, text)),
    _row("UNICHAR", "V", valuewise(_unicode_character, integer)),
    _row("UNICODE", "V", valuewise(_unicode, text)),
    _row("REPT", "VV", valuewise(_repeated, text, integer)),
    _row("EXACT", "VV", valuewise(lambda a, b: a == b, text)),
    _row("FIND", "VV|V", valuewise(_found, text, text, integer)),
    _row("SEARCH", "VV|V", valuewise(_searched, text, text, integer)),
    _row("SUBSTITUTE", "VVV|V", valuewise(_substituted, text, text, text, integer)),
    _row("REPLACE", "VVVV", valuewise(_replaced, text, integer, integer, text)),
    _row("CONCATENATE", "V|V*1", valuewise(_joined, text)),
    _row("CONCAT", "R|R*1", concatenated, elementwise=False),
    _row("TEXTJOIN", "VVR|R*1", text_join, elementwise=False),
    _row("FIXED", "V|VV", valuewise(_fixed, number, integer, truth)),
    _row("DOLLAR", "V|V", valuewise(_dollars, number, integer), also="USDOLLAR"),
    _row("NUMBERVALUE", "V|VV", valuewise(_number_value, text), shape=Shape.KINKS, derivative=CUT),
    _row(
        "HYPERLINK",
        "V|V",
        valuewise(lambda link, shown=None: link if shown is None else shown, text, anything),
        shape=Shape.KINKS,
        derivative=CUT,
    ),
    _row("TEXTBEFORE", "VV|VVVV", _cut(after=False), shape=Shape.KINKS, derivative=CUT),
    _row("TEXTAFTER", "VV|VVVV", _cut(after=True), shape=Shape.KINKS, derivative=CUT),
)
