"""Number formats taken apart (ECMA-376 Part 1, 18.8.31), in the US locale.

A format has up to four sections, cut at semicolons; a section is a row of marks: places for digits,
the point, commas that group or divide, parts of dates, literals. What is not known here (other
digits, other calendars, names of days in other languages) is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from xlcollab.errors import UnsupportedError

_TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*")|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)
      |\[(?P<bracket>[^\]]*)\]|(?P<general>general)|(?P<exponent>e[+-](?=(?:"[^"]*"|\\.|[^"\\0#?])*[0#?]))
      |(?P<ampm>am/pm|a/p)|(?P<fraction>\.0+(?=[^0#?]|\Z))|(?P<commas>,+)
      |(?P<calendar>b[12])|(?P<letters>y+|m+|d+|h+|s+|b+|e|g+|a{3,})|(?P<mark>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_PIECE = re.compile(r'"[^"]*"|\\.|[^;]', re.DOTALL)
_CONDITION = re.compile(r"(<=|>=|<>|=|<|>)\s*(-?(?:\d+\.?\d*|\.\d+))\Z")
_COLOURS = re.compile(
    r"(black|blue|cyan|green|magenta|red|white|yellow|colou?r\s*\d+)\Z", re.IGNORECASE
)
_ELAPSED = re.compile(r"(h+|m+|s+)\Z", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-]*)(?:-(.*))?\Z", re.DOTALL)
_NAMED = re.compile(r"(m{3,}|d{3,}|am/pm|a/p)\Z", re.IGNORECASE)
"""Parts of a date that are words of a language."""
_NUMERIC = frozenset("0123456789#?")
_MOST_SECTIONS = 4
"""Of a number format: above, below and at zero, and texts."""
_MOST_CONDITIONS = 2
"""Of a number format; the section after them is for what is left."""
_DIGITS = ("digit", "figure", "fraction")
_BESIDE_MOMENTS = frozenset({"digit", "percent", "general", "text", "exponent"})
_NOT_ALONE = frozenset('nÑñE"*\\_[')
"""Marks that mean something to Excel, or nothing, but are not shown as they stand."""
_ENGLISH, _LANGUAGE = 0x09, 0x3FF
"""Of a Windows language identifier the language, in its lowest ten bits (MS-LCID)."""
_SYSTEM = re.compile(r"\[\$-0*(?:(?P<date>F800|x-sysdate)|F400|x-systime)\]", re.IGNORECASE)
"""Begins a section that is written as the computer writes dates or times, whatever follows."""
_SYSTEM_DATE, _SYSTEM_TIME = "dddd, mmmm d, yyyy", "h:mm:ss AM/PM"
"""The long forms of a computer set to US English."""
_GREGORIAN = frozenset({0, 1, 2})
_WESTERN = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is one of literal, digit, figure, point, group, scale, percent, exponent, general,
    text, moment; a figure is a digit that stands for itself, a scale divides by 1000 a comma."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """The marks of a section, and the condition under which it is taken, if it has one."""

    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None = None
    blank: bool = False
    """Nothing is written in it but perhaps a colour."""

    def has(self, kind: str) -> bool:
        return any(token.kind == kind for token in self.tokens)


GENERAL = Section((Token("general", "general"),))


@lru_cache(maxsize=1024)
def sections_of(pattern: str) -> tuple[Section, ...]:
    """The sections of a format. Raises UnsupportedError for a mark or a language not known, and for
    what is no format in Excel either."""
    sections = tuple(_section(_written_out(text), pattern) for text in _split(pattern))
    conditions = sum(section.condition is not None for section in sections)
    if len(sections) > _MOST_SECTIONS or conditions > _MOST_CONDITIONS:
        raise UnsupportedError(
            f"the number format {pattern!r} is not supported (too many sections)"
        )
    return sections


def _split(pattern: str) -> list[str]:
    """The texts of the sections: cut at semicolons outside of quotes."""
    parts, current, position = [], "", 0
    while position < len(pattern):
        match = _PIECE.match(pattern, position)
        if match is None:
            parts.append(current)
            current, position = "", position + 1
        else:
            current, position = current + match[0], match.end()
    return [*parts, current]


def _written_out(text: str) -> str:
    """The text of a section, the computer's own form in full."""
    found = _SYSTEM.match(text)
    if not found:
        return text
    return _SYSTEM_DATE if found["date"] else _SYSTEM_TIME


def _refused(pattern: str, because: str) -> UnsupportedError:
    return UnsupportedError(
        f"the number format {pattern!r} is not supported (because of {because})"
    )


def _section(text: str, pattern: str) -> Section:
    tokens: list[Token] = []
    condition, english, shown = None, True, False
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "bracket":
            found = _CONDITION.match(match["bracket"])
            if found:
                condition = (found[1], float(found[2]))
                continue
            shown = shown or not _COLOURS.match(match["bracket"])
            english = english and _is_english(match["bracket"], pattern)
            tokens += _bracket(match["bracket"], pattern)
            continue
        shown = True
        if kind == "commas":
            tokens.append(_commas(tokens, match[0], text[match.end() : match.end() + 1]))
        elif kind != "fill":
            tokens.append(_token(kind, match[0], pattern))
    section = Section(_with_fractions(_settled(tokens)), condition, not shown)
    return _checked(section, english, pattern)


def _checked(section: Section, english: bool, pattern: str) -> Section:
    """The section, if Excel has such. Raises UnsupportedError."""
    words = [token.text for token in section.tokens if token.kind == "moment"]
    if words and any(token.kind in _BESIDE_MOMENTS for token in section.tokens):
        raise _refused(pattern, "digits beside a date")
    named = next((word for word in words if _NAMED.match(word)), None)
    if named and not english:
        raise _refused(pattern, f"{named!r} in another language")
    return section


def _token(kind: str, text: str, pattern: str) -> Token:
    if kind == "quoted":
        return Token("literal", text[1:-1])
    if kind == "escaped":
        return Token("literal", text[1:])
    if kind == "space":
        return Token("literal", " ")
    if kind == "calendar":
        raise _refused(pattern, repr(text))
    if kind in ("letters", "ampm"):
        return _moment(text, pattern)
    if kind in ("general", "exponent", "fraction"):
        return Token(kind, text)
    return _mark(text, pattern)


def _moment(text: str, pattern: str) -> Token:
    """A part of a date. AM/PM is always written large, a/p as it stands in the format; years of
    other calendars and eras (b, e, g) and days by `aaa` depend on the edition of Excel."""
    plain = text.lower()
    if plain == "am/pm":
        return Token("moment", "AM/PM")
    if plain == "a/p":
        return Token("moment", text)
    if plain[0] in "abeg":
        raise _refused(pattern, repr(text))
    return Token("moment", plain)


def _mark(mark: str, pattern: str) -> Token:
    kinds = {".": "point", "%": "percent", "@": "text"}
    if mark in "0#?":
        return Token("digit", mark)
    if mark in kinds:
        return Token(kinds[mark], mark)
    if mark in "123456789":
        return Token("figure", mark)
    if mark in _NOT_ALONE or (not mark.isascii() and mark.casefold() in "èéêëēĕėęěȅȇȩńņňǹ"):
        raise _refused(pattern, repr(mark))
    return Token("literal", mark)


def _commas(before: list[Token], run: str, after: str) -> Token:
    """What commas mean by their neighbours: groups between digits, thousands to divide by behind
    digits, else themselves. Behind digits and before something else it depends on what follows."""
    last = before[-1].kind if before else ""
    behind_digit = last in _DIGITS
    groups = behind_digit and after not in ("", ".")
    scales = (behind_digit or last == "point") and after not in _NUMERIC
    if groups and scales:
        return Token("either", run)
    return Token("group" if groups else "scale" if scales else "literal", run if scales else ",")


def _settled(tokens: list[Token]) -> list[Token]:
    """Commas that may group or divide: they group if digits follow anywhere."""
    last = max((i for i, token in enumerate(tokens) if token.kind in _DIGITS), default=-1)
    return [
        replace(token, kind="group" if i < last else "scale") if token.kind == "either" else token
        for i, token in enumerate(tokens)
    ]


def _is_english(content: str, pattern: str) -> bool:
    """Whether a bracket names no language or English. Raises UnsupportedError for other digits and
    other calendars, which stand in the same code."""
    found = _CURRENCY.match(content)
    code = found[2] if found else None
    if not code:
        return True
    try:
        number = int(code, 16)
    except ValueError:
        return code.lower().startswith("en")
    digits, calendar, language = number >> 24, number >> 16 & 0xFF, number & 0xFFFF
    if digits not in _WESTERN or calendar not in _GREGORIAN:
        raise _refused(pattern, f"[{content}]")
    return not language or language & _LANGUAGE == _ENGLISH


def _bracket(content: str, pattern: str) -> list[Token]:
    if _COLOURS.match(content):
        return []
    if _ELAPSED.match(content):
        return [Token("moment", f"[{content.lower()}]")]
    currency = _CURRENCY.match(content)
    if currency:
        return [Token("literal", currency[1])]
    raise _refused(pattern, f"[{content}]")


def _with_fractions(tokens: list[Token]) -> tuple[Token, ...]:
    """`.00` is a part of a time if one stands in the section, else a point and digits. Only the
    first point parts the digits."""
    moments = any(token.kind == "moment" for token in tokens)
    result: list[Token] = []
    for token in tokens:
        if token.kind != "fraction":
            result.append(token)
        elif moments:
            result.append(Token("moment", token.text))
        else:
            result.append(Token("point", "."))
            result += [Token("digit", "0")] * (len(token.text) - 1)
    point = next((i for i, token in enumerate(result) if token.kind == "point"), -1)
    return tuple(
        Token("literal", ".") if token.kind == "point" and (moments or i != point) else token
        for i, token in enumerate(result)
    )
