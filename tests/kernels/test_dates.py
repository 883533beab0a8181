"""Dates and times, judged by Python's calendar and by Excel's own peculiarities."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.engine import value
from xlcollab.grid import ErrorCode, Scalar, TextPool
from xlcollab.grid.days import serial_of
from xlcollab.kernels.table import FUNCTIONS
from xlcollab.kernels.text.calendar import day_of, moment_from_text, serial_of_parts
from xlcollab.kernels.text.moment_format import moment_of
from xlcollab.kernels.values.block import Context

NUM, VALUE = ErrorCode.NUM, ErrorCode.VALUE
days = st.dates(datetime.date(1900, 3, 1), datetime.date(9999, 12, 31))


def _of(name: str, *arguments: float) -> Scalar:
    context = Context(TextPool())
    blocks = [context.scalar(float(argument)) for argument in arguments]
    return context.values(FUNCTIONS[name](context, *blocks))[0]


@given(day=days)
@settings(deadline=None)
def test_parts_of_a_day(day: datetime.date) -> None:
    serial = serial_of(day)
    assert serial == (day - datetime.date(1899, 12, 30)).days
    assert [_of(name, serial) for name in ("YEAR", "MONTH", "DAY")] == [
        day.year,
        day.month,
        day.day,
    ]
    assert _of("DATE", day.year, day.month, day.day) == serial
    assert _of("WEEKDAY", serial, 2) == day.isoweekday()
    assert _of("WEEKDAY", serial) == day.isoweekday() % 7 + 1
    assert _of("ISOWEEKNUM", serial) == day.isocalendar().week
    assert _of("WEEKNUM", serial) == int(day.strftime("%U")) + (
        datetime.date(day.year, 1, 1).isoweekday() != 7
    )


@given(serial=st.integers(0, 2_957_003))
def test_both_date_systems_go_there_and_back(serial: int) -> None:
    for date1904 in (False, True):
        day = day_of(serial, date1904)
        assert day is not None
        assert serial_of_parts(*day, date1904) == serial


def test_the_leap_day_that_never_was() -> None:
    assert [day_of(s) for s in (0, 1, 59, 60, 61)] == [
        (1900, 1, 0),
        (1900, 1, 1),
        (1900, 2, 28),
        (1900, 2, 29),
        (1900, 3, 1),
    ]
    assert day_of(-1) is None
    assert day_of(2_958_466) is None
    assert day_of(0, date1904=True) == (1904, 1, 1)


@given(moment=st.datetimes(datetime.datetime(1901, 1, 1), datetime.datetime(2100, 1, 1)))
def test_times_of_day(moment: datetime.datetime) -> None:
    moment = moment.replace(microsecond=0)
    passed = moment - datetime.datetime(1899, 12, 30)
    serial = passed / datetime.timedelta(days=1)
    found = moment_of(serial)
    assert found is not None
    assert (found.hour, found.minute, found.second) == (moment.hour, moment.minute, moment.second)
    names = ("HOUR", "MINUTE", "SECOND")
    assert [_of(name, serial) for name in names] == [moment.hour, moment.minute, moment.second]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-15", (45366, None)),
        ("2024/3/15", (45366, None)),
        ("3/15/2024", (45366, None)),
        ("3-15-24", (45366, None)),
        ("15-Mar-2024", (45366, None)),
        ("15 March 2024", (45366, None)),
        ("March 15, 2024", (45366, None)),
        ("3/15/29", (47192, None)),
        ("3/15/30", (11032, None)),
        ("13:30", (None, 0.5625)),
        ("1:30 PM", (None, 0.5625)),
        ("12:00 AM", (None, 0.0)),
        ("2024-03-15 13:30", (45366, 0.5625)),
        ("3/15/2024 1:30 PM", (45366, 0.5625)),
        ("2024-02-30", None),
        ("15/3/2024", None),
        ("13:30 PM", None),
        ("maybe", None),
        ("12", None),
    ],
)
def test_texts_that_read_as_moments(
    text: str, expected: tuple[int | None, float | None] | None
) -> None:
    assert moment_from_text(text) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('="2024-03-15"+1', 45367.0),
        ('="12:00"*2', 1.0),
        ("=DATE(124,1,1)", 45292.0),
        ("=DATE(2023,14,-1)", 45321.0),
        ("=DATE(10000,1,1)", NUM),
        ("=YEAR(-1)", NUM),
        ("=TIME(0,0,-1)", NUM),
        ("=EDATE(DATE(2024,1,31),1)", 45351.0),
        ("=EDATE(DATE(2024,3,31),-13)", 44985.0),
        ("=EOMONTH(DATE(2024,1,15),-1)", 45291.0),
        ("=DAYS360(DATE(2024,1,30),DATE(2024,2,29))", 29.0),
        ("=DAYS360(DATE(2024,1,31),DATE(2024,3,31))", 60.0),
        ("=DAYS360(DATE(2024,1,31),DATE(2024,3,31),TRUE)", 60.0),
        ("=WEEKDAY(1)", 1.0),
        ("=WEEKDAY(1,9)", NUM),
        ('=DATEDIF(DATE(2024,1,31),DATE(2024,3,1),"md")', -1.0),
        ('=DATEVALUE("13:30")', 0.0),
        ('=TIMEVALUE("2024-03-15")', VALUE),
        ("=INT(NOW())-TODAY()", 0.0),
    ],
)
def test_documented_results(formula: str, expected: Scalar) -> None:
    assert value(formula) == expected
