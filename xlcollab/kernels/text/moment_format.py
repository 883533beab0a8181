"""Dates and times in number formats: `yyyy-mm-dd`, `[h]:mm`, `h:mm AM/PM` (18.8.31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlcollab.kernels.text.calendar import DAY_NAMES, MONTH_NAMES, Day, day_of

_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Moment:
    """A serial number taken apart. `elapsed` are all its seconds."""

    day: Day
    weekday: int
    hour: int
    minute: int
    second: float
    elapsed: float


def moment_of(value: float, decimals: int = 0, date1904: bool = False) -> Moment | None:
    """The moment of a serial number, its seconds rounded to `decimals`; None if there is none."""
    seconds = round(value * _SECONDS, decimals)
    serial = int(seconds // _SECONDS)
    day = day_of(serial, date1904)
    if day is None:
        return None
    rest = seconds - serial * _SECONDS
    shift = 5 if date1904 else -1
    weekday = (serial + shift) % 7
    hour, minute = int(rest // 3600), int(rest % 3600 // 60)
    return Moment(day, weekday, hour, minute, rest % 60, seconds)


def format_moment(tokens: Sequence[tuple[str, str]], value: float, date1904: bool) -> str | None:
    """The tokens (kind, text) of a section for a serial number; None for what is no date."""
    words = [text if kind == "moment" else "" for kind, text in tokens]
    decimals = max((len(word) - 1 for word in words if word.startswith(".")), default=0)
    moment = moment_of(value, decimals, date1904)
    if moment is None:
        return None
    half = any("/" in word for word in words)
    parts = []
    for place, (kind, text) in enumerate(tokens):
        if kind != "moment":
            parts.append(text)
        elif text.startswith("m") and _is_minute(words, place):
            parts.append(_padded(moment.minute, len(text)))
        else:
            parts.append(_part(text, moment, half))
    return "".join(parts)


def _is_minute(words: list[str], place: int) -> bool:
    """`m` means minutes right after hours or right before seconds."""
    before = next((word for word in reversed(words[:place]) if word), "")
    after = next((word for word in words[place + 1 :] if word), "")
    return before.strip("[]").startswith("h") or after.strip("[]").startswith("s")


def _padded(number: int, length: int) -> str:
    return f"{number:02d}" if length > 1 else str(number)


def _part(word: str, moment: Moment, half: bool) -> str:
    letter, length = word[0].lower(), len(word)
    year, month, day = moment.day
    if letter == "[":
        return _elapsed(word[1:-1], moment.elapsed)
    if letter == ".":
        return f"{moment.second % 1:.{length - 1}f}"[1:]
    if letter == "a":
        return word.split("/")[moment.hour >= 12]
    if letter == "y":
        return f"{year % 100:02d}" if length < 3 else f"{year:04d}"
    if letter == "m":
        name = MONTH_NAMES[month - 1]
        named = {3: name[:3], 5: name[0]}
        return _padded(month, length) if length < 3 else named.get(length, name)
    if letter == "d":
        name = DAY_NAMES[moment.weekday]
        return _padded(day, length) if length < 3 else name[:3] if length == 3 else name
    if letter == "h":
        return _padded((moment.hour + 11) % 12 + 1 if half else moment.hour, length)
    return _padded(int(moment.second), length)


def _elapsed(word: str, seconds: float) -> str:
    unit = {"h": 3600, "m": 60, "s": 1}[word[0]]
    return f"{int(seconds // unit):0{len(word)}d}"
