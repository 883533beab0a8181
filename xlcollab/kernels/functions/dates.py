"""Dates and times: serial numbers taken apart and put together."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from functools import partial

from xlcollab.errors import UnsupportedError
from xlcollab.grid import ErrorCode, Kind, Scalar
from xlcollab.grid.days import serial_of
from xlcollab.kernels.functions.maths.elementwise import without_booleans
from xlcollab.kernels.text.calendar import (
    Day,
    day_of,
    moment_from_text,
    month_length,
    serial_of_parts,
)
from xlcollab.kernels.text.moment_format import Moment, moment_of
from xlcollab.kernels.text.texts import number_from_text
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import (
    Alone,
    NotAloneError,
    OfValues,
    Reader,
    as_it_is,
    floored,
    integer,
    number,
    refuse,
    text,
    told,
    truth,
    valuewise,
)

_WEEK_STARTS = {1: 0, 2: 1, 11: 1, 12: 2, 13: 3, 14: 4, 15: 5, 16: 6, 17: 0}
"""WEEKNUM's and WEEKDAY's system → first day of the week (0 is Sunday)."""
_ISO = 21
"""WEEKNUM's system of ISO 8601: weeks begin on Monday, the first has the first Thursday."""
_LARGEST = 32767
"""Of hours, minutes, seconds, months and days that DATE and TIME take."""
_LAST_YEAR = 10000
"""The first one that Excel has no dates in."""
_PHANTOM_MONTH = (1900, 2)
"""The February with a 29th that never was."""


def dated(function: Callable[..., Scalar], *readers: Reader) -> Alone:
    """A function that is also told the date system."""
    from_1900 = valuewise(partial(function, False), *readers)
    from_1904 = valuewise(partial(function, True), *readers)
    return told(lambda context: from_1904 if context.date1904 else from_1900)


def _toolpak(function: Alone) -> Alone:
    """A function of the former Analysis ToolPak, to which truth values are #VALUE!."""

    def run(context: Context, *blocks: Block) -> Block:
        return function(context, *(without_booleans(context, block) for block in blocks))

    return Alone(run, _of_others(function, lambda context, value: isinstance(value, bool)))


def _of_others(function: Alone, special: Callable[[Context, Scalar], bool]) -> OfValues:
    """The function of values none of which is special to what stands around it."""

    def of(context: Context, values: Sequence[Scalar]) -> Scalar:
        if any(special(context, value) for value in values):
            raise NotAloneError
        return function.of(context, values)

    return of


_DAYS_1904 = 1462
"""Between the starts of the two date systems."""


def _twice_shifted(function: Alone, dates: int = 1) -> Alone:
    """In books of the 1904 system EDATE, EOMONTH and YEARFRAC count the days of a text from 1904
    and shift them a second time, as Excel was seen to do. What comes before 1904 so is refused.

    The first `dates` arguments are dates.
    """

    def run(context: Context, *blocks: Block) -> Block:
        if not context.date1904:
            return function(context, *blocks)
        shifted = [_shifted(context, block) for block in blocks[:dates]]
        return function(context, *shifted, *blocks[dates:])

    def is_special(context: Context, value: Scalar) -> bool:
        return context.date1904 and isinstance(value, str)

    return Alone(run, _of_others(function, is_special))


def _shifted(context: Context, block: Block) -> Block:
    if not bool(block.mask(Kind.TEXT).any()):
        return block
    return context.block([_days_of(one) for one in context.values(block)], block.shape)


def _days_of(value: Scalar) -> Scalar:
    serial = number_from_text(value, True) if isinstance(value, str) else None
    if serial is None:
        return value
    if serial < _DAYS_1904:
        raise UnsupportedError("a text as a date before 1908, in a book that counts from 1904")
    return serial - _DAYS_1904


def day_at(serial: float, date1904: bool) -> Day:
    day = day_of(math.floor(serial), date1904)
    if day is None:
        raise refuse(ErrorCode.NUM)
    return day


def _serial(date1904: bool, year: int, month: int, day: int) -> int:
    serial = serial_of_parts(year, month, day, date1904)
    if serial is None:
        raise refuse(ErrorCode.NUM)
    return serial


def _date(date1904: bool, year: int, month: int, day: int) -> float:
    """DATE: years below 1900 (1904) count from there. Beyond its limits a year is the last one, a
    day the 32767th, a month an error, as Excel was seen to have it."""
    if not -_LARGEST <= month < _LARGEST:
        raise refuse(ErrorCode.NUM)
    year = min(year, _LAST_YEAR)
    day = day if -_LARGEST - 1 <= day <= _LARGEST else _LARGEST
    first = 1904 if date1904 else 1900
    return float(_serial(date1904, year + first if year < first else year, month, day))


def _time(hours: int, minutes: int, seconds: int) -> float:
    total = hours * 3600 + minutes * 60 + seconds
    if total < 0 or max(hours, minutes, seconds) > _LARGEST:
        raise refuse(ErrorCode.NUM)
    return total % 86400 / 86400


def _part_of_day(place: int) -> Function:
    return dated(lambda date1904, serial: float(day_at(serial, date1904)[place]), number)


def _part_of_time(part: Callable[[Moment], float]) -> Function:
    def run(serial: float) -> float:
        moment = moment_of(serial) if serial >= 0 else None
        if moment is None:
            raise refuse(ErrorCode.NUM)
        return float(part(moment))

    return valuewise(run, number)


def _weekday_number(serial: float, date1904: bool) -> int:
    """0 for Sunday; the days before 1 March 1900 as Excel has them."""
    day_at(serial, date1904)
    return (math.floor(serial) + (5 if date1904 else -1)) % 7


def _weekday(date1904: bool, serial: float, system: int = 1) -> float:
    day = _weekday_number(serial, date1904)
    if system == 3:
        return float((day - 1) % 7)
    if system not in _WEEK_STARTS:
        raise refuse(ErrorCode.NUM)
    return float((day - _WEEK_STARTS[system]) % 7 + 1)


def _week(date1904: bool, serial: float, system: int = 1) -> float:
    if system == _ISO:
        return _iso_week(date1904, serial)
    if system not in _WEEK_STARTS:
        raise refuse(ErrorCode.NUM)
    year, _, _ = day_at(serial, date1904)
    first = _serial(date1904, year, 1, 1)
    lead = (_weekday_number(first, date1904) - _WEEK_STARTS[system]) % 7
    return float((math.floor(serial) - first + lead) // 7 + 1)


def _week_in(context: Context) -> Alone:
    """WEEKNUM: what is wrong with the day comes before what is wrong with the system."""

    def week(serial: Scalar, *system: Scalar) -> Scalar:
        day = number(context, serial)
        day_at(day, context.date1904)
        return _week(context.date1904, day, *(integer(context, one) for one in system))

    return valuewise(week, as_it_is)


_FIRST_DAY = {False: 1, True: 0}
"""The serial number of the first day of 1900 or, in the other date system, of 1904."""
_LAST_WEEK = {False: 52.0, True: 53.0}
"""Of the year before."""


def _iso_week(date1904: bool, serial: float) -> float:
    """The week of the Thursday nearest to the day (ISO 8601)."""
    monday_first = (_weekday_number(serial, date1904) - 1) % 7
    thursday = math.floor(serial) - monday_first + 3
    if thursday < _FIRST_DAY[date1904]:
        return _LAST_WEEK[date1904]
    year, _, _ = day_at(thursday, date1904)
    return float((thursday - _serial(date1904, year, 1, 1)) // 7 + 1)


def months_later(date1904: bool, serial: float, months: int) -> float:
    """EDATE: the same day of another month, or its last."""
    year, month, day = day_at(serial, date1904)
    years, month = divmod(month - 1 + months, 12)
    year += years
    if not 1900 <= year <= 9999:
        raise refuse(ErrorCode.NUM)
    last = month_length(year, month + 1)
    return float(_serial(date1904, year, month + 1, min(day, last)))


def _month_end(date1904: bool, serial: float, months: int) -> float:
    """EOMONTH: the last day of another month; that of February 1900 is the 28th."""
    year, month, _ = day_at(serial, date1904)
    years, month = divmod(month - 1 + months, 12)
    year += years
    if not 1900 <= year <= 9999:
        raise refuse(ErrorCode.NUM)
    return float(_serial(date1904, year, month + 1, month_length(year, month + 1)))


def _days_between(date1904: bool, end: float, start: float) -> float:
    for serial in (end, start):
        day_at(serial, date1904)
    return float(math.floor(end) - math.floor(start))


def _days_of_360(date1904: bool, start: float, end: float, european: bool = False) -> float:
    """DAYS360: the last half second of a day belongs to the next one."""
    first, last = (day_at(day + _HALF_SECOND, date1904) for day in (start, end))
    return float(days_360(first, last, european))


_HALF_SECOND = 0.5 / 86400
"""Days."""


def days_360(start: Day, end: Day, european: bool) -> int:
    """Days between two dates of months with 30 days, as DAYS360 counts them."""
    (year_a, month_a, a), (year_b, month_b, b) = start, end
    if european:
        a, b = min(a, 30), min(b, 30)
    else:
        if a == (29 if (year_a, month_a) == _PHANTOM_MONTH else month_length(year_a, month_a)):
            a = 30
        if b == month_length(year_b, month_b) and b == 31:
            if a < 30:
                month_b, b = month_b + 1, 1
            else:
                b = 30
    return (year_b - year_a) * 360 + (month_b - month_a) * 30 + b - a


def year_fraction(date1904: bool, start: float, end: float, basis: int = 0) -> float:
    low, high = sorted((math.floor(start), math.floor(end)))
    first, last = day_at(low, date1904), day_at(high, date1904)
    days = high - low
    if basis == 0:
        return us_days_360(first, last) / 360
    if basis == 1:
        return days / year_length_between(first, last)
    if basis in (2, 3):
        return days / (360 if basis == 2 else 365)
    if basis == 4:
        return days_360(first, last, european=True) / 360
    raise refuse(ErrorCode.NUM)


def us_days_360(start: Day, end: Day) -> int:
    """30/360 US: an end of February is a 30th, at the end if it is one at the start too; a 31st is
    one, at the end if the start is a 30th or 31st."""
    (year_a, month_a, a), (year_b, month_b, b) = start, end
    february = month_a == 2 and a == month_length(year_a, 2)
    if february and month_b == 2 and b == month_length(year_b, 2):
        b = 30
    if b == 31 and a >= 30:
        b = 30
    a = 30 if february else min(a, 30)
    return (year_b - year_a) * 360 + (month_b - month_a) * 30 + b - a


def year_length_between(start: Day, end: Day) -> float:
    """The length of a year for actual/actual: of the years touched, or of the one year between."""
    years = range(start[0], end[0] + 1)
    if len(years) == 1 or (len(years) == 2 and start[1:] >= end[1:]):
        if len(years) == 1:
            return _year_length(start[0])
        leap_a = _year_length(start[0]) == 366 and start[1:] <= (2, 29)
        leap_b = _year_length(end[0]) == 366 and end[1:] >= (2, 29)
        return 366.0 if leap_a or leap_b else 365.0
    return sum(_year_length(year) for year in years) / len(years)


def _year_length(year: int) -> float:
    return 337.0 + month_length(year, 2)


def _difference(date1904: bool, start: float, end: float, unit: str) -> float:
    """DATEDIF(start, end, unit)."""
    if math.floor(start) > math.floor(end):
        raise refuse(ErrorCode.NUM)
    first, last = day_at(start, date1904), day_at(end, date1904)
    months = (last[0] - first[0]) * 12 + last[1] - first[1] - (last[2] < first[2])
    name = unit.upper()
    if name == "MD":
        return float(_days_beyond_months(date1904, first, last))
    if name == "YD":
        return float(_days_beyond_years(date1904, start, first, last, months))
    counts = {"D": math.floor(end) - math.floor(start), "M": months, "Y": months // 12}
    counts["YM"] = months % 12
    if name not in counts:
        raise refuse(ErrorCode.NUM)
    return float(counts[name])


def _days_beyond_years(date1904: bool, start: float, first: Day, last: Day, months: int) -> int:
    """The whole months beyond the years, counted on from the first day, and the days beyond them,
    which lie at the end: Excel's "YD" knows two years, and a leap day of either."""
    reached = _serial(date1904, first[0], first[1] + months % 12, first[2])
    return reached - math.floor(start) + _days_beyond_months(date1904, first, last)


def _days_beyond_months(date1904: bool, first: Day, last: Day) -> int:
    if last[2] >= first[2]:
        return last[2] - first[2]
    before = _serial(date1904, last[0], last[1] - 1, first[2])
    return _serial(date1904, *last) - before


def _date_value(date1904: bool, source: str) -> float:
    moment = moment_from_text(source, date1904)
    if moment is None:
        raise refuse()
    return float(math.floor((moment[0] or 0.0) + (moment[1] or 0.0)))


def _time_value(source: str) -> float:
    moment = moment_from_text(source)
    if moment is None or moment[1] is None:
        raise refuse()
    return ((moment[0] or 0) + moment[1]) % 1.0


def _clock(date_only: bool) -> Function:
    """NOW and TODAY, in local time."""

    def run(context: Context) -> Block:
        moment = datetime.datetime.now()
        day = float(serial_of(moment.date(), context.date1904))
        midnight = datetime.datetime.combine(moment.date(), datetime.time())
        passed = (moment - midnight) / datetime.timedelta(days=1)
        return context.scalar(day if date_only else day + passed)

    return run


_fraction_of_year = dated(year_fraction, number, number, floored)
_row = partial(function, category="dates", shape=Shape.STEPS, elementwise=True)
_packed = partial(_row, needed=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("DATE", "VVV", dated(_date, floored)),
    _row("TIME", "VVV", valuewise(_time, floored)),
    _row("YEAR", "V", _part_of_day(0)),
    _row("MONTH", "V", _part_of_day(1)),
    _row("DAY", "V", _part_of_day(2)),
    _row("HOUR", "V", _part_of_time(lambda moment: moment.hour)),
    _row("MINUTE", "V", _part_of_time(lambda moment: moment.minute)),
    _row("SECOND", "V", _part_of_time(lambda moment: int(moment.second))),
    _row("WEEKDAY", "V|V", dated(_weekday, number, integer)),
    _packed("WEEKNUM", "V|V", _toolpak(told(_week_in))),
    _row("ISOWEEKNUM", "V", dated(_iso_week, number)),
    _packed("EDATE", "VV", _toolpak(_twice_shifted(dated(months_later, number, integer)))),
    _packed("EOMONTH", "VV", _toolpak(_twice_shifted(dated(_month_end, number, integer)))),
    _row("DAYS", "VV", dated(_days_between, number)),
    _row("DAYS360", "VV|V", dated(_days_of_360, number, number, truth)),
    _packed("YEARFRAC", "VV|V", _toolpak(_twice_shifted(_fraction_of_year, 2))),
    _row("DATEDIF", "VVV", dated(_difference, number, number, text)),
    _row("DATEVALUE", "V", dated(_date_value, text)),
    _row("TIMEVALUE", "V", valuewise(_time_value, text)),
    _row("NOW", "", _clock(date_only=False), fails=False, random=True, elementwise=False),
    _row("TODAY", "", _clock(date_only=True), fails=False, random=True, elementwise=False),
)
