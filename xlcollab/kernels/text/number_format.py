"""Values as number formats show them (ECMA-376 Part 1, 18.8.31), in the US locale.

A format has up to four sections for positive numbers, negative ones, zero and texts; conditions in
brackets may replace the signs. How Excel writes a minus sign beside conditions is documented
nowhere: the rules are those that the project numfmt found in Excel, which other reports confirm.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from xlcollab.kernels.text.digit_layout import plain_number, scientific
from xlcollab.kernels.text.format_sections import GENERAL, Section, Token, sections_of
from xlcollab.kernels.text.fraction_format import fraction_format
from xlcollab.kernels.text.moment_format import format_moment
from xlcollab.kernels.text.texts import general, short_general

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}
_TEXT_SECTION = 3
"""The place of the section for texts, behind those for numbers."""
_POSITIVE = (">", 0.0)
_UNSIGNED_BELOW = ("<", "<=", "=")


def format_value(value: float | str, pattern: str, date1904: bool = False) -> str | None:
    """`value` as `pattern` shows it; None where no date can be shown (a negative one).

    Raises UnsupportedError for a part of the pattern that is not known.
    """
    sections = sections_of(pattern)
    if isinstance(value, str):
        return _format_text(value, sections)
    chosen = _choose(sections, value)
    if chosen is None:
        return "#"
    section, signed = chosen
    if section.has("moment"):
        number = value if signed else abs(value)
        return format_moment([(t.kind, t.text) for t in section.tokens], number, date1904)
    text, minus = _format_number(section, abs(value))
    return f"-{text}" if signed and minus and value < 0 else text


def _format_text(value: str, sections: Sequence[Section]) -> str:
    if len(sections) > _TEXT_SECTION:
        section: Section | None = sections[_TEXT_SECTION]
    else:
        section = next((one for one in sections if one.has("text")), None)
    if section is None:
        return value
    return "".join(value if t.kind == "text" else t.text for t in section.tokens)


def _choose(sections: Sequence[Section], value: float) -> tuple[Section, bool] | None:
    """The section for a number, and whether a minus sign is written before it where the number is
    negative; None where no section fits."""
    numeric = list(sections[:_TEXT_SECTION])
    if any(section.condition for section in numeric):
        return _choose_by_condition(numeric, value)
    if len(sections) <= _TEXT_SECTION:
        text = next((section for section in numeric if section.has("text")), None)
        numeric = [section for section in numeric if section is not text]
    if not numeric or (len(numeric) == 1 and numeric[0].blank):
        return GENERAL, True
    if value < 0 and len(numeric) > 1:
        return numeric[1], False
    if value == 0 and len(numeric) > 2:
        return numeric[2], False
    return numeric[0], True


def _choose_by_condition(numeric: list[Section], value: float) -> tuple[Section, bool] | None:
    if len(numeric) == 1:
        numeric = [*numeric, GENERAL]
    first = numeric[0].condition or _POSITIVE
    for place, section in enumerate(numeric):
        condition = section.condition if place else first
        if condition is not None and not _COMPARE[condition[0]](value, condition[1]):
            continue
        if condition is not None:
            return section, _is_signed(condition)
        return section, len(numeric) == _TEXT_SECTION or _other_is_signed(first)
    return None


def _is_signed(condition: tuple[str, float]) -> bool:
    """A section that only negative numbers reach shows no minus sign of its own; one of `<=0` does,
    though."""
    sign, limit = condition
    below = limit < 0 and sign in _UNSIGNED_BELOW
    return not (below or (limit == 0 and sign == "<"))


def _other_is_signed(first: tuple[str, float]) -> bool:
    """Whether the second of two sections, which has no condition, shows a minus sign."""
    sign, limit = first
    return sign == "=" or (limit >= 0 and sign in (">", ">="))


def _format_number(section: Section, value: float) -> tuple[str, bool]:
    """A number that is not negative, and whether a minus sign may stand before it: not before what
    is rounded to nothing."""
    tokens = section.tokens
    if section.has("general"):
        return _written(tokens, "general", short_general(value)), True
    if not section.has("digit"):
        text = _written(tokens, "text", general(value))
        return text, bool(text)
    fraction = fraction_format(tokens)
    if fraction is not None:
        return fraction.format(value), True
    if section.has("exponent"):
        return scientific(tokens, value), value != 0
    return plain_number(tokens, value)


def _written(tokens: Sequence[Token], kind: str, shown: str) -> str:
    return "".join(shown if token.kind == kind else token.text for token in tokens)
