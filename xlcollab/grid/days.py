"""Serial numbers of days in Excel's two date systems (ECMA-376 Part 1, 18.17.4.1).

In the 1900 system day 1 is 1 January 1900 and day 60 the 29 February 1900 that never was. In the
1904 system day 0 is 1 January 1904.
"""

from __future__ import annotations

import datetime

PHANTOM = 60
"""The day of the 1900 system that never was."""
BEFORE_PHANTOM = datetime.date(1899, 12, 31)
AFTER_PHANTOM = datetime.date(1899, 12, 30)
EPOCH_1904 = datetime.date(1904, 1, 1)


def serial_of(day: datetime.date, date1904: bool = False) -> int:
    """The serial number of a real day."""
    if date1904:
        return (day - EPOCH_1904).days
    serial = (day - AFTER_PHANTOM).days
    return serial if serial > PHANTOM else (day - BEFORE_PHANTOM).days
