"""Number formats with fractions: `# ?/?`, `# ??/??`, `?/8` (ECMA-376 Part 1, 18.8.31)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from xlcollab.errors import UnsupportedError
from xlcollab.kernels.text.digit_layout import EMPTY, filled, whole_part
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
        """A number that is not negative. Raises UnsupportedError for a denominator of fewer digits
        than it has zeros."""
        has_whole = any(token.kind == "digit" for token in self.whole)
        number = int(value) if has_whole else 0
        part = self._nearest(value - number)
        if has_whole and part == 1:
            number, part = number + 1, Fraction(0)
        zeros = "0" in self.numerator or "0" in self.denominator
        hidden = has_whole and part == 0 and not zeros
        whole = self._whole(number, hidden)
        padded = "?" in self.numerator or zeros
        shown = padded or not hidden or "?" in self.denominator
        gap = self.between if shown and (number or padded or not has_whole) else ""
        if hidden:
            return whole + " " * len(gap) + self._nothing() + self.tail
        return whole + gap + self._part(part) + self.tail

    def _whole(self, number: int, alone: bool) -> str:
        """The whole part; its zero shows where nothing else does."""
        if number or not alone:
            return whole_part(self.whole, str(number))
        return "".join("0" if t.kind == "digit" else t.text for t in self.whole[-1:])

    def _nearest(self, part: float) -> Fraction:
        if self.fixed:
            parts = part * self.fixed
            whole = Fraction(part) * self.fixed if math.isinf(parts) else int(parts + 0.5)
            return Fraction(int(whole), self.fixed)
        return last_convergent(part, 10 ** len(self.denominator) - 1)

    def _nothing(self) -> str:
        """Spaces in the place of a fraction of nothing; none where all places are #."""
        below = " " * len(str(self.fixed)) if self.fixed else _spaces(self.denominator)
        above = _spaces(self.numerator)
        around = " " * len("".join(self.bar)) if above or below else ""
        return above + (" " if above or below else "") + around + below

    def _part(self, part: Fraction) -> str:
        numerator, denominator = part.numerator, part.denominator
        if self.fixed:
            numerator, denominator = int(part * self.fixed), self.fixed
        above = "".join(filled(str(numerator), self.numerator))
        return f"{above}{self.bar[0]}/{self.bar[1]}{self._below(denominator, part == 0)}"

    def _below(self, denominator: int, nothing: bool) -> str:
        """The denominator, filled up with spaces from the right."""
        text = str(denominator)
        rest = self.denominator[len(text) :]
        if "0" in rest and not nothing:
            raise UnsupportedError(
                "a number format with zeros behind a denominator is not supported"
            )
        return text.rjust(len(text) + rest.count("0"), "0") + " " * rest.count("?")


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


def _spaces(marks: str) -> str:
    return "".join(EMPTY[mark] for mark in marks)


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
    """The next place from `place` on that is no space."""
    while 0 <= place < len(tokens) and not tokens[place].text.strip(" "):
        place += step
    return place


def _parted(tokens: Sequence[Token]) -> tuple[tuple[Token, ...], str]:
    """The whole part up to its last digit, and the text behind it."""
    last = max((i for i, token in enumerate(tokens) if token.kind == "digit"), default=-1)
    return tuple(tokens[: last + 1]), _text(tokens[last + 1 :])


def _text(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens)
