"""Which number of a row comes first, and how many lie below another: sorting without moving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlcollab.kernels.program.machine.compiled import exact

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]

_RUN = 12
"""So many numbers are put in order one by one before runs are merged."""


@exact
def _before(a: float, b: float, falling: int) -> bool:
    """Whether a stands before b and not beside it; what is no number is greater than all."""
    if falling:
        a, b = b, a
    return a < b or (b != b and a == a)


@exact
def order(row: Whole, arena: Numbers) -> None:
    """The places of a buffer's numbers, each row's in order; equals stay as they stood."""
    rows, length, out, source, falling = row[1], row[2], row[3], row[4], row[5]
    places, spare = np.empty(length, np.int64), np.empty(length, np.int64)
    for i in range(rows):
        first = source + i * length
        for j in range(length):
            places[j] = first + j
        _runs_in_order(arena, places, falling)
        width = _RUN
        while width < length:
            for start in range(0, length, 2 * width):
                _merged(arena, places, spare, start, width, falling)
            places, spare = spare, places
            width *= 2
        for j in range(length):
            arena[out + i * length + j] = float(places[j] - source)


@exact
def _runs_in_order(arena: Numbers, places: Whole, falling: int) -> None:
    for j in range(len(places)):
        own, at = places[j], j
        least = j - j % _RUN
        while at > least and _before(arena[own], arena[places[at - 1]], falling):
            places[at] = places[at - 1]
            at -= 1
        places[at] = own


@exact
def _merged(arena: Numbers, places: Whole, to: Whole, start: int, width: int, falling: int) -> None:
    """Two runs that follow one another as one."""
    left, right = start, min(start + width, len(places))
    middle, end = right, min(start + 2 * width, len(places))
    for j in range(start, end):
        from_right = right < end and (
            left >= middle or _before(arena[places[right]], arena[places[left]], falling)
        )
        if from_right:
            to[j] = places[right]
            right += 1
        else:
            to[j] = places[left]
            left += 1


@exact
def search(row: Whole, arena: Numbers) -> None:
    """How many of a row's rising keys lie below each wanted number, or with `upto` do not lie
    above it."""
    rows, keys, count, out, source, wanted = row[1], row[2], row[3], row[4], row[5], row[6]
    upto = row[7]
    for i in range(rows * count):
        first, value = source + i // count * keys, arena[wanted + i]
        low, high = 0, keys
        while low < high:
            middle = (low + high) // 2
            key = arena[first + middle]
            if (upto and not key > value) or not (upto or key >= value):
                low = middle + 1
            else:
                high = middle
        arena[out + i] = float(low)
