"""The numbers that a program's rows begin with, and how wide they are.

`code` has one row per item, `micro` one per step of a group.
"""

from __future__ import annotations

GROUP, CONTRACT, GATHER, SCATTER, PICK, DROP, CUMULATE, BAND, ORDER, SEARCH, ROUTINE = range(11)
"""First number of a row of `code`."""
LOAD, SPREAD, STORE, ADD, MAX, MIN = range(6)
"""Micro steps that are no operation; those have their code plus FIRST_OP."""
FIRST_OP = 8
"""Above the micro steps, whose numbers are below it."""
CODE_WIDTH = 16
"""Numbers of a row: the longest item, a contraction, has 15."""
WORK = 13
"""Of a band's row the number that says how many numbers it goes through."""
MICRO_WIDTH = 10
"""Numbers of a row: as many as the longest step has."""
MODES = {"add": ADD, "max": MAX, "min": MIN}
EMPTY = {"add": 0.0, "max": float("-inf"), "min": float("inf")}
"""What nothing falls on, by the mode of a `place`."""

LOCAL, SUMMED = 1 << 40, 2 << 40
"""Added to a place while it is written down: it lies in a thread's own space, or a part's sums."""
OWN = LOCAL - 1
"""The bits of the place itself."""
REF_WIDTH, SIZE_WIDTH, JOIN_WIDTH = 4, 2, 4
"""A band's tables: (where a place stands, the place, what each row adds to it, 0, 1 or 2 for the
space it lies in), (where a length stands, of one row) and (where a sum goes, its length, ADD, MAX
or MIN, where in the part's sums it lies)."""

LINE = 8
"""Numbers of a line of the cache. Buffers begin at one: a vector over two lines is read twice."""


def lined(size: int) -> int:
    """The size in whole lines."""
    return -(-size // LINE) * LINE
