"""A sheet that takes several courses: a program for each of them that points are met on.

A program holds as long as every truth that was decided while it was recorded is the same: that no
cell is an error, that some key is found. Points of a population differ in these, and a sheet whose
first point had an error would have no program for any of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_MOST = 16
"""Programs of one sheet: each takes its time to be made, and each is asked for what the others
have no answer to."""
_WORTH = 30
"""Points without an answer that take as long on the tape as to make a program."""


class _Program(Protocol):
    def batch(self, points: Numbers) -> tuple[Numbers, Numbers]:
        """Values (B,) and gradients (B, n); NaN where there is no answer."""
        ...


class Courses:
    """Values by the program that holds at each point; gradients it has none."""

    descent: ClassVar[None] = None

    def __init__(self, first: _Program, make: Callable[[Numbers], _Program | None]) -> None:
        """`make` records the sheet at a point, (n,)."""
        self._programs, self._make = [first], make
        self._missed = 0

    def batch(self, points: Numbers) -> tuple[Numbers, Numbers]:
        """Values (B,) at the rows of `points` (B, n), NaN where no program has an answer; and no
        gradients, NaN (B, n)."""
        values = np.full(len(points), np.nan)
        rest = np.arange(len(points))
        for program in self._programs:
            rest = _filled(values, rest, program, points)
            if not rest.size:
                break
        self._missed += rest.size
        while rest.size and self._missed >= _WORTH and len(self._programs) < _MOST:
            self._missed = 0
            more = self._make(points[rest[0]])
            if more is None:
                break
            self._programs.append(more)
            left = _filled(values, rest, more, points)
            self._missed = left.size
            if left.size == rest.size:  # an error there, of which programs know nothing
                break
            rest = left
        return values, np.full(points.shape, np.nan)

    def value_alone(self, x: Numbers) -> float | None:
        """The value at x; None where no program has an answer."""
        value = float(self.batch(x[None])[0][0])
        return None if np.isnan(value) else value

    def value_and_gradient(self, x: Numbers) -> None:
        """None: it knows no gradient."""


def _filled(
    values: Numbers, rest: NDArray[np.int64], program: _Program, points: Numbers
) -> NDArray[np.int64]:
    """Takes a program's answers at some places; those that are left."""
    values[rest] = program.batch(points[rest])[0]
    left: NDArray[np.int64] = rest[np.isnan(values[rest])]
    return left
