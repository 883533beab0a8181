"""ISO 8601 dates of cells of type "d" (ECMA-376 Part 1, 18.18.11) as serial numbers."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from xlcollab.grid.days import serial_of

_DAY = timedelta(days=1)


def serial_of_iso(text: str, date1904: bool) -> float:
    """Days since the epoch of the workbook's date system; "12:00:00" alone is 0.5.

    Raises ValueError for a text that is no ISO date.
    """
    plain = text.strip().removesuffix("Z")
    if "-" not in plain:
        return _since_midnight(datetime.fromisoformat(f"1904-01-01T{plain}")) / _DAY
    moment = datetime.fromisoformat(plain).replace(tzinfo=None)
    return (timedelta(days=serial_of(moment.date(), date1904)) + _since_midnight(moment)) / _DAY


def _since_midnight(moment: datetime) -> timedelta:
    return moment - datetime.combine(moment.date(), time())
