"""Number formats with fractions: `# ?/?`, `# ??/??`, `?/8` (ECMA-376 Part 1, 18.8.31)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.text.digit_layout import filled, whole_part
from xlcollab.kernels.text.format_sections import Token


@dataclass(frozen=True, slots=True)
class FractionFormat:
    """The parts of a section around its bar; `fixed` is the denominator that is written out,
    `between` what stands between the whole part and the numerator."""

    whole: tuple[Token, ...]
    between: str
    numerator: str
    bar: tuple[str, str]
    """What stands before and behind the bar."""
    denominator: str
    fixed: int
    tail: str

    def format(self, value: float) -> str:
        """A number that is not negative."""
        has_whole = any(token.kind == "digit" for token in self.whole)
        number = int(value) if has_whole else 0
        part = self._nearest(value - number)
        if has_whole and part == 1:
            number, part = number + 1, Fraction(0)
        if not has_whole:
            return _text(self.whole) + self.between + self._part(part) + self.tail
        whole = self._whole(number, part)
        if part == 0 and "0" not in self.numerator:
            return whole + self._nothing() + self.tail
        return whole + self._gap(number, part) + self._part(part) + self.tail

    @property
    def _last(self) -> str:
        """The last place of the whole part."""
        return next(token.text for token in reversed(self.whole) if token.kind == "digit")

    def _whole(self, number: int, part: Fraction) -> str:
        """The whole part; its zero shows where nothing else does, or a place stands for it."""
        alone = part == 0 and ("0" not in self.numerator or self._last == "?")
        return whole_part(self.whole, str(number), nought=alone)

    def _gap(self, number: int, part: Fraction) -> str:
        """What stands between a whole part and a fraction: spaces, or nothing, where the whole part
        is not shown."""
        if number or self._last == "0" or (part == 0 and self._last == "?"):
            return self.between
        return " " * len(self.between) if "?" in self._last + self.numerator else ""

    def _nearest(self, part: float) -> Fraction:
        if self.fixed:
            parts = part * self.fixed
            whole = Fraction(part) * self.fixed if math.isinf(parts) else int(parts + 0.5)
            return Fraction(int(whole), self.fixed)
        return last_convergent(part, 10 ** len(self.denominator) - 1)

    def _nothing(self) -> str:
        """Spaces in the place of a fraction of nothing; none where no place is a `?`."""
        if "?" not in self._last + self.numerator + self.denominator:
            return ""
        below = str(self.fixed) if self.fixed else self.denominator
        return " " * len(f"{self.between}{self.numerator}{''.join(self.bar)}/{below}")

    def _part(self, part: Fraction) -> str:
        numerator, denominator = part.numerator, part.denominator
        if self.fixed:
            numerator, denominator = int(part * self.fixed), self.fixed
        above = "".join(filled(str(numerator), self.numerator))
        return f"{above}{self.bar[0]}/{self.bar[1]}{self._below(denominator)}"

    def _below(self, denominator: int) -> str:
        """The denominator, filled up with zeros from the left and spaces from the right."""
        text = str(denominator)
        spaces = self.denominator[len(text) :].count("?")
        return text.rjust(self.denominator.count("0"), "0") + " " * spaces


_EXACT = 1e-13
"""A fraction so near is the number itself."""


def last_convergent(value: float, largest: int) -> Fraction:
    """The last convergent of the continued fraction of `value` whose denominator is not above
    `largest`: what Excel shows, which is not always the nearest such fraction, and hangs on the
    last bits (0.3 is 2/7 in `?/?`, 1.3 is 1 1/3)."""
    rest, before, found = value, (0, 1), (1, 0)
    while True:
        digit = int(rest)
        above, below = digit * found[0] + before[0], digit * found[1] + before[1]
        if below > largest:
            return Fraction(*found)
        before, found = found, (above, below)
        if abs(value - above / below) < _EXACT or rest == digit:
            return Fraction(*found)
        rest = 1 / (rest - digit)


def fraction_format(tokens: Sequence[Token]) -> FractionFormat | None:
    """The section as a fraction; None if it has no bar. Raises UnsupportedError for a bar without
    digits around it, and for fractions with points, percents or exponents."""
    bar = next((i for i, token in enumerate(tokens) if _is_bar(token)), -1)
    if bar < 0:
        return None
    end_above, start_below = _past(tokens, bar - 1, -1), _past(tokens, bar + 1, 1)
    start, end = end_above, start_below
    while start >= 0 and tokens[start].kind == "digit":
        start -= 1
    while end < len(tokens) and tokens[end].kind in ("digit", "figure"):
        end += 1
    above = "".join(token.text for token in tokens[start + 1 : end_above + 1])
    below = "".join(token.text for token in tokens[start_below:end])
    rest = tokens[end:]
    odd = any(t.kind not in ("digit", "figure", "literal", "group") for t in tokens)
    mixed = not below.isdigit() and bool(below.strip("0#?"))
    if not above or not below or odd or mixed or any(t.kind == "digit" for t in rest):
        raise UnsupportedError("a number format with a fraction of this form is not supported")
    whole, between = _parted(tokens[: start + 1])
    fixed = int(below) if below.isdigit() and below.strip("0") else 0
    around = _text(tokens[end_above + 1 : bar]), _text(tokens[bar + 1 : start_below])
    return FractionFormat(whole, between, above, around, "" if fixed else below, fixed, _text(rest))


def _is_bar(token: Token) -> bool:
    return token.kind == "literal" and token.text == "/"


def _past(tokens: Sequence[Token], place: int, step: int) -> int:
    """The next place from `place` on that is a digit."""
    while 0 <= place < len(tokens) and tokens[place].kind not in ("digit", "figure"):
        place += step
    return place


def _parted(tokens: Sequence[Token]) -> tuple[tuple[Token, ...], str]:
    """The whole part up to its last digit, and the text behind it."""
    last = max((i for i, token in enumerate(tokens) if token.kind == "digit"), default=-1)
    return tuple(tokens[: last + 1]), _text(tokens[last + 1 :])


def _text(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens)
