"""Dates and times in number formats: `yyyy-mm-dd`, `[h]:mm`, `h:mm AM/PM` (18.8.31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from xlcollab.kernels.text.calendar import DAY_NAMES, MONTH_NAMES, Day, day_of

_SECONDS = 86400
"""Of a day."""
_BEYOND = 3e6
"""Days that no calendar of Excel's has."""


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
    if abs(value) > _BEYOND:
        return None
    exact = Decimal(repr(value * _SECONDS))
    seconds = float(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
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
    """The tokens (kind, text) of a section for a serial number; None for what is no date. From 1904
    on, where moments before the first day are shown, their minus sign stands before everything."""
    if date1904 and value < 0:
        below = format_moment(tokens, -value, date1904)
        return None if below is None else f"-{below}"
    words = [text for kind, text in tokens if kind == "moment"]
    decimals = max((len(word) - 1 for word in words if word.startswith(".")), default=0)
    elapsed = all(word.startswith("[") for word in words)
    moment = moment_of(abs(value) if elapsed else value, decimals, date1904)
    if moment is None:
        return None
    half = any("/" in word for word in words)
    minutes, running = _minutes(words), {word[1] for word in words if word.startswith("[")}
    parts, step = [], -1
    for kind, text in tokens:
        step += kind == "moment"
        if kind != "moment":
            parts.append(text)
        elif step in minutes and "m" not in running:
            parts.append(_padded(moment.minute, len(text)))
        elif text[0] in running and (text[0] != "m" or step in minutes):
            parts.append(_elapsed(text, moment.elapsed))
        else:
            parts.append(_signed(_part(text, moment, half, decimals), elapsed and value < 0))
    return "".join(parts)


def _signed(text: str, below: bool) -> str:
    return f"-{text}" if below else text


_MONTHS = ("m", "mm")
"""What may mean minutes."""


def _minutes(words: list[str]) -> set[int]:
    """The places at which `m` means minutes: right behind hours or seconds, each of which has but
    one, or right before seconds."""
    found: set[int] = set()
    for place, word in enumerate(words):
        if word not in _MONTHS:
            continue
        before = words[place - 1].strip("[") if place else ""
        after = words[place + 1].strip("[") if place + 1 < len(words) else ""
        behind = before.startswith("h") or (before.startswith("s") and place - 2 not in found)
        if behind or after.startswith("s"):
            found.add(place)
    return found


def _padded(number: int, length: int) -> str:
    return f"{number:02d}" if length > 1 else str(number)


def _part(word: str, moment: Moment, half: bool, decimals: int) -> str:
    letter, length = word[0].lower(), len(word)
    year, month, day = moment.day
    if letter == "[":
        return _elapsed(word[1:-1], moment.elapsed)
    if letter == ".":
        return f"{moment.second % 1:.{decimals}f}"[1 : length + 1]
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
