"""ASC and DBCS (JIS): letters of half and full width, as Excel's Japanese edition turns them."""

from __future__ import annotations

import unicodedata
from functools import partial

from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.valuewise import text, valuewise

_ASCII_SHIFT = 0xFEE0
"""From ASCII to the full-width forms, U+FF01 on."""
_ASCII = range(0x21, 0x7F)
_HALF_KANA = range(0xFF61, 0xFF9E)
_VOICED, _SEMIVOICED = "\uff9e", "\uff9f"
_MARKS = {_VOICED: "\u3099", _SEMIVOICED: "\u309a"}
"""Half-width marks of voiced kana → the combining ones."""
_QUOTES = {'"': "\u201d", "'": "\u2019", "`": "\u2018", "\\": "\uffe5", " ": "\u3000"}
"""Signs whose wide form is not their own, shifted."""

_WIDE: dict[str, str] = (
    {chr(code): chr(code + _ASCII_SHIFT) for code in _ASCII}
    | {chr(code): unicodedata.normalize("NFKC", chr(code)) for code in _HALF_KANA}
    | _QUOTES
    | {_VOICED: "\u309b", _SEMIVOICED: "\u309c"}
)
_COMPOSED: dict[str, str] = {
    base + mark: whole
    for base in map(chr, _HALF_KANA)
    for mark, combining in _MARKS.items()
    if len(whole := unicodedata.normalize("NFC", _WIDE[base] + combining)) == 1
}
"""Two half-width characters → the one they make."""
_ALONE = "\u30f4"
"""A voiced kana that has no half-width form in Excel."""
_NARROW: dict[str, str] = (
    {wide: half for half, wide in _WIDE.items()}
    | {chr(code + _ASCII_SHIFT): chr(code) for code in _ASCII}
    | {whole: parts for parts, whole in _COMPOSED.items() if whole != _ALONE}
)


def _narrowed(source: str) -> str:
    """ASC."""
    return "".join(_NARROW.get(char, char) for char in source)


def _widened(source: str) -> str:
    """DBCS: a kana and the mark behind it become one."""
    parts: list[str] = []
    for place, char in enumerate(source):
        pair = source[place - 1 : place + 1] if place else ""
        if pair in _COMPOSED:
            parts[-1] = _COMPOSED[pair]
        else:
            parts.append(_WIDE.get(char, char))
    return "".join(parts)


_row = partial(function, category="text", shape=Shape.STEPS, elementwise=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("ASC", "V", valuewise(_narrowed, text)),
    _row("DBCS", "V", valuewise(_widened, text), also="JIS"),
)
