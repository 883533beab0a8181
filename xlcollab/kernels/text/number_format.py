"""Number formats (ECMA-376 Part 1, 18.8.31) as far as TEXT needs them, in the US locale.

A format has up to four sections for positive numbers, negative ones, zero and texts; conditions in
brackets may replace the signs. What is not known here (eras, number systems) is refused.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.text.fraction_format import fraction_format
from xlcollab.kernels.text.moment_format import format_moment
from xlcollab.kernels.text.texts import general, short_general, to_decimals

_TOKEN = re.compile(
    r"""(?P<quoted>"[^"]*")|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)
      |\[(?P<bracket>[^\]]*)\]|(?P<general>general)|(?P<exponent>e[+-])
      |(?P<ampm>am/pm|a/p)|(?P<fraction>\.0+(?=[^0#?]|\Z))
      |(?P<letters>y+|m+|d+|h+|s+)|(?P<mark>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|=|<|>)(-?\d+(?:\.\d+)?)\Z")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_COLOURS = re.compile(
    r"(black|blue|cyan|green|magenta|red|white|yellow|colou?r\s*\d+)\Z", re.IGNORECASE
)
_ELAPSED = re.compile(r"(h+|m+|s+)\Z", re.IGNORECASE)
_CURRENCY = re.compile(r"\$([^-]*)(?:-[0-9a-f]+)?\Z", re.IGNORECASE)
_PLACEHOLDERS = "0#?"
_BESIDE_FRACTIONS = ("comma", "percent", "point", "exponent")
_PLAIN = "$-+/():!^&'~{}<>= ,"
"""Characters that stand for themselves."""


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is one of literal, digit, figure, point, comma, percent, exponent, general, text,
    moment; a figure is a digit that stands for itself."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None = None

    def has(self, kind: str) -> bool:
        return any(token.kind == kind for token in self.tokens)


def format_value(value: float | str, pattern: str, date1904: bool = False) -> str | None:
    """`value` as `pattern` shows it; None where no date can be shown (a negative one).

    Raises UnsupportedError for a part of the pattern that is not known.
    """
    sections = [_section(text, pattern) for text in _split(pattern)]
    if isinstance(value, str):
        return _format_text(value, sections)
    section, number = _choose(sections, value)
    if section is None:
        return "#" if len(sections) > 1 else _signed(short_general(abs(value)), value)
    if section.has("moment"):
        return format_moment([(t.kind, t.text) for t in section.tokens], number, date1904)
    return _format_number(section, number)


def _split(pattern: str) -> list[str]:
    """The sections of a format: cut at semicolons outside of quotes."""
    parts, current, position = [], "", 0
    while position < len(pattern):
        match = re.compile(r'"[^"]*"|\\.|[^;]', re.DOTALL).match(pattern, position)
        if match is None:
            parts.append(current)
            current, position = "", position + 1
        else:
            current, position = current + match[0], match.end()
    return [*parts, current]


def _section(text: str, pattern: str) -> Section:
    tokens: list[Token] = []
    condition = None
    for match in _TOKEN.finditer(text):
        kind, value = match.lastgroup, match[0]
        if kind == "bracket":
            found = _CONDITION.match(match["bracket"])
            if found:
                condition = (found[1], float(found[2]))
            else:
                tokens += _bracket(match["bracket"], pattern)
        elif kind != "fill":
            tokens.append(_token(kind or "", value, pattern))
    return Section(tuple(_with_fractions(tokens)), condition)


def _token(kind: str, text: str, pattern: str) -> Token:
    if kind == "quoted":
        return Token("literal", text[1:-1])
    if kind == "escaped":
        return Token("literal", text[1:])
    if kind == "space":
        return Token("literal", " ")
    if kind in ("letters", "ampm"):
        return Token("moment", text.lower() if kind == "letters" else text)
    if kind in ("general", "exponent", "fraction"):
        return Token(kind, text)
    return _mark(text, pattern)


def _mark(mark: str, pattern: str) -> Token:
    kinds = {".": "point", ",": "comma", "%": "percent", "@": "text"}
    if mark in _PLACEHOLDERS:
        return Token("digit", mark)
    if mark in kinds:
        return Token(kinds[mark], mark)
    if mark in "123456789":
        return Token("figure", mark)
    if mark in _PLAIN or not mark.isascii():
        return Token("literal", mark)
    raise UnsupportedError(f"the number format {pattern!r} is not supported (because of {mark!r})")


def _bracket(content: str, pattern: str) -> list[Token]:
    if _COLOURS.match(content):
        return []
    if _ELAPSED.match(content):
        return [Token("moment", f"[{content.lower()}]")]
    currency = _CURRENCY.match(content)
    if currency:
        return [Token("literal", currency[1])]
    raise UnsupportedError(
        f"the number format {pattern!r} is not supported (because of [{content}])"
    )


def _with_fractions(tokens: list[Token]) -> list[Token]:
    """`.00` is a part of a time if one stands in the section, else a point and digits."""
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
    return result


def _format_text(value: str, sections: list[Section]) -> str:
    section = sections[3] if len(sections) > 3 else None
    if section is None:
        last = sections[-1]
        section = last if last.has("text") else None
    if section is None:
        return value
    return "".join(value if t.kind == "text" else t.text for t in section.tokens)


def _choose(sections: list[Section], value: float) -> tuple[Section | None, float]:
    """The section for a number, and the number to show in it: its sign may be in the section."""
    numeric = sections[:3] if len(sections) > 3 else sections
    if any(section.condition for section in numeric):
        for section in numeric:
            if section.condition is None:
                return section, value
            sign, limit = section.condition
            if _COMPARE[sign](value, limit):
                return section, value
        return None, value
    if value < 0 and len(numeric) > 1:
        return numeric[1], -value
    if value == 0 and len(numeric) > 2:
        return numeric[2], value
    return numeric[0], value


def _signed(body: str, value: float) -> str:
    return f"-{body}" if value < 0 else body


def _format_number(section: Section, value: float) -> str:
    tokens = section.tokens
    if section.has("general"):
        shown = short_general(abs(value))
        body = "".join(shown if t.kind == "general" else t.text for t in tokens)
        return _signed(body, value)
    if not section.has("digit"):
        body = "".join(general(abs(value)) if t.kind == "text" else t.text for t in tokens)
        return f"-{body}" if value < 0 and body else body
    as_fraction = _as_fraction(tokens, abs(value))
    if as_fraction is not None:
        return _signed(as_fraction, value)
    tokens = tuple(Token("literal", t.text) if t.kind == "figure" else t for t in tokens)
    if section.has("exponent"):
        return _scientific(section, value)
    tokens = _with_literal_commas(tokens)
    places = [i for i, token in enumerate(tokens) if token.kind == "digit"]
    point = next((i for i, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    integers = [i for i in places if i < point]
    scaling = {*_after(tokens, places[-1]), *(_after(tokens, integers[-1]) if integers else ())}
    commas = {i for i, t in enumerate(tokens) if t.kind == "comma"}
    grouped = any(places[0] < i < places[-1] for i in commas - scaling)
    percents = sum(token.kind == "percent" for token in tokens)
    scaled = Decimal(repr(abs(value))) * Decimal(10) ** (2 * percents - 3 * len(scaling))
    decimals = [i for i in places if i > point]
    rounded = to_decimals(scaled, len(decimals))
    whole, _, fraction = f"{rounded:f}".partition(".")
    text = _laid_out(tokens, (whole, fraction, point), grouped)
    return f"-{text}" if value < 0 and rounded != 0 else text


def _as_fraction(tokens: tuple[Token, ...], value: float) -> str | None:
    """The number as the section's fraction; None if it shows none."""
    found = fraction_format([(token.kind, token.text) for token in tokens])
    if found is None:
        return None
    if any(token.kind in _BESIDE_FRACTIONS for token in tokens):
        raise UnsupportedError("fractions with commas, percents or points are not supported")
    return found.format(value)


def _with_literal_commas(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Commas before the first digit stand for themselves."""
    first = next(i for i, token in enumerate(tokens) if token.kind == "digit")
    return tuple(
        Token("literal", ",") if token.kind == "comma" and i < first else token
        for i, token in enumerate(tokens)
    )


def _after(tokens: tuple[Token, ...], place: int) -> list[int]:
    """The places of the commas that follow directly on the last digit of a part: each divides by
    1000."""
    found = []
    for i in range(place + 1, len(tokens)):
        if tokens[i].kind != "comma":
            break
        found.append(i)
    return found


def _laid_out(tokens: tuple[Token, ...], number: tuple[str, str, int], grouped: bool) -> str:
    """The digits of a number put into the places of a section."""
    whole, fraction, point = number
    integer_places = [i for i, t in enumerate(tokens) if t.kind == "digit" and i < point]
    digits = _integer_digits(whole, [tokens[i].text for i in integer_places])
    kept = _fraction_digits(fraction, [t.text for t in tokens[point:] if t.kind == "digit"])
    if grouped:
        digits = _grouped(digits)
    shown = dict(zip(integer_places, digits, strict=True))
    parts: list[str] = []
    for place, token in enumerate(tokens):
        if place in shown:
            parts.append(shown[place])
        elif token.kind == "digit":
            parts.append(kept.pop(0))
        elif token.kind != "comma":
            parts.append(token.text)
    return "".join(parts)


def _integer_digits(whole: str, places: list[str]) -> list[str]:
    """Per place its digit; the first takes all that are too many."""
    if whole == "0":
        whole = ""
    extra = max(len(whole) - len(places), 0)
    digits = [" " if place == "?" else "0" if place == "0" else "" for place in places]
    for step, char in enumerate(reversed(whole[extra:])):
        digits[-1 - step] = char
    seen = False
    for i, place in enumerate(places):
        seen = seen or place == "0"
        if seen and digits[i] == "":
            digits[i] = "0"
    if digits:
        digits[0] = whole[:extra] + digits[0]
    return digits


def _grouped(digits: list[str]) -> list[str]:
    """Commas before every third digit from the right."""
    result, count = [], 0
    for chunk in reversed(digits):
        text = ""
        for char in reversed(chunk):
            if char.isdigit():
                text = f"{char},{text}" if count and count % 3 == 0 else char + text
                count += 1
            else:
                text = char + text
        result.append(text)
    return result[::-1]


def _fraction_digits(fraction: str, places: list[str]) -> list[str]:
    """Per place its digit; trailing zeros vanish at # and are spaces at ?."""
    digits = list(fraction)
    for i in range(len(places) - 1, -1, -1):
        if digits[i] != "0" or places[i] == "0":
            break
        digits[i] = " " if places[i] == "?" else ""
    return digits


def _scientific(section: Section, value: float) -> str:
    """`0.00E+00`; several places before the point make the exponent a multiple of their number.

    With none, as in `.00E+00`, the mantissa is below 1.
    """
    tokens = section.tokens
    mark = next(i for i, token in enumerate(tokens) if token.kind == "exponent")
    point = next((i for i, t in enumerate(tokens[:mark]) if t.kind == "point"), mark)
    leading = sum(t.kind == "digit" for t in tokens[:point])
    decimals = sum(t.kind == "digit" for t in tokens[point:mark])
    if not leading + decimals:
        raise UnsupportedError("a number format with an exponent and no digit before it")
    exact = Decimal(repr(abs(value)))
    step = max(leading, 1)
    power = 0 if exact == 0 else (exact.adjusted() + step - leading) // step * step
    mantissa = to_decimals(exact.scaleb(-power), decimals)
    if mantissa >= 10**leading and exact:
        power, mantissa = power + step, mantissa.scaleb(-step)
        mantissa = to_decimals(mantissa, decimals)
    whole, _, fraction = f"{mantissa:f}".partition(".")
    front = _laid_out(tokens[:mark], (whole, fraction, point), grouped=False)
    places = [t.text for t in tokens[mark + 1 :] if t.kind == "digit"]
    digits = "".join(_integer_digits(str(abs(power)), places))
    sign = "-" if power < 0 else "+" if tokens[mark].text.endswith("+") else ""
    tail = "".join(t.text for t in tokens[mark + 1 :] if t.kind == "literal")
    letter = tokens[mark].text[0]
    return f"{'-' if value < 0 else ''}{front}{letter}{sign}{digits}{tail}"
