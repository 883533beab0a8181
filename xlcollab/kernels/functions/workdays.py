"""Working days: WORKDAY, NETWORKDAYS and their forms for other weekends.

Days are counted from 30 December 1899 on, which gives Excel's days of the week before March 1900,
too. numpy counts them, all copies with the same weekend and holidays together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlcollab.grid import ErrorCode, Scalar
from xlcollab.kernels.text.calendar import day_of
from xlcollab.kernels.values.arguments import ArgumentIsError, given
from xlcollab.kernels.values.block import Block, Context
from xlcollab.kernels.values.facts import Shape
from xlcollab.kernels.values.record import Record, function
from xlcollab.kernels.values.shapes import aligned, full
from xlcollab.kernels.values.tape import Function
from xlcollab.kernels.values.valuewise import number, refuse

Days = NDArray[np.datetime64]
Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]
Counter = Callable[[Days, Counts, np.busdaycalendar], Numbers]

_FIRST = np.datetime64("1899-12-30", "D")
_FROM_1904 = 1462
"""Serial numbers of the system of 1904 are smaller by so many days."""
_WEEK = 7
"""Days."""
_SINGLE = 11
"""From this number on a weekend is one day, 11 a Sunday."""
_LAST_SERIAL = 2958465
"""31 December 9999."""


def weekend_mask(value: Scalar) -> str:
    """Which days from Monday on are worked, as numpy's "1111100". Raises ArgumentIsError."""
    if isinstance(value, ErrorCode):
        raise refuse(value)
    if isinstance(value, str):
        if len(value) != _WEEK or set(value) - {"0", "1"}:
            raise refuse()
        return value.translate(str.maketrans("01", "10"))
    code = int(value if value is not None else 1)
    if 1 <= code <= _WEEK:
        free = {(code + 4) % _WEEK, (code + 5) % _WEEK}
    elif _SINGLE <= code < _SINGLE + _WEEK:
        free = {(code - _SINGLE + 6) % _WEEK}
    else:
        raise refuse(ErrorCode.NUM)
    return "".join("0" if day in free else "1" for day in range(_WEEK))


def _counted(start: Days, last: Counts, calendar: np.busdaycalendar) -> Numbers:
    """NETWORKDAYS: both ends count; less than 0 where the end lies before the start."""
    end = _FIRST + last.astype("timedelta64[D]")
    low, high = np.minimum(start, end), np.maximum(start, end)
    days = np.busday_count(low, high + 1, busdaycal=calendar)
    return np.asarray(np.where(end < start, -days, days), float)


def _moved(start: Days, days: Counts, calendar: np.busdaycalendar) -> Numbers:
    """WORKDAY: no days are the start itself, be it free or not."""
    forward = np.busday_offset(start, np.maximum(days, 0), "backward", busdaycal=calendar)
    back = np.busday_offset(start, np.minimum(days, 0), "forward", busdaycal=calendar)
    found = np.where(days == 0, start, np.where(days > 0, forward, back))
    return np.asarray((found - _FIRST).astype(np.int64), float)


def _serial(context: Context, value: Scalar) -> int:
    """A day counted from 30 December 1899 on. Raises ArgumentIsError."""
    if isinstance(value, bool):
        raise refuse()
    serial = int(np.floor(number(context, value)))
    if day_of(serial, context.date1904) is None:
        raise refuse(ErrorCode.NUM)
    return serial + (_FROM_1904 if context.date1904 else 0)


def _length(context: Context, value: Scalar) -> int:
    if isinstance(value, bool):
        raise refuse()
    count = int(np.floor(number(context, value)))
    if abs(count) > _LAST_SERIAL:
        raise refuse(ErrorCode.NUM)
    return count


Case = tuple[int, int, str, frozenset[int]]


def working(count: Counter, second: Callable[[Context, Scalar], int], dated: bool) -> Function:
    """A function of (start, end or days, [weekend], [holidays]); `dated`: the result is a day."""

    def run(
        context: Context,
        start: Block,
        other: Block,
        weekend: Block | None = None,
        holidays: Block | None = None,
    ) -> Block:
        week = weekend if given(weekend) else context.scalar(1.0)
        parts = aligned(context, start, other, week)
        free = _holidays(context, holidays)
        family = None if holidays is None else (*holidays.shape[:2], 1, 1)
        shape = np.broadcast_shapes(*(part.shape for part in parts), family or (1, 1, 1, 1))
        which = np.broadcast_to(np.arange(len(free)).reshape(family or (1, 1, 1, 1)), shape)
        columns = [context.values(full(part, shape)) for part in parts]
        cases = [
            _case(context, values, second, free[place])
            for *values, place in zip(*columns, which.reshape(-1).tolist(), strict=True)
        ]
        return context.block(_results(context, cases, count, dated), shape)

    return run


def _holidays(context: Context, block: Block | None) -> list[frozenset[int] | ErrorCode]:
    """The free days of each copy, or what is wrong with them."""
    if not given(block):
        return [frozenset()]
    size = block.shape[2:].numel()
    values = context.values(block)
    copies = [values[i : i + size] for i in range(0, len(values), size)]
    return [_free(context, copy) for copy in copies]


def _free(context: Context, values: list[Scalar]) -> frozenset[int] | ErrorCode:
    try:
        return frozenset(_serial(context, value) for value in values if value is not None)
    except ArgumentIsError as error:
        return error.code


def _case(
    context: Context,
    values: list[Scalar],
    second: Callable[[Context, Scalar], int],
    free: frozenset[int] | ErrorCode,
) -> Case | ErrorCode:
    start, other, week = values
    try:
        found = _serial(context, start), second(context, other), weekend_mask(week)
    except ArgumentIsError as error:
        return error.code
    return free if isinstance(free, ErrorCode) else (*found, free)


def _results(
    context: Context, cases: list[Case | ErrorCode], count: Counter, dated: bool
) -> list[Scalar]:
    results: list[Scalar] = [case if isinstance(case, ErrorCode) else 0.0 for case in cases]
    groups: dict[tuple[str, frozenset[int]], list[tuple[int, int, int]]] = {}
    for place, case in enumerate(cases):
        if not isinstance(case, ErrorCode):
            groups.setdefault(case[2:], []).append((place, case[0], case[1]))
    for (mask, free), asked in groups.items():
        places, starts, others = np.array(asked).T
        group = _group(mask, free, starts, others, count)
        for place, found in zip(places.tolist(), group, strict=True):
            results[place] = _shown(context, found, dated)
    return results


def _group(
    mask: str,
    free: frozenset[int],
    starts: Counts,
    others: Counts,
    count: Counter,
) -> list[float]:
    if "1" not in mask:
        return [0.0 if count is _counted else float("nan")] * len(starts)
    days = [_FIRST + np.timedelta64(day, "D") for day in sorted(free)]
    calendar = np.busdaycalendar(mask, days)
    found = count(_FIRST + starts.astype("timedelta64[D]"), others, calendar)
    return [float(one) for one in found]


def _shown(context: Context, found: float, dated: bool) -> Scalar:
    if found != found:
        return ErrorCode.VALUE
    if not dated:
        return found
    serial = found - (_FROM_1904 if context.date1904 else 0)
    return serial if day_of(int(serial), context.date1904) is not None else ErrorCode.NUM


def _usual(function: Function) -> Function:
    """Without the argument for the weekend."""

    def run(context: Context, start: Block, other: Block, holidays: Block | None = None) -> Block:
        return function(context, start, other, context.scalar(1.0), holidays)

    return run


_between, _away = working(_counted, _serial, False), working(_moved, _length, True)
_row = partial(function, category="dates", shape=Shape.STEPS, needed=True)

FUNCTIONS: tuple[Record, ...] = (
    _row("NETWORKDAYS", "VV|R", _usual(_between)),
    _row("NETWORKDAYS.INTL", "VV|VR", _between),
    _row("WORKDAY", "VV|R", _usual(_away), lifts=True),
    _row("WORKDAY.INTL", "VV|VR", _away, lifts=True),
)
