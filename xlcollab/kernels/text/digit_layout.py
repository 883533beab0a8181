"""The digits of a number put into the places of a format's section.

`0` is a digit or 0, `?` a digit or a space, `#` a digit or nothing: each place for itself, whatever
stands beside it. Places that literals part are filled from the right like one row of places, but
are not grouped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.text.format_sections import Token
from xlcollab.kernels.text.texts import to_decimals

EMPTY = {"0": "0", "?": " ", "#": ""}
"""What a place shows that has no digit."""
_GROUP = 3
"""Digits between two commas."""
_ANY = Token("digit", "#")
_NOUGHT = "0"


def plain_number(tokens: Sequence[Token], value: float) -> tuple[str, bool]:
    """A number that is not negative in a section without exponent, and whether it shows another
    digit than 0."""
    percents = sum(token.kind == "percent" for token in tokens)
    commas = sum(len(token.text) for token in tokens if token.kind == "scale")
    point = _point(tokens)
    before, behind = tokens[:point], tokens[point:]
    if point < len(tokens) and not any(token.kind == "digit" for token in before):
        before = (*before, _ANY)
    decimals = sum(token.kind == "digit" for token in behind)
    scaled = Decimal(repr(value)) * Decimal(10) ** (2 * percents - 3 * commas)
    rounded = to_decimals(scaled, decimals)
    whole, _, fraction = f"{rounded:f}".partition(".")
    text = whole_part(before, whole) + _decimal_part(behind, fraction)
    return text, rounded != 0


def _point(tokens: Sequence[Token]) -> int:
    return next((i for i, token in enumerate(tokens) if token.kind == "point"), len(tokens))


def whole_part(tokens: Sequence[Token], number: str, *, nought: bool = False) -> str:
    """The digits of a whole number in the places among `tokens`, grouped if a comma stands between
    them and nothing else does; with `nought` a 0 is written, whatever its place is."""
    return _whole(tokens, number.lstrip(_NOUGHT) or _NOUGHT * nought)


def _whole(tokens: Sequence[Token], number: str) -> str:
    """The same with all digits of `number`."""
    places = [i for i, token in enumerate(tokens) if token.kind == "digit"]
    marks = "".join(tokens[i].text for i in places)
    if not places:
        return _texts(tokens, {})
    between = tokens[places[0] : places[-1]]
    if any(token.kind not in ("digit", "group") for token in between):
        return _texts(tokens, dict(zip(places, filled(number, marks), strict=True)))
    grouped = any(token.kind == "group" for token in between)
    shown = dict.fromkeys(places, "")
    shown[places[0]] = "".join(_in_groups(number, marks) if grouped else filled(number, marks))
    return _texts(tokens, shown)


def filled(number: str, marks: str) -> list[str]:
    """Per place a digit from the right, the first place taking all that are too many."""
    extra = max(len(number) - len(marks), 0)
    digits = [EMPTY[mark] for mark in marks]
    for step, char in enumerate(reversed(number[extra:])):
        digits[-1 - step] = char
    if digits:
        digits[0] = number[:extra] + digits[0]
    return digits


def _in_groups(number: str, marks: str) -> Iterator[str]:
    """Digits and commas from the left. A comma behind a place that shows nothing is a space, if
    such a place stands further right that shows something."""
    least = len(marks.lstrip("#"))
    for left in range(max(least, len(number)), 0, -1):
        digit = number[-left] if left <= len(number) else ""
        mark = marks[-left] if left <= len(marks) else marks[0]
        yield digit or EMPTY[mark]
        if left > _GROUP and left % _GROUP == 1:
            yield "," if digit or mark == "0" else " "


def _decimal_part(tokens: Sequence[Token], fraction: str) -> str:
    digits = fraction.rstrip("0")
    places = [i for i, token in enumerate(tokens) if token.kind == "digit"]
    shown = {
        place: digits[step] if step < len(digits) else EMPTY[tokens[place].text]
        for step, place in enumerate(places)
    }
    return _texts(tokens, shown)


def _texts(tokens: Sequence[Token], shown: dict[int, str]) -> str:
    silent = ("group", "scale")
    return "".join(
        shown.get(i, "" if token.kind in silent else token.text) for i, token in enumerate(tokens)
    )


def scientific(tokens: Sequence[Token], value: float) -> str:
    """`0.00E+00` of a number that is not negative; several places before the point make the
    exponent a multiple of their number. With none, as in `.00E+00`, the mantissa is below 1. Of 0
    all places before the point show 0, whatever they are.

    Raises UnsupportedError where no digit stands before or behind the exponent.
    """
    mark = next(i for i, token in enumerate(tokens) if token.kind == "exponent")
    front, behind = tokens[:mark], tokens[mark + 1 :]
    point = _point(front)
    leading = sum(token.kind == "digit" for token in front[:point])
    decimals = sum(token.kind == "digit" for token in front[point:])
    if not leading + decimals or not any(token.kind == "digit" for token in behind):
        raise UnsupportedError("a number format with an exponent and no digit before or behind it")
    exact = Decimal(repr(value))
    step = max(leading, 1)
    power = 0 if exact == 0 else (exact.adjusted() + step - leading) // step * step
    mantissa = to_decimals(exact.scaleb(-power), decimals)
    if mantissa >= 10**leading and exact:
        power, mantissa = power + step, mantissa.scaleb(-step)
        mantissa = to_decimals(mantissa, decimals)
    whole, _, fraction = f"{mantissa:f}".partition(".")
    if not exact:
        whole = _NOUGHT * leading
    shown = _whole(front[:point], whole) + _decimal_part(front[point:], fraction)
    return shown + tokens[mark].text[0] + _power(behind, power, tokens[mark].text.endswith("+"))


def _power(tokens: Sequence[Token], power: int, plus: bool) -> str:
    """The exponent; its sign stands before its first digit."""
    places = [i for i, token in enumerate(tokens) if token.kind == "digit"]
    digits = filled(str(abs(power)), "".join(tokens[i].text for i in places))
    digits[0] = ("-" if power < 0 else "+" if plus else "") + digits[0]
    return _texts(tokens, dict(zip(places, digits, strict=True)))
