"""Number formats with fractions: `# ?/?`, `# ??/??`, `?/8` (ECMA-376 Part 1, 18.8.31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Mark = tuple[str, str]
"""(kind, text) of a token."""


@dataclass(frozen=True, slots=True)
class FractionFormat:
    """The parts of a section around its bar; `fixed` is the denominator that is written out."""

    whole: tuple[Mark, ...]
    numerator: str
    denominator: str
    fixed: int
    tail: tuple[Mark, ...]

    def format(self, value: float) -> str:
        """A number that is not negative."""
        exact = Fraction(Decimal(repr(value)))
        has_whole = any(kind == "digit" for kind, _ in self.whole)
        whole = int(exact) if has_whole else 0
        part = self._nearest(exact - whole)
        if has_whole and part == 1:
            whole, part = whole + 1, Fraction(0)
        shown = self._whole(whole, part == 0)
        return shown + self._part(part, has_whole) + "".join(text for _, text in self.tail)

    def _nearest(self, part: Fraction) -> Fraction:
        if self.fixed:
            return Fraction(int(part * self.fixed + Fraction(1, 2)), self.fixed)
        return part.limit_denominator(10 ** len(self.denominator) - 1)

    def _whole(self, number: int, alone: bool) -> str:
        """The digits of the whole part; its zero shows where nothing else does."""
        places = [i for i, (kind, _) in enumerate(self.whole) if kind == "digit"]
        digits = _filled(str(number) if number or alone else "", [self.whole[i][1] for i in places])
        shown = dict(zip(places, digits, strict=True))
        return "".join(shown.get(i, text) for i, (_, text) in enumerate(self.whole))

    def _part(self, part: Fraction, hidden: bool) -> str:
        """Numerator and denominator; spaces in their place where there is nothing to show."""
        written = str(self.fixed) if self.fixed else self.denominator
        if part == 0 and hidden and "0" not in self.numerator:
            return " " * (len(self.numerator) + 1 + len(written))
        numerator, denominator = part.numerator, part.denominator
        if self.fixed:
            numerator, denominator = int(part * self.fixed), self.fixed
        above = "".join(_filled(str(numerator), list(self.numerator)))
        below = str(denominator)
        return f"{above}/{below}{' ' * self.denominator[len(below) :].count('?')}"


def _filled(number: str, places: Sequence[str]) -> list[str]:
    """Per place a digit from the right, the first place taking all that are too many."""
    empty = {"0": "0", "?": " ", "#": ""}
    extra = max(len(number) - len(places), 0)
    digits = [empty[place] for place in places]
    for step, char in enumerate(reversed(number[extra:])):
        digits[-1 - step] = char
    if digits:
        digits[0] = number[:extra] + digits[0]
    return digits


def fraction_format(tokens: Sequence[Mark]) -> FractionFormat | None:
    """The section as a fraction; None if it has no bar between digits."""
    bar = next(
        (i for i in range(1, len(tokens) - 1) if tokens[i][1] == "/" and _digit(tokens[i - 1])), 0
    )
    if not bar:
        return None
    start, end = bar, bar + 1
    while start and _digit(tokens[start - 1]):
        start -= 1
    while end < len(tokens) and (_digit(tokens[end]) or tokens[end][0] == "figure"):
        end += 1
    below = tokens[bar + 1 : end]
    if not below:
        return None
    text = "".join(mark for _, mark in below)
    fixed = int(text) if any(kind == "figure" for kind, _ in below) and text.isdigit() else 0
    above = "".join(mark for _, mark in tokens[start:bar])
    tail = tuple(tokens[end:])
    return FractionFormat(tuple(tokens[:start]), above, "" if fixed else text, fixed, tail)


def _digit(token: Mark) -> bool:
    return token[0] == "digit"
