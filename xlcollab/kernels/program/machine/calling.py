"""The shortest way from Python into the machine, for sheets that it runs in microseconds.

A call by numba's own door looks at the type of every array, takes each of them apart, and gives
other threads their turn; on a small sheet that takes as long as the sheet. Here the types are known
beforehand, the program is told by its address, and nobody else runs meanwhile.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Protocol, cast

import numba
import numpy as np
from numpy.typing import NDArray

from xlcollab.jit import is_ready
from xlcollab.kernels.program.machine.descent import answer, evaluate

Numbers = NDArray[np.float64]
Answer = Callable[[int, Numbers, Numbers], float]
"""(address of a program's whole numbers, x (n,) of any stride, where its gradient goes) ↦ value,
not a number where the evaluation did not end fine."""


class _Compiled(Protocol):
    """What a compiled function can do, of which numba's own types say nothing."""

    def compile(self, given: object) -> object:
        """For the types of its arguments."""
        ...

    def get_overload(self, given: object) -> Answer:
        """What was compiled for them."""
        ...


@cache
def quick() -> Answer | None:
    """The call; None in a Python whose threads do not wait for one another.

    Who compiles it compiles `evaluate`, too, which is little more: else a computer that has met
    small sheets alone would never count as one where the machine is there.
    """
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    numbers, dispatcher = numba.float64[::1], cast(_Compiled, answer)
    given = (numba.int64, numba.types.Array(numba.float64, 1, "A"), numbers)
    dispatcher.compile(given)
    if not is_ready(evaluate):
        cast(_Compiled, evaluate).compile((numba.int64[::1], numbers, numbers, numbers))
    return dispatcher.get_overload(given)


class Rows:
    """Arrays of n numbers, several of which are made at a time: to make one takes as long as a
    small sheet."""

    def __init__(self, n: int) -> None:
        self._shape = (max(1, min(_MOST_ROWS, _MOST_NUMBERS // max(1, n))), n)
        self._left: list[Numbers] = []

    def take(self) -> Numbers:
        """One that nobody has, not filled; (n,)."""
        try:
            return self._left.pop()
        except IndexError:
            more = list(np.empty(self._shape))
            one = more.pop()
            self._left = more
            return one


_MOST_ROWS, _MOST_NUMBERS = 8, 4096
"""Whoever keeps one keeps the memory of all that were made with it."""
