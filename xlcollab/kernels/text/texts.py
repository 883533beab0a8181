"""Numbers as texts and texts as numbers, in Excel's General format and the US locale."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from xlcollab.kernels.text.calendar import moment_from_text

_NUMBER = re.compile(
    r"""\s*(?P<sign>[+-]?)\s*(?P<money>[$€¥]?)\s*(?P<sign2>[+-]?)
        (?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?)(?P<power>[eE][+-]?\d+)?
        \s*(?P<percent>%?)\s*\Z""",
    re.VERBOSE,
)
_MAY_BE_NUMBER = re.compile(
    r"\s*(?:[-+$€¥(.,\d]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE
)
_MOST_DIGITS = 15
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
    """ "1,234.5", "50%", "$3", "(2)", "2024-03-15", "13:30" → the number Excel reads, or None."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if _MAY_BE_NUMBER.match(plain) is None:
        return None
    number = _plain_number(plain)
    if number is not None:
        return number
    moment = moment_from_text(plain, date1904)
    return None if moment is None else float((moment[0] or 0) + (moment[1] or 0.0))


def _plain_number(text: str) -> float | None:
    stripped = text.strip()
    if stripped.startswith("(") and stripped.endswith(")"):
        inner = _plain_number(stripped[1:-1])
        return None if inner is None or inner < 0 else -inner
    match = _NUMBER.match(text)
    if match is None or not any(char.isdigit() for char in match["digits"]):
        return None
    if match["sign"] and match["sign2"]:
        return None
    value = float(match["digits"].replace(",", "") + (match["power"] or ""))
    if "-" in (match["sign"], match["sign2"]):
        value = -value
    return value / 100 if match["percent"] else value


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
    """A number as the & operator writes it: up to 15 significant digits."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.{_MOST_DIGITS}g}"
    mantissa, mark, power = text.partition("e")
    exponent = int(power) if mark else 0
    if not mark or -10 < exponent < 0:
        return _plain(value)
    sign = "-" if exponent < 0 else "+"
    return f"{mantissa}E{sign}{abs(exponent):02d}"


_WIDTH = 10
"""Digits that the General format shows beside a point."""
_FEW_DIGITS = 6


def short_general(value: float) -> str:
    """A number that is not negative in the General format of a cell: at most 11 characters."""
    if value >= 10.0 ** (_WIDTH + 1) or (value and value < 1e-4 and round(value, 9) != value):
        mantissa, _, power = f"{value:.{_FEW_DIGITS - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}E{power[0]}{abs(int(power)):02d}"
    decimals = max(_WIDTH - len(str(int(value))), 0)
    exact = to_decimals(Decimal(repr(value)), decimals)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(value: float) -> str:
    """Positional notation with at most 15 significant digits."""
    decimals = _MOST_DIGITS - 1 - int(f"{value:.{_MOST_DIGITS - 1}e}".partition("e")[2])
    return f"{value:.{max(decimals, 0)}f}".rstrip("0").rstrip(".")
