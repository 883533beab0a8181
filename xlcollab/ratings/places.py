"""Looking numbers up part by part: numpy would make indices of 8 bytes of all of them first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)
_PART = 1 << 18
"""Rows gone through at once: temporary arrays stay at some megabytes."""


def parts(n: int) -> Iterator[slice]:
    """Stretches of n numbers, one after the other."""
    for begin in range(0, n, _PART):
        yield slice(begin, min(n, begin + _PART))


def looked_up(table: NDArray[T], places: NDArray[np.integer]) -> NDArray[T]:
    """`table[places]` (n,) of one-dimensional arrays, without a copy of the places."""
    found = np.empty(len(places), table.dtype)
    for part in parts(len(places)):
        found[part] = table[places[part]]
    return found


def occurring(places: NDArray[np.integer], n: int) -> NDArray[np.bool_]:
    """Which of 0 … n − 1 (n,) are among the places."""
    found = np.zeros(n, bool)
    for part in parts(len(places)):
        found[places[part]] = True
    return found
