"""ISO 8601 dates of cells of type "d" (ECMA-376 Part 1, 18.18.11) as serial numbers."""

from __future__ import annotations

from datetime import datetime, timedelta

_EPOCH_1900 = datetime(1899, 12, 31)
_EPOCH_1904 = datetime(1904, 1, 1)
_PHANTOM_LEAP_DAY = 60
"""The 1900 system counts 29 February 1900, which there was not (18.17.4.1)."""


def serial_of_iso(text: str, date1904: bool) -> float:
    """Days since the epoch of the workbook's date system; "12:00:00" alone is 0.5.

    Raises ValueError for a text that is no ISO date.
    """
    plain = text.strip().removesuffix("Z")
    if "-" not in plain:
        return _days(datetime.fromisoformat(f"1904-01-01T{plain}") - _EPOCH_1904)
    moment = datetime.fromisoformat(plain).replace(tzinfo=None)
    if date1904:
        return _days(moment - _EPOCH_1904)
    days = _days(moment - _EPOCH_1900)
    return days + 1 if days >= _PHANTOM_LEAP_DAY else days


def _days(span: timedelta) -> float:
    return span / timedelta(days=1)
