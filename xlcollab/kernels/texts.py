"""Numbers as texts and texts as numbers, in Excel's General format and the US locale."""

from __future__ import annotations

import re
from functools import lru_cache

_NUMBER = re.compile(
    r"""\s*(?P<sign>[+-]?)\s*(?P<money>\$?)\s*(?P<sign2>[+-]?)
        (?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?)(?P<power>[eE][+-]?\d+)?
        \s*(?P<percent>%?)\s*\Z""",
    re.VERBOSE,
)
_MOST_DIGITS = 15


@lru_cache(maxsize=4096)
def number_from_text(text: str) -> float | None:
    """ "1,234.5", "50%", "$3", "(2)" → the number Excel would read; None where it reads none."""
    stripped = text.strip()
    if stripped.startswith("(") and stripped.endswith(")"):
        inner = number_from_text(stripped[1:-1])
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


def _plain(value: float) -> str:
    """Positional notation with at most 15 significant digits."""
    decimals = _MOST_DIGITS - 1 - int(f"{value:.{_MOST_DIGITS - 1}e}".partition("e")[2])
    return f"{value:.{max(decimals, 0)}f}".rstrip("0").rstrip(".")
