"""Numbers as texts and texts as numbers, in Excel's General format and the US locale."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from xlcollab.formula.digits import first_digits
from xlcollab.kernels.text.calendar import moment_from_text

_NUMBER = re.compile(
    r"""[ ]*+(?P<open>\()?[ ]*+(?P<signs>(?:[-+$€¥%][ ]*+){0,3})
        (?P<digits>(?:\d+(?:,\d{3,})+|\d+)?(?:\.\d*)?)(?P<power>[eE][+-]?\d+)?
        (?:[ ](?P<above>\d{1,5})/(?P<below>\d{1,5}))?
        [ ]*+(?P<percent>%?)[ ]*+(?P<close>\))?[ ]*+(?P<behind>%?)[ ]*+\Z""",
    re.VERBOSE,
)
"""Signs, money and percent before the digits, or percent behind them; brackets for below zero."""
_MAY_BE_NUMBER = re.compile(
    r"\s*(?:[-+$€¥%(.,\d]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE
)
_MOST_DIGITS = 15
"""Significant ones, of which Excel keeps so many."""
_ENDLESS = Context(prec=34_000, rounding=ROUND_HALF_UP)
"""More digits than 1e308 has before the point and a text of a cell after it."""


def to_decimals(exact: Decimal, decimals: int) -> Decimal:
    """`exact` rounded half away from zero to so many decimals, as Excel shows it: digits after the
    15th significant one are zeros."""
    known = _MOST_DIGITS - 1 - exact.adjusted()
    if exact and known < decimals:
        exact = exact.quantize(Decimal(1).scaleb(-known), context=_ENDLESS)
    return exact.quantize(Decimal(1).scaleb(-decimals), context=_ENDLESS)


@lru_cache(maxsize=4096)
def number_from_text(text: str, date1904: bool = False) -> float | None:
    """ "1,234.5", "50%", "$3", "(2)", "2024-03-15", "13:30" → the number Excel reads, or None.

    A day with a blank before and behind it is no number, though one with either is.
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if _MAY_BE_NUMBER.match(plain) is None or _HARD_SPACE in text:
        return None
    number = _plain_number(plain)
    if number is not None:
        return number
    moment = moment_from_text(plain, date1904)
    if moment is None or (moment[1] is None and plain[0] == plain[-1] == " "):
        return None
    return float((moment[0] or 0) + (moment[1] or 0.0))


_HARD_SPACE = "\u00a0"
"""Never trimmed: a number beside it is a text."""
_LARGEST_PART = 32767
"""Of a fraction."""
_TOO_LARGE = 1e308
"""Excel reads no number from a text beyond it."""
_SMALLEST = 2.2250738585072014e-308
"""Nearer to 0 a cell holds no number."""


def _plain_number(text: str) -> float | None:
    match = _NUMBER.match(text)
    if match is None or not _well_formed(match):
        return None
    value = first_digits(match["digits"].replace(",", "") + (match["power"] or ""))
    if match["above"]:
        value += int(match["above"]) / int(match["below"])
    if match["open"] or "-" in match["signs"]:
        value = -value
    if abs(value) >= _TOO_LARGE:
        return None
    value = value / 100 if "%" in match[0] else value
    return value if abs(value) >= _SMALLEST else 0.0


def _well_formed(match: re.Match[str]) -> bool:
    """Whether signs go together: one of each, percent or money but not both; and whether groups and
    fractions are such."""
    digits, signs = match["digits"], match["signs"].replace(" ", "")
    marks = signs + match["percent"] + match["behind"]
    signed = sum(marks.count(one) for one in "+-") + bool(match["open"])
    money = sum(marks.count(one) for one in "$€¥")
    first = digits.partition(",")[0]
    if not any(char.isdigit() for char in digits) or (first != digits and not first.strip("0")):
        return False
    if signed > 1 or money + marks.count("%") > 1 or bool(match["open"]) != bool(match["close"]):
        return False
    if not match["above"]:
        return True
    parts = int(match["above"]), int(match["below"])
    whole = "." not in digits and not match["power"]
    return whole and 0 < parts[1] <= _LARGEST_PART and parts[0] <= _LARGEST_PART


def folded(text: str) -> str:
    """What texts are compared by: case, width and kind of kana do not count."""
    if text.isascii():
        return text.casefold()
    wide = unicodedata.normalize("NFC", "".join(_full_width(char) for char in text))
    return wide.translate(_KATAKANA).casefold()


def _full_width(char: str) -> str:
    """Half- and full-width forms as their plain form, other characters as they are."""
    wide = char == "\u3000" or "\uff00" <= char <= "\uffef"
    return unicodedata.normalize("NFKC", char) if wide else char


_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


def general(value: float) -> str:
    """A number as the & operator writes it: up to 15 significant digits, positional where that
    takes at most 20 characters."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    sign = "-" if value < 0 else ""
    digits, exponent = _significant(abs(value))
    if exponent < 0 and len("0.") - exponent - 1 + len(digits) <= _LONGEST:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if 0 <= exponent < _LONGEST:
        before = digits[: exponent + 1].ljust(exponent + 1, "0")
        after = digits[exponent + 1 :]
        return f"{sign}{before}.{after}" if after else f"{sign}{before}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}E{exponent:+03d}"


_LONGEST = 20
"""Characters of a number that is written without a power of ten."""
_LONG_POWER = 98
"""Powers beyond it cost a digit: what has 15 is rounded once more."""


def _significant(value: float) -> tuple[str, int]:
    """(digits without the zeros behind them, power of ten of the first one) of a number above 0."""
    exact = _HALF_UP.create_decimal(Decimal(value))
    if abs(exact.adjusted()) > _LONG_POWER:
        exact = _HALF_UP_SHORT.create_decimal(exact)
    digits = "".join(map(str, exact.as_tuple().digits)).rstrip("0")
    return digits, exact.adjusted()


_HALF_UP = Context(prec=_MOST_DIGITS, rounding=ROUND_HALF_UP)
_HALF_UP_SHORT = Context(prec=_MOST_DIGITS - 1, rounding=ROUND_HALF_UP)


_WIDTH = 10
"""Digits that the General format shows beside a point."""
_FEW_DIGITS = 6
"""Significant ones that a General cell shows of a number in scientific form."""


def short_general(value: float) -> str:
    """A number that is not negative in the General format of a cell: at most 11 characters."""
    large = value + 0.5 >= 10.0 ** (_WIDTH + 1)
    if large or (value and value < 1e-4 and round(value, 9) != value):
        mantissa, _, power = f"{value:.{_FEW_DIGITS - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}E{power[0]}{abs(int(power)):02d}"
    decimals = max(_WIDTH - len(str(int(value))), 0)
    exact = to_decimals(Decimal(repr(value)), decimals)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
