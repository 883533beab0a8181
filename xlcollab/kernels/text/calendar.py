"""Serial numbers of days: Excel's two date systems (ECMA-376 Part 1, 18.17.4.1).

In the 1900 system day 1 is 1 January 1900 and day 60 the 29 February 1900 that never was; day 0
shows as 0 January 1900. In the 1904 system day 0 is 1 January 1904. Times are fractions of a day.
"""

from __future__ import annotations

import datetime
import re
import unicodedata

from xlcollab.grid.days import AFTER_PHANTOM, BEFORE_PHANTOM, EPOCH_1904, PHANTOM, serial_of

_LAST = datetime.date(9999, 12, 31)
_TWO_DIGIT_YEARS = 30
"""Years 0 to 29 are 20xx, 30 to 99 are 19xx."""
MONTH_NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAY_NAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

Day = tuple[int, int, int]
"""(year, month, day)"""


def day_of(serial: int, date1904: bool = False) -> Day | None:
    """The (year, month, day) of a serial number; None outside the calendar."""
    if serial < 0 or serial > serial_of(_LAST, date1904):
        return None
    if date1904:
        return _parts(EPOCH_1904 + datetime.timedelta(serial))
    if serial in (0, PHANTOM):
        return (1900, 1, 0) if serial == 0 else (1900, 2, 29)
    base = AFTER_PHANTOM if serial > PHANTOM else BEFORE_PHANTOM
    return _parts(base + datetime.timedelta(serial))


def _parts(day: datetime.date) -> Day:
    return day.year, day.month, day.day


def serial_of_parts(year: int, month: int, day: int, date1904: bool = False) -> int | None:
    """DATE's serial number: months and days may lie outside their range; None if it has none."""
    years, month = divmod(month - 1, 12)
    year += years
    if not 1900 <= year <= 9999:
        return None
    if not date1904 and (year, month) == (1900, 1) and day == 29:
        return PHANTOM
    first = serial_of(datetime.date(year, month + 1, 1), date1904)
    serial = first + day - 1
    return serial if day_of(serial, date1904) is not None else None


def month_length(year: int, month: int) -> int:
    following = datetime.date(year + month // 12, month % 12 + 1, 1) if year < 9999 else None
    if following is None:
        return 31 if month in (1, 3, 5, 7, 8, 10, 12) else 28 if month == 2 else 30
    return (following - datetime.date(year, month, 1)).days


_TIME = re.compile(
    r"(?:(\d{1,4})\s*:(?:\s*(\d{1,4})(?:\s*:\s*(\d{1,4}(?:\.\d*)?)?)?)?|(\d{1,2})(?=\s))"
    r"(?:\s+([ap])[m.:]?)?\Z",
    re.IGNORECASE,
)
_MINUTES = re.compile(r"(\d{1,4}):(\d{1,4}\.\d*)\Z")
"""Minutes and seconds: the point tells them from hours and minutes."""
_BAR = r"\s*[-/]\s*"
"""Between the numbers of a date, which may have different ones."""
_GAP = rf"(?:{_BAR}|\s+)"
_SEPARATED = re.compile(rf"(\d{{1,4}}){_BAR}(\d{{1,4}})(?:{_BAR}(\d{{1,4}}))?\Z")
_NAMED_SECOND = re.compile(
    rf"(\d{{1,2}}){_GAP}?([a-z]{{3,9}})(?:{_GAP}?(\d{{4}}|\d{{1,2}}))?\Z", re.IGNORECASE
)
_NAMED_FIRST = re.compile(
    rf"([a-z]{{3,9}})(?:{_GAP}|,\s+)(\d{{1,2}})(?:,\s+(\d{{4}}|\d{{1,2}}))\Z", re.IGNORECASE
)
_NAMED_ALONE = re.compile(rf"([a-z]{{3,9}}){_GAP}?(\d{{4}}|\d{{1,2}})\Z", re.IGNORECASE)


def date_from_text(text: str, date1904: bool = False) -> int | None:
    """ "2024-03-15", "3/15/2024", "15-Mar-24", "March 15, 2024" → serial number, else None. A month
    and a day are of this year, a month and what can be no day are the first of a month."""
    parts = _date_parts(text.strip())
    if parts is None:
        return None
    year, month, day = parts
    if year < 100:
        year += 2000 if year < _TWO_DIGIT_YEARS else 1900
    if not (1 <= month <= 12 and 1900 <= year <= 9999):
        return None
    phantom = not date1904 and (year, month, day) == (1900, 2, 29)
    if not (1 <= day <= month_length(year, month) or phantom):
        return None
    return serial_of_parts(year, month, day, date1904)


def _date_parts(text: str) -> Day | None:
    if match := _SEPARATED.match(text):
        first, middle, last = match.groups()
        if last is None:
            return _of_a_month(int(first), middle) if len(first) <= 2 else None
        if len(first) == 4:
            return int(first), int(middle), int(last)
        return (int(last), int(first), int(middle)) if len(last) != 3 else None
    if match := _NAMED_SECOND.match(text):
        year = int(match[3]) if match[3] else datetime.date.today().year
        month = _month(match[2])
        return (year, month, int(match[1])) if month else None
    if match := _NAMED_FIRST.match(text):
        month = _month(match[1])
        return (int(match[3]), month, int(match[2])) if month else None
    if match := _NAMED_ALONE.match(text):
        month = _month(match[1])
        return _of_a_month(month, match[2]) if month else None
    return None


def _of_a_month(month: int, number: str) -> Day | None:
    """A month with a number: its day this year, or the first of it in that year."""
    if not 1 <= month <= 12 or len(number) == 3:
        return None
    this_year = datetime.date.today().year
    if len(number) < 4 and 1 <= int(number) <= month_length(this_year, month):
        return this_year, month, int(number)
    return int(number), month, 1


def _month(name: str) -> int:
    """1 … 12 for the beginning of a month's name, at least three letters, or 0."""
    beginning = name.title()
    return next((i for i, month in enumerate(MONTH_NAMES, 1) if month.startswith(beginning)), 0)


def time_from_text(text: str) -> float | None:
    """ "13:30", "1:30:15.5 PM", "1 PM", "93:22.15" → days (may exceed 1), else None. One field may
    lie beyond its range, none where AM or PM is said."""
    text = text.strip()
    if match := _MINUTES.match(text):
        fields = [0, int(match[1]), _seconds(match[2])]
        return _in_days(fields, match[2].rstrip(".").find(".") < 0)
    match = _TIME.match(text)
    if match is None or (match[4] and not match[5]):
        return None
    fields = [int(match[1] or match[4]), int(match[2] or 0), _seconds(match[3] or "0")]
    if not match[5]:
        return _in_days(fields)
    if fields[0] > 12 or fields[1] > 59 or fields[2] >= 60:
        return None
    fields[0] = fields[0] % 12 + (12 if match[5].lower() == "p" else 0)
    return _in_days(fields)


def _seconds(text: str) -> float:
    """Seconds, of which three decimals count."""
    whole, _, decimals = text.partition(".")
    return float(f"{whole}.{decimals[:3]}")


def _in_days(fields: list[float], of_hours: bool = False) -> float | None:
    """Hours, minutes and seconds in days; `of_hours`: minutes and seconds mean hours and minutes.
    None where more than one is beyond its range."""
    if of_hours:
        fields = [fields[1], fields[2], 0]
    hours, minutes, seconds = fields
    if (hours > 23) + (minutes > 59) + (seconds >= 60) > 1:
        return None
    return (hours * 3600 + minutes * 60 + seconds) / 86400


def moment_from_text(text: str, date1904: bool = False) -> tuple[int | None, float | None] | None:
    """(day, time) of a text; either may be missing. None when it is neither."""
    text = unicodedata.normalize("NFKC", text).strip()
    day = date_from_text(text, date1904)
    if day is not None:
        return day, None
    time = time_from_text(text)
    if time is not None:
        return None, time
    for split in re.finditer(r"\s+", text):
        parts = text[: split.start()], text[split.end() :]
        for date, clock in (parts, parts[::-1]):
            day, time = date_from_text(date, date1904), time_from_text(clock)
            if day is not None and time is not None:
                return day, time
    return None
